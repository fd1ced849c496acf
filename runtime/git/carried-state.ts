// What a worktree is at, as one commit: its files, its branch, and a merge that goes on in it; taken here, and put back here.

import { copyFile, rm } from "node:fs/promises";
import { type Git, GitFailed } from "./git.ts";
import type { Worktree } from "./worktree.ts";

/** In a worktree: what it was at when it was carried last. */
export const carriedRef = "refs/worktree/flowc-carried";

/** It is taken apart again: who made it, and when, does not matter. */
const nobodys = Object.fromEntries(
  ["AUTHOR", "COMMITTER"].flatMap((who) => [
    [`GIT_${who}_NAME`, "flowc"],
    [`GIT_${who}_EMAIL`, "flowc@localhost"],
  ]),
);

export interface CarriedState {
  readonly commit: string;
  /** What its branch is at: a commit. */
  readonly tip: string;
  /** The commit that is being merged; null: none is. */
  readonly merging: string | null;
  /** Entries of the index that are in conflict, as `git ls-files -u` prints them. */
  readonly unmerged: string;
}

/** Takes it; `index`: a path where nothing is. */
export async function stateOf({ git }: Worktree, index: string): Promise<CarriedState> {
  const tip = await git.text(["rev-parse", "HEAD"]);
  const merging = await git.maybe(["rev-parse", "--verify", "--quiet", "MERGE_HEAD"]);
  const unmerged = merging === null ? "" : await git.text(["ls-files", "-u"]);
  const env = { ...nobodys, GIT_INDEX_FILE: index };
  await copyFile(await git.text(["rev-parse", "--path-format=absolute", "--git-path", "index"]), index);
  try {
    await git.text(["add", "--all", "--", ":/"], { env });
    const tree = await git.text(["write-tree"], { env });
    const parents = [tip, ...(merging === null ? [] : [merging])].flatMap((one) => ["-p", one]);
    const commit = await git.text(["commit-tree", tree, ...parents], { env, input: unmerged });
    await git.text(["update-ref", carriedRef, commit]);
    return { commit, tip, merging, unmerged };
  } finally {
    await rm(index, { force: true });
  }
}

/** What `git update-index --index-info` makes the same conflicts of. */
export function indexInfo(unmerged: string): string {
  const lines = unmerged.split("\n").filter((line) => line !== "");
  const paths = [...new Set(lines.map((line) => line.slice(line.indexOf("\t") + 1)))];
  const removed = paths.map((path) => `0 ${"0".repeat(40)}\t${path}`);
  return [...removed, ...lines].map((line) => `${line}\n`).join("");
}

/** Brings a worktree to what {@link carriedRef} says. */
export async function putBack({ git, spec }: Worktree): Promise<void> {
  const [tip = "", merging] = (await git.text(["rev-parse", `${carriedRef}^@`])).split("\n");
  const unmerged = await git.text(["log", "-1", "--format=%B", carriedRef]);
  // What is not in the index would stay.
  await git.text(["add", "--all", "--", ":/"]);
  await git.text(["read-tree", "--reset", "-u", carriedRef]);
  const place = spec.branch === null ? ["--no-deref", "HEAD"] : ["HEAD"];
  await git.text(["update-ref", "-m", "flowc: brought back", ...place, tip]);
  if (merging === undefined) await forgetMerge(git);
  else await git.text(["update-ref", "MERGE_HEAD", merging]);
  if (unmerged.trim() !== "")
    await git.text(["update-index", "--index-info"], { input: indexInfo(unmerged) });
}

async function forgetMerge(git: Git): Promise<void> {
  if ((await git.maybe(["rev-parse", "--verify", "--quiet", "MERGE_HEAD"])) === null) return;
  const { code, err } = await git.end(["update-ref", "-d", "MERGE_HEAD"]);
  if (code !== 0) throw new GitFailed(`git update-ref: ${err}`);
}
