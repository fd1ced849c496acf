// The agent contract: how one kind of coding agent is started, read and judged. It starts nothing itself.

import type { Exit, JsonSchema } from "./runner.ts";

/** An agent's settings for its kind, valid by its `settingsSchema`. */
export type AgentSettings = Readonly<Record<string, unknown>>;

/** One thing that an agent is asked: the whole of a new session, or what comes next in one. */
export interface AgentRequest {
  readonly settings: AgentSettings;
  readonly prompt: string;
  /** What its answer must be, JSON Schema 2020-12 whose root is an object; null: nobody reads an answer. */
  readonly schema: JsonSchema | null;
  /**
   * `resumes`: it goes on in this one, in which so much is known to have been `used` before. Else a UUID that a kind may give
   * its new session; it tells if it took another.
   */
  readonly session: { readonly id: string; readonly resumes: boolean; readonly used: Usage };
  /** Absolute path, as the agent sees it, of a directory for files that only this request needs. */
  readonly temporary: string;
  /** What it may spend in this request in dollars; null: no bound. */
  readonly budget: number | null;
}

/** How a request is carried out: a command like any other, with its prompt as standard input. */
export interface AgentCommand {
  readonly argv: readonly string[];
  /** What it needs; of a name that the agent's or the task's own `env` gives, that one holds. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  /** Written before it starts. `path`: below the request's `temporary`. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** What was used since the command started. Tokens as the model's API counts them; `cost` in dollars, null: not told. */
export interface Usage {
  readonly requests: number;
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly cost: number | null;
}

/** What an agent tells while it works. */
export type AgentNews =
  | { readonly kind: "session"; readonly id: string }
  /** All in all until now. */
  | { readonly kind: "usage"; readonly usage: Usage }
  /** What it does, as one short line for people. */
  | { readonly kind: "does"; readonly text: string }
  /** The model's API asked it for patience, and it waits by itself. */
  | { readonly kind: "waits"; readonly status: number; readonly afterMs: number };

/** Why an agent failed, as people would sort it. */
export type AgentFault =
  | "no-answer"
  | "denied"
  | "turns"
  | "budget"
  | "key"
  | "model"
  | "prompt"
  | "schema"
  | "session"
  | "command"
  | "api"
  | "other";

export type AgentEnd =
  /** `answer`: what it gave for the schema, not validated; undefined: none. `text`: its last words. */
  | { readonly kind: "ended"; readonly answer: unknown; readonly text: string }
  | { readonly kind: "failed"; readonly fault: AgentFault; readonly message: string }
  /** The model's API gives nothing now (429, 529): no attempt. `afterMs`: not before; null: not said. */
  | { readonly kind: "limited"; readonly message: string; readonly afterMs: number | null }
  /** The way to the model, or its API, failed (5xx, cut, no connection): not the task's fault; the session may go on. */
  | { readonly kind: "lost"; readonly message: string };

/** Reads what one command prints. */
export interface AgentReader {
  /** A line of its standard output, without the newline. */
  line(text: string): readonly AgentNews[];
  /** `errors`: the last that it wrote to standard error. */
  end(exit: Exit, errors: string): AgentEnd;
}

/** How one process of a kind serves several requests, one after the other: each is a line of its standard input. */
export interface WarmKind {
  /** Starts it. `resumes`: it begins in that session. The request's prompt and budget are no matter of it. */
  command(request: AgentRequest): Omit<AgentCommand, "stdin">;
  /** The line, without newline, by which it is asked. */
  ask(prompt: string): string;
  /** The line after which it remembers nothing, and has a new session. */
  readonly forget: string;
  /** `before`: that of what it was told before; null: it is told this first. */
  reader(request: AgentRequest, before: WarmReader | null): WarmReader;
}

export interface WarmReader extends AgentReader {
  /** What it was told is done: it can be told something else. */
  readonly isOver: boolean;
  /** In which it works; "": not told yet. */
  readonly session: string;
}

/** How an agent is told by its environment where the API of its model is, so that flowc can stand in between. */
export interface AgentApi {
  /** The variable with the API's address. */
  readonly url: string;
  /** Its address where that variable is not set; null: it has to be. */
  readonly usual: string | null;
  /** Variables that hold keys for it. What stands there comes to the API in a header. */
  readonly keys: readonly string[];
}

export interface AgentKind {
  /** The word in `agent x { KIND: { … } }`. */
  readonly kind: string;
  readonly settingsSchema: JsonSchema;
  /** How to get its program, as a sentence: told when it is not there. */
  readonly install: string;
  /** False: it never tells what it costs, so that a budget in money cannot bound it. */
  readonly tellsCost?: boolean;
  command(request: AgentRequest): AgentCommand;
  reader(request: AgentRequest): AgentReader;
  /** Null, or not there: flowc cannot stand between it and its model. */
  api?(settings: AgentSettings): AgentApi | null;
  /** Null, or not there: each request is a command of its own. `settings`: those of the agent. */
  warm?(settings: AgentSettings): WarmKind | null;
}

/** What can be told of a kind without asking anybody: `flowc check` reads it. */
export type AgentFacts = Pick<AgentKind, "kind" | "settingsSchema" | "install" | "tellsCost" | "api">;
