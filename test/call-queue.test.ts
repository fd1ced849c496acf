// Calls handed to threads together: when many go at once, that a long one keeps nobody, and what ends with a thread.

import { describe, expect, test } from "vitest";
import type { Handed } from "../runtime/calls/batch.ts";
import { callsOf } from "../runtime/calls/batch.ts";
import type { Call, CallResult } from "../runtime/calls/call.ts";
import { CallQueue } from "../runtime/calls/queue.ts";
import { Slots } from "../runtime/calls/slots.ts";

const call = (i: number, name = "f", env: Call["env"] = {}): Call => ({
  file: "/p/m.mjs",
  shown: "m.mjs",
  name,
  folder: "/p",
  args: { i },
  env,
  stdoutPath: "",
  stderrPath: "",
  secrets: [],
});

const never = new AbortController().signal;

/** What a thread was sent, and the ways to go on as it would. */
class Thread {
  readonly calls: readonly Call[];
  readonly slots: Slots;
  readonly stop: AbortSignal;
  readonly answer: (last: unknown) => void;
  readonly die: (error: Error) => void;

  constructor(handed: Handed, stop: AbortSignal, answer: Thread["answer"], die: Thread["die"]) {
    this.calls = callsOf(handed);
    this.slots = new Slots(this.calls.length, handed.shared);
    this.stop = stop;
    this.answer = answer;
    this.die = die;
  }

  get values(): readonly unknown[] {
    return this.calls.map(({ args }) => args["i"]);
  }

  /** Makes one of its calls, as the worker does; false if it was taken back. */
  make(i: number, us = 1): boolean {
    if (!this.slots.begin(i)) return false;
    return this.slots.put(i, JSON.stringify({ value: this.calls[i]?.args["i"] ?? null }), us);
  }

  makeAll(us = 1): void {
    for (let i = 0; i < this.slots.count; i++) this.make(i, us);
    this.answer(null);
  }
}

class Threads {
  readonly all: Thread[] = [];
  private waiting: ((thread: Thread) => void)[] = [];
  readonly queue: CallQueue;

  constructor(threads: number) {
    const handOver = (handed: Handed, stop: AbortSignal) =>
      new Promise<unknown>((resolve, reject) => {
        const thread = new Thread(handed, stop, resolve, reject);
        stop.addEventListener("abort", () => reject(new Error("aborted")));
        const next = this.waiting.shift();
        if (next === undefined) this.all.push(thread);
        else next(thread);
      });
    const worded = (error: unknown): CallResult => ({
      why: "throw",
      message: error instanceof Error ? error.message : "",
    });
    this.queue = new CallQueue(threads, handOver, worded);
  }

  /** The next batch that a thread gets. */
  next(): Promise<Thread> {
    const [first] = this.all.splice(0, 1);
    return first === undefined
      ? new Promise((resolve) => this.waiting.push(resolve))
      : Promise.resolve(first);
  }

  call(i: number, stop = never, name = "f"): Promise<CallResult> {
    return this.queue.call(call(i, name), stop);
  }

  /** Lets the queue find out how long a function takes. */
  async learn(us: number, name = "f"): Promise<void> {
    for (let i = 0; i < 8; i++) {
      const done = this.call(i, never, name);
      (await this.next()).makeAll(us);
      await done;
    }
  }
}

const ask = (threads: Threads, count: number): readonly Promise<CallResult>[] =>
  Array.from({ length: count }, (_, i) => threads.call(i));

describe("calls", () => {
  test("of a function that nobody knows go alone", async () => {
    const threads = new Threads(1);
    const results = ask(threads, 2);
    for (let i = 0; i < 2; i++) {
      const thread = await threads.next();
      expect(thread.values).toEqual([i]);
      thread.makeAll();
    }
    expect(await Promise.all(results)).toEqual([{ value: 0 }, { value: 1 }]);
    expect(threads.queue.ahead("/p/m.mjs", "f")).toBe(0);
  });

  test("of one that takes its time go alone", async () => {
    const threads = new Threads(1);
    await threads.learn(5_000);
    expect(threads.queue.ahead("/p/m.mjs", "f")).toBe(0);
    void ask(threads, 3);
    expect((await threads.next()).values).toEqual([0]);
  });

  test("of a short one go together, shared out among the threads, and no other function with them", async () => {
    const threads = new Threads(2);
    await threads.learn(10);
    expect(threads.queue.ahead("/p/m.mjs", "f")).toBe(128);
    const results = [...ask(threads, 4), threads.call(9, never, "g")];
    const [one, two] = [await threads.next(), await threads.next()];
    expect([one.values, two.values]).toEqual([[0, 1, 2], [3]]);
    one.makeAll();
    const three = await threads.next();
    expect(three.values).toEqual([9]);
    for (const thread of [two, three]) thread.makeAll();
    expect(await Promise.all(results)).toEqual([0, 1, 2, 3, 9].map((value) => ({ value })));
  });

  test("that wait for a long one are made by another thread, and what was done before it is told", async () => {
    const threads = new Threads(1);
    await threads.learn(10);
    const results = ask(threads, 4);
    const one = await threads.next();
    expect(one.values).toEqual([0, 1, 2, 3]);
    one.make(0);
    one.slots.begin(1);
    // Told while the second goes on.
    expect(await results[0]).toEqual({ value: 0 });
    expect(one.make(2)).toBe(false);
    one.answer({ value: "late" });
    expect(await results[1]).toEqual({ value: "late" });
    (await threads.next()).makeAll();
    expect(await Promise.all(results.slice(2))).toEqual([{ value: 2 }, { value: 3 }]);
  });

  test("whose result has no room come as the thread's answer, and the others go on", async () => {
    const threads = new Threads(1);
    await threads.learn(10);
    const results = ask(threads, 2);
    const one = await threads.next();
    one.slots.begin(0);
    expect(one.slots.put(0, `"${"x".repeat(2_000)}"`, 1)).toBe(false);
    one.answer({ value: "large" });
    (await threads.next()).makeAll();
    expect(await Promise.all(results)).toEqual([{ value: "large" }, { value: 1 }]);
  });

  test("that are stopped never begin, or end with their thread, and the others are made elsewhere", async () => {
    const threads = new Threads(1);
    await threads.learn(10);
    const stops = Array.from({ length: 4 }, () => new AbortController());
    const results = stops.map((stop, i) => threads.call(i, stop.signal));
    const one = await threads.next();
    one.make(0);
    one.slots.begin(1);
    stops[2]?.abort();
    expect(await results[2]).toEqual({ why: "throw", message: "It was stopped." });
    expect(one.stop.aborted).toBe(false);
    stops[1]?.abort();
    expect(one.stop.aborted).toBe(true);
    const two = await threads.next();
    expect(two.values).toEqual([3]);
    two.makeAll();
    expect(await results[0]).toEqual({ value: 0 });
    expect(await results[1]).toEqual({ why: "throw", message: "It was stopped." });
    expect(await results[3]).toEqual({ value: 3 });
  });

  test("are not blamed for a thread that died before they began", async () => {
    const threads = new Threads(1);
    await threads.learn(10);
    const results = ask(threads, 3);
    const one = await threads.next();
    one.make(0);
    one.slots.begin(1);
    one.die(new Error("no memory"));
    (await threads.next()).makeAll();
    expect(await Promise.all(results)).toEqual([
      { value: 0 },
      { why: "throw", message: "no memory" },
      { value: 2 },
    ]);
  });

  test("end one after the other where no thread can be started", async () => {
    const threads = new Threads(1);
    await threads.learn(10);
    const results = ask(threads, 2);
    for (let i = 0; i < 2; i++) (await threads.next()).die(new Error("no thread"));
    expect(await Promise.all(results)).toEqual(Array(2).fill({ why: "throw", message: "no thread" }));
  });

  test("have each their own environment", async () => {
    const threads = new Threads(1);
    await threads.learn(10);
    const envs = [{ A: "1", B: "2" }, { A: "1", C: "3" }, {}];
    const results = envs.map((env, i) => threads.queue.call(call(i, "f", env), never));
    const { calls, makeAll } = await threads.next().then((thread) => ({
      calls: thread.calls,
      makeAll: () => thread.makeAll(),
    }));
    expect(calls.map((one) => one.env)).toEqual(envs);
    makeAll();
    await Promise.all(results);
  });
});
