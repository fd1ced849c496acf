// The output of an agent while it works: to its log as all output is, and line by line to who reads it.

import type { AgentReader } from "./agent.ts";
import type { OutputFilter } from "./runner.ts";

/** A longer line is no event of any agent, and is not read. */
const lineBytesMax = 32 * 1024 * 1024;
/** So much of the end of what it wrote to standard error is told on. */
const errorBytesMax = 8 * 1024;

/** Passes bytes on unchanged. */
const unchanged = (): OutputFilter => ({ push: (chunk) => chunk, end: () => new Uint8Array(0) });

export class AskOutput {
  private readonly inner: () => OutputFilter;
  private readonly read: (line: string) => void;
  private readonly lines = new Lines();
  private errors: Buffer = Buffer.alloc(0);
  /** Lines that were read. */
  count = 0;
  /** What the reader threw. */
  broken: unknown = null;

  /** `redact`: what takes secrets out of a stream. `tell`: what came of a line. */
  constructor(
    reader: AgentReader,
    redact: (() => OutputFilter) | null,
    tell: (news: ReturnType<AgentReader["line"]>) => void,
  ) {
    this.inner = redact ?? unchanged;
    this.read = (line) => {
      if (line === "" || this.broken !== null) return;
      this.count++;
      try {
        tell(reader.line(line));
      } catch (error) {
        // Whoever writes the log must not fail because of it.
        this.broken = error;
      }
    };
  }

  /** For each of its streams. */
  readonly filter = (stream: "stdout" | "stderr"): OutputFilter => {
    const inner = this.inner();
    if (stream === "stdout")
      return {
        push: (chunk) => {
          this.lines.push(chunk, this.read);
          return inner.push(chunk);
        },
        end: () => {
          this.lines.end(this.read);
          return inner.end();
        },
      };
    return {
      push: (chunk) => {
        const all = Buffer.concat([this.errors, chunk]);
        this.errors = all.subarray(Math.max(0, all.length - errorBytesMax));
        return inner.push(chunk);
      },
      end: () => inner.end(),
    };
  };

  /** The last that it wrote to standard error. */
  get said(): string {
    return this.errors.toString("utf8");
  }
}

/** Cuts a stream of bytes into lines. */
class Lines {
  private pieces: Buffer[] = [];
  private size = 0;

  push(chunk: Uint8Array, read: (line: string) => void): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    let from = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
      this.add(bytes.subarray(from, at));
      this.end(read);
      from = at + 1;
    }
    this.add(bytes.subarray(from));
  }

  end(read: (line: string) => void): void {
    const { size, pieces } = this;
    this.pieces = [];
    this.size = 0;
    if (size > 0 && size <= lineBytesMax) read(Buffer.concat(pieces).toString("utf8").replace(/\r$/, ""));
  }

  private add(piece: Buffer): void {
    this.size += piece.length;
    if (piece.length === 0) return;
    // A copy: whoever gave the bytes may use them again.
    if (this.size <= lineBytesMax) this.pieces.push(Buffer.from(piece));
    else this.pieces = [];
  }
}
