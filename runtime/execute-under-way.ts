// The attempts that are under way in this process: told to end, waited for, and given up when they do not.

import type { World } from "./world.ts";

/** What was told to end and has not after this time is given up; runners kill much sooner. */
const endMsMax = 30_000;

export interface OpenAttempt {
  readonly a: number;
  readonly stop: AbortController;
  readonly done: Promise<unknown>;
}

/** By node. */
export class UnderWay extends Map<number, OpenAttempt> {
  private readonly world: Pick<World, "timer">;
  /** Takes back the timer after which what does not end is given up. */
  private patience: (() => void) | null = null;

  constructor(world: Pick<World, "timer">) {
    super();
    this.world = world;
  }

  /** Tells them to end, but for those to be spared; what does not is given up, with a sentence that says so. */
  stopAll(spared: (n: number) => boolean, giveUp: (n: number, a: number, message: string) => void): void {
    for (const [n, { stop }] of this) if (!spared(n)) stop.abort();
    if (this.size === 0) return;
    this.patience = this.world.timer(endMsMax, () => {
      const message = `did not end within ${endMsMax / 1000} seconds of being told to`;
      for (const [n, { a, stop }] of this) if (stop.signal.aborted) giveUp(n, a, message);
    });
  }

  /** Nothing is given up any more. */
  calm(): void {
    this.patience?.();
  }

  /** Tells all to end, and waits for them, but not for ever. */
  async ended(): Promise<void> {
    const all = [...this.values()];
    for (const { stop } of all) stop.abort();
    if (all.length === 0) return;
    const work = Promise.all(all.map(({ done }) => done));
    await new Promise<void>((resolve) => {
      const takeBack = this.world.timer(endMsMax, resolve);
      void work.then(() => {
        takeBack();
        resolve();
      });
    });
  }
}
