// In which session a node's agent works: its own of an attempt before, that of an earlier node, or a new one.

import { hash } from "node:crypto";
import type { AskOrder } from "./asked.ts";
import type { Run } from "./run.ts";
import { layersOf, plainSettings } from "./run-settings.ts";
import { dollarsLeft } from "./run-spending.ts";
import { noUsage } from "./usage.ts";

/** Null: the node's task asks nobody. `a` is its attempt, `key` that of all with the same values. `problem`: a sentence. */
export function askOf(
  run: Run,
  n: number,
  a: number,
  key: string,
): AskOrder | { readonly problem: string } | null {
  if (run.info(n).task?.action?.kind !== "ask" || run.ends.undoes.has(n)) return null;
  const home = homeOf(run, n);
  const common = { home, left: dollarsLeft(run, n) };
  const own = run.asks.goesOn(n, key);
  if (own !== null)
    return { ...own, used: run.asks.usedIn(own.session), resumes: "attempt", anew: null, ...common };
  const source = sourceOf(run, n);
  const [other, agent] =
    source === null ? [] : [source, n].map((each) => plainSettings(run, each).agent ?? "");
  if (source !== null && other !== agent)
    return {
      problem: `It asks \`${agent}\`, and cannot go on in the session of \`${run.name(source)}\`, which asked \`${other}\`.`,
    };
  const known = source === null ? null : run.asks.sessionOf(source);
  if (known !== null) {
    const used = run.asks.usedIn(known);
    return { session: known, used, resumes: "node", anew: null, before: null, ...common };
  }
  const anew = source === null ? null : noSession(run, source);
  const session = uuidOf(`${run.id} ${n} ${a}`);
  return { session, used: noUsage, resumes: null, anew, before: null, ...common };
}

function noSession(run: Run, source: number): string {
  const why = run.reusedFrom(source) === null ? "has asked nobody" : "was reused and has asked nobody";
  return `It began a new session: \`${run.name(source)}\` ${why} in this run.`;
}

/** The node in whose session it is to go on; null: it has one of its own. */
function sourceOf(run: Run, n: number): number | null {
  for (const { overrides, frame } of layersOf(run, n)) {
    const { session } = overrides;
    if (session?.k !== "slot") continue;
    const found = askedAt(run, run.cellAt(frame, session.up, session.i, session.in));
    // What stands around the earlier node as well as around this one names it, and not itself.
    return found === n ? null : found;
  }
  return null;
}

/** The node behind a value that was made to fit its place. */
function askedAt(run: Run, cell: number): number | null {
  let at: number | undefined = cell;
  for (let steps = 0; at !== undefined && steps < 10; steps++) {
    if (run.kind(at) === "task") return at;
    at = run.dependencies(at).find(({ kind }) => kind === "data")?.n;
  }
  return null;
}

function homeOf(run: Run, n: number): number {
  let home = n;
  for (let source = sourceOf(run, n); source !== null && source < home; source = sourceOf(run, home))
    home = source;
  return home;
}

/** A UUID that is the same for the same text. */
function uuidOf(text: string): string {
  const hex = hash("sha256", text);
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
