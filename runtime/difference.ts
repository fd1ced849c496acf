// What differs between two fingerprints, down to the one input or file, in words for people.

import { listed } from "./contents.ts";
import type { Parts } from "./fingerprint.ts";
import type { KeptAnswers, PrintRow } from "./journal-cache.ts";

/** So many earlier fingerprints are compared; the one that is most alike says most. */
const comparedMax = 50;
/** Files that are told by their names. */
const filesShownMax = 5;

/** What is known of what was kept before. */
type Earlier = Pick<KeptAnswers, "earlier" | "listing">;

/** How the work of a node differs from what was done before. */
export interface Difference {
  /** The node and run of before. */
  readonly node: string;
  readonly from: string | null;
  /** Clauses: ``input `name` changed from "a" to "b"``. */
  readonly changes: readonly string[];
}

/** Against the most alike of what was kept before the wall ms `before`; null if nothing of the task was. */
export function differenceOf(answers: Earlier, now: PrintRow, before: number): Difference | null {
  const earlier = answers
    .earlier(now.task, now.node, before, comparedMax)
    .filter(({ hash }) => hash !== now.hash);
  const own = earlier.filter(({ node }) => node === now.node);
  let best: { readonly row: PrintRow; readonly count: number } | null = null;
  for (const row of own.length > 0 ? own : earlier) {
    const count = changedParts(row.parts, now.parts).length;
    if (best === null || count < best.count) best = { row, count };
  }
  if (best === null) return null;
  const { row } = best;
  const changes = changedParts(row.parts, now.parts).flatMap((name) =>
    told(name, textOf(row.parts, name), textOf(now.parts, name), answers),
  );
  return { node: row.node, from: row.from, changes };
}

/** Names of parts that are not the same in both, in their order. */
export function changedParts(before: Parts, now: Parts): readonly string[] {
  const names = new Set([...before, ...now].map(([name]) => name));
  return [...names].filter((name) => textOf(before, name) !== textOf(now, name));
}

function textOf(parts: Parts, name: string): string | null {
  return parts.find(([own]) => own === name)?.[1] ?? null;
}

/** One part of both, as clauses. */
export function told(
  name: string,
  before: string | null,
  now: string | null,
  answers: Pick<KeptAnswers, "listing"> | null,
): readonly string[] {
  const [kind = "", ...rest] = name.split(" ");
  const what = rest.join(" ");
  switch (kind) {
    case "task":
      return ["the task changed"];
    case "input":
      return [changed(`input \`${what}\``, before, now)];
    case "key":
      return [changed(`key ${what} of its \`cache\``, before, now)];
    case "file":
    case "dir":
      return [`the ${kind} \`${what}\` changed`];
    case "files":
      return what === "" ? fileChanges(before, now, answers) : ["the files that its `glob` finds changed"];
    case "module":
      return fileChanges(before, now, answers);
    case "env":
      return [changed(`\`env.${what}\``, before, now)];
    case "runner":
      return [changed("what runs it", before, now)];
    default:
      return [changed(`\`${kind}\``, before, now)];
  }
}

/** Long texts are kept as hashes, which say nothing to people. */
function changed(what: string, before: string | null, now: string | null): string {
  if (before === null) return `${what} is new`;
  if (now === null) return `${what} is gone`;
  return before.startsWith("#") || now.startsWith("#")
    ? `${what} changed`
    : `${what} changed from ${before} to ${now}`;
}

function fileChanges(
  before: string | null,
  now: string | null,
  answers: Pick<KeptAnswers, "listing"> | null,
): readonly string[] {
  const text = (hash: string | null): string | null =>
    hash === null ? "" : (answers?.listing(hash) ?? null);
  const [first, second] = [text(before), text(now)];
  if (first === null || second === null) return ["the files that it reads changed"];
  const [old, young] = [listed(first), listed(second)];
  const changes: string[] = [];
  for (const [path, content] of young) {
    const own = old.get(path);
    if (own === undefined) changes.push(`file \`${path}\` is new`);
    else if (own !== content) changes.push(`file \`${path}\` changed`);
  }
  for (const path of old.keys()) if (!young.has(path)) changes.push(`file \`${path}\` is gone`);
  const more = changes.length - filesShownMax;
  return more > 0 ? [...changes.slice(0, filesShownMax), `… and ${more} more files`] : changes;
}
