// What `flowc plan` and `--dry-run` say of reuse: which nodes have an answer in the cache, and why the others have none.

import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import { standsIn } from "../runtime/git/stands.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { JournalError } from "../runtime/journal-errors.ts";
import { type Fate, type FateOf, preview } from "../runtime/preview.ts";
import { fateLines } from "./fates.ts";
import { identitiesOf } from "./go-on.ts";
import type { Project } from "./project.ts";
import type { World } from "./world.ts";

interface Planned {
  readonly plan: Plan;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly only: readonly string[] | null;
  readonly on: string | null;
}

/** Below the table of a plan, where there is anything to say. */
export async function drawForetold(planned: Planned, project: Project, world: World): Promise<void> {
  const lines = await foretoldLines(planned, project, world);
  if (lines.length > 0) world.out.write(`\n${lines.join("\n")}\n`);
}

/** No lines where nothing could be reused. */
async function foretoldLines(planned: Planned, project: Project, world: World): Promise<readonly string[]> {
  return foretold(planned, project, world, [], (fates, journal) =>
    fateLines(fates, { journal, earlier: null }),
  );
}

/** What becomes of each node, by name; empty where nothing could be reused. */
export async function fatesOf(
  planned: Planned,
  project: Project,
  world: World,
): Promise<ReadonlyMap<string, Fate>> {
  return foretold(planned, project, world, new Map<string, Fate>(), (fates) => {
    return new Map(fates.map(({ name, fate }) => [name, fate]));
  });
}

/** `none` where nothing could be reused: no task has a `cache`, there was no run yet, or not all inputs are known. */
async function foretold<T>(
  planned: Planned,
  project: Project,
  world: World,
  none: T,
  tell: (fates: readonly FateOf[], journal: Journal) => T,
): Promise<T> {
  const { plan, inputs, on } = planned;
  const cached = Object.values(plan.tasks).some(({ settings }) => (settings.cache ?? null) !== null);
  const known = plan.inputs.every((spec) => spec.default !== undefined || Object.hasOwn(inputs, spec.name));
  const journal = cached && known ? await kept(project) : null;
  if (journal === null) return none;
  try {
    const fates = await preview({
      ...planned,
      journal,
      artifacts: journal.artifacts,
      project: project.root,
      earlier: null,
      again: [],
      identityOf: identitiesOf(plan, on, project, world),
      stands: standsIn(project.root, world.env),
      now: world.now(),
    });
    return tell(fates, journal);
  } finally {
    await journal.close();
  }
}

/** Nothing is made, and what is damaged is told by who runs it. */
async function kept(project: Project): Promise<Journal | null> {
  try {
    return await openJournal(project.state, { readOnly: true });
  } catch (error) {
    if (error instanceof JournalError) return null;
    throw error;
  }
}
