// Kinds of runners and agents for the compiler: the registries of a project, with settings checked by their schemas.

import { fileURLToPath } from "node:url";
import type { RunnerKinds } from "../compiler/kinds.ts";
import { type AgentRegistry, openAgentRegistry } from "../runners/agent-registry.ts";
import { openRegistry, type Registry } from "../runners/registry.ts";
import { fitsSchema } from "../runtime/validate.ts";

/** Packages stand in the project's `node_modules`, or beside flowc. Nothing is loaded before it is asked for. */
export function registryOf(project: string): Registry {
  return openRegistry(foldersOf(project));
}

/** As {@link registryOf}. */
export function agentsOf(project: string): AgentRegistry {
  return openAgentRegistry(foldersOf(project));
}

function foldersOf(project: string): readonly string[] {
  return [project, fileURLToPath(new URL(".", import.meta.url))];
}

export function kindsOf(registry: Registry): RunnerKinds {
  return {
    names: registry.names,
    find: registry.find,
    problemOf: (schema, settings) => {
      try {
        return fitsSchema(settings, schema);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return { path: "", reason: `its schema is no JSON Schema: ${why}` };
      }
    },
  };
}
