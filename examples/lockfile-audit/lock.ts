// Reads a package-lock.json (version 2 or 3) into packages whose needs are resolved as npm resolves them.

import { readFile } from "node:fs/promises";
import { type Need, withoutCircles } from "./circles.ts";
import type { FileValue, Kind, Lock, Package, Skipped } from "./model.ts";

/** One entry of the lockfile's `packages`, as far as the audit reads it. All of it comes from outside. */
interface Entry {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly resolved?: unknown;
  readonly integrity?: unknown;
  readonly link?: unknown;
  readonly inBundle?: unknown;
  readonly optional?: unknown;
  readonly devOptional?: unknown;
  readonly hasInstallScript?: unknown;
  readonly os?: unknown;
  readonly cpu?: unknown;
  readonly libc?: unknown;
  readonly dependencies?: unknown;
  readonly optionalDependencies?: unknown;
  readonly peerDependencies?: unknown;
  readonly peerDependenciesMeta?: unknown;
}

type Entries = ReadonlyMap<string, Entry>;

export async function readLock({
  lockfile,
  strict,
}: {
  lockfile: FileValue;
  strict: boolean;
}): Promise<Lock> {
  const { project, entries } = parse(await readFile(lockfile.path, "utf8"), lockfile.name);
  const skipped: Skipped[] = [];
  const chosen = new Map<string, Entry>();
  for (const [place, entry] of entries) {
    const why = place === "" ? null : whySkipped(place, entry);
    if (why !== null) skipped.push({ key: short(place), why });
    else if (place !== "") chosen.set(place, entry);
  }
  const unmet: string[] = [];
  const needs = [...chosen].flatMap(([place, entry]) => needsOf(place, entry, entries, unmet));
  const usable = needs.filter((need) => chosen.has(need.to) && need.from !== need.to);
  const { kept, circles } = strict ? { kept: usable, circles: [] } : withoutCircles(usable);
  const byPackage = new Map<string, Set<string>>();
  for (const { from, to } of kept) byPackage.set(from, (byPackage.get(from) ?? new Set()).add(short(to)));
  return {
    project,
    packages: [...chosen].map(([place, entry]) =>
      packageOf(place, entry, [...(byPackage.get(place) ?? [])].sort()),
    ),
    skipped,
    circles: circles.map((circle) => ({
      ...circle,
      packages: circle.packages.map(short),
      from: short(circle.from),
      to: short(circle.to),
    })),
    unmet,
  };
}

function parse(text: string, name: string): { readonly project: string; readonly entries: Entries } {
  const root: unknown = JSON.parse(text);
  const top = record(root);
  const packages = record(top["packages"]);
  if (Object.keys(packages).length === 0)
    throw new Error(
      `${name} has no "packages": it is older than npm 7 or not a lockfile; \`npm install --package-lock-only\` renews it`,
    );
  const entries = new Map(Object.entries(packages).map(([place, entry]) => [place, record(entry)]));
  return { project: word(top["name"]) ?? name, entries };
}

/** Why a package is not fetched, or null if it is. */
function whySkipped(place: string, entry: Entry): string | null {
  if (entry.link === true) return "a link to a folder of the project";
  if (!place.includes("node_modules/")) return "a folder of the project";
  if (entry.inBundle === true) return "bundled in the package above it";
  if (word(entry.version) === null) return "the lockfile names no version";
  const from = word(entry.resolved);
  if (from === null) return null;
  if (/^git(?:\+|:)/.test(from)) return "comes from git";
  if (/^file:/.test(from)) return "comes from a file of the project";
  return isTarballOf(nameOf(place, entry), word(entry.version) ?? "", from)
    ? null
    : "comes from an address of its own";
}

/** Registries name tarballs all alike; anything else is an address that somebody wrote into a package.json. */
function isTarballOf(name: string, version: string, from: string): boolean {
  const base = name.split("/").at(-1) ?? name;
  return from.split(/[?#]/)[0]?.endsWith(`/${base}-${version}.tgz`) === true;
}

function packageOf(place: string, entry: Entry, needs: readonly string[]): Package {
  const platform = [entry.os, entry.cpu, entry.libc].flatMap(words).join(" ");
  return {
    key: short(place),
    name: nameOf(place, entry),
    version: word(entry.version) ?? "",
    integrity: word(entry.integrity),
    optional: entry.optional === true || entry.devOptional === true,
    platform: platform === "" ? null : platform,
    install_script: entry.hasInstallScript === true,
    needs,
  };
}

/** An alias (`"a": "npm:b@1"`) has the true name in the entry; else the place tells it. */
function nameOf(place: string, entry: Entry): string {
  return word(entry.name) ?? place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);
}

function needsOf(place: string, entry: Entry, entries: Entries, unmet: string[]): Need[] {
  const optionalNames = new Set(Object.keys(record(entry.optionalDependencies)));
  const peersMeta = record(entry.peerDependenciesMeta);
  const found: Need[] = [];
  const add = (name: string, kind: Kind, mayLack: boolean): void => {
    const to = resolve(place, name, entries);
    if (to !== null) found.push({ from: place, to, kind });
    else if (!mayLack) unmet.push(`${short(place)} needs ${name}`);
  };
  for (const name of Object.keys(record(entry.dependencies)))
    if (!optionalNames.has(name)) add(name, "dependency", false);
  for (const name of optionalNames) add(name, "optional", true);
  for (const name of Object.keys(record(entry.peerDependencies)))
    add(name, "peer", record(peersMeta[name])["optional"] === true);
  return found;
}

/** As Node does: `node_modules/NAME` in the package's own folder, then in each folder above it. Links are followed. */
function resolve(place: string, name: string, entries: Entries): string | null {
  let folder = place;
  for (;;) {
    if (!folder.endsWith("node_modules")) {
      const candidate = folder === "" ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
      const entry = entries.get(candidate);
      if (entry !== undefined) return entry.link === true ? (word(entry.resolved) ?? candidate) : candidate;
    }
    if (folder === "") return null;
    folder = folder.includes("/") ? folder.slice(0, folder.lastIndexOf("/")) : "";
  }
}

function short(place: string): string {
  return place.replace(/^node_modules\//, "");
}

function word(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function words(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
