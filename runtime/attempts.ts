// The attempts of a run on the real machine: binds `runAttempt` to runners, calls and the artifact store.

import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { AgentKind, Usage } from "./agent.ts";
import { Turns } from "./ask-home.ts";
import { WarmAgents } from "./ask-warm.ts";
import type { InSession } from "./asked.ts";
import { runAttempt } from "./attempt.ts";
import { AttemptPlaces, placesOf } from "./attempt-places.ts";
import type { CallPool } from "./calls/pool.ts";
import { Changes } from "./changes.ts";
import { standsIn } from "./git/stands.ts";
import { MergeTurns, Trees } from "./git/trees.ts";
import type { Lent, Wanted } from "./instances.ts";
import type { ApiProxy, ProxyWorld } from "./proxy/proxy.ts";
import type { InstanceRef, Runner } from "./runner.ts";
import { Folders, Scratch } from "./scratch.ts";
import { tokensOf } from "./usage.ts";
import type { AttemptArtifacts } from "./workspace.ts";
import type { Attempts, RunAttempts } from "./world.ts";

export interface AttemptsSettings {
  /** Absolute. */
  readonly project: string;
  /** flowc's own environment. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly artifacts: AttemptArtifacts;
  readonly calls: CallPool;
  /** `open` of runners/agent-registry. */
  agent(kind: string): Promise<AgentKind | { readonly problem: string }>;
  /** `openRunner` of runners/registry. */
  runner(kind: string): Promise<Runner | { readonly problem: string }>;
}

/** The caller closes `calls`, as it may serve several runs. */
export function openAttempts(settings: AttemptsSettings): Attempts {
  const changes = new Changes(settings.project);
  const merges = new MergeTurns();
  return {
    places: (plan, on) => placesOf({ ...settings, plan, on }),
    open: (of) => {
      const { run, folder, epoch, inherited, isOurs, files, clock, timer, placed, early, answered } = of;
      // A folder for each owner: one that was taken over and does not know it yet tidies up nothing but its own.
      const own = join(folder, "tmp", String(epoch));
      const scratch = new Scratch(own);
      let proxy: Promise<ApiProxy> | null = null;
      const { plan, on, random, instances, begun, asks, limits } = of;
      const warm = new WarmAgents({ run, folder: own, isOurs, started: (ref) => places.ours(ref) });
      const places = new AttemptPlaces(
        { ...settings, plan, on },
        { run, inherited, project: settings.project, ...(begun === undefined ? {} : { begun }) },
        {
          ...{ ...instances, timer, random, isOurs, now: () => clock.monotonic(), wall: () => clock.now() },
          kept: (instance) => warm.keptBy(instance),
        },
      );
      const trees = new Trees({
        ...{ run, project: settings.project, runFolder: folder, turns: merges },
        ...{ inherited: settings.inherited, tell: instances.tell },
      });
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
        take: (runner: string, wanted: Wanted) => places.take(runner, wanted),
        now: () => clock.monotonic(),
        timer,
        isOurs,
        placed: (n: number, a: number, ref: InstanceRef, lent: Lent["of"]) => {
          places.ours(ref);
          return placed(n, a, ref, lent);
        },
        early,
        inSession: (n: number, a: number, at: Pick<InSession, "ref" | "of" | "session">) => {
          places.ours(at.ref);
          return asks.inSession({ n, a, ...at });
        },
        speaks: (n: number, a: number) => limits.used(n, a, {}),
        used: (n: number, a: number, usage: Usage) => {
          asks.used(n, a, usage);
          limits.used(n, a, toldOf({ requests: usage.requests, tokens: tokensOf(usage) }));
        },
        limited: (n: number, a: number, afterMs: number) => limits.paused(n, a, clock.now() + afterMs),
        does: (n: number, text: string) => asks.does(n, text),
        proxy: () => {
          proxy ??= opened({ ...limits, random, timer, now: () => clock.now() });
          return proxy;
        },
        warm,
        turns: new Turns(),
        keepsHomes: plan.steps.some((step) => "overrides" in step && step.overrides?.session !== undefined),
        agent: (kind: string) => settings.agent(kind),
        answered,
        trees,
      };
      return {
        start: (order, stop) => runAttempt(order, world, stop),
        ahead: aheadIn(settings),
        identity: (runner) => places.identity(runner),
        stands: standsIn(settings.project, settings.inherited),
        sweep: (atOnce) => places.sweep(atOnce),
        sweepLeft: () => places.sweepLeft(),
        close: async () => {
          await places.close();
          await (await proxy)?.close();
          await scratch.close();
          await trees.close();
          if (isOurs()) await removeTemporary(folder);
        },
      };
    },
  };
}

async function opened(world: ProxyWorld): Promise<ApiProxy> {
  return new (await import("./proxy/proxy.ts")).ApiProxy(world);
}

function aheadIn({
  project,
  calls,
}: Pick<AttemptsSettings, "project" | "calls">): NonNullable<RunAttempts["ahead"]> {
  const paths = new Map<string, string>();
  return ({ action }) => {
    if (action?.kind !== "call") return 0;
    // Asked for each node that is to start.
    let path = paths.get(action.file);
    if (path === undefined) {
      path = join(project, action.file);
      paths.set(action.file, path);
    }
    return calls.ahead(path, action.export);
  };
}

/** Whoever tells of nothing has not counted it. */
function toldOf(amounts: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(amounts).filter(([, amount]) => amount > 0));
}

/** Also what owners left that were killed. What cannot be removed stays, and harms nobody. */
async function removeTemporary(folder: string): Promise<void> {
  await rm(join(folder, "tmp"), { recursive: true, force: true }).catch(() => {});
}
