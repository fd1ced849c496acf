// The loop: ask `decide`, write down, commit, perform, sleep. It holds no policy, and nothing is relied on uncommitted.

import type { TaskPlan } from "../compiler/plan-tasks.ts";
import type { AttemptOrder } from "./attempt-order.ts";
import { type AttemptReport, neverBegan } from "./attempt-report.ts";
import { assert } from "./bug.ts";
import { type Decision, decide } from "./decide.ts";
import { againAt, gaveUp } from "./decide-retry.ts";
import { AnswerRecords } from "./execute-answers.ts";
import { AskRecords } from "./execute-asks.ts";
import { InstanceRecords } from "./execute-instances.ts";
import { LimitShare } from "./execute-limits.ts";
import { orderOf, type Start } from "./execute-order.ts";
import type { LoopParts } from "./execute-parts.ts";
import type { Inputs, Recorder } from "./execute-record.ts";
import type { CancelWhy, EarlyReply, Reply } from "./execute-reply.ts";
import { answerAll } from "./execute-requests.ts";
import { Looks } from "./execute-reuse.ts";
import { UnderWay } from "./execute-under-way.ts";
import { breath } from "./execute-wait.ts";
import type { Lent } from "./instances.ts";
import type { RunLog } from "./journal-log.ts";
import type { Run } from "./run.ts";
import { inFinally } from "./run-handlers.ts";
import { isOnce } from "./run-settings.ts";
import { cookieOf } from "./runner.ts";
import type { RunAttempts, World } from "./world.ts";

/** A turn takes no more of the thread at once, so that news and signals are heard. */
const turnMs = 2;
/** Dependencies for people are written while there is nothing else to do, in pieces no longer than a small command. */
const relateMs = 0.25;
const relateAtEndMs = 5;
/** A Node timer of 28 days fires at once: an hour is long enough, and heals jumps of the clock. */
const sleepMsMax = 3_600_000;
/** Where an attempt runs is written with the next turn, or after this time; a sweep does not need it. */
const placedMs = 50;

const atOnce = Promise.resolve();

/** A decision after which there is nothing more to decide for now. */
type Rest = Exclude<Decision, { do: "append" | "look" }>;

export class Loop {
  private readonly world: World;
  private readonly run: Run;
  private readonly log: RunLog;
  private readonly recorder: Recorder;
  private readonly inputs: Inputs;
  private readonly looks: Looks;
  /** Of declared runners. */
  readonly instances: InstanceRecords;
  readonly limits: LimitShare;
  readonly asks: AskRecords;
  readonly answers: AnswerRecords;
  private attempts: RunAttempts | null = null;
  private readonly open: UnderWay;
  private replies: Reply[] = [];
  private wake: () => void = () => {};
  private takeBack: (() => void) | null = null;
  /** Something was started since the last sweep. */
  private toSweep = false;
  /** All that is left to do is to sweep, and to end. */
  private ending = false;
  /** Somebody may have asked something. */
  private rung = true;
  /** Nothing is given time to end any more. */
  private atOnce = false;
  private broken: { readonly error: unknown } | null = null;

  constructor(world: World, parts: LoopParts) {
    this.world = world;
    this.run = parts.run;
    this.log = parts.log;
    this.recorder = parts.recorder;
    this.inputs = parts.inputs;
    this.open = new UnderWay(world);
    this.looks = new Looks(parts.run, parts.recorder, parts.reuse, this.monotonic);
    this.instances = new InstanceRecords(parts, () => this.wake());
    this.limits = new LimitShare(world, parts, { wake: () => this.ring(), tell: parts.tell });
    this.asks = new AskRecords(parts.recorder, () => this.wake());
    this.answers = new AnswerRecords(parts, () => this.wake());
  }

  /** A runner tells where an attempt is, and which instance serves it; resolves when it may begin. */
  placed(n: number, a: number, ref: string, of: Lent["of"]): Promise<void> {
    // What is named by the attempt itself needs no event.
    if (of === null && ref === cookieOf({ run: this.run.id, node: n, attempt: a })) return atOnce;
    // Without this record it has not begun, and begins anew after a crash without anybody being asked.
    if (of !== null && isOnce(this.run, n)) return this.instances.placed({ n, a, ref, of });
    this.replies.push({ kind: "placed", n, a, ref, of });
    this.takeBack ??= this.world.timer(placedMs, () => this.wake());
    return atOnce;
  }

  /** An attempt has given an early field. */
  early(reply: EarlyReply): void {
    this.replies.push({ kind: "early", ...reply });
    this.wake();
  }

  /** An attempt says something of limits. */
  told(reply: Extract<Reply, { kind: "used" | "paused" | "heard" }>): void {
    this.replies.push(reply);
    this.wake();
  }

  /** Something that an earlier owner had left was found late, and ended. */
  swept(refs: readonly string[]): void {
    if (refs.length === 0) return;
    this.replies.push({ kind: "swept", refs });
    this.wake();
  }

  /** Somebody wants the run to end: in order, or without waiting for anything. */
  cancel(by: string, why: CancelWhy, now: boolean): void {
    this.replies.push({ kind: "cancel", by, why, now });
    this.wake();
  }

  /** Somebody may have asked something of the run. */
  ring(): void {
    this.rung = true;
    this.wake();
  }

  /** Goes on until the run has ended or, unless it is to `wait`, only a person can move it on. Throws JournalError and LeaseLost. */
  async toTheEnd(attempts: RunAttempts, wait: boolean): Promise<void> {
    this.attempts = attempts;
    this.limits.begin();
    for (const { n, a } of this.run.ends.trees.answers.values()) this.start(this.order({ n, a, key: "" }));
    for (;;) {
      if (this.broken !== null) throw this.broken.error;
      const next = this.turn();
      // What was started goes out first: a command runs while the rest is done.
      await breath();
      this.log.markEnd();
      const left = next?.do === "sleep" && next.people && !wait && !this.rung;
      if (left) while (this.log.relate(this.run, relateAtEndMs, this.monotonic));
      if (next?.do === "end" || left) {
        this.open.calm();
        this.takeBack?.();
        if (this.toSweep) await attempts.sweep(this.atOnce);
        await this.log.synced();
        return;
      }
      // Of a run that has ended nobody would look for what is left.
      if (this.ending) {
        await attempts.sweep(this.atOnce);
        this.toSweep = false;
      }
      if (next !== null && this.quiet) await this.sleep(next.until);
    }
  }

  /** Nothing was heard that a turn has to take up. */
  private get quiet(): boolean {
    return this.replies.length === 0 && this.calm && this.broken === null;
  }

  private get calm(): boolean {
    return this.instances.quiet && this.asks.quiet && this.answers.quiet && this.limits.quiet && !this.rung;
  }

  /** Tells all open attempts to end, and waits for them, but not for ever. */
  async endAttempts(): Promise<void> {
    await this.open.ended();
    if (this.toSweep) await this.attempts?.sweep();
  }

  /** One turn: what to do next when it is committed and performed; null: there is more to decide at once. */
  private turn(): Rest | null {
    const end = this.world.clock.monotonic() + turnMs;
    const before = this.run.cancelled;
    this.limits.refresh();
    this.instances.record();
    this.asks.record((n, a) => this.isOpen(n, a));
    this.answers.record((n, a) => this.isOpen(n, a));
    this.takeReplies(end);
    this.takeRequests();
    this.looks.newMoment();
    this.ending = false;
    const starts: Start[] = [];
    const stops: number[] = [];
    let next: Rest | null = null;
    do {
      const decision = decide(this.run, this.recorder.now(), this.ahead);
      if (decision.do === "look") this.look(decision.n);
      else if (decision.do !== "append") next = decision;
      else {
        const { event } = decision;
        // At a deadline what people said in time is heard first.
        const deadline = event.type === "node.cancelled" && event.why === "deadline";
        if ((deadline || event.type === "gate.decided") && this.log.requests().length > 0) {
          this.rung = true;
          this.takeRequests();
          continue;
        }
        if (event.type === "run.ended") {
          this.ending = this.toSweep;
          if (this.ending) break;
          while (this.log.relate(this.run, relateAtEndMs, this.monotonic));
        }
        if (event.type === "attempt.started" && !this.limits.mayStart(event)) continue;
        this.recorder.record(event.type === "attempt.started" ? this.looks.started(event) : event);
        this.limits.recorded(event);
        const given = event.type === "gate.opened" ? this.looks.opened(event) : null;
        if (given !== null) this.recorder.record(given);
        if (event.type === "attempt.started") starts.push(event);
        if (event.type === "node.cancelled") stops.push(event.n);
      }
    } while (next === null && this.world.clock.monotonic() < end);
    const orders = starts.map((start) => this.order(start));
    this.limits.settle();
    this.recorder.commit(next?.do === "sleep" && next.people, true);
    this.limits.ring();
    this.instances.committed((error) => this.breakOff(error));
    this.asks.committed();
    this.answers.committed((error) => this.breakOff(error));
    for (const order of orders) this.start(order);
    for (const n of stops) this.open.get(n)?.stop.abort();
    if (before === null && this.run.cancelled !== null) this.stopAll();
    return next;
  }

  private look(n: number): void {
    this.looks.begin(n)?.then(
      (look) => {
        this.replies.push({ kind: "looked", n, look });
        this.wake();
      },
      (error: unknown) => this.breakOff(error),
    );
  }

  /** The disk is full, or it is a bug of ours: both end the run, and are told at the rim. */
  private breakOff(error: unknown): void {
    this.broken = { error };
    this.wake();
  }

  /** Writes down what was told, until the turn's time is over. */
  private takeReplies(end: number): void {
    this.takeBack?.();
    this.takeBack = null;
    let taken = 0;
    for (const reply of this.replies) {
      taken++;
      if (reply.kind === "cancel") this.takeCancel(reply);
      else if (reply.kind === "heard") this.limits.hear(reply.limit, reply.told);
      else if (reply.kind === "swept") this.recorder.record({ type: "swept", refs: reply.refs });
      else this.takeReply(reply);
      if (this.world.clock.monotonic() >= end) break;
    }
    this.replies = this.replies.slice(taken);
  }

  /** Answers what people asked, if anybody may have. */
  private takeRequests(): void {
    if (!this.rung) return;
    this.rung = false;
    answerAll(this.run, this.log, this.recorder);
  }

  private isOpen(n: number, a: number): boolean {
    return this.open.get(n)?.a === a && this.run.state(n) === "running" && this.run.attempts(n) === a;
  }

  private takeReply(reply: Extract<Reply, { n: number }>): void {
    if (reply.kind === "looked") {
      this.looks.take(reply.n, reply.look);
      return;
    }
    const { n, a } = reply;
    // A late answer of an attempt that was given up says nothing any more.
    if (!this.isOpen(n, a)) return;
    if (reply.kind === "placed") {
      this.recorder.record({ type: "attempt.placed", n, a, ref: reply.ref, ...reply.of });
      return;
    }
    if (reply.kind === "used" || reply.kind === "paused") {
      this.limits.told(reply);
      return;
    }
    if (reply.kind === "early") {
      const { field, value, files } = reply;
      const left = files.length === 0 ? {} : { files };
      this.recorder.record({ type: "attempt.early", n, a, field, value, ...left });
      return;
    }
    this.open.delete(n);
    const { outcome, why = null } = reply.report;
    const chance = this.world.random();
    const again = againAt(this.run, n, outcome, why, this.recorder.now(), chance, reply.report.after_ms);
    this.limits.ending(n, reply.report);
    this.recorder.record({
      type: "attempt.ended",
      n,
      a,
      ...reply.report,
      ...(again === null ? gaveUp(this.run, n, reply.report) : {}),
      ...this.looks.ended(n, reply.print ?? null),
      ...(again === null ? {} : { again_at: again }),
    });
  }

  private takeCancel({ by, why, now }: Extract<Reply, { kind: "cancel" }>): void {
    if (this.run.status !== "running") return;
    if (this.run.cancelled === null || now)
      this.recorder.record({ type: "run.cancelled", by, why, ...(now ? { at_once: true } : {}) });
    if (now) {
      this.atOnce = true;
      for (const [n, { a, stop }] of this.open) {
        stop.abort();
        this.limits.ending(n, { outcome: "cancelled" });
        this.recorder.record({
          type: "attempt.ended",
          n,
          a,
          outcome: "cancelled",
          message: "flowc was told to end at once",
        });
      }
      this.open.clear();
    }
  }

  /** After `run.cancelled` is committed. What is part of a `finally` goes on. */
  private stopAll(): void {
    this.open.stopAll(
      (n) => inFinally(this.run, n),
      (n, a, message) => {
        this.replies.push({ kind: "ended", n, a, report: { outcome: "cancelled", message } });
        this.wake();
      },
    );
  }

  /** What to carry out; null if its settings cannot be evaluated, which ends the attempt. */
  private order(start: Start): AttemptOrder | null {
    const { order, problem } = orderOf(this.run, this.inputs, start);
    if (order !== null) return order;
    const { n, a } = start;
    this.open.set(n, { a, stop: new AbortController(), done: Promise.resolve() });
    this.replies.push({ kind: "ended", n, a, report: { outcome: "failed", why: "value", message: problem } });
    return null;
  }

  private start(order: AttemptOrder | null): void {
    if (order === null) return;
    const { n, a } = order;
    const stop = new AbortController();
    this.toSweep = true;
    const done = this.looks
      .during(n, () => this.begun(order, stop.signal))
      .then(
        ([report, print]) => {
          this.replies.push({ kind: "ended", n, a, report, print });
          this.wake();
        },
        (error: unknown) => this.breakOff(error),
      );
    this.open.set(n, { a, stop, done });
  }

  /** That something is done which may be done only once must be known also after a loss of power. */
  private async begun(order: AttemptOrder, stop: AbortSignal): Promise<AttemptReport> {
    assert(this.attempts !== null, "an attempt starts before there is anything to run it");
    if (!isOnce(this.run, order.n)) return this.attempts.start(order, stop);
    await this.log.synced();
    return stop.aborted ? neverBegan : this.attempts.start(order, stop);
  }

  private readonly ahead = (task: TaskPlan): number => this.attempts?.ahead?.(task) ?? 0;
  private readonly monotonic = (): number => this.world.clock.monotonic();

  /** Until news or the wall time `until`; at most an hour. */
  private async sleep(until: number | null): Promise<void> {
    if (this.log.relate(this.run, relateMs, this.monotonic)) return breath();
    const ms =
      until === null ? sleepMsMax : Math.min(Math.max(until - this.world.clock.now(), 0), sleepMsMax);
    await new Promise<void>((resolve) => {
      const takeBack = this.world.timer(ms, resolve);
      this.wake = () => {
        takeBack();
        resolve();
      };
      // What was told while dependencies were written.
      const heard = this.replies.some((reply) => reply.kind !== "placed");
      if (heard || !this.calm) this.wake();
    });
    this.wake = () => {};
  }
}
