// What a run would reuse and what it would start, and why: for `flowc plan`, `--dry-run`, and before a run goes on.

import { differenceOf } from "../runtime/difference.ts";
import type { Journal } from "../runtime/journal.ts";
import { KeptAnswers, type KnownPrint } from "../runtime/journal-cache.ts";
import type { FateOf } from "../runtime/preview.ts";
import { count, visible } from "./render/text.ts";

/** Names in a row, and nodes with a line of their own. */
const shownMax = 10;

export interface FatesOptions {
  readonly journal: Journal;
  /** Names of nodes in the run that is gone on from; null: there is none. */
  readonly earlier: ReadonlySet<string> | null;
}

/** Lines, each for one kind of fate; of what starts, one for each node. */
export function fateLines(fates: readonly FateOf[], options: FatesOptions): readonly string[] {
  const lines: string[] = [];
  const reused = fates.filter(({ fate }) => fate.as === "reused");
  if (reused.length > 0) {
    const from = new Set(reused.map(({ fate }) => (fate.as === "reused" ? fate.from : "")));
    const runs = [...from].slice(0, 3).join(", ") + (from.size > 3 ? ", …" : "");
    lines.push(`reused (${runs}): ${listed(reused)}`);
  }
  const starts = fates.filter(({ fate }) => fate.as === "starts");
  for (const one of starts.slice(0, shownMax))
    lines.push(`starts: ${visible(one.name)}, ${visible(reasonOf(one, options))}`);
  if (starts.length > shownMax) lines.push(`starts: ${count(starts.length - shownMax, "more node")}`);
  const open = fates.filter(({ fate }) => fate.as === "open");
  if (open.length > 0) lines.push(`not known before: ${listed(open)}`);
  return lines;
}

function listed(fates: readonly FateOf[]): string {
  const more = fates.length - shownMax;
  const names = fates.slice(0, shownMax).map(({ name }) => visible(name));
  return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function reasonOf({ name, task, cached, fate }: FateOf, { journal, earlier }: FatesOptions): string {
  if (fate.as !== "starts") return "";
  const { changes, print, spoiled } = fate;
  if (spoiled !== null) return spoiled.replace(/^Its kept/, "its kept").replace(/\.$/, "");
  if (changes !== null && changes.length > 0) return changes.join("; ");
  if (earlier !== null) return earlier.has(name) ? "it had not succeeded" : "it is new";
  if (print !== null) return cacheReason(journal, print);
  // A place that does not answer, files that cannot be read.
  return cached ? "what it would work with cannot be told now" : `its task \`${task}\` has no \`cache\``;
}

function cacheReason(journal: Journal, print: KnownPrint): string {
  const answers = new KeptAnswers(journal);
  // Lists of files are only written down when something is recorded.
  const own = new Map(print.listings.map(({ hash, text }) => [hash, text]));
  const looked = {
    earlier: answers.earlier.bind(answers),
    listing: (hash: string) => own.get(hash) ?? answers.listing(hash),
  };
  const row = { ...print, at: 0, from: null };
  const difference = differenceOf(looked, row, Number.MAX_SAFE_INTEGER);
  if (difference === null) return "no answer of its task was kept before";
  const [first, ...more] = difference.changes;
  if (first === undefined) return "what was kept of it is gone";
  return `${[first, ...more].join("; ")}${difference.from === null ? "" : ` since the run ${difference.from}`}`;
}
