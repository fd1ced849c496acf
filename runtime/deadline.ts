// When an attempt has to end: because it is stopped, or because its time is up.

/** Fires when the attempt is to end: because it is stopped, or its time is up. */
export class Deadline {
  passed = false;
  readonly signal: AbortSignal;
  /** Null: there is no time that could be up. */
  private readonly controller: AbortController | null;
  private readonly outer: AbortSignal;
  private readonly forward = () => this.controller?.abort();
  private timer: NodeJS.Timeout | undefined;

  constructor(outer: AbortSignal, seconds: number | null) {
    this.outer = outer;
    this.controller = seconds === null ? null : new AbortController();
    this.signal = this.controller?.signal ?? outer;
    if (seconds === null) return;
    if (outer.aborted) this.forward();
    else outer.addEventListener("abort", this.forward, { once: true });
    this.arm(seconds * 1000);
  }

  /** A timer of more than 24 days would fire at once. */
  private arm(ms: number): void {
    const step = Math.min(ms, 2 ** 31 - 1);
    this.timer = setTimeout(() => {
      if (ms > step) this.arm(ms - step);
      else {
        this.passed = !this.outer.aborted;
        this.controller?.abort();
      }
    }, step);
  }

  clear(): void {
    if (this.controller === null) return;
    clearTimeout(this.timer);
    this.outer.removeEventListener("abort", this.forward);
  }
}
