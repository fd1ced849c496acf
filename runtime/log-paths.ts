// Where the output of attempts is kept: names of nodes never become paths.

import { join } from "node:path";

/** Where an attempt's output goes. */
export function logPaths(
  runFolder: string,
  n: number,
  a: number,
): { readonly out: string; readonly err: string } {
  const base = join(runFolder, "logs", String(Math.floor(n / 1000)), `${n}.${a}`);
  return { out: `${base}.out`, err: `${base}.err` };
}
