// Loads a third party's runner or agent from its package; whatever is wrong with that is told in a sentence, and never thrown.

import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { KindFacts, Runner } from "../runtime/runner.ts";

/** A kind: what can be told of it, and how to get the thing itself. */
export interface Known<Facts, Thing> {
  readonly facts: Facts;
  open(): Promise<Thing | Problem>;
}

export interface Problem {
  /** A sentence for people. */
  readonly problem: string;
}

/** A runner's package. Null: no folder has it. */
export function loadPackage(
  kind: string,
  name: string,
  folders: readonly string[],
): Known<KindFacts, Runner> | Problem | null {
  return loadFrom(name, folders, (exported) => {
    const found = runnerIn(exported, kind, name);
    if ("problem" in found) return found;
    const runner = guarded(found, name);
    return { facts: runner, open: async () => runner };
  });
}

/** What `read` makes of what a package exports. Null: no folder has it. */
export function loadFrom<T>(
  name: string,
  folders: readonly string[],
  read: (exported: unknown) => T | Problem,
): T | Problem | null {
  for (const folder of folders) {
    const load = createRequire(join(folder, "any.js"));
    let path: string;
    try {
      path = load.resolve(name);
    } catch (error) {
      if (isAbsent(error, name)) continue;
      return cannot(name, messageOf(error));
    }
    try {
      return read(load(path));
    } catch (error) {
      return cannot(name, messageOf(error));
    }
  }
  return null;
}

/** Kinds that packages at or above folders bring, by their names alone, sorted. */
export function packagesAbove(folders: readonly string[], prefix: string): readonly string[] {
  const found = new Set<string>();
  for (const folder of folders)
    for (let at = folder; ; at = dirname(at)) {
      for (const name of namesIn(join(at, "node_modules")))
        if (name.startsWith(prefix)) found.add(name.slice(prefix.length));
      if (dirname(at) === at) break;
    }
  return [...found].sort();
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The only names that a flow can write; and no path. */
export function isKindName(kind: string): boolean {
  return /^[a-z][a-z0-9_]*$/.test(kind);
}

function cannot(name: string, why: string): Problem {
  return { problem: `The package \`${name}\` cannot be loaded: ${why}` };
}

/** The package itself, and not its entry or what that asks for. */
function isAbsent(error: unknown, name: string): boolean {
  return messageOf(error).startsWith(`Cannot find module '${name}'`);
}

/** A third party's runner threw where nothing can be done about it. Its message is for people. */
export class PackageFailed extends Error {}

/** The same, with what it throws told as the package's and not as a bug of flowc; where there is an answer for that, it is given. */
function guarded(runner: Runner, name: string): Runner {
  const { kind, settingsSchema, computesHere } = runner;
  const told = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw new PackageFailed(`The package \`${name}\` failed in \`${what}\`: ${messageOf(error)}`);
    }
  };
  return {
    kind,
    settingsSchema,
    computesHere,
    quota: (settings) => {
      try {
        return runner.quota(settings);
      } catch {
        return { instances: null, perSecond: null };
      }
    },
    open: async (spec) => {
      try {
        return await runner.open(spec);
      } catch (error) {
        const message = `The package \`${name}\` failed in \`open\`: ${messageOf(error)}`;
        return { problem: "lost", message };
      }
    },
    find: (run, except, settings) => told("find", async () => runner.find(run, except, settings)),
    end: (refs, how) => told("end", async () => runner.end(refs, how)),
    identity: (settings) => told("identity", async () => runner.identity(settings)),
  };
}

/** Its first line: what follows is for who wrote the package. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [first = ""] = text.split("\n");
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

const functions = ["quota", "open", "find", "end", "identity"] as const;

/** What a package exports under a name; why there is none. */
export function exportOf(
  exported: unknown,
  what: string,
  name: string,
): { readonly found: unknown } | Problem {
  const names = typeof exported === "object" && exported !== null ? Object.keys(exported) : [];
  const found = fieldOf(exported, what);
  if (found !== undefined) return { found };
  const others = names.length === 0 ? "" : `, but ${names.map((one) => `\`${one}\``).join(", ")}`;
  return { problem: `The package \`${name}\` exports no \`${what}\`${others}.` };
}

/** The export `runner`, if it is what the contract asks for. */
function runnerIn(exported: unknown, kind: string, name: string): Runner | Problem {
  const given = exportOf(exported, "runner", name);
  if ("problem" in given) return given;
  const runner = given.found;
  const wrong = wrongIn(runner, kind);
  if (wrong !== null || !isRunner(runner, kind))
    return {
      problem: `The package \`${name}\` exports a \`runner\` that is none: ${wrong ?? "it is no object"}.`,
    };
  return runner;
}

function isRunner(value: unknown, kind: string): value is Runner {
  return wrongIn(value, kind) === null;
}

/** What a runner lacks, as a clause. */
function wrongIn(runner: unknown, kind: string): string | null {
  if (typeof runner !== "object" || runner === null) return "it is no object";
  const said = fieldOf(runner, "kind");
  if (said !== kind) return `its \`kind\` is ${JSON.stringify(said) ?? "missing"}, and not "${kind}"`;
  const schema = fieldOf(runner, "settingsSchema");
  if (typeof schema !== "object" || schema === null) return "its `settingsSchema` is no JSON Schema";
  if (typeof fieldOf(runner, "computesHere") !== "boolean") return "its `computesHere` is not true or false";
  const missing = functions.filter((each) => typeof fieldOf(runner, each) !== "function");
  return missing.length === 0
    ? null
    : `it has no function ${missing.map((each) => `\`${each}\``).join(", ")}`;
}

export function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value ? Object(value)[name] : undefined;
}
