// Kinds of runners and agents as the compiler sees them: through the Host, by their JSON Schemas; it knows none by itself.

import type { JsonSchema } from "./schema.ts";
import type { Value } from "./types.ts";

/** What can be told of a kind without making anything. */
export interface KindFacts {
  readonly kind: string;
  /** JSON Schema 2020-12 of an object; see `compiler/kind-settings.ts` for what `x-flowc` says in it. */
  readonly settingsSchema: JsonSchema;
  /** What an account or an engine allows at most with these settings; null: no bound is known. */
  quota(settings: Readonly<Record<string, unknown>>): {
    readonly instances: number | null;
    readonly perSecond: number | null;
  };
}

/** The same of a kind of agent. */
export interface AgentFacts extends Pick<KindFacts, "kind" | "settingsSchema"> {
  /** False: it never tells what it costs. */
  readonly tellsCost?: boolean;
  /** How it is told where its model's API is; null, or not there: it cannot be told. */
  api?(settings: Readonly<Record<string, unknown>>): object | null;
}

/** There is a package for it, and it cannot be used: a sentence that says why. */
export interface BrokenKind {
  readonly problem: string;
}

export interface Kinds<Facts> {
  /** Of all kinds there are: built in, then installed in the project. */
  names(): readonly string[];
  /** Null: neither built in nor installed. */
  find(kind: string): Facts | BrokenKind | null;
}

export type AgentKinds = Kinds<AgentFacts>;

export interface RunnerKinds extends Kinds<KindFacts> {
  /** What is wrong with settings as plain values, and where: `user`, `mounts[0].path`; null if nothing. */
  problemOf(schema: JsonSchema, settings: Value): { readonly path: string; readonly reason: string } | null;
}

/** The name of the package that brings a kind. */
export function packageOfKind(of: "runner" | "agent", kind: string): string {
  return `flowc-${of}-${kind}`;
}
