// A small world for attempts in the tests: a project, a run's folder, the real store, runner and threads.

import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PLAN_VERSION, type Plan } from "../compiler/plan.ts";
import type { Expr } from "../compiler/plan-expr.ts";
import type { Command, TaskPlan } from "../compiler/plan-tasks.ts";
import type { FileValue, Type, TypeTable, Value } from "../compiler/types.ts";
import { analyzeShell } from "../grammar/shell.ts";
import { openAgentRegistry } from "../runners/agent-registry.ts";
import { localRunner } from "../runners/local.ts";
import type { Usage } from "../runtime/agent.ts";
import { openArtifacts } from "../runtime/artifacts.ts";
import { Turns } from "../runtime/ask-home.ts";
import { WarmAgents } from "../runtime/ask-warm.ts";
import { runAttempt } from "../runtime/attempt.ts";
import type { AttemptOrder, AttemptSettings, AttemptWorld } from "../runtime/attempt-order.ts";
import { ownInstance } from "../runtime/attempt-places.ts";
import type { AttemptReport } from "../runtime/attempt-report.ts";
import { type CallOptions, type CallPool, openCalls } from "../runtime/calls/pool.ts";
import { Changes } from "../runtime/changes.ts";
import { openFiles } from "../runtime/files.ts";
import { MergeTurns, Trees } from "../runtime/git/trees.ts";
import { logPaths } from "../runtime/log-paths.ts";
import { Folders, Scratch } from "../runtime/scratch.ts";
import { commandOf, partsOf } from "./bound-commands.ts";

export const string: Type = { kind: "string" };
export const file: Type = { kind: "file" };
export const dir: Type = { kind: "dir" };
export const listOf = (of: Type): Type => ({ kind: "list", of });
export const optional = (of: Type): Type => ({ kind: "optional", of });
export const record = (fields: Readonly<Record<string, Type>>): Type => ({
  kind: "record",
  fields: Object.entries(fields).map(([name, type]) => ({ name, type, doc: null, early: false })),
});

export const env = (name: "stdout" | "stderr" | "exit_code" | "elapsed"): Expr => ({ k: "env", name });
export const param = (i: number): Expr => ({ k: "slot", up: 0, i });
export const call = (fn: string, ...args: readonly (string | Expr)[]): Expr => ({
  k: "call",
  fn,
  args: args.map((arg) => (typeof arg === "string" ? { k: "lit", v: arg } : arg)),
  types: args.map(() => string),
});

/** A task as tests write it: a script with `~{0}` for its first parameter, an argument list, or a module's export. */
export interface TestTask {
  readonly run?: string | readonly string[];
  readonly call?: { readonly file: string; readonly export: string };
  /** Types of the parameters `a`, `b`, …, with their values. */
  readonly values?: readonly (readonly [Type, Value])[];
  readonly answer?: Type;
  readonly result?: Expr;
  readonly settings?: Partial<AttemptSettings>;
  readonly types?: TypeTable;
  /** Early fields that an attempt before gave. */
  readonly known?: AttemptOrder["early"];
  /** A prompt, for the agent in its settings. */
  readonly ask?: string;
  readonly session?: AttemptOrder["ask"];
}

export interface TestWorld {
  readonly project: string;
  readonly world: AttemptWorld;
  readonly placed: readonly string[];
  /** Early fields that were taken. */
  readonly early: readonly {
    readonly n: number;
    readonly a: number;
    readonly field: string;
    readonly value: Value;
  }[];
  /** Sessions of agents, what they used and what they said that they do, as it was told. */
  readonly sessions: readonly string[];
  readonly used: readonly Usage[];
  readonly does: readonly string[];
  /** For how long its API wants to be left alone, in ms. */
  readonly pauses: readonly number[];
  /** Writes a file of the project. */
  write(path: string, text: string, mode?: number): void;
  attempt(task: TestTask, stop?: AbortSignal): Promise<AttemptReport>;
  /** What the last attempt printed. */
  printed(): { readonly out: string; readonly err: string };
  close(): Promise<void>;
}

const emptyPlan: Plan = {
  version: PLAN_VERSION,
  flow: "main",
  doc: null,
  inputs: [],
  answer: null,
  types: {},
  tasks: {},
  flows: {},
  steps: [],
  seen: [],
  base: "",
  secrets: [],
  runners: [],
};

/** Opens a world; `secrets` by name, `inherited` beside PATH. */
export function openTestWorld({
  secrets = {},
  inherited = {},
  calls: callOptions = { threads: 4 },
}: {
  readonly secrets?: Readonly<Record<string, string>>;
  readonly inherited?: Readonly<Record<string, string>>;
  readonly calls?: CallOptions;
} = {}): TestWorld {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "flowc-attempt-")));
  const project = join(root, "project");
  mkdirSync(project);
  const artifacts = openArtifacts(join(root, "state"));
  const runFolder = join(root, "state", "runs", "r1");
  const calls: CallPool = openCalls(callOptions);
  const placed: string[] = [];
  const early: { n: number; a: number; field: string; value: Value }[] = [];
  const sessions: string[] = [];
  const used: Usage[] = [];
  const does: string[] = [];
  const pauses: number[] = [];
  const runner = localRunner({ graceMs: 300 });
  const warm = new WarmAgents({
    run: "r1",
    folder: join(root, "agents"),
    isOurs: () => true,
    started: () => {},
  });
  const world: AttemptWorld = {
    project,
    runFolder,
    inherited: { PATH: process.env["PATH"], ...inherited },
    secrets: new Map(Object.entries(secrets)),
    files: openFiles(project, emptyPlan, artifacts, runFolder),
    artifacts,
    calls,
    scratch: new Scratch(join(runFolder, "tmp")),
    logs: new Folders(),
    changes: new Changes(project),
    take: async (name, wanted) =>
      name === "local"
        ? ownInstance(runner, project, wanted, { isOurs: () => true })
        : { problem: "refused", message: `There is no runner \`${name}\`.` },
    now: () => performance.now(),
    timer: (ms, wake) => {
      const timer = setTimeout(wake, ms);
      return () => clearTimeout(timer);
    },
    placed: async (_n, _a, ref) => void placed.push(ref),
    isOurs: () => true,
    trees: new Trees({
      ...{ run: "r1", project, runFolder, turns: new MergeTurns(), tell: () => {} },
      inherited: { PATH: process.env["PATH"] },
    }),
    answered: async () => true,
    proxy: async () => {
      throw new Error("no agent here has a proxy");
    },
    early: (n, a, field, value) => early.push({ n, a, field, value }),
    inSession: async (_n, _a, { ref, session }) => {
      placed.push(ref);
      sessions.push(session);
    },
    speaks: () => {},
    used: (_n, _a, usage) => used.push(usage),
    limited: (_n, _a, afterMs) => pauses.push(afterMs),
    does: (_n, text) => does.push(text),
    warm,
    turns: new Turns(),
    keepsHomes: false,
    agent: (kind) => openAgentRegistry([]).open(kind),
  };
  let n = 0;
  return {
    project,
    world,
    placed,
    early,
    sessions,
    used,
    does,
    pauses,
    write: (path, text, mode = 0o644) => {
      mkdirSync(dirname(join(project, path)), { recursive: true });
      writeFileSync(join(project, path), text, { mode });
    },
    attempt: (task, stop = new AbortController().signal) => {
      const settings = {
        runner: "local",
        timeoutSeconds: 30,
        stallSeconds: null,
        exitCodes: [0],
        needs: { cpu: 1, memory: 0 },
        affinity: null,
        rank: 1,
        reads: null,
        writes: null,
        workspace: "project" as const,
        env: [],
        asked: null,
        ...task.settings,
      };
      const { values = [], types = {}, known = [] } = task;
      const order = { run: "r1", n: ++n, a: 1, name: `node.${n}`, key: `key-${n}`, settings, types };
      return runAttempt(
        {
          ...order,
          early: known,
          ask: task.session ?? null,
          task: planOf(task),
          values: values.map(([, value]) => value),
        },
        world,
        stop,
      );
    },
    printed: () => {
      const logs = logPaths(world.runFolder, n, 1);
      // What prints nothing needs no file.
      const text = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");
      return { out: text(logs.out), err: text(logs.err) };
    },
    close: async () => {
      await calls.close();
      await world.scratch.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function planOf(task: TestTask): TaskPlan {
  const { values = [], answer = null, result = null } = task;
  return {
    name: "work",
    doc: null,
    file: "main.flow",
    params: values.map(([type], i) => ({ name: String.fromCharCode(97 + i), type, doc: null })),
    answer,
    settings: {
      runner: "local",
      timeout: null,
      stall: null,
      exitCodes: [0],
      retry: { times: 0, backoff: 0, factor: 1, max: 0, on: [] },
      effect: "idempotent",
      reads: null,
      writes: null,
      env: [],
      needs: { cpu: 1, memory: 0, disk: 0 },
      priority: "normal",
      cache: null,
      undo: null,
    },
    action: actionOf(task),
    result,
    readsOutput: false,
    text: "",
  };
}

function actionOf({ run, call: called, ask, values = [] }: TestTask): TaskPlan["action"] {
  if (ask !== undefined) return { kind: "ask", prompt: { k: "lit", v: ask } };
  if (called !== undefined) return { kind: "call", ...called };
  if (run === undefined) return null;
  const typeOf = (i: number): Type => values[i]?.[0] ?? string;
  if (typeof run !== "string")
    return {
      kind: "run",
      command: { kind: "argv", items: run.map((v) => ({ expr: { k: "lit", v }, type: string })) },
    };
  const script = analyzeShell(partsOf(run));
  if (script.problems.length > 0) throw new Error(JSON.stringify(script.problems));
  const command = commandOf(script);
  const typed = <P>(piece: P): P =>
    typeof piece === "object" && piece !== null && "expr" in piece
      ? { ...piece, type: typeOf(numberOf(piece.expr)) }
      : piece;
  const words = command.words?.map((word) => word.map(typed)) ?? null;
  return { kind: "run", command: { ...command, pieces: command.pieces.map(typed), words } satisfies Command };
}

function numberOf(expr: unknown): number {
  return typeof expr === "object" && expr !== null && "i" in expr && typeof expr.i === "number" ? expr.i : 0;
}

/** A secret with all that encodings change. */
export const secret = 'hunter2-s3cr"et/ü+~';

/** A world that knows {@link secret} as `TOKEN`, and whose own environment is not for tasks. */
export function openSecretWorld(): TestWorld {
  return openTestWorld({
    secrets: { TOKEN: secret },
    inherited: {
      HOME: "/home/me",
      LC_ALL: "C.UTF-8",
      TZ: "UTC",
      AWS_SECRET_ACCESS_KEY: "x",
      NODE_OPTIONS: "--bad",
      EDITOR: "vi",
    },
  });
}

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export const fileOf = (path: string, text: string): FileValue & Record<string, string | number> => ({
  path,
  name: path.slice(path.lastIndexOf("/") + 1),
  size: Buffer.byteLength(text),
  sha256: sha256(text),
});
