// Threads that run functions of users' modules, apart from the loop and from the analysis: one that hangs is ended alone.

import type { Piscina } from "piscina";
import type { Call, CallResult } from "./call.ts";
import { CallQueue } from "./queue.ts";

/** True in the built program, where the worker is a file of its own beside it. */
declare const FLOWC_BUNDLE: boolean | undefined;

const bundled = typeof FLOWC_BUNDLE !== "undefined" && FLOWC_BUNDLE;

/** The worker's code: the one place that knows where it is. */
const workerUrl: URL = bundled
  ? new URL("./call-worker.js", import.meta.url)
  : new URL("./from-source.mjs", import.meta.url);

/** A worker that has nothing to do for so long ends. */
const idleMs = 5_000;

export interface CallPool {
  /** When `stop` fires its thread is ended, whatever it does; the result then means nothing. Never rejects. */
  call(call: Call, stop: AbortSignal): Promise<CallResult>;
  /**
   * How many calls of an exported function may wait for a thread besides those that have one: many where it is known to
   * take no time worth mentioning, as what handing over costs is then spread on them. 0: none is gained by that.
   */
  ahead(file: string, name: string): number;
  close(): Promise<void>;
}

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
  const queue = new CallQueue(
    Math.max(1, threads),
    async (handed, stop) => {
      pool ??= open();
      return (await pool).run(handed, { name: "callInWorker", signal: stop });
    },
    (error) => ({ why: "throw", message: threadEnded(error) }),
  );
  return {
    call: (call, stop) => queue.call(call, stop),
    ahead: (file, name) => queue.ahead(file, name),
    close: async () => {
      const closing = pool;
      pool = null;
      await (await closing)?.destroy();
    },
  };
}

/** The whole thread ended: by an error that nobody caught, or for want of memory. */
function threadEnded(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code === "ERR_WORKER_OUT_OF_MEMORY") return "Its thread ran out of memory.";
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `Its thread ended by an error that nothing caught: ${message}`;
}
