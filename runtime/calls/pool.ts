// Threads that run functions of users' modules, apart from the loop and from the analysis: one that hangs is ended alone.

import type { Piscina } from "piscina";
import type { Value } from "../../compiler/types.ts";

/** True in the built program, where the worker is a file of its own beside it. */
declare const FLOWC_BUNDLE: boolean | undefined;

const bundled = typeof FLOWC_BUNDLE !== "undefined" && FLOWC_BUNDLE;

/** The worker's code: the one place that knows where it is. */
const workerUrl: URL = bundled
  ? new URL("./call-worker.js", import.meta.url)
  : new URL("./from-source.mjs", import.meta.url);

/** A worker that has nothing to do for so long ends. */
const idleMs = 5_000;

/** One call of an exported function. */
export interface Call {
  /** Absolute path of the module. */
  readonly file: string;
  /** The path as people know it, for messages. */
  readonly shown: string;
  /** The name of the export. */
  readonly name: string;
  /** Where the task works: the project, or with `reads` a fresh folder. Files are answered by their path in it. */
  readonly folder: string;
  /** The parameters, as the first argument; the second is `{ folder }`. */
  readonly args: Readonly<Record<string, Value>>;
  readonly env: Readonly<Record<string, string>>;
  /** Where what it prints goes, appended. */
  readonly stdoutPath: string;
  readonly stderrPath: string;
  /** Texts that are `***` in what it prints. */
  readonly secrets: readonly string[];
}

export type CallResult =
  /** What it returned, as plain JSON; not yet checked against a type. */
  | { readonly value: unknown }
  /** `launch`: the module could not be loaded or has no such function. `invalid`: what it returned is no JSON. */
  | { readonly why: "launch" | "throw" | "invalid"; readonly message: string };

export interface CallPool {
  /** When `stop` fires its thread is ended, whatever it does; the result then means nothing. Never rejects. */
  call(call: Call, stop: AbortSignal): Promise<CallResult>;
  close(): Promise<void>;
}

const stopped: CallResult = { why: "throw", message: "It was stopped." };

export interface CallOptions {
  /** At most so many; none is started before the first call. */
  readonly threads: number;
  /** How much memory a thread may have for what its modules make, in MB; by default what Node gives any thread. */
  readonly heapMb?: number;
}

/** Opens a pool of threads. */
export function openCalls({ threads, heapMb }: CallOptions): CallPool {
  let pool: Promise<Piscina> | null = null;
  const open = async (): Promise<Piscina> => {
    const { Piscina } = await import("piscina");
    const opened = new Piscina({
      filename: workerUrl.href,
      minThreads: 0,
      maxThreads: Math.max(1, threads),
      concurrentTasksPerWorker: 1,
      idleTimeout: idleMs,
      // A waiting worker must keep its event loop: modules leave timers and connections behind.
      atomics: "disabled",
      // Flags of this process, such as a loader of sources, are not for the worker.
      execArgv: [],
      recordTiming: false,
      ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
    });
    // What a module left behind breaks after its call has ended: the thread goes, and nobody waits for it.
    opened.on("error", () => {});
    return opened;
  };
  return {
    call: async (call, stop) => {
      if (stop.aborted) return stopped;
      pool ??= open();
      try {
        const result: unknown = await (await pool).run(call, { name: "callInWorker", signal: stop });
        return isResult(result) ? result : { why: "throw", message: "Its thread gave no result." };
      } catch (error) {
        return stop.aborted ? stopped : { why: "throw", message: threadEnded(error) };
      }
    },
    close: async () => {
      const closing = pool;
      pool = null;
      await (await closing)?.destroy();
    },
  };
}

function isResult(result: unknown): result is CallResult {
  return typeof result === "object" && result !== null && ("value" in result || "message" in result);
}

/** The whole thread ended: by an error that nobody caught, or for want of memory. */
function threadEnded(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return "Its thread ran out of memory.";
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `Its thread ended by an error that nothing caught: ${message}`;
}
