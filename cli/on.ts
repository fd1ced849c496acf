// `--on KIND`: is there such a kind of place, can the runners of a plan run there, and does it change anything?

import type { RunnerKinds } from "../compiler/kinds.ts";
import { packageOfKind } from "../compiler/kinds.ts";
import type { Plan } from "../compiler/plan.ts";
import { createNearest } from "../compiler/suggest.ts";
import { placeOf } from "../runtime/places.ts";
import { visible } from "./render/text.ts";
import { didYouMean, exits, Stop, shellWord, usage } from "./stop.ts";
import type { World } from "./world.ts";

/** `command`: what to type with another kind. */
export function mustBeKind(on: string, kinds: RunnerKinds, command: (on: string) => string): void {
  const found = kinds.find(on);
  if (found !== null && "problem" in found) throw new Stop(exits.wrong, found.problem, null);
  if (found !== null) return;
  const near = createNearest()(on, kinds.names());
  const known = kinds.names().join(", ");
  throw usage(
    `There is no kind of runner \`${visible(on)}\`.${near === null ? ` There are ${known}; another one is a package.` : didYouMean(near)}`,
    near !== null ? command(near) : `npm install ${shellWord(packageOfKind("runner", on))}`,
  );
}

/** The runners of a plan that was printed; those of a file are told at their declarations. */
export function mustHave(runners: Plan["runners"], file: string, on: string | null): void {
  const problems = runners.flatMap(({ name }) => {
    const place = placeOf({ runners }, name, on);
    return "problem" in place ? [place.problem] : [];
  });
  if (problems.length > 0)
    throw new Stop(exits.wrong, problems.map(visible).join("\n"), `flowc plan ${shellWord(file)}`);
}

/** Where nothing names a runner, all stays here whatever was asked for. */
export function tellIdleOn(plan: Plan, on: string | null, world: World): void {
  if (on !== null && plan.runners.length === 0)
    world.err.write(`no task of ${visible(plan.flow)} names a runner: all of it stays on this machine\n`);
}
