// What was asked of flowc: a command with every flag checked and every default filled in.

/** `--input name=value`; `name=@file.json` reads the file. */
export interface GivenInput {
  readonly name: string;
  readonly text: string;
}

export type Ui = "auto" | "plain" | "json" | "quiet";

export interface RunRequest {
  readonly command: "run";
  /** Null: only with `resume`, then the run's own. */
  readonly file: string | null;
  readonly flow: string | null;
  readonly input: readonly GivenInput[];
  /** A JSON file with an object of inputs. */
  readonly inputs: string | null;
  readonly jobs: number;
  /** A run's id, or `last`. */
  readonly resume: string | null;
  /** Go on with the plan as recorded, even if the file gives another one now. */
  readonly stored: boolean;
  /** With `resume`: from an owner that lives, too. */
  readonly takeOver: boolean;
  /** Nodes that may be done only once and are to run again. */
  readonly again: readonly string[];
  readonly only: readonly string[];
  readonly failFast: boolean;
  readonly dryRun: boolean;
  readonly ui: Ui;
  readonly json: boolean;
  readonly report: string | null;
  readonly state: string | null;
  /** The kind of place for declared runners; null: of a new run the first of each, of a resumed one what it has. */
  readonly on: string | null;
  /** `RUNNER.KEY=VALUE` in place of what the file says. */
  readonly set: readonly string[];
  /** False with `--no-wait`: exit 3 instead of waiting for a person. */
  readonly wait: boolean;
}

/** A person asks something of a run. */
interface Asking {
  readonly run: string;
  /** Who asks; null: the login user. */
  readonly as: string | null;
  readonly note: string | null;
  readonly json: boolean;
  readonly state: string | null;
}

export type PlanFormat = "table" | "json" | "mermaid" | "dot" | "svg";

export type ReportFormat = "md" | "html" | "json" | "junit";

export type Shell = "bash" | "zsh" | "fish";

export type CheckFormat = "text" | "json" | "github";

export type Request =
  | { readonly command: "text"; readonly text: string; readonly exit: number }
  | {
      readonly command: "check";
      readonly files: readonly string[];
      /** Null: not asked for, so what suits the place. */
      readonly format: CheckFormat | null;
      readonly strict: boolean;
      /** The kind of place for declared runners; null: the first of each. */
      readonly on: string | null;
      readonly set: readonly string[];
    }
  | { readonly command: "explain"; readonly code: string | null; readonly json: boolean }
  | { readonly command: "completion"; readonly shell: Shell }
  | { readonly command: "doctor"; readonly json: boolean }
  | {
      /** Asked by the script that `completion` prints: what may stand at the end of a line. */
      readonly command: "complete";
      readonly shell: Shell;
      /** After `flowc`, as typed; the last one is being typed. */
      readonly words: readonly string[];
    }
  | RunRequest
  | {
      readonly command: "plan";
      readonly file: string;
      readonly flow: string | null;
      readonly format: PlanFormat;
      readonly state: string | null;
      readonly on: string | null;
      readonly set: readonly string[];
      readonly input: readonly GivenInput[];
      readonly inputs: string | null;
    }
  | {
      readonly command: "fmt";
      readonly files: readonly string[];
      readonly check: boolean;
      readonly stdin: boolean;
    }
  | { readonly command: "list"; readonly file: string; readonly json: boolean }
  | { readonly command: "runs"; readonly json: boolean; readonly state: string | null }
  | { readonly command: "show"; readonly run: string; readonly json: boolean; readonly state: string | null }
  | {
      readonly command: "why";
      readonly run: string;
      readonly node: string;
      readonly json: boolean;
      readonly state: string | null;
    }
  | {
      readonly command: "logs";
      readonly run: string;
      readonly node: string | null;
      readonly follow: boolean;
      readonly state: string | null;
    }
  | {
      readonly command: "report";
      readonly run: string;
      readonly format: ReportFormat;
      readonly state: string | null;
    }
  | {
      readonly command: "gc";
      readonly keep: number;
      readonly olderThanMs: number;
      readonly dryRun: boolean;
      readonly json: boolean;
      readonly state: string | null;
    }
  | ({ readonly command: "cancel" } & Asking)
  | ({
      readonly command: "retry" | "skip" | "pause" | "resume";
      /** Its name; to pause and resume also that of a `for`, `if`, phase, gate or flow call. */
      readonly node: string;
    } & Asking)
  | ({
      readonly command: "approve" | "reject";
      /** JSON: the answer of a node that has happened. */
      readonly value: string | null;
      readonly gate: string;
      /** Null: the only one that is open. */
      readonly item: string | null;
      /** All that are open. */
      readonly all: boolean;
      /** By so much its budget is extended, as typed: `20USD`, or a number of tokens. */
      readonly by: string | null;
    } & Asking);

export type RequestOf<C extends Request["command"]> = Extract<Request, { command: C }>;
