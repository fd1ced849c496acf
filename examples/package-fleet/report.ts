// Writes BUILD_REPORT.md: what was built for what, what was not and why, and every library with its checksum.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Built, FileValue, Package, Summary } from "./model.ts";
import { spellSize, spellTime } from "./quantities.ts";

/** The part of `flowc report --format json` that this reads. */
interface RunRecord {
  readonly failures: readonly {
    readonly node: string;
    readonly message: string;
    readonly tail: string | null;
    readonly affected: readonly string[];
  }[];
  readonly nodes: readonly { readonly node: string; readonly status: string; readonly attempts: number }[];
}

interface Given {
  readonly packages: readonly Package[];
  readonly platforms: readonly string[];
  readonly built: readonly Built[];
  readonly record: FileValue;
}

/** `folder` is a fresh one for this attempt; files are answered by their path in it. */
export async function writeReport(
  given: Given,
  { folder }: { folder: string },
): Promise<Summary & { report: string }> {
  const record: RunRecord = JSON.parse(await readFile(given.record.path, "utf8"));
  const summary = summarize(given, record);
  await writeFile(join(folder, "BUILD_REPORT.md"), markdown(given, record, summary));
  return { ...summary, report: "BUILD_REPORT.md" };
}

export function summarize({ packages, platforms, built }: Given, record: RunRecord): Summary {
  const sum = (of: (one: Built) => number): number => built.reduce((total, one) => total + of(one), 0);
  const planned = packages.length * platforms.length;
  const failed = record.failures.flatMap(({ node }) => itemOf(node) ?? []).sort();
  return {
    packages: packages.length,
    planned,
    built: built.length,
    failed,
    skipped: Math.max(0, planned - built.length - failed.length),
    tests: sum((one) => one.tested.tests),
    coverage: built.length === 0 ? 0 : round(sum((one) => one.tested.coverage) / built.length),
    took: round(sum((one) => one.took)),
    artifacts: sum((one) => one.library.size),
  };
}

/** `built[tsx/wasm32].build` is the item `tsx/wasm32`. */
function itemOf(node: string): string | null {
  return /^built\[(.*)\]\.build$/.exec(node)?.[1] ?? null;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function markdown(given: Given, record: RunRecord, summary: Summary): string {
  return [
    "# Build report",
    "",
    "| | |",
    "| --- | --- |",
    `| Packages | ${summary.packages} |`,
    `| Platforms | ${given.platforms.length} |`,
    `| Builds | ${summary.planned} |`,
    `| Built | ${summary.built} (${percent(summary.built, summary.planned)}) |`,
    `| Failed | ${summary.failed.length} |`,
    `| Not built, because something they need failed | ${summary.skipped} |`,
    `| Tests | ${summary.tests}, which cover ${summary.coverage} % on average |`,
    `| Time of all builds | ${spellTime(summary.took)} |`,
    `| Estimated by people | ${spellTime(given.packages.reduce((sum, one) => sum + one.estimate, 0) * given.platforms.length)} |`,
    `| Libraries | ${spellSize(summary.artifacts)} |`,
    "",
    ...failures(record),
    ...table(given, summary),
    ...libraries(given.built),
  ].join("\n");
}

function failures({ failures }: RunRecord): string[] {
  const own = failures.filter(({ node }) => itemOf(node) !== null);
  if (own.length === 0) return ["## Failures", "", "None.", ""];
  return [
    `## Failures (${own.length})`,
    "",
    ...own.flatMap(({ node, message, tail, affected }) => {
      const waiting = affected.flatMap((one) => itemOf(one) ?? []);
      return [
        `### ${itemOf(node)}`,
        "",
        message,
        "",
        ...(tail === null || tail.trim() === "" ? [] : ["```text", tail.trimEnd(), "```", ""]),
        ...(waiting.length === 0 ? [] : [`Not built because of it: ${waiting.join(", ")}.`, ""]),
      ];
    }),
  ];
}

/** A row for each package, a column for each platform: ✓ built, ✗ failed, · not built because of another. */
function table({ packages, platforms, built }: Given, summary: Summary): string[] {
  const found = new Map(built.map((one) => [`${one.key}/${one.platform}`, one]));
  const failed = new Set(summary.failed);
  const row = (one: Package): string => {
    const own = platforms.flatMap((platform) => found.get(`${one.key}/${platform}`) ?? []);
    const marks = platforms.map((platform) => {
      const item = `${one.key}/${platform}`;
      return found.has(item) ? "✓" : failed.has(item) ? "✗" : "·";
    });
    const coverage = own[0] === undefined ? "" : `${own[0].tested.coverage} %`;
    const took = own.length === 0 ? "" : spellTime(own.reduce((sum, { took }) => sum + took, 0));
    const cells = [one.key, one.version, one.complexity, ...marks, coverage, took, spellTime(one.estimate)];
    return `| ${cells.join(" | ")} |`;
  };
  const heads = ["package", "version", "complexity", ...platforms, "coverage", "took", "estimate"];
  const rule = [...["---", "---", "---"], ...platforms.map(() => ":-:"), ...["--:", "--:", "--:"]];
  return [
    "## Packages",
    "",
    "✓ built, ✗ failed, · not built because something it needs failed",
    "",
    `| ${heads.join(" | ")} |`,
    `| ${rule.join(" | ")} |`,
    ...packages.map(row),
    "",
  ];
}

function libraries(built: readonly Built[]): string[] {
  return [
    `## Libraries (${built.length})`,
    "",
    "| package | platform | file | size | sha256 |",
    "| --- | --- | --- | --: | --- |",
    ...built.map(
      ({ id, platform, library }) =>
        `| ${id} | ${platform} | ${library.name} | ${spellSize(library.size)} | ${library.sha256} |`,
    ),
    "",
  ];
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "–" : `${((100 * part) / whole).toFixed(1)} %`;
}
