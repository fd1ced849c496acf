// What an attempt is told to do, and the world in which it does it.

import type { TaskPlan } from "../compiler/plan-tasks.ts";
import type { Type, TypeTable, Value } from "../compiler/types.ts";
import type { AgentKind, Usage } from "./agent.ts";
import type { Turns } from "./ask-home.ts";
import type { WarmAgents } from "./ask-warm.ts";
import type { AskedAgent, AskOrder, InSession } from "./asked.ts";
import type { LentWorld } from "./attempt-lent.ts";
import type { CallPool } from "./calls/pool.ts";
import type { Changes } from "./changes.ts";
import type { WorkspaceSetting } from "./decide-args.ts";
import type { EarlyWorld } from "./early.ts";
import type { EnvText } from "./environment.ts";
import type { EventBody, Landed } from "./events.ts";
import type { Trees } from "./git/trees.ts";
import type { WorktreePast } from "./git/worktree.ts";
import type { ApiProxy } from "./proxy/proxy.ts";
import type { Folders, Scratch } from "./scratch.ts";
import type { FileAccess } from "./values.ts";

/** An attempt's work in a worktree is done and committed, and this is what it gives; only the merge is left. */
export type Answered = Omit<Extract<EventBody, { type: "attempt.answered" }>, "type" | "n" | "a">;

/** Settings of one node, evaluated. */
export interface AttemptSettings {
  readonly runner: string;
  /** Null: no bound. */
  readonly timeoutSeconds: number | null;
  /** So long without output, and it is ended. Null: no bound. */
  readonly stallSeconds: number | null;
  readonly exitCodes: readonly number[] | "any";
  /** Null: the work sees the project itself. */
  readonly reads: readonly string[] | null;
  /** What it may change in the project; null: it promises nothing. */
  readonly writes: readonly string[] | null;
  readonly workspace: WorkspaceSetting;
  readonly env: readonly EnvText[];
  /** It prefers the instance of its runner that served this key last. */
  readonly affinity: string | null;
  /** By its priority: 0 is served before 1 before 2. */
  readonly rank: number;
  readonly needs: { readonly cpu: number; readonly memory: number };
  /** Who is asked, if the task asks anybody. */
  readonly asked: AskedAgent | null;
}

/** What to do: one attempt of one node. */
export interface AttemptOrder {
  readonly run: string;
  readonly n: number;
  readonly a: number;
  /** The node's name, as people know it. */
  readonly name: string;
  /** The idempotency key: equal for all attempts of this node with these values. */
  readonly key: string;
  readonly task: TaskPlan;
  /** In the order of the task's params. */
  readonly values: readonly Value[];
  readonly settings: AttemptSettings;
  readonly types: TypeTable;
  /** Of an undo: what the node answered; the command finds it in `$OUT`. */
  readonly undone?: { readonly value: Value; readonly type: Type };
  /** Early fields that an earlier attempt gave: they are final. */
  readonly early: readonly { readonly field: string; readonly value: Value }[];
  /** Of a task that asks. */
  readonly ask: AskOrder | null;
  /** What is known of its worktree; not there: it has none. */
  readonly tree?: WorktreePast;
  /** Its work is done already: only the merge is left. */
  readonly answered?: Answered;
  /** Of an undo: a merge that is taken back. */
  readonly revert?: Landed;
}

/** What an attempt needs to work in a worktree. */
export interface TreeWorld {
  readonly trees: Trees;
  /** To be told that its work is done and committed. True when that is on the disk; false: it does not count any more. */
  answered(n: number, a: number, given: Answered): Promise<boolean>;
}

/** What all attempts of a run share. */
export interface AttemptWorld extends EarlyWorld, LentWorld, TreeWorld {
  /** Absolute. */
  readonly project: string;
  /** Absolute: where this run's logs and temporary directories are. */
  readonly runFolder: string;
  /** flowc's own environment; a short allow-list is taken from it. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly files: FileAccess;
  readonly calls: CallPool;
  readonly scratch: Scratch;
  readonly logs: Folders;
  readonly changes: Changes;
  isOurs(): boolean;
  /** Told where an agent is, and in which session; resolves when that is committed. */
  inSession(n: number, a: number, at: Pick<InSession, "ref" | "of" | "session">): Promise<void>;
  /** Its agent has said something for the first time: it works. */
  speaks(n: number, a: number): void;
  /** What its agent has used in this attempt until now. */
  used(n: number, a: number, usage: Usage): void;
  /** What serves its agent wants to be left alone for so long. */
  limited(n: number, a: number, afterMs: number): void;
  /** What the agent does, as a short line for people. */
  does(n: number, text: string): void;
  /** In front of the models' APIs; made when it is asked for. */
  proxy(): Promise<ApiProxy>;
  /** Agents that stay in the instances of declared runners. */
  readonly warm: WarmAgents;
  /** Who goes on in one session does so when the one before has ended. */
  readonly turns: Turns;
  /** What an agent left where it worked may be needed by a later node. */
  readonly keepsHomes: boolean;
  /** `open` of runners/agent-registry. */
  agent(kind: string): Promise<AgentKind | { readonly problem: string }>;
}
