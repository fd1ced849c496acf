// The attempts of a run on the real machine: binds `runAttempt` to runners, calls and the artifact store.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { runAttempt } from "./attempt.ts";
import type { CallPool } from "./calls/pool.ts";
import { Changes } from "./changes.ts";
import type { InstanceRef, Runner } from "./runner.ts";
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
  /** Of the plan; besides this machine they may hold what an earlier owner of a run left behind. */
  readonly runners: readonly string[];
  /** What makes the instances of a declared runner, or of `local`. */
  runner(name: string): Promise<Runner | { readonly problem: string }>;
}

/** The caller closes `calls`, as it may serve several runs. */
export function openAttempts(settings: AttemptsSettings): Attempts {
  const changes = new Changes(settings.project);
  return {
    identity: async (kind) => {
      const runner = await settings.runner(kind);
      if ("problem" in runner) return kind;
      return runner.identity({});
    },
    open: ({ run, folder, epoch, inherited, isOurs, files, clock, timer, placed, early }) => {
      const paths = new Map<string, string>();
      // A folder for each owner: one that was taken over and does not know it yet tidies up nothing but its own.
      const scratch = new Scratch(join(folder, "tmp", String(epoch)));
      // Only as long as they may have to be told from what an earlier owner left.
      let started: Set<InstanceRef> | null = inherited ? new Set() : null;
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
        isOurs,
        placed: (n: number, a: number, ref: InstanceRef) => {
          started?.add(ref);
          placed(n, a, ref);
        },
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
        sweep: (atOnce = false) => sweep(settings, run, { atOnce, isOurs }),
        sweepLeft: () => {
          const swept = sweep(settings, run, { isOurs, except: started ?? new Set() });
          started = null;
          return swept;
        },
        close: async () => {
          await scratch.close();
          if (isOurs()) await removeTemporary(folder);
        },
      };
    },
  };
}

interface Sweep {
  readonly atOnce?: boolean;
  readonly except?: ReadonlySet<InstanceRef>;
  isOurs(): boolean;
}

async function sweep(
  settings: AttemptsSettings,
  run: string,
  { atOnce, except, isOurs }: Sweep,
): Promise<readonly string[]> {
  const swept: string[] = [];
  const seen = new Set<string>();
  for (const name of ["local", ...settings.runners]) {
    const runner = await settings.runner(name);
    if ("problem" in runner || seen.has(runner.kind)) continue;
    seen.add(runner.kind);
    const refs = await runner.find(run, except);
    if (refs.length === 0) continue;
    await runner.end(refs, { atOnce, isOurs });
    swept.push(...refs);
  }
  return swept;
}

/** Also what owners left that were killed. What cannot be removed stays, and harms nobody. */
async function removeTemporary(folder: string): Promise<void> {
  await rm(join(folder, "tmp"), { recursive: true, force: true }).catch(() => {});
}
