// Ends an attempt that has printed nothing for so long: whatever it waits for, it waits in vain.

import { statSync } from "node:fs";
import type { Deadline } from "./deadline.ts";
import type { LogPaths } from "./log-paths.ts";

/** Its output is looked at so often while it may be silent. */
const looksPerStall = 8;
const lookMsMin = 20;
const lookMsMax = 10_000;

/** Watches the logs of one attempt, from when it is made until `clear`. */
export class Silence {
  private readonly timer: NodeJS.Timeout;
  private printed: number;
  private since: number;

  /** `now`: monotonic ms. */
  constructor(logs: LogPaths, seconds: number, deadline: Deadline, now: () => number) {
    this.printed = sizeOf(logs);
    this.since = now();
    const stallMs = seconds * 1000;
    const lookMs = Math.min(Math.max(stallMs / looksPerStall, lookMsMin), lookMsMax);
    this.timer = setInterval(() => {
      const printed = sizeOf(logs);
      if (printed !== this.printed) this.heard(now());
      this.printed = printed;
      if (now() - this.since >= stallMs) deadline.end("stall");
    }, lookMs);
  }

  /** It is alive. */
  heard(at: number): void {
    this.since = at;
  }

  clear(): void {
    clearInterval(this.timer);
  }
}

function sizeOf({ out, err }: LogPaths): number {
  const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return size(out) + size(err);
}
