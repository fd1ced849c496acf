// What the simulator holds the record and the world outside against, once all is over.

import { lostMax } from "../../runtime/decide-retry.ts";
import type { Event } from "../../runtime/events.ts";
import type { Run } from "../../runtime/run.ts";
import { DROPPED } from "../../runtime/run-codes.ts";
import { isOnce, needsOf, plainSettings } from "../../runtime/run-settings.ts";
import type { Started } from "./places.ts";

/** What may be done only once begins once more each time that a person says so. */
export function beginsOnce(
  events: readonly Event[],
  run: Run,
  started: readonly Started[],
): readonly string[] {
  const allowed = new Map<number, number>();
  for (const event of events)
    if (event.type === "node.decided" && event.as === "again")
      allowed.set(event.n, (allowed.get(event.n) ?? 0) + 1);
  const begun = new Map<number, number>();
  for (const { n } of started) if (isOnce(run, n)) begun.set(n, (begun.get(n) ?? 0) + 1);
  const problems: string[] = [];
  for (const [n, times] of begun)
    if (times > 1 + (allowed.get(n) ?? 0)) problems.push(`${run.name(n)} began ${times} times`);
  return problems;
}

/** Equal work has one key, and no other work has that. */
export function keysHold(started: readonly Started[]): readonly string[] {
  const problems: string[] = [];
  const keys = new Map<string, string>();
  const argsOf = new Map<string, string>();
  for (const { n, key, args, name } of started) {
    const known = keys.get(`${n} ${args}`);
    if (known !== undefined && known !== key) problems.push(`${name} was given two keys for ${args}`);
    if ((argsOf.get(key) ?? `${n} ${args}`) !== `${n} ${args}`)
      problems.push(`${name} was given a key that another has, or itself with other arguments`);
    keys.set(`${n} ${args}`, key);
    argsOf.set(key, `${n} ${args}`);
  }
  return problems;
}

/** What is promised of attempts whose place was lost, or that never found one. */
export class Lost {
  private readonly run: Run;
  private readonly problems: string[];
  private readonly placed = new Set<string>();
  private readonly failed = new Map<number, number>();
  private readonly inRow = new Map<number, number>();

  constructor(run: Run, problems: string[]) {
    this.run = run;
    this.problems = problems;
  }

  /** After the event was applied. */
  take(event: Event): void {
    const { run, problems } = this;
    if (event.type === "attempt.placed") this.placed.add(`${event.n}.${event.a}`);
    if (event.type !== "attempt.ended") return;
    const { n, a, outcome, why, again_at } = event;
    const name = run.name(n);
    const { runner } = needsOf(run, n);
    if (runner !== null && run.state(n) === "unknown" && !this.placed.has(`${n}.${a}`))
      problems.push(`${name} #${a} has never begun, and nobody knows how it ended`);
    if (outcome === "lost") this.inRow.set(n, (this.inRow.get(n) ?? 0) + 1);
    else this.inRow.delete(n);
    if (outcome === "failed") this.failed.set(n, (this.failed.get(n) ?? 0) + 1);
    if (again_at !== undefined || run.has(n, DROPPED) || isOnce(run, n)) return;
    if (outcome === "lost" && (this.inRow.get(n) ?? 0) < lostMax)
      problems.push(`${name} is given up when its place was lost for the first times`);
    if (why === "exit" && (this.failed.get(n) ?? 0) <= plainSettings(run, n).retry.times)
      problems.push(`${name} is given up and has repeats left: what was lost has spent them`);
  }
}
