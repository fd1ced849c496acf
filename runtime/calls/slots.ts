// Memory that a worker thread shares with the loop: how far each call handed to it has come, and the results so far.

import { Buffer } from "node:buffer";

const OPEN = 0;
const BEGUN = 1;
const DONE = 2;
const TAKEN_BACK = 3;

export type Progress = "open" | "begun" | "done" | "taken back";

const names: readonly Progress[] = ["open", "begun", "done", "taken back"];

/** Of each call: its state, where its result begins, the result's length, and how long the function took in µs. */
const fields = 4;
/** Room for results, for each call. What needs more is handed over in another way. */
const bytesEach = 512;

/** Both sides make one on the same memory. A call is begun by the worker or taken back by the loop, never both. */
export class Slots {
  readonly shared: SharedArrayBuffer;
  readonly count: number;
  private readonly ints: Int32Array;
  private readonly texts: Buffer;
  /** Where the next result goes; known to the worker alone. */
  private end = 0;

  constructor(count: number, shared?: SharedArrayBuffer) {
    const head = count * fields * 4;
    this.shared = shared ?? new SharedArrayBuffer(head + count * bytesEach);
    this.count = count;
    this.ints = new Int32Array(this.shared, 0, count * fields);
    this.texts = Buffer.from(this.shared, head);
  }

  progress(i: number): Progress {
    return names[Atomics.load(this.ints, i * fields)] ?? "open";
  }

  /** By the worker: false if the call was taken back. */
  begin(i: number): boolean {
    return Atomics.compareExchange(this.ints, i * fields, OPEN, BEGUN) === OPEN;
  }

  /** By the loop: false if the call has begun. */
  takeBack(i: number): boolean {
    return Atomics.compareExchange(this.ints, i * fields, OPEN, TAKEN_BACK) === OPEN;
  }

  /** By the worker: puts a result; false if there is no room for it. */
  put(i: number, text: string, us: number): boolean {
    const bytes = Buffer.byteLength(text);
    if (this.end + bytes > this.texts.length) return false;
    this.texts.write(text, this.end);
    this.ints.set([this.end, bytes, Math.min(Math.round(us), 2 ** 31 - 1)], i * fields + 1);
    this.end += bytes;
    Atomics.store(this.ints, i * fields, DONE);
    return true;
  }

  /** By the loop, of a call that is done. */
  result(i: number): { readonly text: string; readonly us: number } {
    const [from = 0, length = 0, us = 0] = this.ints.subarray(i * fields + 1, (i + 1) * fields);
    return { text: this.texts.toString("utf8", from, from + length), us };
  }
}
