// The instances of one declared runner in a run: made, lent to attempts, looked at, ended. What is next, `choose` says.

import type { Value } from "../compiler/types.ts";
import { Bug } from "./bug.ts";
import { choose, type Idle, type Limits } from "./instance-choice.ts";
import { type Heard, Trouble } from "./instance-trouble.ts";
import {
  cookieOf,
  type Instance,
  type InstanceSpec,
  type NoInstance,
  type Runner,
  type Tag,
} from "./runner.ts";

/** What an attempt asks for. */
export interface Wanted extends Pick<InstanceSpec, "tag" | "folder" | "needs"> {
  /** It prefers the instance that served this key last. */
  readonly key: string | null;
  /** By its priority: 0 is served before 1 before 2. */
  readonly rank: number;
  readonly stop: AbortSignal;
}

/** An instance that serves one attempt. */
export interface Lent {
  readonly runner: Runner;
  readonly instance: Instance;
  /** Its number in the run, and the declared runner whose it is; null: it is this attempt's own, and told nowhere. */
  readonly of: { readonly i: number; readonly runner: string } | null;
  /** The attempt is over. `lost`: so is the place. */
  giveBack(lost: boolean): Promise<void>;
}

/** `stopped`: nobody waits for it any more. */
export type Taken = Lent | NoInstance | "stopped";

/** What a pool tells of its instances, to be written down. */
export interface InstanceNews {
  /** One is about to be made, and how fast is bounded; resolves when that is committed. */
  begun(runner: string): Promise<void>;
  /** Resolves with its number once that is committed; of a `paid` one, once it is on the disk. */
  opened(told: { runner: string; kind: string; ref: string; paid: boolean }): Promise<number>;
  closed(i: number, why: "used" | "idle" | "unwell" | "lost"): void;
  /** What takes long, for people, as a sentence. */
  tell(text: string): void;
}

export interface PoolWorld extends InstanceNews {
  /** Monotonic ms. */
  now(): number;
  timer(ms: number, wake: () => void): () => void;
  random(): number;
  isOurs(): boolean;
  /** The instance as it is lent: with what else has to end before it. */
  kept(instance: Instance): Instance;
}

export interface PoolOf {
  /** The declared runner. */
  readonly name: string;
  readonly runner: Runner;
  readonly settings: Readonly<Record<string, Value>>;
  readonly limits: Limits;
  readonly project: string;
  /** When earlier owners of the run began to make some, as monotonic ms, ascending. */
  readonly begun: readonly number[];
}

interface Waiting {
  readonly wanted: Wanted;
  readonly shape: string;
  readonly done: (taken: Taken) => void;
  asked: boolean;
  passed: number;
}

interface Member {
  readonly i: number;
  readonly instance: Instance;
  readonly shape: string;
  key: string | null;
  served: number;
  since: number;
}

export class InstancePool {
  private readonly of: PoolOf;
  private readonly world: PoolWorld;
  private readonly idle = new Map<number, Member>();
  private readonly working = new Set<Member>();
  private waiting: Waiting[] = [];
  private readonly opening: string[] = [];
  private closing = 0;
  private opens: readonly number[];
  private readonly trouble: Trouble;
  /** Tags of all that were ever made: one is named by its tag, and none may take the name of another. */
  private readonly tags = new Set<string>();
  /** What was wanted last: one for whoever comes is made like it. */
  private last: Wanted | null = null;
  /** None is made ahead any more: it could not be. */
  private noSpares = false;
  /** Somebody looks at what there is outside: nothing is made meanwhile. */
  private held = false;
  private calm: () => void = () => {};
  private takeBack: () => void = () => {};
  private closed = false;
  private over: () => void = () => {};
  private readonly whenOver = new Promise<number>((resolve) => {
    this.over = () => resolve(-1);
  });
  private readonly ends = new Set<Promise<void>>();

  constructor(of: PoolOf, world: PoolWorld) {
    this.of = of;
    this.world = world;
    this.opens = of.begun;
    this.trouble = new Trouble(of.name, world);
  }

  /** Waits until there is an instance for the attempt. Never rejects. */
  async take(wanted: Wanted): Promise<Taken> {
    if (this.closed || wanted.stop.aborted) return "stopped";
    const { name, limits } = this.of;
    if (limits.max < 1)
      return { problem: "refused", message: `The account of \`${name}\` allows no instance at all.` };
    return new Promise((resolve) => {
      const stopped = (): void => {
        this.waiting = this.waiting.filter((each) => each !== waiting);
        resolve("stopped");
      };
      const done = (taken: Taken): void => {
        wanted.stop.removeEventListener("abort", stopped);
        resolve(taken);
      };
      const shape = shapeOf(wanted);
      const refusal = this.trouble.refusal(shape);
      if (refusal !== null) return resolve(refusal);
      const waiting: Waiting = { wanted, shape, done, asked: false, passed: 0 };
      wanted.stop.addEventListener("abort", stopped, { once: true });
      this.waiting.push(waiting);
      this.go();
    });
  }

  /** Ends all of them; who waits is told that nothing comes. */
  async close(): Promise<void> {
    this.closed = true;
    this.takeBack();
    this.over();
    for (const { done } of this.waiting.splice(0)) done("stopped");
    const all = [...this.idle.values(), ...this.working];
    this.idle.clear();
    if (this.world.isOurs()) await Promise.all(all.map(({ instance }) => quietly(() => instance.close())));
    await Promise.all(this.ends);
  }

  /** Carries out `look` while none is being made: what is found outside then is told of, or nobody's here. */
  async during<T>(look: () => Promise<T>): Promise<T> {
    this.held = true;
    if (this.opening.length > 0)
      await new Promise<void>((resolve) => {
        this.calm = resolve;
      });
    try {
      return await look();
    } finally {
      this.held = false;
      this.go();
    }
  }

  /** Does what can be done now. */
  private go(): void {
    this.takeBack();
    this.takeBack = () => {};
    while (!this.closed) {
      const { limits } = this.of;
      const now = this.world.now();
      const min = this.noSpares ? 0 : limits.min;
      const choice = choose(this.view(), { ...limits, min }, now);
      if (choice.do === "wait") {
        if (choice.until !== null)
          this.takeBack = this.world.timer(Math.max(1, Math.ceil(choice.until - now)), () => this.go());
        return;
      }
      if (choice.do === "use") this.use(choice.i, choice.wish);
      else if (choice.do === "open") {
        if (this.held) return;
        this.make(choice.wish === null ? null : (this.waiting[choice.wish] ?? null));
      } else {
        const member = this.idle.get(choice.i);
        if (member !== undefined) this.end(member, choice.why);
      }
    }
  }

  private view() {
    return {
      idle: [...this.idle.values()] satisfies readonly Idle[],
      others: this.working.size + this.opening.length + this.closing,
      opening: this.opening,
      wishes: this.waiting.map(({ wanted, shape, asked, passed }) => ({
        key: wanted.key,
        rank: wanted.rank,
        shape,
        asked,
        passed,
      })),
      opens: this.opens,
      busyUntil: this.trouble.until,
    };
  }

  private use(i: number, at: number): void {
    const member = this.idle.get(i);
    const [waiting] = this.waiting.splice(at, 1);
    if (member === undefined || waiting === undefined) return;
    for (const each of this.waiting.slice(0, at)) each.passed++;
    this.idle.delete(i);
    this.working.add(member);
    if (member.served === 0) this.lend(member, waiting);
    else this.track(this.lookAt(member, waiting));
  }

  /** One that has served before is asked whether it still can. */
  private async lookAt(member: Member, waiting: Waiting): Promise<void> {
    const isWell = await member.instance.isWell().catch(() => false);
    if (this.closed || waiting.wanted.stop.aborted) {
      if (!this.closed) this.rest(member);
      waiting.done("stopped");
      // Others may have come meanwhile.
      this.go();
      return;
    }
    if (isWell) return this.lend(member, waiting);
    this.working.delete(member);
    this.waiting.unshift(waiting);
    this.end(member, "unwell");
    this.go();
  }

  private lend(member: Member, { wanted, done }: Waiting): void {
    member.served++;
    member.key = wanted.key;
    let given = false;
    done({
      runner: this.of.runner,
      instance: member.instance,
      of: { i: member.i, runner: this.of.name },
      giveBack: async (lost) => {
        if (given) return;
        given = true;
        if (this.closed) return;
        if (lost) {
          this.working.delete(member);
          this.end(member, "lost");
        } else this.rest(member);
        this.go();
      },
    });
  }

  private rest(member: Member): void {
    this.working.delete(member);
    member.since = this.world.now();
    this.idle.set(member.i, member);
  }

  private end(member: Member, why: "used" | "idle" | "unwell" | "lost"): void {
    this.idle.delete(member.i);
    this.closing++;
    this.track(
      quietly(() => member.instance.close()).then(() => {
        this.closing--;
        if (!this.closed) this.world.closed(member.i, why);
        this.go();
      }),
    );
  }

  private track(work: Promise<void>): void {
    this.ends.add(work);
    void work.finally(() => this.ends.delete(work));
  }

  private make(waiting: Waiting | null): void {
    const wanted = waiting?.wanted ?? this.waiting[0]?.wanted ?? this.last;
    if (wanted === null) throw new Bug("an instance is made before one was wanted");
    const shape = shapeOf(wanted);
    const kept = Math.max(1, ...this.of.limits.rates.map(({ amount }) => amount));
    const asked = this.world.now();
    this.last = wanted;
    this.opens = [...this.opens, asked].slice(-kept);
    this.opening.push(shape);
    if (waiting !== null) waiting.asked = true;
    this.track(
      this.open(waiting, wanted, asked).then(() => {
        if (waiting !== null) waiting.asked = false;
        if (this.opening.length === 0) this.calm();
        this.go();
      }),
    );
  }

  /** `asked`: when it was begun, as {@link opens} has it. */
  private async open(waiting: Waiting | null, wanted: Wanted, asked: number): Promise<void> {
    const shape = shapeOf(wanted);
    const made = await this.opened(wanted, asked, waiting === null);
    const { runner, name } = this.of;
    if (!("problem" in made) && !this.closed) {
      this.trouble.over();
      const { ref } = made;
      const paid = !runner.computesHere;
      const told = this.world.opened({ runner: name, kind: runner.kind, ref, paid });
      const i = await Promise.race([told, this.whenOver]);
      this.forget(shape);
      const since = this.world.now();
      const member: Member = { i, instance: made, shape, key: null, served: 0, since };
      if (!this.closed) this.idle.set(i, member);
      else if (this.world.isOurs()) await quietly(() => made.close());
      return;
    }
    this.forget(shape);
    if (!("problem" in made)) return quietly(() => made.close());
    if (this.closed) return;
    if (waiting === null && made.problem !== "busy") this.noSpares = true;
    else this.refused(this.trouble.heard(made, shape), waiting, shape);
  }

  private refused({ by, made }: Heard, waiting: Waiting | null, shape: string): void {
    const who = this.waiting.filter(
      (each) =>
        by === "all" || (by === "alike" && each.shape === shape) || (by === "one" && each === waiting),
    );
    this.waiting = this.waiting.filter((each) => !who.includes(each));
    for (const { done } of who) done(made);
  }

  private forget(shape: string): void {
    const at = this.opening.indexOf(shape);
    if (at >= 0) this.opening.splice(at, 1);
  }

  private async opened(wanted: Wanted, asked: number, spare: boolean): Promise<Instance | NoInstance> {
    const { runner, settings, project, name, limits } = this.of;
    const { folder, needs } = wanted;
    // Else who comes after a crash would not know, and make too many too soon.
    if (limits.rates.length > 0) await this.told(name, asked);
    if (this.closed) return { problem: "lost", message: "Nobody waits for it any more." };
    try {
      const made = await runner.open({
        tag: this.tagFor(wanted.tag, spare),
        ...{ settings, project, folder, needs },
        tell: (text) => this.world.tell(text),
        isOurs: () => this.world.isOurs(),
      });
      return "problem" in made ? made : this.world.kept(made);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { problem: "lost", message: `No instance could be made: ${message}` };
    }
  }

  /** It is made when that is told, and counts from then on. */
  private async told(name: string, asked: number): Promise<void> {
    await Promise.race([this.world.begun(name), this.whenOver]);
    const at = this.opens.lastIndexOf(asked);
    this.opens = [...this.opens.toSpliced(at, at < 0 ? 0 : 1), this.world.now()].sort((a, b) => a - b);
  }

  /** That of the attempt; where it has had one already, or is none, one of no attempt. */
  private tagFor(tag: Tag, spare: boolean): Tag {
    let own = tag;
    while (this.tags.has(cookieOf(own)) || (spare && own === tag))
      own = { run: tag.run, node: 0, attempt: this.tags.size + 1 };
    this.tags.add(cookieOf(own));
    return own;
  }
}

/** Instances made for equal needs serve each other's nodes. */
function shapeOf({ needs }: Wanted): string {
  return JSON.stringify(needs);
}

/** What cannot be ended now is found by its tag when the run ends, or by the next owner. */
async function quietly(work: () => Promise<void>): Promise<void> {
  await work().catch(() => {});
}
