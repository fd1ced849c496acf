// Kinds of runners: built in or brought by a package `flowc-runner-NAME`, all found the same way and loaded when asked for.

import type { KindFacts, Runner } from "../runtime/runner.ts";
import { dockerKind } from "./docker-kind.ts";
import { e2bKind } from "./e2b-kind.ts";
import { localKind } from "./local-kind.ts";
import { isKindName, type Known, loadPackage, type Problem, packagesAbove } from "./registry-packages.ts";

export interface Registry {
  /** Of all kinds: built in, then those of packages, sorted. */
  names(): readonly string[];
  /** Null: neither built in nor installed. */
  find(kind: string): KindFacts | Problem | null;
  /** The runner of a kind, the same each time. */
  open(kind: string): Promise<Runner | Problem>;
}

export const builtIn: readonly Known[] = [
  { facts: localKind, open: async () => (await import("./local.ts")).localRunner() },
  { facts: dockerKind, open: async () => (await import("./docker.ts")).dockerRunner() },
  { facts: e2bKind, open: async () => (await import("./e2b.ts")).e2bRunner() },
];

export const packagePrefix = "flowc-runner-";

/** Their runners serve all runs of this process. */
const opened = new Map<Known, Promise<Runner | Problem>>();

/**
 * The kinds that a project can use. Packages are looked for in each of the folders, absolute paths, and in those above it:
 * the project's first, then flowc's own.
 */
export function openRegistry(folders: readonly string[], known: readonly Known[] = builtIn): Registry {
  const packages = new Map<string, Known | Problem | null>();
  const lookUp = (kind: string): Known | Problem | null => {
    const own = known.find(({ facts }) => facts.kind === kind);
    if (own !== undefined) return own;
    if (!isKindName(kind)) return null;
    const found = packages.get(kind) ?? loadPackage(kind, packagePrefix + kind, folders);
    packages.set(kind, found);
    return found;
  };
  const names = () => [...known.map(({ facts }) => facts.kind), ...packagesAbove(folders, packagePrefix)];
  return {
    names,
    find: (kind) => {
      const found = lookUp(kind);
      return found === null || "problem" in found ? found : found.facts;
    },
    open: async (kind) => {
      const found = lookUp(kind);
      if (found === null)
        return { problem: `There is no runner of kind \`${kind}\` here; known: ${names().join(", ")}.` };
      if ("problem" in found) return found;
      const runner = opened.get(found) ?? found.open();
      opened.set(found, runner);
      return runner;
    },
  };
}

const ownKinds = openRegistry([]);

/** The runner of a kind that is built in. */
export function openRunner(kind: string): Promise<Runner | Problem> {
  return ownKinds.open(kind);
}
