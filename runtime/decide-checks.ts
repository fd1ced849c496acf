// What becomes of an item of a gate whose turn it is: a check is evaluated, an approval is put to a person.

import { assert } from "./bug.ts";
import { evaluate } from "./evaluate.ts";
import type { EventBody } from "./events.ts";
import type { Run } from "./run.ts";
import { FAILED } from "./run-codes.ts";
import { failuresOf } from "./run-failures.ts";
import { asBool, asNumber, asString, attempt } from "./values.ts";

/** The event that puts approval `c` to a person; one that cannot be put has not held. */
export function opened(run: Run, c: number, now: number): EventBody {
  const { step } = run.info(c);
  assert(step.kind === "approve", `cell ${c} is no approval`);
  const n = run.frameOwners.get(run.frames.get(c));
  const scope = run.scope(run.frames.get(c));
  const { by, within, label } = step;
  const result = attempt(() => ({
    asks: by === null ? null : asString(evaluate(by, scope)),
    seconds: within === null ? null : asNumber(evaluate(within, scope)),
  }));
  if ("problem" in result)
    return {
      type: "gate.checked",
      n,
      check: label,
      held: false,
      message: `could not be asked: ${result.problem}`,
    };
  const { asks, seconds } = result.value;
  return {
    type: "gate.opened",
    n,
    item: label,
    ...(asks === null ? {} : { asks }),
    ...(seconds === null ? {} : { until: now + Math.round(seconds * 1000) }),
  };
}

/** The event that records that nobody answered approval `c` in time. */
export function expired(run: Run, c: number, now: number): EventBody {
  const { step } = run.info(c);
  assert(step.kind === "approve", `cell ${c} is no approval`);
  const n = run.frameOwners.get(run.frames.get(c));
  return { type: "gate.decided", n, item: step.label, answer: "expired", given: now };
}

/** The event that records whether check `c` holds. */
export function checked(run: Run, c: number): EventBody {
  const { step } = run.info(c);
  assert(step.kind === "check", `cell ${c} is no check`);
  const n = run.frameOwners.get(run.frames.get(c));
  const record = { type: "gate.checked", n, check: step.label } as const;
  const cause = run.causes.get(c);
  if (cause >= 0) return { ...record, held: false, message: failureOf(run, cause) };
  const { value } = step;
  if (value === null) return { ...record, held: true };
  const result = attempt(() => asBool(evaluate(value, run.scope(run.frames.get(c)))));
  if ("problem" in result) return { ...record, held: false, message: result.problem };
  return { ...record, held: result.value };
}

/** "`ship.tests` failed: exit code 1": what it is put down to, by its name. */
function failureOf(run: Run, cause: number): string {
  const chain = failuresOf(run, cause);
  const root = chain.findLast(({ name }) => name !== "");
  const message = chain.at(-1)?.message ?? "it failed";
  if (root === undefined) return message;
  return `\`${root.name}\` ${run.states.get(root.n) === FAILED ? "failed" : "did not run"}: ${message}`;
}
