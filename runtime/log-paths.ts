// Where the output of attempts is kept: names of nodes never become paths.

import { sep } from "node:path";

export interface LogPaths {
  readonly folder: string;
  readonly out: string;
  readonly err: string;
}

/** Where an attempt's output goes; what printed nothing may have left no file. */
export function logPaths(runFolder: string, n: number, a: number): LogPaths {
  const folder = `${runFolder}${sep}logs${sep}${Math.floor(n / 1000)}`;
  const base = `${folder}${sep}${n}.${a}`;
  return { folder, out: `${base}.out`, err: `${base}.err` };
}
