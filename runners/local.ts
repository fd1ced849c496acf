// The local runner: an instance is a directory on this machine, a command is a process group of its own.

import { mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { filesBelow } from "../runtime/folder.ts";
import {
  COOKIE,
  cookieOf,
  type ExecCommand,
  type Exit,
  type InstanceSpec,
  type Output,
  type Runner,
  type Workspace,
  type WorkspaceSpec,
} from "../runtime/runner.ts";
import { copyIn, readBounded, watchFolder } from "./local-files.ts";
import { localKind } from "./local-kind.ts";
import { isFolder, type Launch, type Launched, launch, notThere } from "./local-launch.ts";
import { isOfRun, type Mark, Marks } from "./local-marks.ts";
import { usedTooMuch, watchMemory } from "./local-memory.ts";
import { type Carrier, carriersOf, endCarriers, endGroup, killGroup } from "./local-processes.ts";
import { noFolder } from "./local-slot.ts";
import { Slots } from "./local-slots.ts";

export interface LocalOptions {
  /** How long processes have between TERM and KILL. */
  readonly graceMs: number;
  /** So many commands of a run are started the plain way: for a run of a few, shells that stay do not pay. */
  readonly plainFirst: number;
  /** How often it is looked how much memory a command uses whose task says what it needs. */
  readonly memoryEveryMs: number;
}

/** The cookie of a run's shells, as long as this process lives. */
const shellsOf = (run: string): string => `${run}.shells.${process.pid}`;

const usual: LocalOptions = { graceMs: 5_000, plainFirst: 3, memoryEveryMs: 1_000 };

/** Makes the runner of kind `local`. */
export function localRunner(asked: Partial<LocalOptions> = {}): Runner {
  const options = { ...usual, ...asked };
  const own: Own = { marks: new Marks(), open: new Map(), temporary: new Set() };
  const shells = new Map<string, Slots>();
  const slotsOf = (run: string): Slots => {
    const known = shells.get(run) ?? new Slots(shellsOf(run), options.plainFirst);
    shells.set(run, known);
    return known;
  };
  return {
    ...localKind,
    computesHere: true,
    open: async (spec) => ({
      ref: cookieOf(spec.tag),
      workspace: async (of) => openWorkspace(spec, of, options, own, slotsOf(of.tag.run)),
      isWell: async () => true,
      // Each workspace ends what runs in it.
      close: async () => {},
    }),
    find: async (run, except) => {
      // Before the look, which may take longer than one of them.
      const here = [...own.open].flatMap(([ref, { launched }]) =>
        launched !== null && ref.startsWith(`${run}.`) && except?.has(ref) !== true ? [ref] : [],
      );
      const carriers = await carriersOf(() => true);
      const refs = carriers.flatMap((carrier) => refOf(carrier, run, own, except) ?? []);
      // Our own shells are no leftovers; what runs in them is among the open ones.
      const shell = shells.has(run) ? shellsOf(run) : null;
      return [...new Set([...refs, ...here])].filter((ref) => ref !== shell).sort();
    },
    end: async (refs, { atOnce = false, isOurs = always } = {}) => {
      // A command that cleared its environment has no cookie, but is still in its group.
      const here = atOnce ? refs.flatMap((ref) => own.open.get(ref)?.launched ?? []) : [];
      await Promise.all(here.map((launched) => killJob(launched, isOurs)));
      await endCarriers(carrierOf(refs, own), atOnce ? 0 : options.graceMs, isOurs);
    },
    identity: async () => `local ${process.platform}-${process.arch}`,
  };
}

const always = (): boolean => true;

/** Instances that are open in this process. */
interface Own {
  readonly marks: Marks;
  readonly open: Map<string, Opened>;
  /** Temporary directories that are there: those of a run are used again and again. */
  readonly temporary: Set<string>;
}

interface Opened {
  readonly mark: Mark | null;
  /** The command that runs now. */
  launched: Launched | null;
}

/** Whose it is, if it is of the run; null: it is not, or is one of those that are not wanted. */
function refOf(
  { cookie, mark }: Carrier,
  run: string,
  own: Own,
  except: ReadonlySet<string> | undefined,
): string | null {
  if (cookie !== null) return cookie.startsWith(`${run}.`) && except?.has(cookie) !== true ? cookie : null;
  if (mark === null || !isOfRun(mark, run) || (except !== undefined && own.marks.isOwn(mark))) return null;
  for (const [ref, opened] of own.open) if (opened.mark === mark) return ref;
  // Of an attempt that is not open here nothing else is known.
  return `${run}.mark-${mark}`;
}

function carrierOf(refs: readonly string[], own: Own): (carrier: Carrier) => boolean {
  const cookies = new Set(refs);
  const marks = new Set(
    refs.map((ref) => own.open.get(ref)?.mark ?? Number(/\.mark-(\d+)$/.exec(ref)?.[1] ?? Number.NaN)),
  );
  return ({ cookie, mark }) => (cookie === null ? mark !== null && marks.has(mark) : cookies.has(cookie));
}

function openWorkspace(
  spec: InstanceSpec,
  { tag, kind, scratch, folder }: WorkspaceSpec,
  options: LocalOptions,
  own: Own,
  slots: Slots,
): Workspace {
  const ref = cookieOf(tag);
  // What work may not replace by a link stands above what is its own.
  const base = (): string => realpathSync.native(dirname(scratch));
  const temporary = `${scratch}${sep}tmp`;
  const path = folder ?? (kind === "project" ? spec.project : join(base(), basename(scratch), "work"));
  if (!own.temporary.has(temporary)) mkdirSync(temporary, { recursive: true });
  own.temporary.add(temporary);
  if (kind === "scratch" && folder === undefined) mkdirSync(path, { recursive: true });
  const opened: Opened = { mark: own.marks.next(tag.run), launched: null };
  own.open.set(ref, opened);
  const { memoryBytes } = spec.needs;
  const isOurs = (): boolean => spec.isOurs?.() ?? true;
  const place: Place = { ref, path, options, opened, slots, memoryBytes, isOurs };
  return {
    ref,
    path,
    temporary,
    here: true,
    inherits: true,
    reaches: true,
    exec: (command, io, stop) => exec(place, command, io, stop),
    put: (files) => copyIn(files, path, temporary),
    watch: watchFolder,
    read: (file, bytesMax) =>
      readBounded(file, bytesMax, [realpathSync.native(spec.project), join(base(), basename(scratch))]),
    get: (search) => filesBelow(path, search),
    close: async () => {
      own.open.delete(ref);
    },
  };
}

interface Place {
  readonly ref: string;
  readonly path: string;
  readonly options: LocalOptions;
  readonly opened: Opened;
  readonly slots: Slots;
  /** More than this its commands may not use; null: not bounded. */
  readonly memoryBytes: number | null;
  isOurs(): boolean;
}

async function exec(place: Place, command: ExecCommand, io: Output, stop: AbortSignal): Promise<Exit> {
  const { ref, path, options, opened, isOurs } = place;
  if (stop.aborted) return { kind: "not-started", message: "It was stopped before it began.", code: "other" };
  if (!isOurs()) return { kind: "lost", message: "Another flowc has the run now." };
  const order: Launch = {
    argv: command.argv,
    env: { ...command.env, [COOKIE]: ref },
    cwd: command.cwd === "" ? path : join(path, command.cwd),
    io,
    mark: opened.mark,
    isOurs,
  };
  const slotted = place.slots.launch(order);
  const launched = slotted ?? (await launch(order));
  if ("kind" in launched) return launched;
  opened.launched = launched;
  const stopping = stopped(launched, place, stop);
  const memory = bounded(launched, place);
  const { exit, empty } = await launched.exited;
  stopping.cancel();
  await memory.end();
  if (stop.aborted) await stopping.done;
  else if (!empty) await endJob(launched, options.graceMs, isOurs);
  opened.launched = null;
  const drained = launched.drained();
  if (drained !== null) await drained;
  const absent = slotted !== null && exit.kind === "exited" && exit.code === noFolder && !isFolder(order.cwd);
  if (absent) return notThere(order.cwd);
  const { hint } = memory;
  return hint !== null && (exit.kind === "signalled" || exit.kind === "exited") ? { ...exit, hint } : exit;
}

/** When it uses more memory than its task needs, it is killed with all that it has started. `hint`: that this was done. */
function bounded(launched: Launched, place: Place) {
  const { memoryBytes, options, isOurs } = place;
  let hint: string | null = null;
  let done: Promise<unknown> = Promise.resolve();
  const over = (bytes: number): void => {
    if (memoryBytes === null || !isOurs()) return;
    hint = usedTooMuch(bytes, memoryBytes);
    done = Promise.all([killJob(launched, isOurs), endCarriers(carriesOf(place), 0, isOurs)]);
  };
  const bytesMax = memoryBytes ?? 0;
  const unwatch =
    memoryBytes === null
      ? () => {}
      : watchMemory(carriesOf(place), { bytesMax, everyMs: options.memoryEveryMs }, over);
  return {
    get hint(): string | null {
      return hint;
    },
    end: async () => {
      unwatch();
      await done;
    },
  };
}

/** What belongs to the attempt, whatever group it is in. */
function carriesOf({ ref, opened }: Place): (carrier: Carrier) => boolean {
  return ({ cookie, mark }) => (cookie === null ? mark !== null && mark === opened.mark : cookie === ref);
}

/**
 * When `stop` fires: TERM for the group and for what has left it, KILL for what is there after the grace period.
 * `done` ends when nothing of the attempt is left.
 */
function stopped(launched: Launched, place: Place, stop: AbortSignal) {
  const { options, isOurs } = place;
  let done: Promise<unknown> = Promise.resolve();
  const begin = () => {
    const { graceMs } = options;
    done = Promise.all([endJob(launched, graceMs, isOurs), endCarriers(carriesOf(place), graceMs, isOurs)]);
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

async function endJob(launched: Launched, graceMs: number, isOurs: () => boolean): Promise<void> {
  const id = await launched.group();
  if (id > 0) await endGroup({ id, session: launched.session }, graceMs, isOurs);
}

async function killJob(launched: Launched, isOurs: () => boolean): Promise<void> {
  const id = await launched.group();
  if (id > 0) await killGroup({ id, session: launched.session }, isOurs);
}
