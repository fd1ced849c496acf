// The runner contract: an instance is a place with files and processes; a runner makes instances. Nothing more.

/** JSON Schema 2020-12. */
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

export interface InstanceSpec {
  readonly tag: Tag;
  /** The runner's settings for its kind, valid by `settingsSchema`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Absolute path of the project on this machine. */
  readonly project: string;
  /** `project`: commands start in the project itself; `scratch`: in a fresh directory of the instance. */
  readonly workspace: "project" | "scratch";
  /** Absolute path of an empty directory on this machine that belongs to this attempt. */
  readonly scratch: string;
  /** Asked right before a process is started or signalled: false when somebody else has the run now. */
  isOurs?(): boolean;
}

/** Enough to find an instance again and end it, as one word; what it means is the runner's own. */
export type InstanceRef = string;

export interface ExecCommand {
  /** Program and arguments; a program without `/` is looked up on the PATH of `env`. */
  readonly argv: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Inside the instance: "" is the workspace, else a path relative to it. */
  readonly cwd: string;
}

/**
 * Where output goes, as it comes: files on this machine, appended to; what prints nothing may leave none. Memory stays
 * bounded whatever the size.
 */
export interface Output {
  readonly stdoutPath: string;
  readonly stderrPath: string;
  /** Null: the process may write straight into the files. Else each stream goes through a filter of its own. */
  readonly filter: (() => OutputFilter) | null;
}

/** Changes a stream's bytes on their way: secrets become `***`. It may hold some back until it has seen more. */
export interface OutputFilter {
  push(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

export type Exit =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: string }
  /** Could not be started: the program is not there or may not be run. The task's fault. */
  | {
      readonly kind: "not-started";
      readonly message: string;
      readonly code: "ENOENT" | "EACCES" | "E2BIG" | "other";
    }
  /** We do not know how it ended: the place is gone. Not the task's fault. */
  | { readonly kind: "lost"; readonly message: string };

/**
 * A file to put into an instance. `from` is an absolute path here; `to` is relative to the workspace, or an absolute
 * path inside the instance, below its workspace or its temporary directory.
 */
export interface PutFile {
  readonly from: string;
  readonly to: string;
}

/** Which files of a workspace are wanted. Paths are relative to it, with `/`. */
export interface FileSearch {
  /** Folders at or below which all of them lie; "" for the workspace itself. */
  readonly roots: readonly string[];
  /** May the search enter a folder of this name? */
  enters(folderName: string): boolean;
  matches(path: string): boolean;
}

/** A file found in an instance. `path` is relative to the workspace; `local` an absolute path here that holds its content. */
export interface FoundFile {
  readonly path: string;
  readonly local: string;
  readonly size: number;
}

export interface Instance {
  readonly ref: InstanceRef;
  /** Path of the workspace as its processes see it. */
  readonly workspace: string;
  /** Path of a temporary directory of its own as its processes see it; `$OUT` and inputs stand there. */
  readonly temporary: string;
  /** Ends when the command has ended and its group is gone. When `stop` fires: TERM, a grace period, KILL. */
  exec(command: ExecCommand, io: Output, stop: AbortSignal): Promise<Exit>;
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
  close(): Promise<void>;
}

export interface Ending {
  /** By KILL, without a grace period, also what was asked to end in order before. */
  readonly atOnce?: boolean | undefined;
  /** As in {@link InstanceSpec}. */
  isOurs?(): boolean;
}

export interface Runner {
  /** The word in `runner x { KIND: { … } }`. */
  readonly kind: string;
  readonly settingsSchema: JsonSchema;
  open(spec: InstanceSpec): Promise<Instance>;
  /** What a crashed owner left behind for this run; `except`: without these, which this process has placed itself. */
  find(run: string, except?: ReadonlySet<InstanceRef>): Promise<readonly InstanceRef[]>;
  /** Ends what `find` found, and what `exec` runs there. Never touches anything that does not carry the tag. */
  end(refs: readonly InstanceRef[], how?: Ending): Promise<void>;
  /** For fingerprints: an image digest, a template's build. */
  identity(spec: InstanceSpec): Promise<string>;
}
