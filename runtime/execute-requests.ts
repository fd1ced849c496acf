// What people asked of a run that goes on: each request is answered by events, or refused, in one transaction.

import { answerTo } from "./answer-requests.ts";
import type { Recorder } from "./execute-record.ts";
import type { RunLog } from "./journal-log.ts";
import type { Run } from "./run.ts";

/** Answers all that is open. Throws JournalError and LeaseLost. */
export function answerAll(run: Run, log: RunLog, recorder: Recorder): void {
  // Whoever takes the run over writes to the journal, and the net under the bell hears that.
  log.mustBeOurs();
  const requests = log.requests();
  for (const request of requests) {
    const { events, refused } = answerTo(run, request);
    for (const event of events) recorder.record(event);
    recorder.take(request, refused);
  }
  // So that nobody finds them open again.
  if (requests.length > 0) recorder.commit();
}
