// Why a cell did not succeed, link by link down to the root cause, and what it waits for.

import type { Use } from "../compiler/plan-steps.ts";
import type { Cells } from "./run-cells.ts";
import { CANCELLED, FAILED, PASS, SKIPPED, UNKNOWN } from "./run-codes.ts";
import { nameOf } from "./run-names.ts";
import { hadEnough, passFrame } from "./run-outcomes.ts";
import type { Dependency, Failure } from "./run-view.ts";

/** No chain is longer: what is cut is the middle of the way, and it is said. */
const linksMax = 1000;

const stateNames: ReadonlyMap<number, Failure["state"]> = new Map([
  [FAILED, "failed"],
  [CANCELLED, "cancelled"],
  [UNKNOWN, "unknown"],
]);

/** Empty for what is not bad. Plain values on the way stand in it only where they failed themselves. */
export function failuresOf(run: Cells, n: number): readonly Failure[] {
  const chain: Failure[] = [];
  const code = run.states.get(n);
  if (code < FAILED && code !== UNKNOWN) return chain;
  for (let at = n, links = 0; at >= 0 && links < linksMax; links++) {
    const cause = run.causes.get(at);
    const name = nameOf(run, at);
    if (at === n || name !== "" || cause < 0) chain.push(link(run, at, name, cause));
    at = cause;
  }
  return chain;
}

function link(run: Cells, n: number, name: string, cause: number): Failure {
  const error = run.errors.get(n);
  const code = run.states.get(n);
  const state = stateNames.get(code) ?? "skipped";
  const { why = null, exit = null, signal = null, tail = null } = error ?? {};
  const unneeded = code === CANCELLED && hadEnough(run, n);
  const message = unneeded
    ? "not needed any more: enough others had succeeded"
    : (error?.message ?? inferred(run, code, cause));
  return { n, name, state, why, message, exit, signal, tail };
}

function inferred(run: Cells, code: number, cause: number): string {
  if (code === CANCELLED) return "cancelled";
  if (cause < 0) return code === FAILED ? "failed" : "the other branch was taken";
  const named = firstNamed(run, cause);
  const what = named < 0 ? "a value" : `\`${nameOf(run, named)}\``;
  const how = run.states.get(named < 0 ? cause : named) === FAILED ? "failed" : "did not run";
  return code === SKIPPED ? `it waits for ${what}, which ${how}` : `${what} in it ${how}`;
}

/** The first cell with a name on the way down from one; -1 if there is none. */
function firstNamed(run: Cells, n: number): number {
  for (let at = n, links = 0; at >= 0 && links < linksMax; links++) {
    if (nameOf(run, at) !== "") return at;
    at = run.causes.get(at);
  }
  return -1;
}

/** What a cell waits for directly, read from its step; each once, as data before order. */
export function dependenciesOf(run: Cells, n: number): readonly Dependency[] {
  const found = new Map<number, Dependency>();
  const add = (m: number, kind: Dependency["kind"]): void => {
    if (m !== n && !found.has(m)) found.set(m, { n: m, kind });
  };
  if (n === 0 || run.kindOf(n) === "item") return [];
  // Each undo waits for the one before.
  if (run.ends.undoes.has(n))
    return run.frames.get(n - 1) === run.frames.get(n) ? [{ n: n - 1, kind: "order" }] : [];
  const { step } = run.info(n);
  const frame = run.frames.get(n);
  const owner = run.frameOwners.get(frame);
  const uses = (list: readonly Use[], from: number): void => {
    for (const use of list) add(run.cellAt(from, use.up, use.i, use.in), use.kind);
  };
  uses(step.uses, frame);
  if (step.kind === "var" && step.source === "param" && owner !== 0) {
    const call = run.info(owner).step;
    if (call.kind === "flow") uses(call.argUses[n - run.frameBases.get(frame)] ?? [], run.frames.get(owner));
  }
  if (step.kind === "var" && step.source === "deps") {
    const loop = run.loops.get(run.of.get(owner));
    if (loop !== undefined)
      for (const i of loop.after?.[owner - loop.first] ?? []) add(loop.first + i, "order");
  }
  if (step.kind === "var" && step.source === "last") {
    const f = passFrame(run, owner, run.frameRoles.get(frame) - PASS - 1);
    const { step: loop } = run.info(owner);
    const result = f < 0 ? null : run.block(f).result;
    if (result !== null) add(run.frameBases.get(f) + result, "data");
    if (f >= 0 && loop.kind === "repeat") add(run.frameBases.get(f) + loop.until, "order");
  }
  const guard = run.frameGuards.get(frame);
  const variable = step.kind === "var" && (step.source === "item" || step.source === "last");
  if (guard >= 0 && guard !== n && !variable) add(guard, run.kindOf(guard) === "if" ? "data" : "order");
  return [...found.values()];
}
