// Values of cells that are no nodes: bindings, parameters, and the values of the items waited for.

import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import { evaluate } from "./evaluate.ts";
import type { Cells } from "./run-cells.ts";

/** The value of a `let` or `var` cell whose uses are all there. Throws {@link ValueError}. */
export function plainValue(run: Cells, m: number): Value {
  const { step } = run.info(m);
  const frame = run.frames.get(m);
  if (step.kind === "let") return evaluate(step.value, run.scope(frame));
  assert(step.kind === "var", `cell ${m} is no plain value`);
  const owner = run.frameOwners.get(frame);
  if (step.source === "param") {
    const slot = m - run.frameBases.get(frame);
    if (owner === 0) return inputValue(run, slot);
    const call = run.info(owner).step;
    const arg = call.kind === "flow" ? call.args[slot] : undefined;
    assert(arg !== undefined, `cell ${m} has no argument`);
    return evaluate(arg, run.scope(run.frames.get(owner)));
  }
  assert(step.source === "deps", `cell ${m} got no value`);
  const loop = run.loops.get(run.of.get(owner));
  assert(loop !== undefined, `item ${owner} has no for`);
  return (loop.after?.[owner - loop.first] ?? []).map((i) => run.values[loop.first + i] ?? null);
}

/** An input, or its default. Whether it is known was asked before. */
function inputValue(run: Cells, i: number): Value {
  const spec = run.plan.inputs[i];
  assert(spec !== undefined, `the flow has no input ${i}`);
  if (Object.hasOwn(run.inputs, spec.name)) return run.inputs[spec.name] ?? null;
  assert(spec.default !== undefined, `the input ${spec.name} is not known`);
  return evaluate(spec.default, {
    slot: (_up, slot) => run.values[run.cellAt(run.mainFrame(0), 0, slot)] ?? null,
    types: run.plan.types,
    files: run.files,
  });
}
