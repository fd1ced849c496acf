// The runner contract: an instance is a place with files and processes; a runner makes instances. Nothing more.

/**
 * JSON Schema 2020-12. `"x-flowc"` beside a number says how people write it: `size` (4GB; bytes here), `duration` (5m;
 * seconds here), `percent`, `money`; beside a string, `secret`: `secret("NAME")` may stand there.
 */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What every instance and process is marked with, so that it can be found after a crash. */
export interface Tag {
  readonly run: string;
  readonly node: number;
  readonly attempt: number;
}

/** The variable by which whatever an attempt starts is found again, whatever group or session it moves to. */
export const COOKIE = "FLOWC_COOKIE";

/** A tag as one word: the value of {@link COOKIE}. */
export function cookieOf(tag: Tag): string {
  return `${tag.run}.${tag.node}.${tag.attempt}`;
}

/** A runner's settings for its kind, valid by its `settingsSchema`; a secret stands there by its value. */
export type RunnerSettings = Readonly<Record<string, unknown>>;

export interface InstanceSpec {
  /** Of the attempt that it is opened for; others of the run may use it after that one. */
  readonly tag: Tag;
  readonly settings: RunnerSettings;
  /** Absolute path of the project on this machine. */
  readonly project: string;
  /** Absolute path of a directory on this machine that holds the `scratch` of all its workspaces; it may not be there yet. */
  readonly folder: string;
  /** What the task says that it needs; null: nothing. A place that can hold it to that does. */
  readonly needs: { readonly cpu: number | null; readonly memoryBytes: number | null };
  /** Told what takes long, as a sentence: an image that is fetched. */
  tell?(progress: string): void;
  /** Asked right before something is started, paid for or signalled: false when somebody else has the run now. */
  isOurs?(): boolean;
}

/** Enough to find an instance again and end it, as one word; what it means is the runner's own. */
export type InstanceRef = string;

/** Why there is no instance. `message`: a sentence for people, and what they can do about it. */
export interface NoInstance {
  /**
   * `busy`: not now, and nobody's fault: a quota, a server that asks for patience; asked again later, and no attempt.
   * `refused`: never, as it is written: no such image, a wrong key. `lost`: the place failed us; a new attempt may do better.
   */
  readonly problem: "busy" | "refused" | "lost";
  readonly message: string;
  /** Of `busy`: not before so many ms have passed; null: not said. */
  readonly afterMs?: number | null;
}

/** What one attempt gets of an instance. */
export interface WorkspaceSpec {
  readonly tag: Tag;
  /** `project`: commands start in the project, or a copy of it; `scratch`: in a fresh directory. */
  readonly kind: "project" | "scratch";
  /**
   * A directory on this machine, absolute: commands are to start there, and not in a fresh one, if the place has the same
   * directory under the same path. The workspace's `path` says so; else its files are brought there and fetched.
   */
  readonly folder?: string;
  /** Another one that commands in `folder` need, absolute: without it under the same path, `folder` is not to be had. */
  readonly beside?: string;
  /** Absolute path of a directory on this machine that belongs to this attempt, below the instance's `folder`. */
  readonly scratch: string;
}

export interface ExecCommand {
  /** Program and arguments; a program without `/` is looked up on the PATH of `env`. */
  readonly argv: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Inside the instance: "" is the workspace, else a path relative to it. */
  readonly cwd: string;
  /** It runs as long as its instance, beside all others: no place of theirs, and nothing that must end first, is for it. */
  readonly stays?: boolean;
}

/**
 * Where output goes, as it comes: files on this machine, appended to; what prints nothing may leave none. Memory stays
 * bounded whatever the size.
 */
export interface Output {
  readonly stdoutPath: string;
  readonly stderrPath: string;
  /** Null: the process may write straight into the files. Else each stream goes through a filter of its own. */
  readonly filter: ((stream: "stdout" | "stderr") => OutputFilter) | null;
}

/** Changes a stream's bytes on their way: secrets become `***`. It may hold some back until it has seen more. */
export interface OutputFilter {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

/** `hint`: what the place knows of why, and what to do about it, as a sentence: no network, no memory left. */
export type Exit =
  | { readonly kind: "exited"; readonly code: number; readonly hint?: string }
  | { readonly kind: "signalled"; readonly signal: string; readonly hint?: string }
  /** Could not be started: the program is not there or may not be run. The task's fault. */
  | {
      readonly kind: "not-started";
      readonly message: string;
      readonly code: "ENOENT" | "EACCES" | "E2BIG" | "other";
    }
  /** We do not know how it ended: the place is gone. Not the task's fault. */
  | { readonly kind: "lost"; readonly message: string };

/**
 * A file to put into a workspace. `from` is an absolute path here; `to` is relative to the workspace, or an absolute
 * path inside the instance, below the workspace or its temporary directory. Modes are kept, and its owner may write.
 */
export interface PutFile {
  readonly from: string;
  readonly to: string;
  /** It is to be read only. */
  readonly fixed?: boolean;
}

/** Which files of a workspace are wanted. Paths are relative to it, with `/`. */
export interface FileSearch {
  /** Folders at or below which all of them lie; "" for the workspace itself. */
  readonly roots: readonly string[];
  /** May the search enter this folder? Relative to the workspace, too. */
  enters(folder: string): boolean;
  matches(path: string): boolean;
}

/** A file found in a workspace. `path` is relative to it; `local` an absolute path here that holds its content. */
export interface FoundFile {
  readonly path: string;
  readonly local: string;
  readonly size: number;
}

/** A place with files and processes, in which attempts get workspaces, one after the other or together. */
export interface Instance {
  readonly ref: InstanceRef;
  workspace(spec: WorkspaceSpec): Promise<Workspace>;
  /** Asked before it serves another attempt: is it still there and well? */
  isWell(): Promise<boolean>;
  /** Ends it, with all that runs there. Nothing happens when it is closed already. */
  close(): Promise<void>;
}

/**
 * What one attempt works in: a directory, a temporary one, and commands that run there. An error that has a `problem` is
 * told by its `message` alone: `refused` is the task's failure, `lost` is the place's. Any other is taken for this machine's.
 */
export interface Workspace {
  /** By which what the attempt runs is found again: the instance's, or finer. */
  readonly ref: InstanceRef;
  /** Where commands start, as they see it. Absolute. */
  readonly path: string;
  /** A temporary directory of its own as its processes see it; `$OUT` and inputs stand there. Absolute. */
  readonly temporary: string;
  /** Its files are on this machine, under the same paths: they need not be fetched to be read. */
  readonly here: boolean;
  /** Its processes reach what listens on `127.0.0.1` of this machine. Not there: they do not. */
  readonly reaches?: boolean;
  /** Its processes may get what flowc has in its own environment (`PATH`, `HOME`); else the place has its own. */
  readonly inherits: boolean;
  /** Ends when the command has ended and its group is gone. When `stop` fires: TERM, a grace period, KILL. */
  exec(command: ExecCommand, io: Output, stop: AbortSignal): Promise<Exit>;
  /** Rejects when one leaves the workspace, and when there is no room. */
  put(files: readonly PutFile[]): Promise<void>;
  /**
   * Makes a folder and tells of changes in it, until the answer is called. `path` is absolute inside the instance, below its
   * temporary directory. It may tell too often, late, or not at all: who waits for something looks by itself now and then.
   */
  watch(path: string, changed: () => void): Promise<() => void>;
  /** A file's content, at most `bytesMax`; null if absent. `path` is absolute inside the instance. */
  read(
    path: string,
    bytesMax: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly truncated: boolean } | null>;
  /** Regular files that match; symlinks that leave the workspace are not followed. Sorted by path. */
  get(search: FileSearch): AsyncIterable<FoundFile>;
  /** Nothing of the attempt is left in the instance after this. */
  close(): Promise<void>;
}

export interface Ending {
  /** By KILL, without a grace period, also what was asked to end in order before. */
  readonly atOnce?: boolean | undefined;
  /** As in {@link InstanceSpec}. */
  isOurs?(): boolean;
}

/** What an account or an engine allows at most; null: no bound is known. */
export interface Quota {
  /** Instances at one time. */
  readonly instances: number | null;
  /** How many may be made in a second. */
  readonly perSecond: number | null;
}

/** What can be told of a kind without making anything: `flowc check` reads it. */
export type KindFacts = Pick<Runner, "kind" | "settingsSchema" | "quota">;

/** Makes instances. It never retries, never looks at the plan, and never writes the journal. */
export interface Runner {
  /** The word in `runner x { KIND: { … } }`. */
  readonly kind: string;
  readonly settingsSchema: JsonSchema;
  /** Do its commands use this machine's processors and memory? They then count against `--jobs`. */
  readonly computesHere: boolean;
  quota(settings: RunnerSettings): Quota;
  open(spec: InstanceSpec): Promise<Instance | NoInstance>;
  /**
   * What a crashed owner left behind for this run; `except`: without these, which this process has placed itself.
   * `settings`: those with which it may have been made, for who needs a key to look.
   */
  find(
    run: string,
    except?: ReadonlySet<InstanceRef>,
    settings?: readonly RunnerSettings[],
  ): Promise<readonly InstanceRef[]>;
  /** Ends what `find` found, and what `exec` runs there. Never touches anything that does not carry the tag. */
  end(refs: readonly InstanceRef[], how?: Ending): Promise<void>;
  /** For fingerprints: an image's digest, a template's build. The same settings give the same, as long as the place is the same. Rejects if nobody can tell. `tell`: as in {@link InstanceSpec}. */
  identity(settings: RunnerSettings, tell?: (progress: string) => void): Promise<string>;
}
