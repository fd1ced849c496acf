// `flowc gc`: removes what old runs left, and says what it freed.

import { collect, type Freed, youngMs } from "../runtime/gc.ts";
import { openJournal } from "../runtime/journal.ts";
import { projectOf, shownPath } from "./project.ts";
import { size } from "./render/amounts.ts";
import { count, visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { exits } from "./stop.ts";
import { openKept } from "./stored.ts";
import type { World } from "./world.ts";

/** Runs that are named. */
const namesShownMax = 10;

export async function gc(request: RequestOf<"gc">, world: World): Promise<number> {
  const project = projectOf(world, null, request.state);
  // Without a journal there is nothing to remove, and none is made.
  await (await openKept(project, world)).close();
  const journal = await openJournal(project.state);
  try {
    const now = world.now();
    const { keep, olderThanMs, dryRun } = request;
    const before = now - olderThanMs;
    const own = { project: project.root, inherited: world.env };
    const freed = await collect(journal, { keep, before, now, dryRun, ...own });
    if (request.json) world.out.write(`${JSON.stringify(json(freed, dryRun), null, 2)}\n`);
    else for (const line of lines(freed, request, world, project.state)) world.out.write(`${line}\n`);
    if (dryRun && !request.json && !nothing(freed))
      world.err.write(`next: ${nextOf(request, project.flag)}\n`);
    return exits.well;
  } finally {
    await journal.close();
  }
}

function nothing({ runs, artifacts, bytes }: Freed): boolean {
  return runs.length + artifacts + bytes === 0;
}

function lines(
  freed: Freed,
  { dryRun, keep, olderThanMs }: RequestOf<"gc">,
  world: World,
  state: string,
): readonly string[] {
  const { runs, held, answers, artifacts, bytes, kept, bytesBefore, bytesAfter } = freed;
  const place = visible(shownPath(world, state));
  const parts = [
    ...(runs.length > 0 ? [`${count(runs.length, "run")} (${shortList(runs)})`] : []),
    ...(answers > 0 ? [count(answers, "cached answer")] : []),
    ...(artifacts > 0 ? [count(artifacts, "artifact")] : []),
  ];
  const what = parts.length === 0 ? "what interrupted runs left" : parts.join(", ");
  const is =
    held.length === 1 ? "is being run, or waits for a person" : "are being run, or wait for a person";
  return [
    nothing(freed)
      ? `nothing to remove: ${keep === 1 ? "the latest run stays" : `the latest ${keep} runs stay`}, and what is younger than ${ageText(olderThanMs)}`
      : `${dryRun ? "would remove" : "removed"} ${what}: ${size(bytes)}`,
    ...(held.length > 0 ? [`left alone ${shortList(held)}: ${count(held.length, "run")} that ${is}`] : []),
    dryRun || nothing(freed)
      ? `${place} holds ${count(kept + (dryRun ? runs.length : 0), "run")}: ${size(bytesBefore)}`
      : `${place} holds ${count(kept, "run")}: ${size(bytesAfter)}, before ${size(bytesBefore)}`,
  ];
}

function shortList(names: readonly string[]): string {
  const more = names.length - namesShownMax;
  return names.slice(0, namesShownMax).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function ageText(ms: number): string {
  const hours = Math.max(ms, youngMs) / 3_600_000;
  return hours % 24 === 0 ? count(hours / 24, "day") : count(hours, "hour");
}

function json(
  { runs, kept, held, answers, artifacts, bytes, bytesBefore, bytesAfter }: Freed,
  dryRun: boolean,
) {
  return {
    version: 1,
    dry_run: dryRun,
    runs,
    kept,
    held,
    cached_answers: answers,
    artifacts,
    bytes,
    bytes_before: bytesBefore,
    bytes_after: bytesAfter,
  };
}

function nextOf({ keep, olderThanMs }: RequestOf<"gc">, flag: string): string {
  const hours = olderThanMs / 3_600_000;
  const age = hours % 24 === 0 ? `${hours / 24}d` : `${hours}h`;
  const words = [
    ...(keep === 20 ? [] : [`--keep ${keep}`]),
    ...(age === "30d" ? [] : [`--older-than ${age}`]),
  ];
  return ["flowc gc", ...words].join(" ") + flag;
}
