// A task as the plan holds it: its parameters, its settings with defaults filled in, and what it does.

import type { Expr, TypedExpr } from "./plan-expr.ts";
import type { UsePlan } from "./plan-limits.ts";
import type { Type } from "./types.ts";

export interface TaskPlan {
  readonly name: string;
  readonly doc: string | null;
  /** The `.flow` file that declares it, relative to the project's root. */
  readonly file: string;
  readonly params: readonly ParamSpec[];
  /** Null: no answer. Early fields are marked on the record's fields. */
  readonly answer: Type | null;
  readonly settings: TaskSettings;
  /** Null: the task only computes its `result`. */
  readonly action: Action | null;
  /** `return expr`; its env is the params, then `Env` builtins (`stdout` …). Null: the answer is `$OUT`, or the call's. */
  readonly result: Expr | null;
  /** True if `result` mentions `stdout` or `stderr` (then the log is read back, up to a bound). */
  readonly readsOutput: boolean;
  /** SHA-256 of the task's text without comments and formatting; for fingerprints and differences. */
  readonly text: string;
}

export interface ParamSpec {
  readonly name: string;
  readonly type: Type;
  readonly doc: string | null;
  readonly default?: Expr;
}

/** Settings as expressions over the task's parameters, defaults filled in by `lower`: later code sees no optionals. */
export interface TaskSettings {
  /** Name of a declared runner, or `local`. */
  readonly runner: string;
  /** Name of a declared agent, of tasks that ask one. */
  readonly agent?: string;
  /** Only in a `with`: the slot of the node in whose session it goes on. */
  readonly session?: Expr;
  /** Duration in seconds of one attempt, or null. */
  readonly timeout: Expr | null;
  /** Seconds without output after which an attempt is ended and made again, or null. */
  readonly stall: Expr | null;
  /** Exit codes that count as success, or "any". */
  readonly exitCodes: readonly number[] | "any";
  readonly retry: RetryPolicy;
  readonly effect: "pure" | "idempotent" | "once";
  /** Globs, or null: the work sees the project itself. */
  readonly reads: Expr | null;
  readonly writes: Expr | null;
  /** Where it works. Not there: in the project, or with `reads` in a fresh directory. */
  readonly workspace?: WorkspacePlan;
  /** Environment: a value, the name of a secret, or a limit whose slot it has. */
  readonly env: readonly EnvEntry[];
  /** What it takes of limits when it starts. Not there: nothing. */
  readonly uses?: readonly UsePlan[];
  /** What this machine must have free for it to start; places elsewhere count nothing. */
  readonly needs: { readonly cpu: number; readonly memory: number; readonly disk: number };
  readonly priority: "low" | "normal" | "high";
  /** A key: it prefers the instance of its runner that served this key last. Not there: none. */
  readonly affinity?: Expr;
  /**
   * Whether an answer given before may be taken: a bool, or a list of keys that stand in place of the input values. Null:
   * never.
   */
  readonly cache: Expr | null;
  /** What all attempts at one node may spend: dollars, or a record of `cost` and `tokens`. Not there: no bound. */
  readonly budget?: Expr;
  /** Takes its effect back, over the task's parameters; `$OUT` then names a file that holds its answer. */
  readonly undo: Command | null;
}

export type WorkspacePlan =
  /** `"project"` or `"scratch"`. */
  | { readonly kind: "plain"; readonly value: Expr }
  /** A worktree of git. Without a branch it is for looking; what is not there is null. */
  | {
      readonly kind: "worktree";
      readonly branch: Expr | null;
      readonly from: Expr | null;
      readonly into: Expr | null;
    };

export type EnvEntry =
  | { readonly name: string; readonly value: Expr; readonly type: Type }
  | { readonly name: string; readonly secret: string }
  /** The slot that it has of a limit. */
  | { readonly name: string; readonly slot: string };

export type FailureReason = "exit" | "timeout" | "stall" | "invalid" | "writes" | "conflict";

/** Repeats after a failure. `backoff` seconds before the first repeat, times `factor` for each further, at most `max`. */
export interface RetryPolicy {
  readonly times: number;
  readonly backoff: number;
  readonly factor: number;
  readonly max: number;
  readonly on: readonly FailureReason[];
}

/** Seconds between all its attempts together, without counting them one by one: there may be any number. */
export function pausesOf({ times, backoff, factor, max }: RetryPolicy): number {
  if (backoff <= 0 || max <= 0 || times <= 0) return 0;
  // The pauses are those up to `max`, and `max`: which come first depends on whether they grow.
  if (factor <= 0) return Math.min(backoff, max);
  if (factor === 1) return times * Math.min(backoff, max);
  const reach = Math.ceil(Math.log(max / backoff) / Math.log(factor));
  const turn = Math.min(Math.max(reach, 0), times);
  const sum = (from: number, count: number): number =>
    (backoff * (factor ** from - factor ** (from + count))) / (1 - factor);
  return factor > 1 ? sum(0, turn) + (times - turn) * max : turn * max + sum(turn, times - turn);
}

export type Action =
  | { readonly kind: "run"; readonly command: Command }
  /** `prompt` gives a string. */
  | { readonly kind: "ask"; readonly prompt: Expr }
  /** `file` relative to the project's root. */
  | { readonly kind: "call"; readonly file: string; readonly export: string };

export type Command =
  | ShellCommand
  /** An argument list, no shell. An item whose type is a list is spliced in; `none` is no argument. */
  | { readonly kind: "argv"; readonly items: readonly TypedExpr[] };

/**
 * A shell script as literal text and holes. A hole's value never enters the text: the text gets a quoted
 * reference to an environment variable, one for each word.
 */
export interface ShellCommand {
  readonly kind: "shell";
  /** What interprets it: `sh`, or what a `#!` line of the script asks for, if that is a shell we know. */
  readonly shell: "sh" | "bash";
  readonly pieces: readonly (string | ShellHole)[];
  /** When the command uses no shell feature: its words, each of pieces; then it is started without a shell. */
  readonly words: readonly (readonly (string | ShellHole)[])[] | null;
}

/** Where in the shell text a hole stands; decides how its reference is written. */
export type ShellPlace =
  /** A whole word by itself: a list is one word an item, `none` is no word. */
  | "word"
  /** A part of a bare word: `--target=~{x}`. */
  | "part"
  | "double"
  | "single"
  /** In an unquoted here-document. */
  | "here"
  /** Where the shell evaluates arithmetic; only an int may stand there. */
  | "arithmetic";

export interface ShellHole extends TypedExpr {
  readonly place: ShellPlace;
}
