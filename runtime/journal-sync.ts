// Makes commits survive a loss of power without stopping the loop: the WAL is synced off the thread, soon after.

import { close, fdatasync, open } from "node:fs";
import { promisify } from "node:util";

/**
 * How long a commit may stand unsynced before its sync starts; with the sync itself (0.4 ms measured), and another that may
 * just be under way, that is within the 2 ms that are promised. One sync then covers several commits.
 */
const restMs = 1;

const openFile = promisify(open);
const rest = promisify(setTimeout);
const sync = promisify(fdatasync);
const closeFile = promisify(close);

/**
 * With `synchronous=NORMAL` SQLite does not sync at a commit: measured 53 µs a commit on the loop's thread, against 309
 * with FULL. The WAL holds no locks of SQLite's, so a second descriptor on it is harmless (one on the database is not).
 */
export class WalSync {
  private readonly path: string;
  private file: number | null = null;
  private written = 0;
  private done = 0;
  private busy = false;
  /** When the first commit was made that no sync covers yet, nor one under way; monotonic. */
  private oldest: number | null = null;
  private failure: unknown = null;
  private waiting: { readonly upTo: number; resolve(): void; reject(error: unknown): void }[] = [];

  constructor(walPath: string) {
    this.path = walPath;
  }

  /** A commit was made. Throws if an earlier one could not be synced: nothing more may rely on the disk. */
  committed(): void {
    if (this.failure !== null) throw this.failure;
    this.written++;
    this.oldest ??= performance.now();
    if (this.busy) return;
    this.busy = true;
    setTimeout(() => void this.round(), restMs);
  }

  /** Resolves when all that is committed now survives a loss of power. */
  synced(): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure);
    if (this.done >= this.written) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ upTo: this.written, resolve, reject }));
  }

  /** Waits for what is under way. Never throws: who must know asked {@link synced}. */
  async close(): Promise<void> {
    await this.synced().catch(() => {});
    if (this.file !== null) await closeFile(this.file);
    this.file = null;
  }

  /** What was committed during a sync waits for others, no longer than what began it. */
  private async gather(): Promise<void> {
    const left = restMs - (performance.now() - (this.oldest ?? 0));
    if (left > 0) await rest(left);
  }

  private async round(): Promise<void> {
    try {
      while (this.done < this.written) {
        const upTo = this.written;
        this.oldest = null;
        this.file ??= await openFile(this.path, "r+");
        await sync(this.file);
        this.done = upTo;
        this.tell();
        if (this.done < this.written && this.waiting.length === 0) await this.gather();
      }
    } catch (error) {
      this.failure = error;
      for (const waiter of this.waiting.splice(0)) waiter.reject(error);
    } finally {
      this.busy = false;
    }
  }

  private tell(): void {
    const open = this.waiting;
    this.waiting = open.filter((waiter) => waiter.upTo > this.done);
    for (const waiter of open) if (waiter.upTo <= this.done) waiter.resolve();
  }
}
