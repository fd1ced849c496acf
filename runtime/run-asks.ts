// What a run knows of its agents: in which session each node works, what was used in it, and how it was broken off. Changed by `apply` alone.

import type { Usage } from "./agent.ts";
import type { EventBody } from "./events.ts";
import { noUsage, plus } from "./usage.ts";

interface Session {
  readonly id: string;
  /** Key of the attempts that worked in it: with other values it is other work. */
  readonly key: string;
  /** Its node has succeeded: if it ever runs again, it begins anew. */
  readonly over: boolean;
}

export class Asks {
  private readonly sessions = new Map<number, Session>();
  private readonly keys = new Map<number, string>();
  private readonly limits = new Map<number, number>();
  private readonly ends = new Map<number, string>();
  /** By session, and by attempt. */
  private readonly uses = new Map<string, Map<string, Usage>>();

  started(n: number, key: string): void {
    this.keys.set(n, key);
  }

  placed(n: number, session: string): void {
    this.sessions.set(n, { id: session, key: this.keys.get(n) ?? "", over: false });
  }

  used({ n, a, usage }: Extract<EventBody, { type: "attempt.used" }>): void {
    const session = this.sessionOf(n);
    if (session === null) return;
    const uses = this.uses.get(session) ?? new Map<string, Usage>();
    this.uses.set(session, uses.set(`${n} ${a}`, usage));
  }

  /** What all attempts in a session have told to have used. */
  usedIn(session: string): Usage {
    return [...(this.uses.get(session)?.values() ?? [])].reduce(plus, noUsage);
  }

  ended(n: number, event: Extract<EventBody, { type: "attempt.ended" }>): void {
    if (event.why === "limited") this.limits.set(n, this.limited(n) + 1);
    else this.limits.delete(n);
    if (event.message === undefined) this.ends.delete(n);
    else this.ends.set(n, event.message);
    const session = this.sessions.get(n);
    if (event.outcome === "succeeded" && session !== undefined)
      this.sessions.set(n, { ...session, over: true });
  }

  /** So many attempts in a row have met a limit. */
  limited(n: number): number {
    return this.limits.get(n) ?? 0;
  }

  /** The session in which the node works, or worked. */
  sessionOf(n: number): string | null {
    return this.sessions.get(n)?.id ?? null;
  }

  /** The session in which an attempt with this key goes on; null: a new one. `before`: how the last attempt ended. */
  goesOn(n: number, key: string): { readonly session: string; readonly before: string | null } | null {
    const session = this.sessions.get(n);
    if (session === undefined || session.over || session.key !== key) return null;
    return { session: session.id, before: this.ends.get(n) ?? null };
  }
}
