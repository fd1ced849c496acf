// Runners by kind, loaded when first asked for: a run that stays on this machine loads nothing else.

import type { Runner } from "../runtime/runner.ts";

const known: Readonly<Record<string, () => Promise<Runner>>> = {
  local: async () => (await import("./local.ts")).localRunner(),
  docker: async () => (await import("./docker.ts")).dockerRunner(),
};

const loaded = new Map<string, Promise<Runner>>();

/** Kinds that can be asked for, sorted. */
export function runnerKinds(): readonly string[] {
  return Object.keys(known).sort();
}

/** The runner of a kind, the same each time; an unknown kind is told, not thrown. */
export async function openRunner(kind: string): Promise<Runner | { readonly problem: string }> {
  const load = Object.hasOwn(known, kind) ? known[kind] : undefined;
  if (load === undefined)
    return { problem: `There is no runner of kind \`${kind}\` here; known: ${runnerKinds().join(", ")}.` };
  const runner = loaded.get(kind) ?? load();
  loaded.set(kind, runner);
  return runner;
}
