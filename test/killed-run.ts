// A run of the real program that is killed in the middle, when so many attempts have ended.

import { start } from "./program.ts";

/** `args` say `--ui json`. How it ended: SIGKILL, unless it was faster. */
export async function killedAfter(ends: number, args: readonly string[]): Promise<NodeJS.Signals | null> {
  const started = start(args);
  let seen = 0;
  const count = (chunk: Buffer) => {
    seen += chunk.toString("utf8").split('"attempt.ended"').length - 1;
    if (seen >= ends) started.process.kill("SIGKILL");
  };
  started.process.stdout?.on("data", count);
  started.process.stderr?.on("data", count);
  return (await started.ended).signal;
}
