// A log file of a command whose output comes through flowc: made when there is something to write, filtered on the way.

import { type FileHandle, open } from "node:fs/promises";
import type { OutputFilter } from "../runtime/runner.ts";

/** So much of the end is kept in memory, for who wants to say why a command failed. */
const tailBytesMax = 4000;

export class LogSink {
  /** How many bytes came, before the filter. */
  taken = 0;
  private readonly path: string;
  private readonly filter: OutputFilter | null;
  private file: FileHandle | null = null;
  private failed = false;
  private last: Uint8Array = new Uint8Array(0);

  constructor(path: string, filter: OutputFilter | null) {
    this.path = path;
    this.filter = filter;
  }

  /** The last that was written, as text. */
  get tail(): string {
    return Buffer.from(this.last).toString("utf8");
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.taken += bytes.length;
    await this.keep(this.filter === null ? bytes : this.filter.push(bytes));
  }

  async end(): Promise<void> {
    if (this.filter !== null) await this.keep(this.filter.end());
    await this.file?.close().catch(() => {});
    this.file = null;
  }

  private async keep(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0 || this.failed) return;
    try {
      this.file ??= await open(this.path, "a");
      await this.file.appendFile(bytes);
      const last = bytes.subarray(-tailBytesMax);
      this.last =
        last.length === tailBytesMax ? last : Buffer.concat([this.last, last]).subarray(-tailBytesMax);
    } catch {
      // The disk is full: the rest of the output is lost, the exit code is not.
      this.failed = true;
    }
  }
}
