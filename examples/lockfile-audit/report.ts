// Puts the findings together: a typed summary, the same as a Markdown report for people and as JSON for programs.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Finding, Lock, Package, Summary } from "./model.ts";

/** How many names a line of the report lists before it only counts. */
const NAMES_MAX = 40;

/** `folder` is a fresh one for this attempt; files are answered by their path in it. */
export async function writeReport(
  { lock, findings }: { lock: Lock; findings: readonly Finding[] },
  { folder }: { folder: string },
): Promise<Summary & { report: string; data: string }> {
  const summary = summarize(lock, findings);
  await writeFile(join(folder, "audit.md"), markdown(lock, findings, summary));
  await writeFile(join(folder, "audit.json"), `${JSON.stringify({ summary, findings, lock }, null, 2)}\n`);
  return { ...summary, report: "audit.md", data: "audit.json" };
}

export function summarize(lock: Lock, findings: readonly Finding[]): Summary {
  const had = new Set(findings.map((one) => one.key));
  const missing = lock.packages.filter((one) => !had.has(one.key));
  const gone = new Set(missing.map((one) => one.key));
  const where = (test: (one: Finding) => boolean): string[] => findings.filter(test).map((one) => one.key);
  const licences = new Map<string, number>();
  for (const { licence } of findings) {
    const name = licence ?? "none found";
    licences.set(name, (licences.get(name) ?? 0) + 1);
  }
  return {
    project: lock.project,
    packages: lock.packages.length,
    audited: findings.length,
    missing: missing.map((one) => one.key),
    broken: where((one) => one.promise === "broken"),
    unpromised: where((one) => one.promise === "unpromised"),
    in_vain: lock.packages.flatMap((one) => (had.has(one.key) ? vain(one, gone) : [])),
    install_scripts: where((one) => one.install_scripts.length > 0),
    escapes: where((one) => one.escapes.length > 0),
    licences: Object.fromEntries([...licences].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))),
    tarballs: findings.reduce((sum, one) => sum + one.tarball, 0),
    unpacked: findings.reduce((sum, one) => sum + one.unpacked, 0),
    files: findings.reduce((sum, one) => sum + one.files, 0),
    skipped: lock.skipped.length,
    circles: lock.circles.length,
  };
}

function vain(one: Package, gone: ReadonlySet<string>): string[] {
  return one.needs.filter((need) => gone.has(need)).map((need) => `${one.key} needs ${need}`);
}

function markdown(lock: Lock, findings: readonly Finding[], summary: Summary): string {
  const optional = new Map(lock.packages.map((one) => [one.key, one]));
  const byKey = (key: string): string => {
    const one = optional.get(key);
    const platform = one?.platform === null || one === undefined ? "" : `, for ${one.platform}`;
    return `${key} ${one?.version ?? ""}${one?.optional === true ? ` (optional${platform})` : ""}`;
  };
  const scripts = findings.flatMap((one) =>
    one.install_scripts.map((line) => `${one.key} ${one.version}: \`${line}\``),
  );
  const escapes = findings.flatMap((one) => one.escapes.map((line) => `${one.key} ${one.version}: ${line}`));
  const notes = findings.flatMap((one) => one.notes.map((line) => `${one.key} ${one.version}: ${line}`));
  const licences = Object.entries(summary.licences).map(([name, count]) => `${name}: ${count}`);
  return [
    `# Audit of ${summary.project}`,
    "",
    `${summary.audited} of ${summary.packages} packages looked at: ${summary.files} files, ` +
      `${megabytes(summary.tarballs)} packed, ${megabytes(summary.unpacked)} unpacked.`,
    "",
    ...section(
      "Not what the lockfile promises",
      summary.broken.map(byKey),
      "Every tarball is what it should be.",
    ),
    ...section("Files that would escape the package's folder", escapes, "None."),
    ...section("Could not be had", summary.missing.map(byKey), "Every package could be had."),
    ...section("Need something that could not be had", summary.in_vain, "None."),
    ...section("Run a script when installed", scripts, "None."),
    ...section("No checksum in the lockfile", summary.unpromised.map(byKey), "Every package has one."),
    ...section("Circles, and the need that was cut to get an order", lock.circles.map(circleLine), "None."),
    ...section("Needs that nothing in the lockfile meets", lock.unmet, "None."),
    ...section("Worth knowing", notes, "Nothing."),
    ...section(
      "Left out",
      lock.skipped.map((one) => `${one.key}: ${one.why}`),
      "Nothing.",
    ),
    ...section("Licences", licences, "None."),
  ].join("\n");
}

function circleLine(circle: Lock["circles"][number]): string {
  return `${circle.packages.join(" → ")} (cut: ${circle.from} no longer waits for ${circle.to}, its ${circle.kind})`;
}

function section(title: string, lines: readonly string[], none: string): string[] {
  const shown = lines.slice(0, NAMES_MAX).map((line) => `- ${line}`);
  const rest = lines.length > NAMES_MAX ? [`- and ${lines.length - NAMES_MAX} more, in the JSON file`] : [];
  const count = lines.length === 0 ? "" : ` (${lines.length})`;
  return [`## ${title}${count}`, "", ...(lines.length === 0 ? [none] : [...shown, ...rest]), ""];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
