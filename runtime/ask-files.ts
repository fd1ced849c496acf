// Files of the project that an agent's settings name, and that are not where it works: told when it has failed.

import { existsSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import type { RunnerSetting } from "../compiler/plan.ts";
import type { AttemptOrder } from "./attempt-order.ts";
import type { AttemptReport } from "./attempt-report.ts";
import type { Workspace } from "./runner.ts";

interface At {
  readonly order: AttemptOrder;
  readonly project: string;
  readonly workspace: Workspace;
}

/** With a sentence about them, if there are any. */
export async function withFilesMissed(report: AttemptReport, at: At): Promise<AttemptReport> {
  const { order, project, workspace } = at;
  if (report.outcome !== "failed" || workspace.path === project) return report;
  const missed: string[] = [];
  for (const path of pathsIn(Object.values(order.settings.asked?.settings ?? {})))
    if (isFile(join(project, path)) && !(await isThere(workspace, path))) missed.push(path);
  if (missed.length === 0) return report;
  const named = missed.map((path) => `\`${path}\``).join(", ");
  const [are, them] = missed.length === 1 ? ["is", "it"] : ["are", "them"];
  const told = `${named} of the project ${are} not where it works: ${wayOut(at, them)}.`;
  return { ...report, message: `${report.message ?? ""} ${told}`.trim() };
}

function wayOut({ order, workspace }: At, them: string): string {
  const { reads, workspace: where } = order.settings;
  if (reads !== null || where === "scratch") return `name ${them} in the \`reads\` of the task`;
  if (where !== "project") return "a worktree has what is committed";
  return workspace.here ? `somebody has removed ${them}` : "what git ignores is not copied";
}

/** Relative ones that could be files: with a folder or an ending. */
function pathsIn(values: readonly RunnerSetting[]): readonly string[] {
  const found = new Set<string>();
  const add = (value: RunnerSetting): void => {
    if (Array.isArray(value)) for (const item of value) add(item);
    else if (typeof value === "object" && value !== null) for (const item of Object.values(value)) add(item);
    else if (typeof value === "string" && /^[^/\0\n][^\0\n]*[./]/.test(value)) {
      const path = posix.normalize(value);
      if (!path.startsWith("../") && path !== ".") found.add(path);
    }
  };
  for (const value of values) add(value);
  return [...found];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Of what cannot be known nothing is told. */
async function isThere(workspace: Workspace, path: string): Promise<boolean> {
  if (workspace.here) return existsSync(join(workspace.path, path));
  try {
    return (await workspace.read(posix.join(workspace.path, path), 1)) !== null;
  } catch {
    return true;
  }
}
