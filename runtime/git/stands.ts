// Whether what a node has left on its branch still stands: it is where it was merged, and its work would start from the same commit.

import type { Landed } from "../events.ts";
import { GitProblem, gitEnvironment } from "./git.ts";
import { short } from "./merge.ts";
import { Repository } from "./repository.ts";
import type { WorktreeSpec } from "./worktree.ts";

/** Null: it stands; else a clause that says why not. */
export type Stands = (landed: Landed, spec: WorktreeSpec) => Promise<string | null>;

/** `inherited`: flowc's own environment. */
export function standsIn(project: string, inherited: Readonly<Record<string, string | undefined>>): Stands {
  let opened: Promise<Repository> | null = null;
  return async (landed, spec) => {
    try {
      opened ??= Repository.open(project, gitEnvironment(inherited));
      return await whyNot(await opened, landed, spec);
    } catch (error) {
      if (error instanceof GitProblem) return "what it had left on its branch cannot be looked at";
      throw error;
    }
  };
}

async function whyNot(
  repository: Repository,
  { commit, start, branch }: Landed,
  { from, into }: WorktreeSpec,
): Promise<string | null> {
  const known = (await repository.commitOf(commit)) !== null;
  const kept = into ?? (branch === "" ? null : branch);
  if (kept !== null) {
    const tip = await repository.tipOf(kept);
    if (!known || tip === null || !(await repository.contains(tip, commit)))
      return `what it had done is not on \`${kept}\` any more`;
  }
  const now = await repository.startOf(from, into);
  // What it has merged itself is no change.
  if (now === start || (known && branch !== "" && (await repository.contains(now, commit)))) return null;
  return `its work would start from ${short(now)} now, and not from ${short(start)}`;
}
