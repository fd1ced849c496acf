// Ends `.ci/run`: prints the sum of the vitest reports named after a flag that says whether any step failed.

import { addCounts, countsLine, readCounts } from "./counts.ts";

const [broken, ...reports] = process.argv.slice(2);
const sum = reports.map(readCounts).reduce(addCounts, { passed: 0, failed: 0, skipped: 0 });
// A step that failed without a failed test (types, style, build, a crash) is a failure all the same.
const totals = broken !== "0" && sum.failed === 0 ? { ...sum, failed: 1 } : sum;
console.log(countsLine(totals));
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
