// Output of commands in a container: taken apart into its two streams, and each command's own part sent to its files.

import type { Output } from "../runtime/runner.ts";
import { LogSink } from "./log-sink.ts";

/** One piece of a stream of the container: 1 is standard output, 2 standard error. */
export interface Piece {
  readonly stream: number;
  readonly bytes: Buffer;
}

const headerBytes = 8;

/** The engine sends frames: {stream, 0, 0, 0, length as u32be}, then so many bytes. They are cut anywhere. */
export class Frames {
  private header = Buffer.alloc(0);
  private stream = 0;
  private left = 0;

  *of(chunk: Buffer): Generator<Piece> {
    let data = chunk;
    while (data.length > 0) {
      if (this.left === 0) {
        const missing = headerBytes - this.header.length;
        this.header = Buffer.concat([this.header, data.subarray(0, missing)]);
        data = data.subarray(missing);
        if (this.header.length < headerBytes) return;
        this.stream = this.header.readUInt8(0);
        this.left = this.header.readUInt32BE(4);
        this.header = Buffer.alloc(0);
        continue;
      }
      const bytes = data.subarray(0, this.left);
      this.left -= bytes.length;
      data = data.subarray(bytes.length);
      yield { stream: this.stream, bytes };
    }
  }
}

/** How a command ended, as the shell tells it. */
export type Told =
  | {
      readonly kind: "ended";
      readonly code: number;
      readonly bySignal: boolean;
      /** How many processes of the container have been ended for want of memory; null: not known. */
      readonly outOfMemory: number | null;
    }
  | { readonly kind: "not-started"; readonly why: string }
  | { readonly kind: "hello"; readonly setsid: boolean; readonly user: number; readonly group: number };

/** One command's part of the two streams: what stands between its words. */
export class Talk {
  /** Of the command: its process, and its group where there is `setsid`. Null: it was never started. */
  readonly started: Promise<number | null>;
  /** When both streams have said their last. Null: they were cut off. */
  readonly ended: Promise<Told | null>;
  private readonly out: Ear;
  private readonly err: Ear;
  private told: Told | null = null;
  private over = false;
  private tellStarted: (group: number | null) => void = () => {};
  private tellEnded: (told: Told | null) => void = () => {};

  constructor(word: string, io: Output | null) {
    this.started = new Promise((resolve) => {
      this.tellStarted = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.tellEnded = resolve;
    });
    this.out = new Ear(word, sinkOf(io, "stdout"), (words) => this.hear(words));
    this.err = new Ear(word, sinkOf(io, "stderr"), () => {});
  }

  /** What came outside of any command's part: the last of it. */
  get noise(): string {
    return (this.out.noise + this.err.noise).trim();
  }

  /** The last that the command has printed to standard error. */
  get lastWords(): string {
    return this.err.sink?.tail ?? "";
  }

  async take(pieces: readonly Piece[]): Promise<void> {
    for (const stream of [1, 2]) {
      const bytes = pieces.filter((piece) => piece.stream === stream).map((piece) => piece.bytes);
      if (bytes.length > 0) await (stream === 1 ? this.out : this.err).hear(Buffer.concat(bytes));
    }
    if (this.out.ended && this.err.ended) await this.end(this.told);
  }

  /** The streams have ended; what had been printed is kept. */
  async cut(): Promise<void> {
    await this.end(null);
  }

  private async end(told: Told | null): Promise<void> {
    if (this.over) return;
    this.over = true;
    await this.out.sink?.end();
    await this.err.sink?.end();
    this.tellStarted(null);
    this.tellEnded(told);
  }

  private hear([what, one = "", two = "", three = ""]: readonly string[]): void {
    if (what === "s") this.tellStarted(Number(one));
    else if (what === "n") this.told = { kind: "not-started", why: one };
    else if (what === "h")
      this.told = { kind: "hello", setsid: one === "1", user: Number(two), group: Number(three) };
    else if (what === "e") {
      const outOfMemory = /^\d+$/.test(three) ? Number(three) : null;
      this.told = { kind: "ended", code: Number(one), bySignal: two === "s", outOfMemory };
    }
  }
}

/** Hears one stream for the words that begin and end a command's part of it. */
class Ear {
  ended = false;
  noise = "";
  readonly sink: LogSink | null;
  private readonly word: Buffer;
  private readonly tell: (words: readonly string[]) => void;
  private open = false;
  private rest: Buffer = Buffer.alloc(0);

  constructor(word: string, sink: LogSink | null, tell: (words: readonly string[]) => void) {
    this.word = Buffer.from(word);
    this.sink = sink;
    this.tell = tell;
  }

  async hear(chunk: Buffer): Promise<void> {
    let data = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    this.rest = Buffer.alloc(0);
    while (!this.ended) {
      const at = data.indexOf(this.word);
      const end = at < 0 ? -1 : data.indexOf(0x0a, at);
      const clear = at < 0 ? data.length - this.begun(data) : at;
      await this.pass(data.subarray(0, clear));
      if (end < 0) {
        this.rest = Buffer.from(data.subarray(clear));
        return;
      }
      this.turn(data.toString("latin1", at + this.word.length + 1, end).split(" "));
      data = data.subarray(end + 1);
    }
  }

  private turn(words: readonly string[]): void {
    if (words[0] === "s") this.open = true;
    else this.ended = true;
    this.tell(words);
  }

  private async pass(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    if (this.open) await this.sink?.write(bytes);
    else this.noise = (this.noise + bytes.toString("utf8")).slice(-noiseMax);
  }

  /** How many of the last bytes may be the beginning of the word. */
  private begun(data: Buffer): number {
    for (let length = Math.min(this.word.length - 1, data.length); length > 0; length--)
      if (data.compare(this.word, 0, length, data.length - length) === 0) return length;
    return 0;
  }
}

const noiseMax = 2000;

function sinkOf(io: Output | null, stream: "stdout" | "stderr"): LogSink | null {
  if (io === null) return null;
  return new LogSink(stream === "stdout" ? io.stdoutPath : io.stderrPath, io.filter?.(stream) ?? null);
}
