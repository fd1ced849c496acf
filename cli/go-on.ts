// Before a run goes on in a new one, with an edited file: what stands and what does not is shown, node by node.

import type { Plan } from "../compiler/plan.ts";
import { openArtifacts } from "../runtime/artifacts.ts";
import { identityIn } from "../runtime/attempt-places.ts";
import { type Earlier, openEarlier } from "../runtime/earlier.ts";
import { standsIn } from "../runtime/git/stands.ts";
import type { Journal } from "../runtime/journal.ts";
import { secretsNeeded } from "../runtime/places.ts";
import { type FateOf, preview } from "../runtime/preview.ts";
import { fateLines } from "./fates.ts";
import { registryOf } from "./kinds.ts";
import type { Project } from "./project.ts";
import { count, visible } from "./render/text.ts";
import type { RunRequest } from "./request.ts";
import type { Resumed } from "./resume.ts";
import { exits, Stop, shellWord } from "./stop.ts";
import type { World } from "./world.ts";

/** Names of what is not there any more. */
const goneShownMax = 5;

/** The lines, the first of which says what this is. Throws a Stop for what a person has to decide before. */
export async function differences(
  { plan, inputs, from, same, changed, only, on }: Resumed,
  request: RunRequest,
  project: Project,
  journal: Journal,
  world: World,
): Promise<readonly string[]> {
  const id = from?.run ?? same?.run ?? "";
  const earlier = openEarlier(journal, id, project.root);
  const fates = await preview({
    plan,
    inputs,
    only,
    journal,
    artifacts: openArtifacts(project.state),
    project: project.root,
    earlier,
    again: request.again,
    identityOf: identitiesOf(plan, on, project, world),
    stands: standsIn(project.root, world.env),
    now: world.now(),
  });
  if (earlier === null) return fateLines(fates, { journal, earlier: null });
  const names = new Set(earlier.names());
  const known = new Set(fates.map(({ name }) => name));
  if (from !== null) {
    refuseOther(id, fates, names, request, project);
    refuseOnce(fates, request, project);
  }
  const gone = earlier.succeeded().filter((name) => !known.has(name) && isLeft(fates, name, earlier));
  const lines = fateLines(fates, { journal, earlier: names });
  const more = gone.length - goneShownMax;
  const goneLine = `gone: ${gone.slice(0, goneShownMax).map(visible).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return [
    from === null
      ? `the run ${id} would go on:`
      : `${visible(changed.slice(0, 5).join(", "))}${changed.length > 5 ? ` and ${changed.length - 5} more` : ""} changed since the run ${id}, so it ${request.dryRun ? "would go on" : "goes on"} in a new one:`,
    ...[...lines, ...(gone.length > 0 ? [goneLine] : [])].map((line) => `  ${line}`),
  ];
}

/** What the runners' places are made of, as in a run. */
export function identitiesOf(plan: Plan, on: string | null, { root }: Project, world: World) {
  const registry = registryOf(root);
  const secrets = new Map(secretsNeeded(plan, on).map((name) => [name, world.env[name] ?? ""]));
  const places = { plan, on, secrets, runner: (kind: string) => registry.open(kind) };
  return (name: string): Promise<string | null> => identityIn(places, name);
}

/** What may still be made when more is known is not gone. */
function isLeft(fates: readonly FateOf[], name: string, earlier: Earlier): boolean {
  const open = fates.some(({ fate }) => fate.as === "open" || fate.as === "starts");
  return !open || (earlier.names().includes(name) && !/[[#.]/.test(name));
}

function refuseOther(
  id: string,
  fates: readonly FateOf[],
  names: ReadonlySet<string>,
  { file, flow }: RunRequest,
  { flag }: Project,
): void {
  if (names.size === 0 || fates.some(({ name }) => names.has(name))) return;
  const words = [file, flow].flatMap((word) => word ?? []).map(shellWord);
  throw new Stop(
    exits.wrong,
    `The run ${id} was of another flow: none of its ${count(names.size, "node")} is in this one, so there is nothing to go on with.`,
    words.length === 0 ? `flowc run --resume ${id} --stored${flag}` : `flowc run ${words.join(" ")}${flag}`,
  );
}

function refuseOnce(fates: readonly FateOf[], { file, resume, again }: RunRequest, { flag }: Project): void {
  const asks = fates.filter(({ fate }) => fate.as === "asks").map(({ name }) => name);
  if (asks.length === 0) return;
  const shown = asks.slice(0, 5);
  const more = asks.length - shown.length;
  const [have, them] = asks.length === 1 ? ["was", "it"] : ["were", "them"];
  const words = [...(file === null ? [] : [shellWord(file)]), `--resume ${resume ?? ""}`];
  throw new Stop(
    exits.wrong,
    `${shown.map((name) => `\`${visible(name)}\``).join(", ")}${more > 0 ? ` and ${more} more` : ""} may be done only once, ${have} started before, and would run again with other work.\nLook at what became of ${them} first.`,
    `flowc run ${words.join(" ")}${[...again, ...shown].map((name) => ` --again ${shellWord(name)}`).join("")}${flag}`,
  );
}
