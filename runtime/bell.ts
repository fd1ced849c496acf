// How the owner of a run hears at once that somebody asked something of it, without looking into any table.

import { closeSync, futimesSync, openSync, watch } from "node:fs";
import { join } from "node:path";
import type { Journal } from "./journal.ts";
import { integer } from "./sqlite.ts";

export interface Bell {
  /** Calls `rung` whenever somebody may have asked something of the run with this folder; the answer ends that. */
  listen(runFolder: string, rung: () => void): () => void;
  /** Lets the owner of another run hear that something has changed. */
  ring(runFolder: string): void;
}

/** The net under the bell: so often it is looked whether anybody else has written to the journal. */
const netMs = 1000;

function bellOf(runFolder: string): string {
  return join(runFolder, "bell");
}

/** After the request is committed. */
export function ringBell(runFolder: string): void {
  const file = openSync(bellOf(runFolder), "a", 0o600);
  try {
    const now = Date.now() / 1000;
    futimesSync(file, now, now);
  } finally {
    closeSync(file);
  }
}

/** A file whose times change when somebody rings. Where files cannot be watched, the net hears it. */
export function fileBell(journal: Journal): Bell {
  const version = journal.database.prepare("PRAGMA data_version");
  const look = (): number => integer(version.get() ?? {}, "data_version");
  return {
    ring: (runFolder) => {
      // Its net hears it all the same.
      quiet(() => ringBell(runFolder));
    },
    listen: (runFolder, rung) => {
      const stops: (() => void)[] = [];
      try {
        closeSync(openSync(bellOf(runFolder), "a", 0o600));
        const watcher = watch(bellOf(runFolder), () => rung());
        watcher.on("error", () => watcher.close());
        stops.push(() => watcher.close());
      } catch {
        // Too many watches, or a file system without them.
      }
      let seen = look();
      const net = setInterval(() => {
        // A journal in trouble is told by the loop, at its next write.
        const now = quiet(look) ?? seen;
        if (now === seen) return;
        seen = now;
        rung();
      }, netMs);
      stops.push(() => clearInterval(net));
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

function quiet<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
