// Counts the function calls that some work makes: the same on every machine, however busy it is.

import { Session } from "node:inspector";

/** How many calls of functions written in JavaScript `work` makes, callbacks included. */
export function callsOf(work: () => void): number {
  const session = new Session();
  session.connect();
  let calls = 0;
  try {
    session.post("Profiler.enable");
    session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    // What was counted up to here is taken away.
    session.post("Profiler.takePreciseCoverage");
    work();
    session.post("Profiler.takePreciseCoverage", (error, taken) => {
      if (error !== null) throw new Error(`no calls were counted: ${error.message}`);
      for (const { functions } of taken.result)
        for (const { ranges } of functions) calls += ranges[0]?.count ?? 0;
    });
    session.post("Profiler.stopPreciseCoverage");
  } finally {
    session.disconnect();
  }
  return calls;
}
