// Kinds of runners: built in or brought by a package `flowc-runner-NAME`, all found the same way and loaded when asked for.

import type { KindFacts, Runner } from "../runtime/runner.ts";
import { dockerKind } from "./docker-kind.ts";
import { e2bKind } from "./e2b-kind.ts";
import { type Kinds, openKinds } from "./kinds.ts";
import { localKind } from "./local-kind.ts";
import { type Known, loadPackage, type Problem } from "./registry-packages.ts";

/** The runner of a kind is the same each time: it serves all runs of this process. */
export type Registry = Kinds<KindFacts, Runner>;

export const builtIn: readonly Known<KindFacts, Runner>[] = [
  { facts: localKind, open: once(async () => (await import("./local.ts")).localRunner()) },
  { facts: dockerKind, open: once(async () => (await import("./docker.ts")).dockerRunner()) },
  { facts: e2bKind, open: once(async () => (await import("./e2b.ts")).e2bRunner()) },
];

export const packagePrefix = "flowc-runner-";

/** The kinds of runners that a project can use. */
export function openRegistry(folders: readonly string[], known = builtIn): Registry {
  return openKinds({
    ...{ sort: "runner", packagePrefix, folders, known },
    load: (kind, name) => loadPackage(kind, name, folders),
  });
}

const ownKinds = openRegistry([]);

/** The runner of a kind that is built in. */
export function openRunner(kind: string): Promise<Runner | Problem> {
  return ownKinds.open(kind);
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
