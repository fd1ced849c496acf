// Counts of passed, failed and skipped tests, read from the JSON reports of vitest.

import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    /** Why the file could not be loaded; else empty. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

/** So much of a failure is told: what was expected, and where. */
const failureLinesMax = 24;

function read(path: string): Report | null {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/** Counts of one report. An absent or broken report counts as one failure, as does a file that could not be loaded. */
export function readCounts(path: string): Counts {
  const report = read(path);
  if (report === null) return { passed: 0, failed: 1, skipped: 0 };
  let passed = 0;
  let failed = 0;
  let skipped = 0;
  for (const file of report.testResults) {
    const before = failed;
    for (const test of file.assertionResults) {
      if (test.status === "passed") passed++;
      else if (test.status === "failed") failed++;
      else skipped++;
    }
    if (file.status === "failed" && failed === before) failed++;
  }
  return { passed, failed, skipped };
}

/** Names of tests for which something was missing here; none of an absent or broken report. */
export function skippedIn(path: string): string[] {
  return (read(path)?.testResults ?? []).flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ status, fullName }) =>
      status === "passed" || status === "failed" ? [] : [fullName],
    ),
  );
}

/** What failed, each with its file, its name, and the beginning of why. */
export function failuresIn(path: string): string[] {
  const report = read(path);
  if (report === null) return [`There is no report at ${path}: the tests did not come to their end.`];
  const told = (name: string, test: string, why: string) =>
    [`${relative(process.cwd(), name)}: ${test}`, ...why.split("\n").slice(0, failureLinesMax)].join(
      "\n    ",
    );
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === "failed");
    if (status === "failed" && failed.length === 0) return [told(name, "could not be loaded", message)];
    return failed.map(({ fullName, failureMessages = [] }) =>
      told(name, fullName, stripVTControlCharacters(failureMessages.join("\n"))),
    );
  });
}

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

export function countsLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}
