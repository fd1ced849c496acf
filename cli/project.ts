// Where a command works: the project's root and the folder in which its runs are kept.

import { join, relative, resolve } from "node:path";
import { nodeHost } from "./host.ts";
import { shellWord } from "./stop.ts";
import type { World } from "./world.ts";

export interface Project {
  /** Absolute path. */
  readonly root: string;
  /** Absolute path of `.flowc` or what `--state` says. */
  readonly state: string;
  /** ` --state DIR` if it was said, for commands to type next. */
  readonly flag: string;
}

/** `near`: a file of the project; null: the folder where the user stands. */
export function projectOf(world: World, near: string | null, state: string | null): Project {
  const { root } = nodeHost(world.cwd, near ?? join(world.cwd, "any.flow"));
  return {
    root,
    state: state === null ? join(root, ".flowc") : resolve(world.cwd, state),
    flag: state === null ? "" : ` --state ${shellWord(state)}`,
  };
}

/** A path as it is shown: relative to where the user stands, unless that climbs far. */
export function shownPath(world: World, path: string): string {
  const near = relative(world.cwd, path);
  return near === "" ? "." : near.startsWith("../../../") ? path : near;
}
