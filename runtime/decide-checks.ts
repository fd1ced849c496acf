// What becomes of a check of a gate that can be evaluated: everything it uses has settled, well or not.

import { assert } from "./bug.ts";
import { evaluate } from "./evaluate.ts";
import type { EventBody } from "./events.ts";
import type { Run } from "./run.ts";
import { FAILED } from "./run-codes.ts";
import { failuresOf } from "./run-failures.ts";
import { asBool, attempt } from "./values.ts";

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
