// From a file to a plan: check, choose the flow, lower.

import type { Flow } from "../grammar/ast.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { check } from "./check.ts";
import { runnersWithout } from "./check-runners.ts";
import { noFlow, unknownFlow, whichFlow } from "./errors-entry.ts";
import type { Host } from "./host.ts";
import { lower } from "./lower.ts";
import type { Plan } from "./plan.ts";
import type { Module, Program } from "./program.ts";
import { createNearest } from "./suggest.ts";

export interface CompileOptions {
  /** The flow to run; by default `main`, else the only one. */
  readonly flow?: string;
  /** The kind of place that declared runners are to have, in place of the first of each. */
  readonly on?: string | null;
}

export interface Compiled {
  /** Null if the entry file cannot be had. */
  readonly program: Program | null;
  /** Null if there is an error among the diagnostics. */
  readonly plan: Plan | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Checks the program at `entry`, an absolute path, and makes the plan of one of its flows. */
export function compile(entry: string, host: Host, options: CompileOptions = {}): Compiled {
  const { program, diagnostics } = check(entry, host, options);
  if (program === null || diagnostics.some((each) => each.severity === "error"))
    return { program, plan: null, diagnostics };
  const flow = chooseFlow(program.entry, options.flow ?? null);
  if (flow.kind !== "flow") return { program, plan: null, diagnostics: [...diagnostics, flow.diagnostic] };
  const plan = lower(program, flow.flow, program.entry, host);
  const { on = null } = options;
  if (on === null) return { program, plan, diagnostics };
  // Runners that this flow does not use need not have it; `name~2` is a second one of the name.
  const used = new Set(plan.runners.map(({ name }) => name.replace(/~\d+$/, "")));
  const without = runnersWithout(program, on, host, used);
  return { program, plan: without.length === 0 ? plan : null, diagnostics: [...diagnostics, ...without] };
}

type Choice =
  | { readonly kind: "flow"; readonly flow: Flow }
  | { readonly kind: "none"; readonly diagnostic: Diagnostic };

function chooseFlow(entry: Module, name: string | null): Choice {
  const flows = entry.file.declarations.filter((each): each is Flow => each.kind === "flow");
  const names = flows.map((flow) => flow.name.text);
  const [first] = flows;
  const { source } = entry.file;
  if (first === undefined)
    return { kind: "none", diagnostic: noFlow({ source, span: { start: 0, end: 0 } }) };
  const flow = flows.find((each) => each.name.text === (name ?? "main"));
  if (flow !== undefined) return { kind: "flow", flow };
  if (name === null && flows.length === 1) return { kind: "flow", flow: first };
  const at = { source, span: first.name.span };
  if (name === null) return { kind: "none", diagnostic: whichFlow(at, source.path, names) };
  return { kind: "none", diagnostic: unknownFlow(at, name, createNearest()(name, names), names) };
}
