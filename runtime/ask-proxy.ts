// Where an agent finds its model: at its API, or at flowc's proxy in front of that.

import type { AgentKind, Usage } from "./agent.ts";
import type { AttemptOrder, AttemptWorld } from "./attempt-order.ts";
import type { Lent } from "./instances.ts";
import { withSecrets } from "./places.ts";
import type { Seated } from "./proxy/proxy.ts";
import type { Instance, Workspace } from "./runner.ts";

interface Place {
  readonly order: AttemptOrder;
  readonly world: AttemptWorld;
  readonly workspace: Workspace;
  readonly instance: Instance;
  readonly of: Lent["of"];
  readonly env: Readonly<Record<string, string>>;
}

/** Null: it asks its API by itself. `used`: told what all its requests have used until now. */
export async function seatOf(
  { order, world, workspace, instance, of, env }: Place,
  kind: AgentKind,
  used: (usage: Usage) => void,
): Promise<Seated | { readonly problem: string } | null> {
  const { asked, runner } = order.settings;
  if (asked === null || asked.proxy === null) return null;
  const { name, proxy } = asked;
  const api = kind.api?.(withSecrets(asked.settings, world.secrets)) ?? null;
  if (api === null)
    return {
      problem: `flowc cannot stand between \`${kind.kind}\` and its model: \`${name}\` has to go without \`proxy\`.`,
    };
  if (workspace.reaches !== true)
    return {
      problem: `Nothing in \`${runner}\` reaches flowc's proxy, which is on this machine alone. With \`network: "host"\` a container of this machine does; else \`${name}\` has to go without \`proxy\`.`,
    };
  const { n, a } = order;
  return (await world.proxy()).seat({
    ...{ api, env, limit: proxy, n, a, used },
    instance: of === null ? null : instance,
    does: (text) => world.does(n, text),
  });
}
