// The local runner: an instance is a directory on this machine, a command is a process group of its own.

import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { filesBelow } from "../runtime/folder.ts";
import {
  COOKIE,
  cookieOf,
  type ExecCommand,
  type Exit,
  type Instance,
  type InstanceSpec,
  type Output,
  type Runner,
} from "../runtime/runner.ts";
import { copyIn, readBounded, watchFolder } from "./local-files.ts";
import { type Launch, type Launched, launch } from "./local-launch.ts";
import { carriersOf, endCarriers, endGroup, runsFound, signalGroup } from "./local-processes.ts";
import { Slots } from "./local-slots.ts";

export interface LocalOptions {
  /** How long processes have between TERM and KILL. */
  readonly graceMs: number;
  /** So many commands of a run are started the plain way: for a run of a few, shells that stay do not pay. */
  readonly plainFirst: number;
}

/** The cookie of a run's shells. */
const shellsOf = (run: string): string => `${run}.shells`;

const usual: LocalOptions = { graceMs: 5_000, plainFirst: 3 };

/** Makes the runner of kind `local`. */
export function localRunner(asked: Partial<LocalOptions> = {}): Runner {
  const options = { ...usual, ...asked };
  const running: Running = new Map();
  const shells = new Map<string, Slots>();
  const slotsOf = (run: string): Slots => {
    const known = shells.get(run) ?? new Slots(shellsOf(run), options.plainFirst);
    shells.set(run, known);
    return known;
  };
  return {
    kind: "local",
    settingsSchema: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {},
      additionalProperties: false,
    },
    open: async (spec) => openLocal(spec, options, running, slotsOf(spec.tag.run)),
    find: async (run) => {
      const ofRun = (ref: string): boolean => ref.startsWith(`${run}.`);
      // Before the look, which may take longer than one of them.
      const here = [...running.keys()].filter(ofRun);
      // Our own shells are no leftovers; what runs in them is among the groups.
      const own = shells.has(run) ? shellsOf(run) : null;
      const carriers = (await carriersOf(ofRun)).filter(({ cookie }) => cookie !== own);
      const found = runsFound(carriers);
      return [...new Set([...found, ...here])].sort();
    },
    end: async (refs, atOnce = false) => {
      // A command that cleared its environment has no cookie, but is still in its group.
      if (atOnce) await Promise.all(refs.map((ref) => killGroup(running.get(ref))));
      await endCarriers(new Set(refs), atOnce ? 0 : options.graceMs);
    },
    identity: async () => `local ${process.platform}-${process.arch}`,
  };
}

/** The commands that run now, by their instance. */
type Running = Map<string, Launched>;

async function killGroup(launched: Launched | undefined): Promise<void> {
  const group = (await launched?.group()) ?? 0;
  if (group > 0) signalGroup(group, "SIGKILL");
}

function openLocal(spec: InstanceSpec, options: LocalOptions, running: Running, slots: Slots): Instance {
  const ref = cookieOf(spec.tag);
  const temporary = join(spec.scratch, "tmp");
  const workspace = spec.workspace === "project" ? spec.project : join(spec.scratch, "work");
  if (!existsSync(temporary)) mkdirSync(temporary, { recursive: true });
  if (spec.workspace === "scratch") mkdirSync(workspace, { recursive: true });
  return {
    ref,
    workspace,
    temporary,
    exec: (command, io, stop) => exec({ ref, workspace, options, running, slots }, command, io, stop),
    put: (files) => copyIn(files, workspace, temporary),
    watch: watchFolder,
    read: readBounded,
    get: (search) => filesBelow(workspace, search),
    close: async () => {},
  };
}

interface Place {
  readonly ref: string;
  readonly workspace: string;
  readonly options: LocalOptions;
  readonly running: Running;
  readonly slots: Slots;
}

async function exec(place: Place, command: ExecCommand, io: Output, stop: AbortSignal): Promise<Exit> {
  const { ref, workspace, options, running } = place;
  if (stop.aborted) return { kind: "not-started", message: "It was stopped before it began.", code: "other" };
  const order: Launch = {
    argv: command.argv,
    env: { ...command.env, [COOKIE]: ref },
    cwd: command.cwd === "" ? workspace : join(workspace, command.cwd),
    io,
  };
  const launched = place.slots.launch(order) ?? (await launch(order));
  if ("kind" in launched) return launched;
  running.set(ref, launched);
  const stopping = stopped(launched, ref, stop, options.graceMs);
  const { exit, empty } = await launched.exited;
  stopping.cancel();
  if (stop.aborted) await stopping.done;
  else if (!empty) await endGroup(launched.pid, options.graceMs);
  running.delete(ref);
  const drained = launched.drained();
  if (drained !== null) await drained;
  return exit;
}

/**
 * When `stop` fires: TERM for the group and for what has left it, KILL for what is there after the grace period.
 * `done` ends when nothing of the attempt is left.
 */
function stopped(launched: Launched, ref: string, stop: AbortSignal, graceMs: number) {
  let done: Promise<unknown> = Promise.resolve();
  const begin = () => {
    done = Promise.all([endJob(launched, graceMs), endCarriers(new Set([ref]), graceMs)]);
  };
  if (stop.aborted) begin();
  else stop.addEventListener("abort", begin, { once: true });
  return {
    get done(): Promise<unknown> {
      return done;
    },
    cancel: () => stop.removeEventListener("abort", begin),
  };
}

async function endJob(launched: Launched, graceMs: number): Promise<void> {
  const group = await launched.group();
  if (group > 0) await endGroup(group, graceMs);
}
