// Who is asked by an attempt, and in which session that works.

import type { RunnerSetting } from "../compiler/plan.ts";
import type { Usage } from "./agent.ts";
import type { Lent } from "./instances.ts";

/** A declared agent as it is asked in this run. Its `env` is part of the task's. */
export interface AskedAgent {
  readonly name: string;
  readonly kind: string;
  /** Secrets stand there by their names. */
  readonly settings: Readonly<Record<string, RunnerSetting>>;
  /** Its requests are led past flowc, and held by this limit; `bounded`: it says how many there may be. */
  readonly proxy: { readonly name: string; readonly bounded: boolean } | null;
}

/** In which session an agent works, and what was before. */
export interface AskOrder {
  /** Of the session: flowc's own choice, or the one in which it goes on. */
  readonly session: string;
  /** `attempt`: an attempt of this node worked in it; `node`: an earlier node. Null: it is new. */
  readonly resumes: "attempt" | "node" | null;
  /** Why it does not go on in the session of an earlier node, as it was to, as a sentence; null: it was not, or does. */
  readonly anew: string | null;
  /** What is known to have been used in it before. */
  readonly used: Usage;
  /** How the attempt before ended, as a sentence; null: this is the first, or nothing is to be said of it. */
  readonly before: string | null;
  /** The node of whose attempts it takes the directory over: its own, or the first one of the session. */
  readonly home: number;
  /** Dollars that its own budget and those around it still allow; null: no bound. */
  readonly left: number | null;
}

/** An agent works in a session. */
export interface InSession {
  readonly n: number;
  readonly a: number;
  readonly ref: string;
  readonly of: Lent["of"];
  readonly session: string;
}

/** Another UUID, the same for the same one. */
export function freshId(id: string): string {
  const digit = (Number.parseInt(id.slice(-1), 16) + 1) % 16;
  return `${id.slice(0, -1)}${Number.isNaN(digit) ? "0" : digit.toString(16)}`;
}
