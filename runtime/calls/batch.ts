// Calls handed to a worker thread together: who is done, who can still be taken back, and what becomes of whom.

import { setEntry } from "../values.ts";
import { type Call, type CallResult, stopped } from "./call.ts";
import { Slots } from "./slots.ts";

/** How long a function takes. */
export interface Known {
  calls: number;
  /** µs. */
  mean: number;
}

export interface Job {
  readonly call: Call;
  readonly stop: AbortSignal;
  /** Of its function. */
  readonly known: Known;
  /** Called once. `us`: how long the function took; null if that is not known. */
  readonly settle: (result: CallResult, us: number | null) => void;
}

/** What a thread is sent. */
export interface Handed {
  /** {@link Sent} as JSON: so many small objects take the threads' own copying twice as long. */
  readonly text: string;
  readonly shared: SharedArrayBuffer;
}

/** Of a call's variables only those that are not as in `env`, null if one is not there. */
interface Sent {
  readonly env: Call["env"];
  readonly calls: readonly (Omit<Call, "env"> & { readonly env: Readonly<Record<string, string | null>> })[];
}

/** What makes one environment of another. */
function difference(from: Call["env"], to: Call["env"]): Readonly<Record<string, string | null>> {
  if (from === to) return {};
  const changes: Record<string, string | null> = {};
  for (const name in to)
    if (!Object.hasOwn(from, name) || from[name] !== to[name]) setEntry(changes, name, to[name] ?? null);
  for (const name in from) if (!Object.hasOwn(to, name)) setEntry(changes, name, null);
  return changes;
}

/** The calls that were handed over. */
export function callsOf({ text }: Handed): readonly Call[] {
  const { env, calls }: Sent = JSON.parse(text);
  return calls.map((call) => ({ ...call, env: changed(env, call.env) }));
}

function changed(env: Call["env"], changes: Readonly<Record<string, string | null>>): Call["env"] {
  const whole: Record<string, string> = { ...env };
  for (const [name, text] of Object.entries(changes))
    if (text === null) delete whole[name];
    else setEntry(whole, name, text);
  return whole;
}

export class Batch {
  readonly abort = new AbortController();
  readonly since: number;
  private readonly slots: Slots;
  private readonly jobs: readonly Job[];
  /** Not settled and not taken back. */
  private readonly left: Set<number>;

  constructor(jobs: readonly Job[], since: number) {
    this.jobs = jobs;
    this.since = since;
    this.slots = new Slots(jobs.length);
    this.left = new Set(jobs.keys());
  }

  get handed(): Handed {
    const env = this.jobs[0]?.call.env ?? {};
    const calls = this.jobs.map(({ call }) => ({ ...call, env: difference(env, call.env) }));
    const sent: Sent = { env, calls };
    return { text: JSON.stringify(sent), shared: this.slots.shared };
  }

  /** Is there more left of it than the call that runs? */
  get several(): boolean {
    return this.left.size > 1;
  }

  has(job: Job): boolean {
    const i = this.jobs.indexOf(job);
    return i >= 0 && this.left.has(i);
  }

  /** Settles what is done, also while the thread goes on. */
  deliver(): void {
    for (const i of this.left) {
      if (this.slots.progress(i) !== "done") continue;
      const { text, us } = this.slots.result(i);
      const result: unknown = JSON.parse(text);
      this.settle(i, isResult(result) ? result : noResult, us);
    }
  }

  /** The calls that had not begun; they never will here. */
  takeBack(): readonly Job[] {
    const back: Job[] = [];
    for (const [i, job] of this.jobs.entries())
      if (this.left.has(i) && this.slots.takeBack(i)) {
        this.left.delete(i);
        back.push(job);
      }
    return back;
  }

  /** The thread has answered; `last`: the result of the call that it ended with, if that had no room elsewhere. */
  end(last: unknown): void {
    this.deliver();
    for (const i of this.left)
      if (this.slots.progress(i) === "begun") this.settle(i, isResult(last) ? last : noResult, null);
  }

  /** The thread has ended by an error. If no call had begun, it is that of the first one. */
  broken(why: CallResult): void {
    this.deliver();
    let blamed = false;
    for (const i of this.left)
      if (this.slots.progress(i) === "begun") {
        blamed = true;
        this.settle(i, this.jobs[i]?.stop.aborted === true ? stopped : why, null);
      }
    const [first] = this.left;
    if (!blamed && first !== undefined && this.left.size === this.jobs.length) this.settle(first, why, null);
  }

  private settle(i: number, result: CallResult, us: number | null): void {
    this.left.delete(i);
    this.jobs[i]?.settle(result, us);
  }
}

const noResult: CallResult = { why: "throw", message: "Its thread gave no result." };

function isResult(result: unknown): result is CallResult {
  return typeof result === "object" && result !== null && ("value" in result || "message" in result);
}
