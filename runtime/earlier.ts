// The run that another one goes on from with an edited plan: what of it still holds, by name and by the work.

import type { Value } from "../compiler/types.ts";
import type { NodeSettings } from "./decide-args.ts";
import type { Kept } from "./journal-cache.ts";
import type { Run } from "./run.ts";

/** What a run gives to the one that goes on from it. */
export interface Earlier {
  /** The answer of a node of the same name that did the same work with the same values; null: it is to run. */
  find(run: Run, n: number, values: readonly Value[], settings: NodeSettings): Kept | null;
}
