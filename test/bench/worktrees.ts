// `npm run bench -- worktrees`: nodes with worktrees of their own in a repository of 10,000 files, against the same work of git by hand.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { executeRun } from "../../runtime/execute.ts";
import { options, recompiled } from "../pretend.ts";
import { realWorld } from "../real-world.ts";
import { removeRepositories, TestRepository } from "../repositories.ts";

const FILES = 10_000;
const NODES = 4;
const ROUNDS = 5;

/** What the node does, and what becomes of it: a branch and a worktree, a change, a commit, a merge, and the worktree's end. */
const byHand = `set -e
git worktree add -q -b hand/$1 "$2" main
cd "$2"
echo changed >> folder0/file0.txt
git add --all
git commit -q -m "Change it."
cd "$3"
tip=$(git rev-parse next)
tree=$(git merge-tree --write-tree "$tip" hand/$1)
merge=$(git commit-tree "$tree" -p "$tip" -p hand/$1 -m "Merge branch 'hand/$1' into next")
git update-ref refs/heads/next "$merge" "$tip"
git worktree remove "$2"`;

const flow = `
/// Change it.
task change(n: int) {
  workspace: worktree(branch: "flow/~{n}", from: "main", into: "next")
  run "echo changed >> folder0/file0.txt"
}
flow main(from: int) {
  for n in range(from, from + ${NODES}) {
    change(n: n)
  }
}
`;

export async function benchWorktrees(): Promise<void> {
  const files: Record<string, string> = {};
  for (let i = 0; i < FILES; i++) files[`folder${i % 100}/file${i}.txt`] = `line of ${i}\n`.repeat(40);
  const repository = new TestRepository(files);
  repository.write({ "main.flow": flow });
  const plan = recompiled(repository.folder);
  const alone = { ...options, jobs: 1 };
  const world = await realWorld(repository.folder);
  // Both do one after the other; in milliseconds for each.
  const ours = async (round: number): Promise<number> => {
    repository.git("branch", "--force", "next", "main");
    const from = performance.now();
    const { status } = await executeRun(world, { plan, inputs: { from: round * NODES }, options: alone });
    const ms = (performance.now() - from) / NODES;
    if (status !== "succeeded") throw new Error(`the run has ${status}`);
    return ms;
  };
  const theirs = (round: number): number => {
    repository.git("branch", "--force", "next", "main");
    const place = join(repository.folder, ".flowc/hand");
    const from = performance.now();
    for (let n = round * NODES; n < (round + 1) * NODES; n++)
      execFileSync("sh", ["-c", byHand, "sh", String(n), place, repository.folder], {
        cwd: repository.folder,
      });
    return (performance.now() - from) / NODES;
  };
  try {
    theirs(0);
    await ours(0);
    const hand: number[] = [];
    const flowc: number[] = [];
    // In each round both, in turn the one and the other first: what disturbs the machine for a while disturbs both.
    for (let i = 1; i <= ROUNDS; i++) {
      if (i % 2 === 0) hand.push(theirs(i));
      flowc.push(await ours(i));
      if (i % 2 === 1) hand.push(theirs(i));
    }
    const quotients = flowc.map((ms, i) => (ms / (hand[i] ?? ms) - 1) * 100);
    const percent = (part: number): string => {
      const more = quantile(quotients, part);
      return `${more > 0 ? "+" : ""}${more.toFixed(0)} %`;
    };
    console.log(
      `\nA worktree of ${FILES} files: made, committed in, merged, removed; medians of ${ROUNDS} runs of ${NODES}, for each`,
    );
    console.log(`  git by hand     ${quantile(hand, 0.5).toFixed(0)} ms`);
    console.log(
      `  flowc          ${quantile(flowc, 0.5).toFixed(0)} ms   ${percent(0.5)} (half of them ${percent(0.25)} to ${percent(0.75)})`,
    );
  } finally {
    await world.close();
    removeRepositories();
  }
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
}
