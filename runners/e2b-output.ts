// A command's output in a sandbox: what is told of it in lines, its bytes brought to the files that they belong into.

import type { Output } from "../runtime/runner.ts";
import type { Offsets } from "./e2b-script.ts";
import { LogSink } from "./log-sink.ts";

/** How a command ended, as the sandbox tells it. */
export type Told =
  | {
      readonly kind: "ended";
      readonly code: number;
      readonly bySignal: boolean;
      /** What the sandbox had none of, after a failure: `memory`, `disk`. */
      readonly without: string;
    }
  | { readonly kind: "not-started"; readonly why: string; readonly what: string };

/** Brings the bytes of a file of the sandbox from one offset up to another. */
export type Fetch = (stream: "out" | "err", from: number, to: number) => AsyncIterable<Uint8Array>;

/** One command's lines. What it tells is carried out in order, one after the other. */
export class Talk {
  /** Its group in the sandbox; 0: not known yet. */
  group = 0;
  /** When something was heard last, in ms. */
  heardAt: number;
  private readonly fetch: Fetch;
  private readonly now: () => number;
  private readonly out: LogSink;
  private readonly err: LogSink;
  private rest = "";
  private work: Promise<void> = Promise.resolve();
  private told: Told | null = null;
  private started: () => void = () => {};
  /** When the command runs, or nothing more is told. */
  readonly begun = new Promise<void>((resolve) => {
    this.started = resolve;
  });

  constructor(io: Output, fetch: Fetch, now: () => number) {
    this.fetch = fetch;
    this.now = now;
    this.heardAt = now();
    this.out = new LogSink(io.stdoutPath, io.filter?.("stdout") ?? null);
    this.err = new LogSink(io.stderrPath, io.filter?.("stderr") ?? null);
  }

  get offsets(): Offsets {
    return { out: this.out.taken, err: this.err.taken };
  }

  hear(text: string): void {
    this.heardAt = this.now();
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const sink = line.startsWith(":p ") ? this.out : line.startsWith(":q ") ? this.err : null;
      if (sink !== null) this.next(() => sink.write(plainOf(line.slice(3))));
      else if (line.startsWith(":")) this.turn(line.slice(1).split(" "));
    }
  }

  /** What was told up to now has been done. Null: no end was told. Throws what a fetch throws: it may be tried again. */
  async done(): Promise<Told | null> {
    await this.work;
    return this.told;
  }

  /** A new stream tells from where the last one has come to. */
  again(): void {
    this.rest = "";
    this.work = Promise.resolve();
    this.told = null;
    this.heardAt = this.now();
  }

  /** Nothing more comes. */
  async close(): Promise<void> {
    this.started();
    await this.work.catch(() => {});
    await this.out.end();
    await this.err.end();
  }

  /** The last that it has printed. */
  get lastWords(): string {
    return `${this.out.tail}\n${this.err.tail}`;
  }

  private turn([what, one = "", two = "", three = "", four = "", five = ""]: readonly string[]): void {
    switch (what) {
      case "s":
        this.group = Number(one);
        this.started();
        break;
      case "o":
        this.next(() => this.out.write(Buffer.from(one, "base64")));
        break;
      case "r":
        this.next(() => this.err.write(Buffer.from(one, "base64")));
        break;
      case "g":
        this.next(() => this.upTo(Number(one), Number(two)));
        break;
      case "n":
        this.tell({ kind: "not-started", why: one, what: two });
        break;
      case "e":
        this.next(() => this.upTo(Number(four), Number(five)));
        this.tell({ kind: "ended", code: Number(one), bySignal: two === "s", without: three });
        break;
      default:
    }
  }

  private tell(told: Told): void {
    this.next(async () => {
      this.told = told;
    });
    this.started();
  }

  private next(step: () => Promise<void>): void {
    this.work = this.work.then(step);
    // Who waits for it is told; nobody may wait yet.
    this.work.catch(() => {});
  }

  private async upTo(out: number, err: number): Promise<void> {
    for (const [name, sink, end] of [
      ["out", this.out, out],
      ["err", this.err, err],
    ] as const) {
      if (sink.taken >= end) continue;
      for await (const chunk of this.fetch(name, sink.taken, end)) {
        this.heardAt = this.now();
        await sink.write(chunk);
      }
      if (sink.taken < end) throw new Error("its output became shorter");
    }
  }
}

/** Plain text has no line breaks while it is told. */
function plainOf(told: string): Buffer {
  return Buffer.from(told.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped)));
}
