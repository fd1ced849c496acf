// The end of work in a worktree: what it changed is looked at, and becomes a commit on its branch.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { globMatcher } from "../../compiler/glob.ts";
import { GitProblem, said } from "./git.ts";
import { listed } from "./merge.ts";
import type { Repository } from "./repository.ts";
import { strayRefs } from "./watch-refs.ts";
import { standing, unmerged, type Worktree } from "./worktree.ts";

export interface Landing {
  /** Globs of what it may change, relative to the project; null: anything. */
  readonly writes: readonly string[] | null;
  /** The whole message of the commit. */
  readonly message: string;
  /** Where its refs were watched. */
  readonly watched: string;
  readonly stop: AbortSignal;
}

/** The commit that the branch is at now. Throws {@link GitProblem} if the work did what it may not, or a hook refuses it. */
export async function landed(repository: Repository, tree: Worktree, landing: Landing): Promise<string> {
  const { git, spec, start } = tree;
  const { branch } = spec;
  await mustBeWhole(repository, tree);
  const head = await git.maybe(["symbolic-ref", "--quiet", "HEAD"]);
  if (branch !== null && head !== `refs/heads/${branch}`) throw leftBranch(branch, head);
  await mustMoveNoOther(tree, landing.watched);
  await mustBeResolved(tree);
  await git.text(["add", "--all", "--", ":/"]);
  const changes = await mustStayWithin(repository, tree, landing.writes);
  const before = await git.text(["rev-parse", "HEAD"]);
  // What it has not committed itself is all that differs from its start, where it has committed nothing.
  const whole = before === start ? changes === 0 : await git.holds(["diff", "--cached", "--quiet"]);
  if (!whole || (await isMerging(tree))) await commit(tree, landing);
  const tip = await git.text(["rev-parse", "HEAD"]);
  if (before === start || (await repository.contains(tip, start))) return tip;
  throw new GitProblem(
    `It has rewritten its branch \`${branch}\`, which does not contain any more what it started from.`,
    "writes",
  );
}

/** `head`: what is checked out instead; null: no branch. */
export function leftBranch(branch: string, head: string | null): GitProblem {
  const there = head === null ? "no branch" : `\`${head.replace("refs/heads/", "")}\``;
  return new GitProblem(
    `It left its branch \`${branch}\` for ${there}; what it does must be on its own.`,
    "writes",
  );
}

export function noneAnyMore(): GitProblem {
  return new GitProblem("Its worktree is none any more: `.git` in it was removed or changed.", "writes");
}

/** Throws {@link GitProblem} if another ref than its branch was moved. */
export async function mustMoveNoOther({ git, spec }: Worktree, watched: string): Promise<void> {
  const refs = await strayRefs(git, watched, spec.branch);
  if (refs.length === 0) return;
  const own = spec.branch === null ? "it is only to look" : `only the branch \`${spec.branch}\` is its own`;
  throw new GitProblem(`It moved ${refs.slice(0, 5).join(", ")}, and ${own}.`, "writes");
}

/** Throws {@link GitProblem} if git does not know the folder as a worktree any more. */
export async function mustBeWhole(repository: Repository, tree: Worktree): Promise<void> {
  if (await standing(repository, tree.path, null)) return;
  throw noneAnyMore();
}

async function isMerging({ git }: Worktree): Promise<boolean> {
  return (await git.maybe(["rev-parse", "--verify", "--quiet", "MERGE_HEAD"])) !== null;
}

/** What was left to it to resolve has no marks of a conflict any more. */
async function mustBeResolved(tree: Worktree): Promise<void> {
  const open = new Set([...tree.conflicts, ...(await unmerged(tree.git))]);
  const marked: string[] = [];
  for (const path of open) {
    const text = await readFile(join(tree.path, path), "utf8").catch(() => "");
    if (/^<{7} /m.test(text) && /^>{7} /m.test(text)) marked.push(path);
  }
  if (marked.length > 0)
    throw new GitProblem(
      `The conflict in ${listed(marked)} is not resolved: its marks are still there.`,
      "conflict",
    );
}

/** Since its start it changed nothing but what it may; gives how many files that are. */
async function mustStayWithin(
  { prefix }: Repository,
  tree: Worktree,
  writes: readonly string[] | null,
): Promise<number> {
  const { git, start } = tree;
  const parts = await git.list(["diff", "--cached", "--raw", "--no-renames", "-z", "--abbrev=40", start]);
  const paths: string[] = [];
  const nested: string[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const [, mode = ""] = (parts[i] ?? "").split(" ");
    const path = parts[i + 1] ?? "";
    paths.push(path);
    const old = (parts[i] ?? "").slice(1, 7);
    if (mode === "160000" && old !== "160000") nested.push(path);
    if (mode === "160000" && old === "160000" && (await isUnpushed(tree, path))) throw unpushed(path);
  }
  if (nested.length > 0)
    throw new GitProblem(
      `It left a repository of its own in ${listed(nested)}, whose files would not be part of the commit.`,
      "writes",
    );
  if (writes === null) return paths.length;
  const matchers = writes.map(globMatcher);
  const strays = paths
    .map((path) =>
      path.startsWith(prefix) ? path.slice(prefix.length) : `${"../".repeat(depth(prefix))}${path}`,
    )
    .filter((path) => !matchers.some((matches) => matches(path)));
  if (strays.length === 0) return paths.length;
  const globs = writes.length === 0 ? "nothing" : writes.map((glob) => `\`${glob}\``).join(", ");
  throw new GitProblem(`It changed ${listed(strays)}; by its \`writes\` it may change ${globs}.`, "writes");
}

/** Is a submodule at a commit that is nowhere but in the worktree, and would go with it? */
async function isUnpushed({ git, path }: Worktree, submodule: string): Promise<boolean> {
  const own = git.in(join(path, submodule));
  if (!existsSync(join(own.folder, ".git"))) return false;
  return (await own.maybe(["branch", "--remotes", "--contains", "HEAD"])) === "";
}

/** `path`: of the submodule. */
export function unpushed(path: string): GitProblem {
  return new GitProblem(
    `It committed in the submodule \`${path}\`, which would be lost: its remote does not have that commit. Let the task push it there: \`git -C ${path} push origin HEAD:BRANCH\`.`,
    "writes",
  );
}

function depth(prefix: string): number {
  return prefix.split("/").length - 1;
}

/** By the user's own identity; the user's hooks run. */
async function commit({ git, spec }: Worktree, { message, stop }: Landing): Promise<void> {
  const args = ["commit", "--quiet", "--cleanup=verbatim", "-F", "-"];
  const { code, out, err } = await git.end(args, { input: message, stop });
  if (code === 0) return;
  const printed = `${out}${err}`.trim();
  throw new GitProblem(
    `Its work could not be committed on \`${spec.branch}\`: a hook or git refused it${said(err) === "" ? "" : `: ${said(err)}`}.`,
    "exit",
    printed,
  );
}
