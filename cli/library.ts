// What `import … from "flowc"` gives to programs: to run a flow and hear of it, and to answer what a run asks.

import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunResult as Executed } from "../runtime/execute.ts";
import { approve as answering } from "./approve.ts";
import { FlowError, flowErrorOf } from "./flow-error.ts";
import { warnOfGone } from "./gone.ts";
import { ProgramRun } from "./library-run.ts";
import type { Run } from "./library-types.ts";
import { absentNodes } from "./only.ts";
import { type Audience, performed } from "./perform.ts";
import { projectOf } from "./project.ts";
import type { RunRequest } from "./request.ts";
import { run as runs } from "./run.ts";
import { settingOf } from "./set.ts";
import { version } from "./version.ts";
import { type Embedding, embeddedWorld, type World } from "./world.ts";

/** Where runs are, and what secrets are taken from. */
export interface PlaceOptions {
  /** Where relative paths start; where the program was started if not said. */
  readonly cwd?: string;
  /** The folder in which runs are kept; `.flowc` in the project if not said. */
  readonly state?: string;
}

/** As the options of `flowc run` of the same names. */
export interface RunOptions extends PlaceOptions {
  /** A `.flow` file, or a plan that `flowc plan --format json` printed. Not needed with `resume`. */
  readonly file?: string;
  /** The flow of the file; `main` or the only one if not said. */
  readonly flow?: string;
  /** By name, as JSON has them: a duration is `"5m"`, a file its path. */
  readonly inputs?: Readonly<Record<string, unknown>>;
  /** How much may compute at once on this machine; its cores if not said. */
  readonly jobs?: number;
  /** The kind of place for declared runners: `local`, `docker`, `e2b` or an installed one. */
  readonly on?: string;
  /** `{ "rust.instances": 5 }`: settings of runners, limits and agents in place of the file's. */
  readonly set?: Readonly<Record<string, string | number | boolean>>;
  /** Names of nodes to run, with what they need. */
  readonly only?: readonly string[];
  /** Start nothing more after the first failure. */
  readonly failFast?: boolean;
  /** A run's id, or `last`: goes on where it stopped; with an edited file in a new run. */
  readonly resume?: string;
  /** With `resume`: with the plan as recorded, even if the file has changed. */
  readonly stored?: boolean;
  /** With `resume`: also from a flowc that still has the run, which is ended first. */
  readonly takeOver?: boolean;
  /** With `resume`: nodes that may be done only once and are to run again. */
  readonly again?: readonly string[];
  /** False: it ends as `waiting` when only a person can move it on. */
  readonly wait?: boolean;
  /** Environment of local commands, and where secrets are looked up; the program's own if not said. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Aborted, the run ends in order. */
  readonly signal?: AbortSignal;
  /** Told what is no event: warnings, an image that is fetched. Each text may have several lines. */
  readonly tell?: (text: string) => void;
}

/** What a person says to a run. */
export interface AnswerOptions extends PlaceOptions {
  /** A run's id, or `last`. */
  readonly run: string;
  /** The gate; or a node whose end is not known; or with `extend` what has a budget. */
  readonly gate: string;
  /** By how much the budget grows: `20USD`, or a number of tokens. */
  readonly extend?: string;
  /** One of the gate's items; not needed if only one is open. */
  readonly item?: string;
  /** All items that are open. */
  readonly all?: boolean;
  /** Of a node that has happened: its answer. */
  readonly value?: unknown;
  /** Who says so; the user that the program runs as if not said. */
  readonly by?: string;
  readonly note?: string;
}

/** What became of an answer: `taken` up by the run, or `kept` until it is resumed. */
export interface Answered {
  readonly item: string | null;
  readonly status: "taken" | "kept";
  readonly message: string;
}

/**
 * Begins to run a flow, or goes on with a run. Nothing is printed, the process is never ended, and no signal of it is
 * listened to. Breaking out of a loop over the events ends the run in order.
 */
export function run(options: RunOptions): Run {
  const { signal, tell = () => {} } = options;
  const place = whereOf(options);
  const world = worldOf(place, {
    env: options.env ?? process.env,
    input: options.inputs === undefined ? "" : JSON.stringify(options.inputs),
    err: (text) => tell(text.replace(/\n$/, "")),
  });
  const stateOf = (): string => projectOf(world, options.file ?? null, place.state).state;
  const began = async (going: ProgramRun): Promise<Executed> => {
    // Whoever calls has the run before anything of it happens.
    await null;
    signal?.throwIfAborted();
    const cancel = (): void => going.cancel();
    signal?.addEventListener("abort", cancel);
    try {
      return await executed(requestOf(options, place.state), going, tell, world);
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  };
  return new ProgramRun(began, stateOf, () => world.now());
}

async function executed(
  request: RunRequest,
  going: ProgramRun,
  tell: (text: string) => void,
  world: World,
): Promise<Executed> {
  const done: Executed[] = [];
  await runs(request, world, async (request, project, journal, start, world) => {
    const audience: Audience = {
      stop: going.stop,
      stopNow: going.stopNow,
      gone: (gone, view) => warnOfGone(gone, view, world),
      tell,
      watch: (news) => going.watch(news),
    };
    done.push(await performed(request, project, journal, start, audience, world, async (result) => result));
    return 0;
  });
  const [ended] = done;
  if (ended === undefined) throw new Error("a run has ended without a result");
  const absent = absentNodes(ended.view, null);
  if (absent !== null) throw new FlowError("request", absent.lines.join("\n"));
  return ended;
}

function requestOf(options: RunOptions, state: string | null): RunRequest {
  const { file = null, resume = null, jobs = availableParallelism() } = options;
  if (file === null && resume === null) throw new FlowError("request", "Say a `file`, or a run to `resume`.");
  if (!Number.isInteger(jobs) || jobs < 1 || jobs > 10_000)
    throw new FlowError("request", "`jobs` must be a whole number from 1 to 10000.");
  return {
    command: "run",
    file,
    flow: options.flow ?? null,
    input: [],
    inputs: options.inputs === undefined ? null : "-",
    jobs,
    resume,
    stored: options.stored ?? false,
    takeOver: options.takeOver ?? false,
    again: options.again ?? [],
    only: options.only ?? [],
    failFast: options.failFast ?? false,
    dryRun: false,
    ui: "quiet",
    json: false,
    report: null,
    state,
    on: options.on ?? null,
    set: Object.entries(options.set ?? {}).map(setOf),
    wait: options.wait ?? true,
  };
}

function setOf([path, value]: readonly [string, string | number | boolean]): string {
  const text = `${path}=${value}`;
  if (settingOf(text) === null)
    throw new FlowError("request", `\`set\` has ${JSON.stringify(path)}, which is no RUNNER.KEY.`);
  return text;
}

/** As `flowc approve --json` prints it. */
interface Told {
  readonly item?: string;
  readonly status: string;
  readonly message: string;
}

/** Says yes to what a gate asks, or that a node of which nobody knew has happened. Rejects with a {@link FlowError}. */
export function approve(options: AnswerOptions): Promise<readonly Answered[]> {
  return answer("approve", options);
}

/** Says no to what a gate asks, or that a node of which nobody knew has not happened. Rejects with a {@link FlowError}. */
export function reject(options: AnswerOptions): Promise<readonly Answered[]> {
  return answer("reject", options);
}

async function answer(command: "approve" | "reject", options: AnswerOptions): Promise<readonly Answered[]> {
  const place = whereOf(options);
  let told = "";
  const out = (text: string): void => {
    told += text;
  };
  const world = worldOf(place, { env: process.env, input: "", err: () => {}, out });
  const { run, gate, item = null, all = false, by = null, note = null, extend = null } = options;
  const value = options.value === undefined ? null : JSON.stringify(options.value);
  try {
    await answering(
      { command, run, gate, item, all, value, by: extend, as: by, note, json: true, state: place.state },
      world,
    );
  } catch (error) {
    throw flowErrorOf(error);
  }
  const { requests }: { requests: readonly Told[] } = JSON.parse(told);
  return requests.map(({ item = null, status, message }) => {
    if (status !== "taken" && status !== "kept") throw new FlowError("refused", message);
    return { item, status, message };
  });
}

function whereOf({ cwd, state }: PlaceOptions): { readonly cwd: string; readonly state: string | null } {
  return { cwd: resolve(cwd ?? "."), state: state ?? null };
}

function worldOf(
  { cwd }: { readonly cwd: string },
  parts: Pick<Embedding, "env" | "input" | "err"> & { readonly out?: (text: string) => void },
): World {
  // Commands of a flow that call flowc mean the program.
  const program = fileURLToPath(new URL("../bin/flowc.cjs", import.meta.url));
  return embeddedWorld({ cwd, version: version(), program, out: () => {}, ...parts });
}
