// What the loop is made of besides the world.

import type { Inputs, Recorder } from "./execute-record.ts";
import type { RunLog } from "./journal-log.ts";
import type { Reuse } from "./reuse.ts";
import type { Run } from "./run.ts";

export interface LoopParts {
  readonly run: Run;
  readonly log: RunLog;
  readonly recorder: Recorder;
  readonly inputs: Inputs;
  readonly reuse: Reuse;
  /** Tells people something while the run goes on. */
  readonly tell: (text: string) => void;
}
