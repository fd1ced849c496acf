// What keeps work from having its worktree, told before anything has started.

import { existsSync, realpathSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { isHeld } from "../lease.ts";
import { GitProblem, gitEnvironment } from "./git.ts";
import { Repository } from "./repository.ts";
import { type IsLeft, mustBeHad, type WorktreeSpec } from "./worktree.ts";

export interface Foreseeing {
  /** Absolute. */
  readonly project: string;
  /** Absolute: where the runs of the state directory are; it may not be there yet. */
  readonly runs: string;
  /** flowc's own environment. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
}

export interface Foreseen {
  readonly spec: WorktreeSpec;
  /** Its work starts as everything is now. */
  readonly first: boolean;
}

/** For each a sentence with what to do; null: as far as can be told it will have its worktree. */
export async function foreseen(
  { project, runs, inherited }: Foreseeing,
  asked: readonly Foreseen[],
): Promise<readonly (string | null)[]> {
  let repository: Repository;
  try {
    repository = await Repository.open(project, gitEnvironment(inherited));
  } catch (error) {
    const problem = sentence(error);
    return asked.map(() => problem);
  }
  const made = new Set(asked.flatMap(({ spec }) => [spec.branch, spec.into]));
  const known = new Map<string, Promise<string | null>>();
  const all: Promise<string | null>[] = [];
  for (const one of asked) {
    const key = JSON.stringify(one);
    const problem = known.get(key) ?? whyNot(repository, one, made, leftIn(runs, null));
    known.set(key, problem);
    all.push(problem);
  }
  return Promise.all(all);
}

/** Whether a place is the worktree of a run below `runs`, but `ours`, that nobody is at work on. */
export function leftIn(runs: string, ours: string | null): IsLeft {
  return async (place) => {
    if (!existsSync(runs)) return false;
    const [id = "", trees = ""] = relative(realpathSync.native(runs), place).split(sep);
    return trees === "trees" && id !== ours && !(await isHeld(join(runs, id)));
  };
}

/** `made`: branches that the run itself makes. */
async function whyNot(
  repository: Repository,
  { spec, first }: Foreseen,
  made: ReadonlySet<string | null>,
  isLeft: IsLeft,
): Promise<string | null> {
  const { branch, from, into } = spec;
  try {
    await repository.mustBeNames([branch, into].flatMap((name) => name ?? []));
    if (branch !== null) await repository.mustKnowUser();
    const checkedOut = await repository.checkedOut();
    if (into !== null) await repository.mustBeFree(into, checkedOut);
    if (from !== null && made.has(from) && (await repository.tipOf(from)) === null) return null;
    const start = await repository.startOf(from, into);
    await repository.mustHoldProject(start);
    if (!first || branch === null) return null;
    const at = { tip: await repository.tipOf(branch), start, into, path: null, checkedOut };
    await mustBeHad(repository, branch, at, isLeft);
    return null;
  } catch (error) {
    return sentence(error);
  }
}

/** What is nobody's fault is no reason not to try. */
function sentence(error: unknown): string | null {
  return error instanceof GitProblem ? error.message : null;
}
