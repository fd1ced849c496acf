// The Host: the only way the compiler sees the disk. All paths are absolute, with `/`; nothing here throws.

import type { AgentKinds, RunnerKinds } from "./kinds.ts";
import type { Seen } from "./plan.ts";

/** A machine's cores, and its memory in bytes. */
export interface Machine {
  readonly cpus: number;
  readonly memory: number;
}

export interface Host {
  /** The project's root: the nearest folder upwards with a `.git`, `package.json` or `.flowc`, else the entry's folder. */
  readonly root: string;
  /** What this machine has in all, for tasks that need much; absent: not known, and not bounded. */
  readonly machine?: Machine;
  /** What may make the instances of runners. */
  readonly kinds: RunnerKinds;
  /** What may be asked. */
  readonly agents: AgentKinds;
  /** How a path is shown: relative to where the user stands. */
  show(path: string): string;
  /** A file's text, or why it cannot be had. `real` is the path with symbolic links resolved: the module's identity. */
  read(
    path: string,
  ):
    | { readonly text: string; readonly real: string }
    | { readonly error: "absent" | "directory" | "no-file" | "unreadable" | "not-utf8" | "too-large" };
  /** What is at a path: for literals of type `file` and `dir`. Hashing is lazy: `look` only tells the kind. */
  look(path: string): "file" | "dir" | "absent";
  /** Names of `.flow` files in a folder, for suggestions. */
  list(folder: string): readonly string[];
  /** Names a JavaScript or TypeScript module exports, found without running it; null if it cannot be told. */
  exportsOf(path: string): readonly string[] | null;
  /** Content of a project's file or dir, hashed, for `plan.seen`; paths relative to the root. Null if absent. */
  see(kind: "file" | "dir", path: string): Seen | null;
  /** Files a glob matches under a folder of the project, sorted, relative to the root; what git ignores is not left out. */
  glob(pattern: string, folder: string): Seen;
}
