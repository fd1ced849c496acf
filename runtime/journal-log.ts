// The writing end of one run's journal: each turn's events and their projections in one transaction, by its owner alone.

import type { Plan } from "../compiler/plan.ts";
import type { Event } from "./events.ts";
import type { Journal } from "./journal.ts";
import { CacheWriter, type KnownPrint } from "./journal-cache.ts";
import { type ChainEnd, chained, chainStart } from "./journal-chain.ts";
import { encodeEvent, encodePlan, eventColumns } from "./journal-codec.ts";
import { JournalError, worded } from "./journal-errors.ts";
import { RowWriter } from "./journal-rows.ts";
import { runStride, states } from "./journal-schema.ts";
import { LeaseLost } from "./lease.ts";
import { type InputsOf, Projections } from "./projections.ts";
import { openRequests, type Request, type Taken } from "./requests.ts";
import { newRunId } from "./run-id.ts";
import { RunMark } from "./run-mark.ts";
import type { RunView } from "./run-view.ts";
import { beginWrite, integer, rollBack, type SqlValue, type Statement, transact } from "./sqlite.ts";

/** A name for a new run, that no run of this journal has. Nothing is written. */
export function freeRunId(journal: Journal, now: number, random: () => number): string {
  return newRunId(now, random, (id) => journal.run(id) !== null);
}

/** Begins the journal of a new run: its first commit also writes its row and, unless it is there, its plan. */
export function createLog(journal: Journal, id: string, plan: Plan, inputsOf: InputsOf): RunLog {
  const left = { end: chainStart(id), epoch: 0, once: 0 };
  return new RunLog(journal, id, 1, inputsOf, plan, left);
}

/** What was read of a run that is opened again. */
export interface Left {
  readonly end: ChainEnd;
  /** Of its last event: the new epoch is above it, whatever the lease says. */
  readonly epoch: number;
  /** Number of the latest event that starts what may be done only once; 0: none. */
  readonly once: number;
}

/** Opens the journal of a run again: raises its epoch, so that whoever had it before stops at its next write. */
export function reopenLog(journal: Journal, id: string, inputsOf: InputsOf, left: Left): RunLog {
  try {
    const key = journal.keyOf(id);
    const epoch = transact(journal.database, () => {
      journal.database
        .prepare("UPDATE lease SET epoch = max(epoch, ?) + 1 WHERE run = ?")
        .run(left.epoch, key);
      const row = journal.database.prepare("SELECT epoch FROM lease WHERE run = ?").get(key);
      return integer(row ?? {}, "epoch");
    });
    return new RunLog(journal, id, epoch, inputsOf, null, left);
  } catch (error) {
    throw worded(error, journal.path);
  }
}

/** What it throws: {@link JournalError}, after which it must not be used any more, and {@link LeaseLost}. */
export class RunLog {
  readonly id: string;
  /** Raised by each opener; an event carries that of its writer. */
  readonly epoch: number;
  private readonly journal: Journal;
  private readonly inputsOf: InputsOf;
  private readonly events: RowWriter;
  private readonly readEpoch: Statement;
  private readonly take: Statement;
  /** To be written by the first commit of a new run. */
  private plan: Plan | null;
  private key: number;
  private projections: Projections | null = null;
  private cache: CacheWriter | null = null;
  private related = 0;
  private end: ChainEnd;
  private readonly mark: RunMark;
  /** Number of the latest event that starts what may be done only once. */
  private once: number;
  private marked = false;
  /** The next commit's transaction has begun. */
  private held = false;
  /** The mark says less than what is committed. */
  private behind = false;

  constructor(
    journal: Journal,
    id: string,
    epoch: number,
    inputsOf: InputsOf,
    plan: Plan | null,
    { end, once }: Left,
  ) {
    this.journal = journal;
    this.id = id;
    this.epoch = epoch;
    this.inputsOf = inputsOf;
    this.plan = plan;
    this.end = end;
    this.once = once;
    this.mark = new RunMark(journal.folderOf(id));
    this.events = new RowWriter(journal.database, "event", eventColumns);
    this.readEpoch = journal.database.prepare("SELECT epoch FROM lease WHERE run = ?");
    this.take = journal.database.prepare("UPDATE request SET taken_at = ?, refused = ? WHERE id = ?");
    this.key = plan === null ? journal.keyOf(id) : 0;
    if (plan === null) {
      const row = journal.database.prepare("SELECT related FROM run WHERE id = ?").get(this.key);
      this.related = integer(row ?? {}, "related");
    }
  }

  /**
   * Writes a turn. `view` is the run after the events; `changed`: its nodes that started, ended or wait again; `taken`:
   * requests that the events answer; `waits`: only a person can move the run on. `later`: {@link markEnd} follows.
   * `prints`: fingerprints that the events name for the first time.
   */
  commit(
    events: readonly Event[],
    view: RunView,
    changed: Iterable<number>,
    taken: readonly Taken[] = [],
    waits = false,
    later = false,
    prints: readonly KnownPrint[] = [],
  ): void {
    // Long values are stored before the transaction, in which nothing waits.
    const rows = this.guarded(() => events.map((event) => this.encode(event)));
    const end = chain(this.end, rows);
    this.guarded(() => this.markBefore());
    this.write((projections) => {
      for (const row of rows) {
        row[0] = Number(row[0]) + this.key * runStride;
        this.events.add(...row);
      }
      this.events.flush();
      projections.follow(view, events, changed);
      projections.wait(waits);
      if (prints.length > 0 || this.cache !== null) {
        this.cache ??= new CacheWriter(this.journal.database, this.key);
        this.cache.follow(events, prints);
      }
      for (const { id, at, refused } of taken) this.take.run(at, refused, id);
    });
    this.end = end;
    for (const event of events)
      if (event.type === "attempt.started" && view.once(event.n)) this.once = event.seq;
    this.behind ||= events.length > 0;
    if (!later) this.markEnd();
  }

  /** Writes down how far the journal has got, after the commits that left it for later. */
  markEnd(): void {
    if (!this.behind) return;
    this.behind = false;
    this.guarded(() => this.mark.write({ ...this.end, once: this.once }));
  }

  /**
   * Does this in the transaction of the next commit, which begins now: what is found in the tables holds until then. Only
   * between two things that are waited for.
   */
  hold<T>(work: () => T): T {
    return this.guarded(() => {
      if (!this.held) {
        beginWrite(this.journal.database);
        this.held = true;
        this.mustHaveEpoch();
      }
      return work();
    });
  }

  /** Something that is to be committed was written by {@link hold}. */
  get holds(): boolean {
    return this.held;
  }

  /** Reads beside what it is for. Throws JournalError. */
  reading<T>(work: () => T): T {
    return this.guarded(work);
  }

  /** Gives back what is open beside the journal. */
  close(): void {
    if (this.held) rollBack(this.journal.database);
    this.held = false;
    this.mark.close();
  }

  /** An earlier mark may know of events that are gone, which were told: what comes now is no part of those. */
  private markBefore(): void {
    if (this.marked) return;
    if (this.plan === null) this.mustHaveEpoch();
    this.mark.write({ ...this.end, once: this.once });
    this.marked = true;
  }

  /** What people asked of the run and nobody has taken up yet. Throws JournalError. */
  requests(): readonly Request[] {
    return this.plan === null ? openRequests(this.journal, this.id) : [];
  }

  /**
   * Writes dependencies that are not there yet, for at most `budgetMs`; `now` is monotonic. False: all are written.
   */
  relate(view: RunView, budgetMs: number, now: () => number): boolean {
    if (this.related >= view.size) return false;
    const end = now() + budgetMs;
    const enough = (): boolean => now() >= end;
    this.related = this.write((projections) => projections.relate(view, this.related, enough));
    return this.related < view.size;
  }

  /** Looks whether the run has been taken over; every write does so by itself. */
  mustBeOurs(): void {
    if (this.plan === null) this.guarded(() => this.mustHaveEpoch());
  }

  /** Makes all projections of the run anew from its events. */
  rebuild(view: RunView, events: Iterable<Event>): void {
    this.write((projections) => projections.rebuild(view, events));
    this.related = view.size;
  }

  /** Resolves when all that was committed survives a loss of power. */
  async synced(): Promise<void> {
    try {
      await this.journal.sync.synced();
    } catch (error) {
      throw worded(error, this.journal.path);
    }
  }

  /** A row without its place in the chain. */
  private encode(event: Event): SqlValue[] {
    const row: SqlValue[] = [];
    encodeEvent(event, 0, (text) => this.journal.artifacts.putTextSync(text).sha256, row);
    return row;
  }

  private write<T>(work: (projections: Projections) => T): T {
    return this.guarded(() => {
      this.events.clear();
      const begun = this.held;
      this.held = false;
      const all = (): T => {
        if (this.plan !== null) this.key = this.begin(this.plan);
        this.mustHaveEpoch();
        this.projections ??= new Projections(this.journal.database, this.key, this.inputsOf);
        return work(this.projections);
      };
      const result = transact(this.journal.database, all, begun);
      this.plan = null;
      this.journal.sync.committed();
      return result;
    });
  }

  private mustHaveEpoch(): void {
    const lease = this.readEpoch.get(this.key);
    if (lease === undefined || integer(lease, "epoch") !== this.epoch) throw new LeaseLost(this.id);
  }

  private begin(plan: Plan): number {
    const { database } = this.journal;
    const { text, hash } = encodePlan(plan);
    database.prepare("INSERT OR IGNORE INTO plan (hash, body) VALUES (?, ?)").run(hash, text);
    database
      .prepare(
        `INSERT INTO run (name, plan, flow, state, started_at)
         VALUES (?, (SELECT id FROM plan WHERE hash = ?), ?, ?, 0)`,
      )
      .run(this.id, hash, plan.flow, states.indexOf("running"));
    const key = this.journal.keyOf(this.id);
    database.prepare("INSERT INTO lease (run, epoch) VALUES (?, ?)").run(key, this.epoch);
    return key;
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      const problem = worded(error, this.journal.path);
      if (!(problem instanceof JournalError)) throw problem;
      // What was never begun cannot be gone on with.
      const run = this.plan === null ? this.id : null;
      throw new JournalError(problem.kind, problem.message, problem.hint, problem.cause, {
        run,
        aside: problem.aside,
      });
    }
  }
}

/** Gives each row its CRC; the answer is where the chain has got to. */
function chain(end: ChainEnd, rows: readonly SqlValue[][]): ChainEnd {
  let { seq, crc } = end;
  for (const row of rows) {
    crc = chained(crc, row);
    row.push(crc);
    seq++;
  }
  return { seq, crc };
}
