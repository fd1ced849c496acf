// When an attempt has to end: because it is stopped, its time is up, or it has been silent for too long.

/** Bounds of one attempt, in seconds; null: there is none. */
export interface Bounds {
  readonly timeoutSeconds: number | null;
  readonly stallSeconds: number | null;
}

/** Fires when the attempt is to end: because it is stopped, or a bound is passed. */
export class Deadline {
  /** The bound that was passed first. */
  passed: "timeout" | "stall" | null = null;
  readonly signal: AbortSignal;
  /** Null: there is no bound. */
  private readonly controller: AbortController | null;
  private readonly outer: AbortSignal;
  private readonly forward = () => this.controller?.abort();
  private timer: NodeJS.Timeout | undefined;

  constructor(outer: AbortSignal, { timeoutSeconds, stallSeconds }: Bounds) {
    this.outer = outer;
    const bounded = timeoutSeconds !== null || stallSeconds !== null;
    this.controller = bounded ? new AbortController() : null;
    this.signal = this.controller?.signal ?? outer;
    if (!bounded) return;
    if (outer.aborted) this.forward();
    else outer.addEventListener("abort", this.forward, { once: true });
    if (timeoutSeconds !== null) this.arm(timeoutSeconds * 1000);
  }

  /** A bound is passed. */
  end(why: "timeout" | "stall"): void {
    if (!this.outer.aborted) this.passed ??= why;
    this.controller?.abort();
  }

  /** A timer of more than 24 days would fire at once. */
  private arm(ms: number): void {
    const step = Math.min(ms, 2 ** 31 - 1);
    this.timer = setTimeout(() => {
      if (ms > step) this.arm(ms - step);
      else this.end("timeout");
    }, step);
  }

  clear(): void {
    if (this.controller === null) return;
    clearTimeout(this.timer);
    this.outer.removeEventListener("abort", this.forward);
  }
}
