// The kinds of one sort of thing, runners or agents: those built in and those of packages, found by name and loaded when asked for.

import { isKindName, type Known, type Problem, packagesAbove } from "./registry-packages.ts";

export interface Kinds<Facts, Thing> {
  /** Of all kinds: built in, then those of packages, sorted. */
  names(): readonly string[];
  /** Null: neither built in nor installed. */
  find(kind: string): Facts | Problem | null;
  open(kind: string): Promise<Thing | Problem>;
}

export interface KindsOf<Facts, Thing> {
  /** What people call one of them. */
  readonly sort: string;
  readonly packagePrefix: string;
  /**
   * Packages are looked for in each of the folders, absolute paths, and in those above it: the project's first, then flowc's
   * own.
   */
  readonly folders: readonly string[];
  readonly known: readonly Known<Facts, Thing>[];
  /** Null: no folder has the package `name`. */
  load(kind: string, name: string): Known<Facts, Thing> | Problem | null;
}

export function openKinds<Facts extends { readonly kind: string }, Thing>(
  of: KindsOf<Facts, Thing>,
): Kinds<Facts, Thing> {
  const { sort, packagePrefix, folders, known, load } = of;
  const packages = new Map<string, Known<Facts, Thing> | Problem | null>();
  const lookUp = (kind: string): Known<Facts, Thing> | Problem | null => {
    const own = known.find(({ facts }) => facts.kind === kind);
    if (own !== undefined || !isKindName(kind)) return own ?? null;
    const found = packages.get(kind) ?? load(kind, packagePrefix + kind);
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
        return { problem: `There is no ${sort} of kind \`${kind}\` here; known: ${names().join(", ")}.` };
      return "problem" in found ? found : found.open();
    },
  };
}
