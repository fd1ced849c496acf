// Merging into a branch that nobody has checked out, and taking a merge back: trees, commits and one ref, no files.

import { GitFailed, GitProblem, said } from "./git.ts";
import { nobody, type Repository } from "./repository.ts";

/** What is merged, and who says so. */
export interface Merging {
  readonly commit: string;
  readonly branch: string;
  readonly into: string;
  /** What `into` is made from, if it is not there: a commit. */
  readonly start: string;
  readonly run: string;
  /** Lines that say which node of which run it was. */
  readonly trailers: string;
}

/** Others may move the branch meanwhile; so often it is tried again. */
const triesMax = 200;

/**
 * The commit that merges it; null if there was nothing to merge. Merged before it is found again, not made again. Throws
 * {@link GitProblem} when there is a conflict, or somebody has the branch checked out.
 */
export async function mergeInto(repository: Repository, merging: Merging): Promise<string | null> {
  const { commit, branch, into, start, trailers } = merging;
  for (let tries = 0; tries < triesMax; tries++) {
    const old = await repository.tipOf(into);
    const tip = old ?? start;
    if (await repository.contains(tip, commit)) {
      if (old !== null) return mergeOf(repository, tip, commit);
      await repository.mustBeFree(into);
      if (await moved(repository, into, tip, nobody, `flowc: made from ${tip}`)) return null;
      continue;
    }
    const tree = await mergedTree(repository, tip, commit);
    if (typeof tree !== "string") throw await conflict(repository, merging, tip, tree);
    await repository.mustBeFree(into);
    const message = `Merge branch '${branch}' into ${into}\n\n${trailers}\n`;
    const merge = await commitTree(repository, tree, [tip, commit], message);
    if (await moved(repository, into, merge, old ?? nobody, `flowc: merge ${branch}`)) return merge;
  }
  throw new GitFailed(`the branch ${into} was moved ${triesMax} times while something was merged into it`);
}

/**
 * A commit on `into` that takes a merge back; null if there is nothing to take back. Throws {@link GitProblem} when later
 * work stands in the way.
 */
export async function revertIn(
  repository: Repository,
  into: string,
  merge: string,
  trailers: string,
): Promise<string | null> {
  const { git } = repository;
  for (let tries = 0; tries < triesMax; tries++) {
    const tip = await repository.tipOf(into);
    if (tip === null || !(await repository.contains(tip, merge))) return null;
    const before = await git.text(["rev-parse", `${merge}^1^{tree}`]);
    // A child of the merge that has what was there before it: merging that is the same as reverting.
    const back = await commitTree(repository, before, [merge], "back\n");
    const tree = await mergedTree(repository, tip, back);
    if (typeof tree !== "string") {
      const files = listed(tree);
      throw new GitProblem(
        `What was merged into \`${into}\` as ${short(merge)} cannot be taken back: later work changed ${files} as well. Do it by hand: \`git switch ${into} && git revert -m 1 ${short(merge)}\`.`,
        "conflict",
      );
    }
    if (tree === (await git.text(["rev-parse", `${tip}^{tree}`]))) return null;
    await repository.mustBeFree(into);
    const subject = await git.text(["log", "-1", "--format=%s", merge]);
    const message = `Revert "${subject}"\n\nThis reverts commit ${merge}.\n\n${trailers}\n`;
    const revert = await commitTree(repository, tree, [tip], message);
    if (await moved(repository, into, revert, tip, `flowc: revert ${short(merge)}`)) return revert;
  }
  throw new GitFailed(`the branch ${into} was moved ${triesMax} times while a merge was taken back`);
}

export function short(commit: string): string {
  return commit.slice(0, 10);
}

const filesShownMax = 5;

/** File names in a sentence. */
export function listed(files: readonly string[]): string {
  const shown = files.slice(0, filesShownMax).map((path) => `\`${path}\``);
  const more = files.length - filesShownMax;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The merge by which a commit came onto a branch. */
async function mergeOf({ git }: Repository, tip: string, commit: string): Promise<string | null> {
  const lines = await git.text(["rev-list", "--first-parent", "--merges", "--parents", `${commit}..${tip}`]);
  for (const line of lines.split("\n")) {
    const [merge = "", , ...others] = line.split(" ");
    if (others.includes(commit)) return merge;
  }
  return null;
}

/** The tree of the merge, or the files in conflict. */
async function mergedTree(
  { git }: Repository,
  ours: string,
  theirs: string,
): Promise<string | readonly string[]> {
  const args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs];
  const { code, out, err } = await git.end(args);
  if (code > 1) throw new GitFailed(`git merge-tree: ${said(err)}`);
  const [tree = "", ...files] = out.split("\0").filter((one) => one !== "");
  return code === 0 ? tree.trim() : [...new Set(files)];
}

async function commitTree(
  repository: Repository,
  tree: string,
  parents: readonly string[],
  message: string,
): Promise<string> {
  const signs = await repository.signs();
  const args = parents.flatMap((parent) => ["-p", parent]);
  return repository.git.text(["commit-tree", ...(signs ? ["-S"] : []), ...args, "-F", "-", tree], {
    input: message,
  });
}

/** False: it stood elsewhere than it should. */
async function moved(
  repository: Repository,
  branch: string,
  to: string,
  from: string,
  why: string,
): Promise<boolean> {
  const ref = `refs/heads/${branch}`;
  const { code, err } = await repository.git.end(["update-ref", "-m", why, ref, to, from]);
  if (code === 0) return true;
  if (((await repository.tipOf(branch)) ?? nobody) !== from) return false;
  throw new GitFailed(`git update-ref: ${said(err)}`);
}

/** Which files, and whose work they are in conflict with. */
async function conflict(
  repository: Repository,
  { commit, branch, into, run }: Merging,
  tip: string,
  files: readonly string[],
): Promise<GitProblem> {
  const base = await repository.git.maybe(["merge-base", tip, commit]);
  const others = base === null ? [] : await changedBy(repository, base, tip, files, run);
  const whose = others.length === 0 ? "what is on it" : others.join(" and ");
  return new GitProblem(
    `Its work on \`${branch}\` cannot be merged into \`${into}\`: ${listed(files)} ${files.length === 1 ? "is" : "are"} in conflict with ${whose}.`,
    "conflict",
  );
}

const othersShownMax = 3;

/** Nodes by their names, else commits: who changed the files on the way from `base` to `tip`. */
async function changedBy(
  { git }: Repository,
  base: string,
  tip: string,
  files: readonly string[],
  ours: string,
): Promise<readonly string[]> {
  const trailer = (key: string): string => `%(trailers:key=${key},valueonly,separator=%x2C)`;
  const format = `--format=%h%x1f${trailer("Flowc-Node")}%x1f${trailer("Flowc-Run")}%x1f%s%x1e`;
  const range = ["--first-parent", "-m", format, "--no-patch", `${base}..${tip}`, "--"];
  const paths = files.map((path) => `:(top,literal)${path}`);
  const log = await git.maybe(["log", ...range, ...paths]);
  const names = (log ?? "").split("\x1e").flatMap((entry) => {
    const [hash = "", node = "", run = "", subject = ""] = entry.trim().split("\x1f");
    if (hash === "") return [];
    if (node === "") return [`the commit ${hash} (${subject})`];
    return [run === ours ? `\`${node}\`` : `\`${node}\` of the run ${run}`];
  });
  return [...new Set(names)].slice(0, othersShownMax);
}
