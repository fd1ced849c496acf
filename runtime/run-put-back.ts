// Puts cells back to where they were when they were made: one by one, and all that a gate's checks have made.

import type { Cells } from "./run-cells.ts";
import {
  ANSWERED,
  ASLEEP,
  BARRED,
  BY_PERSON,
  CALLED_OFF,
  CANCELLED,
  DECIDED,
  DORMANT,
  DROPPED,
  EXCUSED,
  EXPIRED,
  FAILED,
  FIRED,
  FIXED,
  GUARDED,
  HARD,
  IN_PROGRESS,
  PASS,
  PAST,
  RUNNING,
  SETTLED,
  TAKEN_ELSE,
  UNKNOWN,
  WAITING,
  WANTS,
} from "./run-codes.ts";
import { passFrame } from "./run-outcomes.ts";

/** One cell as if nothing had become of it; what is counted of its frame and its edges is not looked at. */
export function putBack(run: Cells, n: number): void {
  if (run.kindOf(n) === "repeat" && run.states.get(n) === FAILED) allowMorePasses(run, n);
  const kept = run.has(n, DECIDED) ? 0 : FIRED;
  // What a person has to decide stays so.
  if (run.unknown.has(n)) {
    run.unflag(n, SETTLED | DROPPED);
    return;
  }
  if (run.has(n, ANSWERED) && !run.has(n, BY_PERSON) && run.kindOf(n) === "task") run.answeredCount--;
  run.unflag(n, ANSWERED | SETTLED | HARD | WANTS | GUARDED | BARRED | DORMANT | DROPPED | kept);
  run.unflag(n, CALLED_OFF | EXPIRED | ASLEEP | BY_PERSON | EXCUSED);
  run.ends.clocks.delete(n);
  run.ends.lingering.delete(n);
  if (run.ends.handling.has(n)) retireHandlers(run, n);
  run.causes.set(n, -1);
  run.failures.set(n, 0);
  run.lost.set(n, 0);
  run.waiting.set(n, 0);
  const started = run.ends.once.has(n);
  if (!started) run.errors.delete(n);
  run.pendingItems.delete(n);
  // An attempt that was under way is told about by its own event.
  if (run.runningCells.has(n)) return;
  run.again.delete(n);
  run.endTimes.set(n, 0);
  // What may be done only once and was started does not run again by itself.
  run.setState(n, n === 0 ? RUNNING : started ? UNKNOWN : WAITING);
}

/** What its handlers have done is history: if the block ends badly again, they run anew. */
function retireHandlers(run: Cells, n: number): void {
  run.ends.handling.delete(n);
  for (let f = run.owned.get(n); f >= 0; f = run.frameNext.get(f)) {
    if (run.frameRoles.get(f) >= 0) continue;
    run.eachBelow(f, (part) => {
      run.flag(part, PAST);
      // Nobody is asked about what is history.
      if (run.unknown.has(part)) run.setState(part, CANCELLED);
      if (run.has(part, SETTLED)) return;
      // One that was under way is told about by its own event.
      if (run.runningCells.has(part)) run.flag(part, DROPPED);
      else {
        run.flag(part, SETTLED);
        run.setState(part, CANCELLED);
        run.ends.lingering.delete(part);
        // Items are counted by their loop.
        if (run.kindOf(part) !== "item") run.frameOpen.add(run.frames.get(part), -1);
      }
    });
  }
}

/** One whose passes all ended well and did not suffice gets as many again. */
function allowMorePasses(run: Cells, n: number): void {
  const f = passFrame(run, n);
  if (f >= 0 && run.frameOpen.get(f) === 0 && run.frameBad.get(f) < 0)
    run.passesBefore.set(n, run.frameRoles.get(f) - PASS);
}

/**
 * Puts back whatever is below a gate that has not passed, also what succeeded: all is evaluated anew. What cannot be
 * another the next time, since it was known when it was made, stays. Adds the cells put back to `back`.
 */
export function putBackChecks(run: Cells, gate: number, back: Set<number>): void {
  for (let f = run.owned.get(gate); f >= 0; f = run.frameNext.get(f)) putBackFrame(run, f, back);
}

function putBackFrame(run: Cells, f: number, back: Set<number>): void {
  const base = run.frameBases.get(f);
  const { length } = run.block(f).steps;
  let open = 0;
  for (let n = base; n < base + length; n++) {
    if (run.has(n, FIXED) && run.good(n)) continue;
    open++;
    putBackWhole(run, n, back);
  }
  run.frameOpen.set(f, open);
  run.frameBad.set(f, -1);
}

/** One cell as it was before anything was known of it; of a `repeat` the last pass is made again, on those before it. */
export function forget(run: Cells, n: number): void {
  run.people.notes.delete(n);
  run.reuses.delete(n);
  if (!run.runningCells.has(n)) run.startTimes.set(n, 0);
  if (run.kindOf(n) === "approve") askAnew(run, n);
  const last = run.kindOf(n) === "repeat" ? passFrame(run, n) : -1;
  if (waitedForCondition(run, n)) run.unflag(n, DECIDED | TAKEN_ELSE | FIRED);
  putBack(run, n);
  if (last >= 0) run.passesBefore.set(n, run.frameRoles.get(last) - PASS - 1);
}

function putBackWhole(run: Cells, n: number, back: Set<number>): void {
  const last = run.kindOf(n) === "repeat" ? passFrame(run, n) : -1;
  forget(run, n);
  back.add(n);
  for (let f = run.owned.get(n); f >= 0; f = run.frameNext.get(f))
    if ((run.frameRoles.get(f) >= 0 && run.frameRoles.get(f) <= PASS) || f === last)
      putBackFrame(run, f, back);
  const loop = run.loops.get(n);
  if (loop === undefined) return;
  loop.open = loop.keys.length;
  loop.bad = 0;
  loop.inProgress = 0;
  for (let item = loop.first; item < loop.first + loop.keys.length; item++) {
    putBackWhole(run, item, back);
    if (run.has(item, IN_PROGRESS)) loop.inProgress++;
  }
}

/** What was approved stays so; what was refused has to be asked again; what is still open goes on with its time. */
function askAnew(run: Cells, n: number): void {
  const { approvals } = run.people;
  const known = approvals.get(n);
  if (known === undefined || known.decision === null || known.decision.answer === "approved") return;
  approvals.set(n, { ...known, openedAt: null, until: null, decision: null });
}

/** Is it an `if` whose condition was not known when it was made? */
export function waitedForCondition(run: Cells, n: number): boolean {
  if (run.kindOf(n) !== "if") return false;
  for (let f = run.owned.get(n); f >= 0; f = run.frameNext.get(f))
    if (run.frameGuards.get(f) === n) return true;
  return false;
}
