// The pretend clock of the simulator: nothing waits for real time; what is due next happens when nothing else is to do.

import type { Clock } from "../../runtime/world.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

/** Wall and monotonic time that only {@link PretendClock.advance} moves, in ms; the wall may also jump. */
export class PretendClock implements Clock {
  /** How often somebody looked at it: when nobody does, everybody sleeps. */
  looks = 0;
  /** How often the wall was set. */
  jumps = 0;
  private mono = 0;
  private shift = Date.UTC(2026, 10, 21);
  private order = 0;
  private timers: Timer[] = [];

  now(): number {
    this.looks++;
    return Math.floor(this.mono + this.shift);
  }

  monotonic(): number {
    this.looks++;
    return this.mono;
  }

  /** The wall clock is set. */
  jump(ms: number): void {
    this.jumps++;
    this.shift += ms;
  }

  /** Calls `wake` after `ms`; the answer takes it back. */
  timer(ms: number, wake: () => void): () => void {
    this.looks++;
    const timer = { at: this.mono + Math.max(ms, 0), order: this.order++, wake };
    this.timers.push(timer);
    return () => {
      const at = this.timers.indexOf(timer);
      if (at >= 0) this.timers.splice(at, 1);
    };
  }

  /** Forgets all timers: nobody who set one is there any more. */
  clear(keep: (wake: () => void) => boolean): void {
    this.timers = this.timers.filter((timer) => keep(timer.wake));
  }

  /** Goes to what is due next; false if nothing is. */
  advance(): boolean {
    let next: Timer | null = null;
    for (const timer of this.timers)
      if (next === null || timer.at < next.at || (timer.at === next.at && timer.order < next.order))
        next = timer;
    if (next === null) return false;
    this.timers.splice(this.timers.indexOf(next), 1);
    this.mono = Math.max(this.mono, next.at);
    next.wake();
    return true;
  }
}
