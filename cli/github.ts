// What a run leaves on GitHub Actions: its report as the summary of the step, and a note for each failure.

import { appendFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Flow, Task } from "../grammar/ast.ts";
import { parse } from "../grammar/parser.ts";
import { position } from "../grammar/source.ts";
import type { RunView } from "../runtime/run-view.ts";
import { noteMessage, noteProperty, pathOnGithub } from "./annotations.ts";
import { readSource } from "./files.ts";
import { type Project, shownPath } from "./project.ts";
import type { Cause, RunRecord } from "./record.ts";
import { count, visible } from "./render/text.ts";
import { type Parts, reportText } from "./report.ts";
import { shellWord } from "./stop.ts";
import type { World } from "./world.ts";

/** GitHub shows no more of each step. */
const notesMax = 10;
/** GitHub refuses a larger summary as a whole. */
const summaryBytesMax = 1_000_000;

/** Is there something to leave? A record of the run is made only then. */
export function onGithub({ env }: World): boolean {
  return env["GITHUB_ACTIONS"] === "true" || summaryFile(env) !== null;
}

function summaryFile(env: World["env"]): string | null {
  const file = env["GITHUB_STEP_SUMMARY"] ?? "";
  return file === "" ? null : file;
}

/** Never fails: a summary that cannot be written is told, and the run has ended as it has. */
export async function leaveOnGithub(
  record: RunRecord,
  view: RunView,
  project: Project,
  world: World,
): Promise<void> {
  if (world.env["GITHUB_ACTIONS"] === "true") world.err.write(failureNotes(record, view, project, world));
  const file = summaryFile(world.env);
  if (file === null) return;
  try {
    appendFileSync(resolve(world.cwd, file), await summaryOf(record, view));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    world.err.write(`warning: The step summary could not be written: ${visible(why)}\n`);
  }
}

/** The report, or where it would be too long for GitHub as much of it as fits. */
async function summaryOf(record: RunRecord, view: RunView): Promise<string> {
  for (const without of [[], ["nodes"], ["nodes", "artifacts"]] as const satisfies readonly Parts[]) {
    const text = await reportText(record, view, "md", without);
    if (Buffer.byteLength(text) <= summaryBytesMax)
      return without.length === 0
        ? text
        : `${text}\nLeft out because it is too long for GitHub: ${without.join(", ")}. All of it: \`flowc report ${record.run}\`.\n`;
  }
  return `# ${record.status}\n\nThe report is too long for GitHub: \`flowc report ${record.run}\`.\n`;
}

/** One `::error …::…` a line for each root cause; "" if there is none. Lines stand where the task is declared. */
export function failureNotes(record: RunRecord, view: RunView, project: Project, world: World): string {
  const { causes } = record;
  const shown = causes.slice(0, causes.length > notesMax ? notesMax - 1 : notesMax);
  const notes = shown.map((cause) => note(cause, record, view, project, world));
  const more = causes.length - shown.length;
  if (more > 0)
    notes.push(
      `::error title=${noteProperty(`${record.flow} failed`)}::${noteMessage(`${count(more, "more failure")}: flowc show ${record.run}`)}`,
    );
  return notes.map((line) => `${line}\n`).join("");
}

function note(cause: Cause, record: RunRecord, view: RunView, project: Project, world: World): string {
  const { failure, node, affected } = cause;
  const name = failure.name === "" ? record.flow : failure.name;
  const place = placeOf(node?.task ?? null, view, project, world);
  const properties = [
    ...(place === null ? [] : [`file=${noteProperty(place.file)}`, `line=${place.line}`]),
    `title=${noteProperty(`${name} failed`)}`,
  ].join(",");
  const text = [
    failure.message,
    ...(failure.tail ?? "")
      .trimEnd()
      .split("\n")
      .filter((line) => line !== ""),
    ...(affected.length > 0 ? [`not run because of it: ${count(affected.length, "node")}`] : []),
    ...(node === null || node.attempts === 0 ? [] : [`flowc logs ${record.run} ${shellWord(node.name)}`]),
  ].join("\n");
  return `::error ${properties}::${noteMessage(text)}`;
}

/** Where a task is declared, or the entry flow; null if the file is not there or says so no more. */
function placeOf(
  task: string | null,
  view: RunView,
  project: Project,
  world: World,
): { readonly file: string; readonly line: number } | null {
  const { plan } = view;
  const declared = task === null ? plan.flows[plan.flow] : plan.tasks[task];
  if (declared === undefined) return null;
  const path = resolve(project.root, declared.file);
  const name = declared.name.replace(/~\d+$/, "");
  try {
    const { file } = parse(readSource(world.cwd, path));
    const found = file.declarations.find(
      (one): one is Task | Flow => (one.kind === "task" || one.kind === "flow") && one.name.text === name,
    );
    if (found === undefined) return null;
    return {
      file: pathOnGithub(shownPath(world, path), world),
      line: position(file.source, found.name.span.start).line,
    };
  } catch {
    return null;
  }
}
