// The attempts of a run on the real machine: binds `runAttempt` to runners, calls and the artifact store.

import { join } from "node:path";
import { runAttempt } from "./attempt.ts";
import type { CallPool } from "./calls/pool.ts";
import { Changes } from "./changes.ts";
import type { Runner } from "./runner.ts";
import { Folders, Scratch } from "./scratch.ts";
import type { AttemptArtifacts } from "./workspace.ts";
import type { Attempts } from "./world.ts";

export interface AttemptsSettings {
  /** Absolute. */
  readonly project: string;
  /** flowc's own environment. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly artifacts: AttemptArtifacts;
  readonly calls: CallPool;
  /** `openRunner` of runners/registry. */
  runner(kind: string): Promise<Runner | { readonly problem: string }>;
}

/** Kinds of places that may hold what an earlier owner of a run left behind. */
const kindsToSweep = ["local"] as const;

/** The caller closes `calls`, as it may serve several runs. */
export function openAttempts(settings: AttemptsSettings): Attempts {
  const changes = new Changes(settings.project);
  return {
    open: ({ run, folder, files, clock, timer, placed, early }) => {
      const paths = new Map<string, string>();
      const scratch = new Scratch(join(folder, "tmp"));
      const world = {
        scratch,
        logs: new Folders(),
        changes,
        project: settings.project,
        runFolder: folder,
        inherited: settings.inherited,
        secrets: settings.secrets,
        files,
        artifacts: settings.artifacts,
        calls: settings.calls,
        runner: settings.runner,
        now: () => clock.monotonic(),
        timer,
        placed,
        early,
      };
      return {
        start: (order, stop) => runAttempt(order, world, stop),
        ahead: ({ action }) => {
          if (action?.kind !== "call") return 0;
          // Asked for each node that is to start.
          let path = paths.get(action.file);
          if (path === undefined) {
            path = join(settings.project, action.file);
            paths.set(action.file, path);
          }
          return settings.calls.ahead(path, action.export);
        },
        sweep: (atOnce = false) => sweep(settings, run, atOnce),
        close: () => scratch.close(),
      };
    },
  };
}

async function sweep(settings: AttemptsSettings, run: string, atOnce: boolean): Promise<readonly string[]> {
  const swept: string[] = [];
  for (const kind of kindsToSweep) {
    const runner = await settings.runner(kind);
    if ("problem" in runner) continue;
    const refs = await runner.find(run);
    if (refs.length === 0) continue;
    await runner.end(refs, atOnce);
    swept.push(...refs);
  }
  return swept;
}
