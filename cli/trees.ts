// Worktrees for people: those that a run cannot have, told before it starts, and those that it has kept.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import { openArtifacts } from "../runtime/artifacts.ts";
import { openFiles } from "../runtime/files.ts";
import { foreseen } from "../runtime/git/foresee.ts";
import { treePath } from "../runtime/git/trees.ts";
import type { Journal } from "../runtime/journal.ts";
import { treesAhead } from "../runtime/outline-trees.ts";
import { problemLines } from "./plan.ts";
import { type Project, shownPath } from "./project.ts";
import { exits, Stop, shellWord } from "./stop.ts";
import type { World } from "./world.ts";

/** Nodes that start at once and cannot have theirs end the command; of those that come later it is said. */
export async function refuseTrees(
  plan: Plan,
  inputs: Readonly<Record<string, Value>>,
  project: Project,
  next: string,
  world: World,
): Promise<void> {
  const trees = treesAhead(plan, inputs, openFiles(project.root, plan, openArtifacts(project.state)));
  if (trees.length === 0) return;
  const place = { project: project.root, runs: join(project.state, "runs"), inherited: world.env };
  const messages = await foreseen(place, trees);
  const problems = trees.flatMap(({ name, first }, i) => {
    const message = messages[i] ?? null;
    return message === null ? [] : [{ name, message, first }];
  });
  const now = problems.filter(({ first }) => first);
  if (now.length > 0) throw new Stop(exits.wrong, problemLines(now).join("\n"), next);
  for (const line of problemLines(problems, " would fail as things are now"))
    world.err.write(`warning: ${line}\n`);
}

/** The line of a failure that says where the worktree of its node is kept; null: it has none. */
export function keptTree(journal: Journal, run: string, n: number, world: World): string | null {
  const path = treePath(journal.folderOf(run), n);
  return existsSync(path) ? `  its worktree: git -C ${shellWord(shownPath(world, path))} status` : null;
}
