// Resuming a run with nodes that may be done only once: what was started runs again only if a person says so.

import type { Recorder } from "./execute-record.ts";
import { ResumeRefused } from "./resume-refused.ts";
import type { Run } from "./run.ts";
import { DROPPED, RUNNING, SETTLED, SUCCEEDED, UNKNOWN } from "./run-codes.ts";
import { isOnce } from "./run-settings.ts";
import { mayHaveBegun } from "./run-unknown.ts";

/** Who asked for what; see `RunRequest`. */
interface Asked {
  readonly again?: { readonly names: readonly string[]; readonly by: string };
}

/** Names written out; of more only how many there are. */
const namesShownMax = 5;

/** What may have to be decided when a run is opened again. */
export interface Reopening {
  /** Nodes whose end was not known before. */
  readonly before: ReadonlySet<number>;
  /** Names that are to run again. */
  readonly again: readonly string[];
  /** Nodes about which a person has said something that waits to be heard. */
  readonly answered: ReadonlySet<number>;
  /** Starts of what may be done only once may be gone from the journal. */
  readonly forgotten: boolean;
}

/**
 * Refuses, after `run.opened`, to go on where something that may be done only once has failed and nobody has said what is
 * to become of it; and names that mean no such node. Throws {@link ResumeRefused}.
 */
export function refuseRepeats(run: Run, { before, again, answered, forgotten }: Reopening): void {
  for (const name of again) refuseName(run, name, forgotten);
  const repeats = [...run.unknown]
    .filter((n) => !before.has(n) && !answered.has(n) && !again.includes(run.name(n)))
    .map((n) => run.name(n));
  const [first] = repeats;
  if (first === undefined) return;
  const some = repeats.length > 1;
  throw new ResumeRefused(
    run.id,
    `${listed(repeats)} may be done only once, ${some ? "have" : "has"} failed, and would run again.`,
    `Look at what ${some ? "they have" : "it has"} done. Then let ${some ? "them" : "it"} run again, or say with \`flowc approve\` that ${some ? "they have" : "it has"} happened, or with \`flowc reject\` that ${some ? "they stay" : "it stays"} failed.`,
    { again: repeats.slice(0, namesShownMax) },
  );
}

/**
 * Refuses to go on where the start of something that may be done only once may be gone from the journal: a person says
 * of each that has no end there that it is to run. Throws {@link ResumeRefused}.
 */
export function refuseForgotten(run: Run, again: readonly string[]): void {
  const names = [...run.nodes()]
    .filter((n) => isOnce(run, n) && !run.has(n, SETTLED | DROPPED) && !mayHaveBegun(run, n))
    .map((n) => run.name(n))
    .filter((name) => !again.includes(name));
  if (names.length === 0) return;
  const some = names.length > 1;
  throw new ResumeRefused(
    run.id,
    `${listed(names)} may be done only once, and whether ${some ? "they were" : "it was"} is not recorded any more.`,
    `Look at what ${some ? "they have" : "it has"} done. Then let ${some ? "them" : "it"} run, or start a new run.`,
    { again: names.slice(0, namesShownMax) },
  );
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, namesShownMax).map((name) => `\`${name}\``);
  const more = names.length - namesShownMax;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function refuseName(run: Run, name: string, forgotten = false): void {
  const n = run.find(name);
  const refuse = (message: string, hint: string): never => {
    throw new ResumeRefused(run.id, message, hint);
  };
  if (n === null || run.kind(n) !== "task") {
    const known = [...run.nodes()].filter((each) => isOnce(run, each)).map((each) => run.name(each));
    refuse(
      `There is no node \`${name}\` in the run ${run.id}.`,
      known.length === 0
        ? "`--again` is for nodes that may be done only once, and it has none."
        : `Those that may be done only once: ${listed(known)}.`,
    );
    return;
  }
  const state = run.states.get(n);
  const hint = "Leave `--again` out.";
  if (!isOnce(run, n)) refuse(`\`${name}\` may run as often as it has to.`, hint);
  if (state === SUCCEEDED) refuse(`\`${name}\` has succeeded, and what has succeeded stays.`, hint);
  const begun = mayHaveBegun(run, n);
  if (!begun && forgotten) return;
  if (!begun) refuse(`\`${name}\` has not been started yet.`, hint);
  if (run.has(n, DROPPED | SETTLED)) refuse(`Nothing needs \`${name}\` any more.`, hint);
  if (state !== UNKNOWN && state !== RUNNING)
    refuse(`\`${name}\` would not run again: something around it has ended without it.`, hint);
}

/** A run that has succeeded is over. */
export function refuseDone(run: Run, { again }: Asked): void {
  for (const name of again?.names ?? []) refuseName(run, name);
}

/** After what was left running has been ended: what is asked for runs again. */
export function runAgain(
  { run, recorder }: { readonly run: Run; readonly recorder: Recorder },
  { again }: Asked,
): void {
  for (const name of again?.names ?? []) {
    const n = run.find(name);
    if (n !== null && run.unknown.has(n))
      recorder.record({ type: "node.decided", n, as: "again", by: again?.by ?? "" });
  }
  recorder.commit();
}
