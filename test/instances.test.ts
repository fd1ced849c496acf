// Pools of instances with places that are busy, refuse, are lost, become unwell, or cannot be ended; time is pretend.

import { describe, expect, it } from "vitest";
import type { Limits } from "../runtime/instance-choice.ts";
import { InstancePool, type Lent, type Taken } from "../runtime/instances.ts";
import type { Instance, InstanceSpec, NoInstance, Runner } from "../runtime/runner.ts";

/** What each opening comes to, in their order; then all go well. */
type Opening = NoInstance | "well" | "throws" | "unwell-later" | "cannot-end";

class Rig {
  readonly opened: string[] = [];
  readonly ended: string[] = [];
  readonly told: string[] = [];
  readonly events: string[] = [];
  readonly begun: string[] = [];
  readonly pool: InstancePool;
  ours = true;
  now = 0;
  /** So many ms go by with each look at the clock. */
  tick = 0;
  private timers: { at: number; wake: () => void }[] = [];
  private made = 0;

  constructor(limits: Partial<Limits>, openings: readonly Opening[] = [], begun: readonly number[] = []) {
    const left = [...openings];
    const runner: Runner = {
      kind: "pretend",
      settingsSchema: {},
      computesHere: true,
      quota: () => ({ instances: null, perSecond: null }),
      open: async (spec) => this.open(spec, left.shift() ?? "well"),
      find: async () => [],
      end: async () => {},
      identity: async () => "pretend",
    };
    const all = { min: 0, max: 2, reuse: 2, rates: [], idleMs: 1000, ...limits };
    this.pool = new InstancePool(
      { name: "rust", runner, settings: {}, limits: all, project: "/project", begun },
      {
        now: () => (this.now += this.tick),
        timer: (ms, wake) => {
          const timer = { at: this.now + ms, wake };
          this.timers.push(timer);
          return () => {
            this.timers = this.timers.filter((each) => each !== timer);
          };
        },
        random: () => 0,
        kept: (instance) => instance,
        isOurs: () => this.ours,
        tell: (text) => this.told.push(text),
        begun: async (name) => void this.begun.push(`${name} at ${this.now}`),
        opened: async ({ ref }) => {
          this.events.push(`opened ${ref}`);
          return ++this.made;
        },
        closed: (i, why) => this.events.push(`closed ${i} ${why}`),
      },
    );
  }

  private open({ tag }: InstanceSpec, opening: Opening): Instance | NoInstance {
    const ref = `${tag.node}.${tag.attempt}`;
    this.opened.push(`${ref} at ${this.now}`);
    if (opening === "throws") throw new Error("no such thing");
    if (typeof opening === "object") return opening;
    return {
      ref,
      workspace: async () => Promise.reject(new Error("nobody works here")),
      isWell: async () => opening !== "unwell-later",
      close: async () => {
        if (opening === "cannot-end") throw new Error("it stays");
        this.ended.push(ref);
      },
    };
  }

  take(
    node: number,
    stop = new AbortController().signal,
    key: string | null = null,
    memoryBytes: number | null = null,
  ): Promise<Taken> {
    const needs = { cpu: null, memoryBytes };
    return this.pool.take({
      tag: { run: "r1", node, attempt: 1 },
      folder: "/scratch",
      needs,
      key,
      rank: 1,
      stop,
    });
  }

  async lent(node: number, key: string | null = null): Promise<Lent> {
    const taken = await this.take(node, new AbortController().signal, key);
    if (taken === "stopped" || "problem" in taken) throw new Error(`no instance: ${JSON.stringify(taken)}`);
    return taken;
  }

  /** Lets what is due happen, until the time has come. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [next] = this.timers.toSorted((a, b) => a.at - b.at);
      if (next === undefined || next.at > end) break;
      this.timers = this.timers.filter((each) => each !== next);
      this.now = Math.max(this.now, next.at);
      next.wake();
    }
    this.now = end;
  }
}

const busy = (afterMs: number | null): NoInstance => ({
  problem: "busy",
  message: "too many requests",
  afterMs,
});

const gone: NoInstance = { problem: "lost", message: "nobody answers" };

describe("a pool of instances", () => {
  it("gives one to each, uses it again, and replaces it when it has served enough", async () => {
    const rig = new Rig({ max: 1 });
    for (const node of [1, 2, 3]) {
      const lent = await rig.lent(node);
      expect(lent.of?.runner).toBe("rust");
      await lent.giveBack(false);
    }
    await rig.pass(0);
    expect(rig.events).toEqual(["opened 1.1", "closed 1 used", "opened 3.1"]);
    await rig.pool.close();
    expect(rig.ended).toEqual(["1.1", "3.1"]);
  });

  it("ends what is idle, and keeps the fewest there are to be", async () => {
    const rig = new Rig({ min: 1, max: 2, reuse: 9 });
    const both = [await rig.lent(1), await rig.lent(2)];
    for (const lent of both) await lent.giveBack(false);
    await rig.pass(999);
    expect(rig.ended).toEqual([]);
    await rig.pass(5000);
    expect(rig.ended).toEqual(["1.1"]);
  });

  it("asks a busy place again when it says, once for all who wait, and tells it once", async () => {
    const rig = new Rig({ max: 3 }, [busy(300), busy(null), busy(300), busy(300)]);
    const taken = [1, 2, 3].map((node) => rig.take(node));
    await rig.pass(10_000);
    for (const each of await Promise.all(taken)) expect(each).toHaveProperty("instance");
    // Three at once to begin with, as nobody knew; then one at a time, until it is not busy any more.
    expect(rig.opened.map((each) => Number(each.split(" at ")[1]))).toEqual([
      0, 0, 0, 1000, 1300, 1300, 1300,
    ]);
    expect(rig.told).toEqual(["`rust` is busy, and is asked again until it is not: too many requests"]);
  });

  it("hands on what was lost to the attempt that it was for, and serves the others", async () => {
    const rig = new Rig({ max: 3 }, ["throws"]);
    const [first, second] = [1, 2].map((node) => rig.take(node));
    expect(await first).toEqual({ problem: "lost", message: "No instance could be made: no such thing" });
    expect(await second).toHaveProperty("instance");
    expect(rig.told).toEqual([]);
  });

  it("asks once for all who need what is refused, and later once more", async () => {
    const refused: NoInstance = { problem: "refused", message: "no such image" };
    const rig = new Rig({ max: 1 }, [refused]);
    const taken = [1, 2, 3].map((node) => rig.take(node));
    expect(await Promise.all(taken)).toEqual([refused, refused, refused]);
    await rig.pass(9_999);
    expect(await rig.take(4)).toEqual(refused);
    expect(rig.opened).toEqual(["1.1 at 0"]);
    await rig.pass(1);
    expect(await rig.take(5)).toHaveProperty("instance");
  });

  it("serves who needs something else than what was refused", async () => {
    const refused: NoInstance = { problem: "refused", message: "too little memory" };
    const rig = new Rig({ max: 1 }, [refused]);
    const [first, second] = [rig.take(1, undefined, null, 1000), rig.take(2)];
    expect(await first).toEqual(refused);
    expect(await second).toHaveProperty("instance");
  });

  it("waits for a place that has died, asks for all, and tells when it is back", async () => {
    const rig = new Rig(
      { max: 3 },
      Array.from({ length: 6 }, () => gone),
    );
    const [first, ...others] = [1, 2, 3].map((node) => rig.take(node));
    expect(await first).toEqual(gone);
    const again = rig.take(4);
    await rig.pass(60_000);
    for (const each of await Promise.all([...others, again])) expect(each).toHaveProperty("instance");
    expect(rig.opened.map((each) => Number(each.split(" at ")[1]))).toEqual([
      0, 0, 0, 1000, 3000, 7000, 15_000, 15_000, 15_000,
    ]);
    expect(rig.told).toEqual([
      "`rust` fails, and is asked again: nobody answers",
      "`rust` can be had again.",
    ]);
  });

  it("gives up a place that stays dead, once for all", async () => {
    const rig = new Rig(
      { max: 3 },
      Array.from({ length: 10 }, () => gone),
    );
    const [first, ...others] = [1, 2, 3].map((node) => rig.take(node));
    expect(await first).toEqual(gone);
    await rig.pass(100_000);
    const refused = { problem: "refused", message: "nobody answers\nIt was asked 8 times in a row." };
    expect(await Promise.all(others)).toEqual([refused, refused]);
    expect(rig.opened.at(-1)).toMatch(/ at 63000$/);
    expect(rig.told).toHaveLength(1);
  });

  it("refuses what a quota of zero never allows", async () => {
    const rig = new Rig({ max: 0 });
    expect(await rig.take(1)).toMatchObject({ problem: "refused" });
  });

  it("lends none that is not well, and never two of one name", async () => {
    const rig = new Rig({ max: 1, reuse: 9 }, ["unwell-later"]);
    await (await rig.lent(1)).giveBack(false);
    await rig.lent(1);
    expect(rig.events).toEqual(["opened 1.1", "closed 1 unwell", "opened 0.2"]);
  });

  it("replaces what was lost, also if that cannot be ended", async () => {
    const rig = new Rig({ max: 1, reuse: 9 }, ["cannot-end"]);
    await (await rig.lent(1)).giveBack(true);
    await rig.lent(2);
    expect(rig.events).toEqual(["opened 1.1", "closed 1 lost", "opened 2.1"]);
  });

  it("gives a key the instance that served it last", async () => {
    const rig = new Rig({ max: 2, reuse: 9 });
    const [x, y] = [await rig.lent(1, "x"), await rig.lent(2, "y")];
    await y.giveBack(false);
    await x.giveBack(false);
    expect((await rig.lent(3, "x")).of?.i).toBe(1);
    expect((await rig.lent(4, "y")).of?.i).toBe(2);
  });

  it("keeps to a rate that an earlier owner of the run has used up, and tells before it makes one", async () => {
    const rates = [{ amount: 2, ms: 1000 }];
    const rig = new Rig({ max: 9, rates }, [], [-700, -400]);
    const all = Promise.all([1, 2, 3].map((node) => rig.take(node)));
    await rig.pass(2000);
    await all;
    expect(rig.opened.map((each) => Number(each.split(" at ")[1]))).toEqual([300, 600, 1300]);
    expect(rig.begun).toEqual(["rust at 300", "rust at 600", "rust at 1300"]);
  });

  it("makes as many as its rate allows, also where each look at the clock finds it later", async () => {
    const rig = new Rig({ max: 9, rates: [{ amount: 2, ms: 1000 }] });
    rig.tick = 0.001;
    const first = rig.take(1);
    await rig.pass(300);
    const later = [2, 3, 4].map((node) => rig.take(node));
    await rig.pass(2000);
    await Promise.all([first, ...later]);
    const moments = rig.opened.map((each) => Math.round(Number(each.split(" at ")[1]) / 100));
    expect(moments).toEqual([0, 3, 10, 13]);
  });

  it("forgets who is stopped, and ends all that is there or is being made", async () => {
    const rig = new Rig({ max: 1 });
    const lent = await rig.lent(1);
    const stop = new AbortController();
    const waiting = rig.take(2, stop.signal);
    stop.abort();
    expect(await waiting).toBe("stopped");
    const other = rig.take(3);
    await lent.giveBack(true);
    await rig.pool.close();
    expect(await other).toBe("stopped");
    expect(rig.ended.length).toBe(rig.opened.length);
    expect(await rig.take(4)).toBe("stopped");
  });

  it("serves who came while it was looked at for somebody who is stopped", async () => {
    const rig = new Rig({ max: 1, reuse: 9 });
    await (await rig.lent(1)).giveBack(false);
    const stop = new AbortController();
    const first = rig.take(2, stop.signal);
    const second = rig.take(3);
    stop.abort();
    expect(await first).toBe("stopped");
    await rig.pass(0);
    expect(await Promise.race([second, Promise.resolve("waits")])).toHaveProperty("instance");
  });

  it("makes none while somebody looks at what there is outside", async () => {
    const rig = new Rig({ max: 2 });
    let found = 0;
    let waiting: Promise<Taken> | null = null;
    await rig.pool.during(async () => {
      waiting = rig.take(1);
      await rig.pass(0);
      found = rig.opened.length;
    });
    expect(found).toBe(0);
    expect(await waiting).toHaveProperty("instance");
  });

  it("touches nothing when somebody else has the run", async () => {
    const rig = new Rig({});
    await rig.lent(1);
    rig.ours = false;
    await rig.pool.close();
    expect(rig.ended).toEqual([]);
  });
});
