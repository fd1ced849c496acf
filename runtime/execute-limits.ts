// Limits while a run goes on: what it takes is written where other runs see it, with the event for which it is taken.

import { awaited, idledBy } from "./decide.ts";
import { usesOf } from "./decide-uses.ts";
import type { EventBody } from "./events.ts";
import { Passages } from "./execute-passages.ts";
import type { Recorder } from "./execute-record.ts";
import type { Reply } from "./execute-reply.ts";
import type { RunLog } from "./journal-log.ts";
import { isHeld } from "./lease.ts";
import { LimitRows } from "./limit-rows.ts";
import { LimitSight } from "./limit-sight.ts";
import type { ToldBound, Took } from "./limit-state.ts";
import { boundsText, lackText } from "./limit-texts.ts";
import { countsMs } from "./limit-window.ts";
import type { PassAsked, Passed } from "./proxy/passes.ts";
import type { Run } from "./run.ts";
import type { AttemptEnd } from "./run-limits.ts";
import { rankOf } from "./run-settings.ts";
import type { World } from "./world.ts";

/** So often a run that waits says so anew, and looks whether those that hold what it waits for are alive. */
const againMs = 2000;
/** When nothing goes on for so long, that is told, and by what it is held. */
const idleMs = 60_000;
/** Pauses are put off by up to so much, by chance, so that not all come back at once. */
const jitterMost = 0.1;
const jitterMsMax = 2000;

type Started = Extract<EventBody, { type: "attempt.started" }>;

/** It throws JournalError. For a plan without limits all of it does nothing. */
export class LimitShare {
  private readonly world: World;
  private readonly run: Run;
  private readonly log: RunLog;
  private readonly recorder: Recorder;
  private readonly wake: () => void;
  private readonly tell: (text: string) => void;
  private shared: {
    readonly rows: LimitRows;
    readonly sight: LimitSight;
    readonly passages: Passages;
  } | null = null;
  /** Limits for which we have said that we wait, and when. */
  private readonly marks = new Map<string, number>();
  /** Of limits, what others may wait for, in this turn. */
  private readonly rung = new Set<string>();
  private readonly toldOf = new Set<string>();
  private lookedAt = Number.NEGATIVE_INFINITY;
  /** Since when limits hold all that could go on, and until when that was told; null: they do not. */
  private idle: { readonly since: number; told: number | null } | null = null;

  constructor(
    world: World,
    parts: { readonly run: Run; readonly log: RunLog; readonly recorder: Recorder },
    news: { readonly wake: () => void; readonly tell: (text: string) => void },
  ) {
    this.world = world;
    this.run = parts.run;
    this.log = parts.log;
    this.recorder = parts.recorder;
    this.wake = news.wake;
    this.tell = news.tell;
  }

  /** What an earlier owner had started is over. */
  begin(): void {
    const { plan, limits } = this.run;
    if (!limits.any) return;
    const { database } = this.world.journal;
    const own = this.world.journal.keyOf(this.run.id);
    const rows = new LimitRows(database, own, this.log.epoch);
    const { run, log, recorder, wake, world } = this;
    const passages = new Passages({
      ...{ run, log, recorder, rows, wake, look: () => this.look() },
      timer: (ms, then) => world.timer(ms, then),
    });
    this.shared = { rows, sight: new LimitSight(limits, rows, own), passages };
    this.log.hold(() => rows.begin(plan.limits ?? [], this.recorder.now()));
    this.recorder.commit();
    this.lookForDead();
  }

  /** At the beginning of a turn. */
  refresh(): void {
    this.rung.clear();
    this.look();
    const passages = this.shared?.passages;
    passages?.turn();
    for (const limit of passages?.changed ?? []) this.rung.add(limit);
  }

  /** A request of an agent is to be sent; null: it is not, any more. */
  pass(asked: PassAsked): Promise<Passed | null> {
    return this.shared?.passages.ask(asked) ?? Promise.resolve(null);
  }

  /** An API has said how much of its own limits is left. */
  hear(limit: string, told: readonly ToldBound[]): void {
    if (this.run.status === "running") this.recorder.record({ type: "limit.told", limit, told });
  }

  /** Nothing was heard of requests that a turn has to take up. */
  get quiet(): boolean {
    return this.shared?.passages.quiet ?? true;
  }

  /** Is there still room for what is about to start? Until the turn is committed no other run takes any. */
  mayStart({ n, took = [] }: Started): boolean {
    const { shared, run } = this;
    if (shared === null || took.length === 0) return true;
    return this.log.hold(() => {
      this.look();
      const uses = usesOf(run, n);
      if (!uses.ok || run.limits.lack(uses.value, rankOf(run, n) === 0, this.recorder.now()) !== null)
        return false;
      // Another run may have taken the slot.
      const free = run.limits.given(uses.value);
      return took.every(({ limit, slot }) => free.find((each) => each.limit === limit)?.slot === slot);
    });
  }

  /** After an event was recorded. */
  recorded(event: EventBody): void {
    const { shared, run } = this;
    if (shared === null) return;
    if (event.type === "attempt.started")
      for (const took of event.took ?? []) {
        this.log.hold(() => shared.rows.take(event, took, run.now, this.msOf(took.limit)));
        this.rung.add(took.limit);
      }
    if (event.type === "limit.paused") {
      this.log.hold(() => shared.rows.pause(event.limit, event.until));
      this.rung.add(event.limit);
    }
    if (event.type !== "run.ended") return;
    shared.passages.settle();
    this.log.hold(() => shared.rows.end(run.now));
    for (const name of run.limits.names) this.rung.add(name);
  }

  /** Before the end of an attempt is recorded. */
  ending(n: number, how: AttemptEnd): void {
    const { limits } = this.run;
    const took = limits.takenBy(n);
    const { shared } = this;
    if (shared === null || took.length === 0) return;
    const more = limits.moreOf(n);
    const after = limits.atEnd(n, how);
    this.log.hold(() => {
      for (const [i, each] of took.entries())
        if (each.ahead === undefined)
          this.lessen(n, without(each, more[i]), without(after[i] ?? each, more[i]));
      shared.rows.ended(n, this.recorder.now());
    });
    for (const { limit } of took) this.rung.add(limit);
  }

  /** An open attempt says something. */
  told(reply: Extract<Reply, { kind: "used" | "paused" }>): void {
    if (reply.kind === "used") this.used(reply.n, reply.a, reply.amounts);
    else this.paused(reply.n, reply.a, reply.until, reply.limit ?? null);
  }

  private used(n: number, a: number, amounts: Readonly<Record<string, number>>): void {
    const { shared, run } = this;
    const before = run.limits.takenBy(n);
    if (shared === null || before.length === 0) return;
    const moreBefore = run.limits.moreOf(n);
    const event: EventBody = { type: "limit.used", n, a, amounts };
    this.recorder.record(event);
    const more = run.limits.moreOf(n);
    run.limits.takenBy(n).forEach((took, i) => {
      // Its requests have told by themselves.
      if (took.ahead !== undefined) return;
      const grown = without({ ...took, amounts: more[i] ?? {} }, moreBefore[i]);
      if (Object.values(grown.amounts).every((amount) => amount === 0)) return;
      this.log.hold(() => {
        shared.rows.more({ n, a }, grown, run.now, this.msOf(took.limit));
        this.lessen(n, without(before[i] ?? took, moreBefore[i]), without(took, more[i]));
      });
      this.rung.add(took.limit);
    });
  }

  /** What the row of an open attempt says that it has, if that is less now. */
  private lessen(n: number, was: Took, now: Took): void {
    if (Object.entries(now.amounts).some(([unit, amount]) => amount < (was.amounts[unit] ?? 0)))
      this.shared?.rows.less(n, now);
  }

  /** Whoever the limits of an attempt stand for wants to be left alone until the wall ms `until`. */
  private paused(n: number, a: number, until: number, only: string | null): void {
    const now = this.recorder.now();
    const jitter = Math.min((until - now) * jitterMost, jitterMsMax) * this.world.random();
    for (const { limit } of this.run.limits.takenBy(n)) {
      if (only !== null && limit !== only) continue;
      const event = {
        type: "limit.paused",
        limit,
        until: Math.ceil(until + Math.max(0, jitter)),
        n,
        a,
      } as const;
      this.recorder.record({ ...event });
      this.recorded(event);
    }
  }

  /** At the end of a turn, before it is committed: for what we wait is told to the others. */
  settle(): void {
    const { shared, run } = this;
    if (shared === null || run.status !== "running") return;
    const now = this.recorder.now();
    this.tellIdle(now);
    const waits = new Set(run.limits.shared ? [...awaited(run), ...shared.passages.awaited] : []);
    for (const name of this.marks.keys()) {
      if (waits.has(name)) continue;
      this.marks.delete(name);
      this.log.hold(() => shared.rows.waits(name, null));
      this.rung.add(name);
    }
    for (const name of waits) {
      if (now - (this.marks.get(name) ?? Number.NEGATIVE_INFINITY) < againMs) continue;
      this.marks.set(name, now);
      this.log.hold(() => shared.rows.waits(name, now));
    }
    if (waits.size > 0 && now - this.lookedAt >= againMs) this.lookForDead();
  }

  /** Nobody who looks at it in the night should have to guess whether it hangs. */
  private tellIdle(now: number): void {
    const by = idledBy(this.run);
    if (by === null) {
      this.idle = null;
      return;
    }
    this.idle ??= { since: now, told: null };
    const { since, told } = this.idle;
    const until = by.lack.until ?? (now - since >= idleMs ? Number.POSITIVE_INFINITY : now);
    if (until - now < idleMs || (told !== null && until <= told + idleMs)) return;
    this.idle.told = until;
    this.tell(`Nothing goes on: \`${this.run.name(by.n)}\` is held by ${lackText(by.lack, now)}.`);
  }

  /** After the commit: those that wait for what was given back hear of it. */
  ring(): void {
    const { shared, world } = this;
    if (shared === null) return;
    shared.passages.committed();
    if (this.rung.size === 0) return;
    const folders = new Set(
      shared.sight.sharers
        .filter(({ name, waitsAt }) => waitsAt !== null && this.rung.has(name))
        .map(({ id }) => world.journal.folderOf(id)),
    );
    for (const folder of folders) world.bell.ring(folder);
  }

  /** The journal is not ours any more, or about to be closed. */
  close(): void {
    this.shared?.passages.close();
    this.shared = null;
  }

  private look(): void {
    const { shared } = this;
    if (shared === null) return;
    this.log.reading(() => shared.sight.refresh(this.recorder.now()));
    for (const { name, id, bounds } of shared.sight.sharers) {
      const own = this.run.limits.state(name)?.plan;
      if (own === undefined || this.toldOf.has(`${name} ${id}`)) continue;
      this.toldOf.add(`${name} ${id}`);
      if (boundsText(own) === boundsText(bounds)) continue;
      const message = `The limit \`${name}\` is ${boundsText(bounds)} in the run ${id}, which is under way, and ${boundsText(own)} here: while both are, the stricter of each holds.`;
      // One that was killed is not under way.
      void isHeld(this.world.journal.folderOf(id)).then(
        (held) => held && this.tell(message),
        () => {},
      );
    }
  }

  /** Frees what dead runs hold: a look at their locks, for which nothing waits. */
  private lookForDead(): void {
    const { shared, world } = this;
    if (shared === null) return;
    this.lookedAt = this.recorder.now();
    const others = this.log.reading(() => shared.rows.others());
    for (const { run, id, epoch } of others)
      void isHeld(world.journal.folderOf(id)).then(
        (held) => {
          if (!held && this.run.status === "running") this.free(run, epoch);
        },
        // It cannot be looked at: then it holds what it holds.
        () => {},
      );
  }

  private free(run: number, epoch: number): void {
    const { shared } = this;
    if (shared === null) return;
    try {
      this.log.hold(() => shared.rows.free(run, epoch, this.recorder.now()));
      this.recorder.commit();
    } catch {
      // A journal in trouble is told by the next turn.
    }
    this.wake();
  }

  private msOf(limit: string): number {
    return countsMs(this.run.limits.state(limit)?.ms ?? 0);
  }
}

/** Without what counts by itself. */
function without(took: Took, more: Readonly<Record<string, number>> = {}): Took {
  const rest = Object.entries(took.amounts).map(
    ([unit, amount]) => [unit, Math.max(0, amount - (more[unit] ?? 0))] as const,
  );
  return { ...took, amounts: Object.fromEntries(rest) };
}
