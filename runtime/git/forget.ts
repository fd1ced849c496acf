// Removes worktrees that old runs have kept, also from what their repository knows of them.

import { existsSync } from "node:fs";
import { readdir, readFile, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isInside } from "../folder.ts";
import { Git, gitEnvironment } from "./git.ts";

export interface Forgetting {
  /** Absolute. */
  readonly project: string;
  /** flowc's own environment. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
}

/** Removes the worktrees in a run's folder; branches stay. What git cannot do is left: the files go with the folder. */
export async function removeTrees(runFolder: string, { project, inherited }: Forgetting): Promise<void> {
  const folder = join(runFolder, "trees");
  if (!existsSync(folder)) return;
  const real = await realpath(folder);
  const env = gitEnvironment(inherited);
  for (const git of await repositoriesOf(folder, new Git(project, env))) {
    const said = await git.maybe(["worktree", "list", "--porcelain", "-z"]).catch(() => null);
    const paths = (said ?? "").split("\0").flatMap((line) => /^worktree (.+)$/s.exec(line)?.[1] ?? []);
    for (const path of paths.filter((one) => isInside(real, one))) {
      // Git does not ask then whether the folder is still a worktree.
      await rm(path, { recursive: true, force: true });
      await git.end(["worktree", "remove", "--force", "--force", path]);
    }
  }
}

/** By what the worktrees say themselves, and the project's own: work may have removed what they say. */
async function repositoriesOf(folder: string, own: Git): Promise<readonly Git[]> {
  const facts = ["rev-parse", "--path-format=absolute", "--git-common-dir"];
  const found = new Set([await own.maybe(facts).catch(() => null)]);
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name, ".git"), "utf8").catch(() => "");
    const [, entry = ""] = /^gitdir: (.+)$/m.exec(text) ?? [];
    if (existsSync(join(entry, "commondir"))) found.add(dirname(dirname(entry)));
  }
  return [...found].flatMap((common) => (common === null ? [] : [new Git(common, own.env)]));
}
