// Ends `.ci/run`: what failed, then the sum of the vitest reports named after a flag that says whether any step failed.

import { addCounts, countsLine, failuresIn, readCounts } from "./counts.ts";

const [broken, ...reports] = process.argv.slice(2);
const sum = reports.map(readCounts).reduce(addCounts, { passed: 0, failed: 0, skipped: 0 });
// A step that failed without a failed test (types, style, build, a crash) is a failure all the same.
const totals = broken !== "0" && sum.failed === 0 ? { ...sum, failed: 1 } : sum;
// Once more, and last: who reads only the end of a long log must find them.
for (const failure of reports.flatMap(failuresIn)) console.log(`FAILED ${failure}\n`);
console.log(countsLine(totals));
process.exitCode = totals.failed === 0 && totals.passed > 0 ? 0 : 1;
