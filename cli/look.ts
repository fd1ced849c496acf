// Files that a person names as inputs: looked at for a plan, kept in the artifact store for a run.

import { statSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import type { FileValue } from "../compiler/types.ts";
import { nodeHost } from "./host.ts";
import type { LookAt } from "./inputs.ts";

/** What is wrong with a path for a file or dir input, in a clause; null if it is there. */
function wrong(kind: "file" | "dir", full: string): string | null {
  const stats = statSync(full, { throwIfNoEntry: false });
  if (stats === undefined) return "there is no such file";
  if (kind === "file") return stats.isFile() ? null : "it is no regular file";
  return stats.isDirectory() ? null : "it is no folder";
}

/** Only looks: nothing is kept. Paths are relative to `cwd`, as typed. */
export function lookOnly(cwd: string, root: string): LookAt {
  const host = nodeHost(cwd, resolve(root, "any.flow"));
  return async (kind, path) => {
    const full = resolve(cwd, path);
    const problem = wrong(kind, full);
    if (problem !== null) return problem;
    const seen = host.see(kind, relative(root, full));
    return seen === null
      ? "it cannot be read"
      : { path: seen.path, name: basename(full), size: seen.size, sha256: seen.sha256 };
  };
}

/** Keeps the content, so that a resume finds the same whatever happens to the file. */
export function keepIn(
  store: { putFile(path: string): Promise<FileValue>; putDir(path: string): Promise<FileValue> },
  cwd: string,
  root: string,
): LookAt {
  return async (kind, path) => {
    const full = resolve(cwd, path);
    const problem = wrong(kind, full);
    if (problem !== null) return problem;
    const kept = await (kind === "file" ? store.putFile(full) : store.putDir(full));
    return { ...kept, path: relative(root, full), name: basename(full) };
  };
}
