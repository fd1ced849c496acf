// Ctrl-C, TERM and a closed terminal: the first ends the run in order and says what it waits for, the second at once.

import type { RunView } from "../runtime/run-view.ts";
import { count, visible } from "./render/text.ts";
import { exits } from "./stop.ts";
import type { World } from "./world.ts";

export interface StopSignals {
  /** Fires at the first signal; its reason is `interrupt` or `terminate`. */
  readonly stop: AbortSignal;
  /** Fires at the second. */
  readonly stopNow: AbortSignal;
  /** The run as it is, for saying what is waited for. */
  know(run: RunView): void;
  end(): void;
}

const namesShownMax = 3;

export function stopSignals(world: World, say: (text: string) => void): StopSignals {
  const first = new AbortController();
  const second = new AbortController();
  let run: RunView | null = null;
  const on = (why: "interrupt" | "terminate") => (): void => {
    if (second.signal.aborted) world.exit(why === "interrupt" ? exits.interrupted : exits.terminated);
    if (first.signal.aborted) {
      second.abort(why);
      return;
    }
    say(waitingFor(run));
    first.abort(why);
  };
  const off = [
    world.onSignal("SIGINT", on("interrupt")),
    world.onSignal("SIGTERM", on("terminate")),
    // The terminal was closed: what runs must not stay behind without anybody.
    world.onSignal("SIGHUP", on("terminate")),
  ];
  return {
    stop: first.signal,
    stopNow: second.signal,
    know: (now) => {
      run = now;
    },
    end: () => {
      for (const each of off) each();
    },
  };
}

function waitingFor(run: RunView | null): string {
  const running = run === null ? [] : [...run.running()];
  if (run === null || running.length === 0) return "stopping";
  const names = running.slice(0, namesShownMax).map((n) => visible(run.name(n)));
  const more = running.length - names.length;
  const which = `${names.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return `stopping: waiting for ${count(running.length, "node")} to end: ${which} (again to stop at once)`;
}
