// A worktree whose work is done somewhere else: its files are brought there, and what became of them is fetched.

import { copyFile, lstat, mkdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { FileSearch, PutFile, Workspace } from "../runner.ts";
import { type Git, GitProblem } from "./git.ts";

const filesMax = 20_000;

/** What tools make anew, and no commit holds. */
const left: ReadonlySet<string> = new Set([".git", ".flowc", "node_modules"]);
const everything: FileSearch = {
  roots: [""],
  enters: (path) => !left.has(basename(path)),
  matches: () => true,
};

/** Brings all regular files of a folder that git does not ignore; gives their paths. Throws {@link GitProblem}. */
export async function bringTree(
  workspace: Workspace,
  git: Git,
  folder: string,
): Promise<ReadonlySet<string>> {
  const paths = await git.at(folder).list(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  const files: PutFile[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    const from = join(folder, path);
    const stats = await lstat(from).catch(() => null);
    if (stats === null || !stats.isFile() || seen.has(path) || path.split("/").some((one) => left.has(one)))
      continue;
    seen.add(path);
    files.push({ from, to: path });
  }
  if (files.length > filesMax)
    throw new GitProblem(
      `Its worktree has ${files.length} files, and at most ${filesMax} are copied to where it runs. Let it run on this machine: \`runner: local\`.`,
    );
  await workspace.put(files);
  return seen;
}

/** What was brought and is not there any more is removed here as well. */
export async function fetchTree(
  workspace: Workspace,
  brought: ReadonlySet<string>,
  folder: string,
): Promise<void> {
  const gone = new Set(brought);
  for await (const { path, local } of workspace.get(everything)) {
    gone.delete(path);
    const to = join(folder, path);
    await mkdir(dirname(to), { recursive: true });
    await copyFile(local, to);
  }
  for (const path of gone) await rm(join(folder, path), { force: true });
}
