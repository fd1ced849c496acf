// From a file on the command line to a plan: a `.flow` file is compiled, a `.json` file is a plan that was printed.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "../compiler/compile.ts";
import type { Plan } from "../compiler/plan.ts";
import { fitsSchema } from "../runtime/validate.ts";
import { flowFile, readSource } from "./files.ts";
import { nodeHost } from "./host.ts";
import { mustBeKind, mustHave, tellIdleOn } from "./on.ts";
import { visible } from "./render/text.ts";
import { hostWith, setWords } from "./set.ts";
import { exits, Stop, shellWord, usage } from "./stop.ts";
import { errorsIn, mustBeWell } from "./tell.ts";
import type { World } from "./world.ts";

export interface PlanSource {
  readonly file: string;
  readonly flow: string | null;
  /** The kind of place for declared runners; null: the first of each. */
  readonly on: string | null;
  /** `RUNNER.KEY=VALUE` in place of what the file says. */
  readonly set: readonly string[];
  /** `run` or `plan`: for what to type next. */
  readonly command: string;
}

/** The plan; what is wrong with the file is told, and ends the command. */
export function loadPlan(from: PlanSource, world: World): Plan {
  const file = flowFile(world.cwd, from.file, from.command);
  if (/\.json$/i.test(file)) return planFromJson(file, from, world);
  const entry = resolve(world.cwd, file);
  const disk = nodeHost(world.cwd, file, world.machine);
  const host =
    from.set.length === 0
      ? disk
      : hostWith(from.set, entry, disk, `flowc ${from.command} ${shellWord(file)}`);
  if (from.on !== null)
    mustBeKind(from.on, host.kinds, (on) => `flowc ${from.command} ${shellWord(file)} --on ${on}`);
  const { plan, diagnostics } = compile(entry, host, {
    ...(from.flow === null ? {} : { flow: from.flow }),
    on: from.on,
  });
  if (plan === null || errorsIn(diagnostics) > 0) {
    mustBeWell(
      diagnostics,
      world.err,
      nextAfter(
        diagnostics.flatMap((one) => (one.severity === "error" ? [one.code] : [])),
        file,
        from,
      ),
    );
    throw new Error("no plan, and no error to tell");
  }
  if (diagnostics.length > 0) mustBeWell(diagnostics, world.err, "");
  tellIdleOn(plan, from.on, world);
  return plan;
}

/** A wrong name of a flow is mended on the command line, all else in the file. */
function nextAfter(codes: readonly string[], file: string, { on, set }: PlanSource): string {
  const onlyTheFlow = codes.every((code) => code === "unknown-flow" || code === "which-flow");
  return onlyTheFlow
    ? `flowc list ${shellWord(file)}`
    : ["flowc check", shellWord(file), ...(on === null ? [] : ["--on", on]), ...setWords(set)].join(" ");
}

function planFromJson(file: string, from: PlanSource, world: World): Plan {
  const again = (what: string): Stop =>
    new Stop(
      exits.wrong,
      `${visible(file)} is no plan: ${what}.`,
      "flowc plan FILE --format json > plan.json",
    );
  let value: unknown;
  try {
    value = JSON.parse(readSource(world.cwd, file).text);
  } catch (error) {
    if (error instanceof Stop) throw error;
    throw again(error instanceof Error ? visible(error.message) : "it is not JSON");
  }
  const problem = planProblem(value);
  if (problem !== null || !isPlan(value)) throw again(problem ?? "it does not fit the schema");
  if (from.flow !== null && from.flow !== value.flow)
    throw new Stop(
      exits.wrong,
      `${visible(file)} is the plan of the flow \`${visible(value.flow)}\`; it has no other.`,
      `flowc ${from.command} ${shellWord(file)}`,
    );
  // Of what is printed beside a plan nothing is needed to run it.
  const { version, flow, doc, inputs, answer, types, tasks, flows, steps, seen, base, secrets } = value;
  const { runners = [], limits, agents }: Partial<Plan> = value;
  mustHave(runners, file, from.on);
  if (from.set.length > 0)
    throw usage(
      "A printed plan has its settings already: `--set` is for flows.",
      `flowc plan FILE ${setWords(from.set).join(" ")} --format json > plan.json`,
    );
  return {
    ...{ version, flow, doc, inputs, answer, types, tasks, flows, steps, seen, base, secrets, runners },
    ...(limits === undefined ? {} : { limits }),
    ...(agents === undefined ? {} : { agents }),
  };
}

function isPlan(value: unknown): value is Plan {
  return planProblem(value) === null;
}

function planProblem(value: unknown): string | null {
  const path = fileURLToPath(new URL("../docs/plan.schema.json", import.meta.url));
  const schema: unknown = JSON.parse(readFileSync(path, "utf8"));
  const problem = fitsSchema(value, typeof schema === "object" && schema !== null ? { ...schema } : {});
  return problem === null
    ? null
    : `${problem.path === "" ? "" : `${visible(problem.path)}: `}${visible(problem.reason)}`;
}
