// The environment of an attempt: a short list of what flowc inherited, the task's own, and what flowc tells it.

import type { Workspace } from "./runner.ts";
import { setEntry } from "./values.ts";

/** A variable of `env:`; a secret by its name. */
export type EnvText =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly secret: string };

/** What commands get of flowc's own environment. The rest is not for them: it could hold anything. */
const inheritedNames = [
  "PATH",
  "HOME",
  "LANG",
  "USER",
  "LOGNAME",
  "SHELL",
  "TZ",
  "TERM",
  // Set by flowc itself, for its own machine: so that a command can look at the run it is part of.
  "FLOWC",
  "FLOWC_STATE",
] as const;
const inheritedElsewhere = [
  "SystemRoot",
  "ComSpec",
  "PATHEXT",
  "USERPROFILE",
  "APPDATA",
  "LOCALAPPDATA",
] as const;

/** What differs from attempt to attempt, and is the same to whoever serves several. */
export const attemptNames: ReadonlySet<string> = new Set([
  "TMPDIR",
  "OUT",
  "FLOWC_NODE",
  "FLOWC_ATTEMPT",
  "FLOWC_IDEMPOTENCY_KEY",
]);

/** The kernel takes no variable of 128 KB or more. */
const variableBytesMax = 128 * 1024 - 1;

interface For {
  readonly run: string;
  readonly name: string;
  readonly a: number;
  readonly key: string;
  readonly settings: { readonly env: readonly EnvText[] };
}

interface From {
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly secrets: ReadonlyMap<string, string>;
}

/** All variables of an attempt, `OUT` among them; or a sentence why one of `env:` cannot be. */
export function environmentOf(
  order: For,
  world: From,
  workspace: Pick<Workspace, "temporary" | "inherits">,
): { readonly env: Readonly<Record<string, string>> } | { readonly problem: string } {
  // What is added to a copy made by spreading costs 6 µs, to this one 0.3: there is one for each node.
  const env: Record<string, string> = Object.assign(
    {},
    workspace.inherits ? inheritedBy(world.inherited) : null,
  );
  for (const entry of order.settings.env) {
    const text = "text" in entry ? entry.text : world.secrets.get(entry.secret);
    if (text === undefined && "secret" in entry)
      return { problem: `The secret \`${entry.secret}\` is not set in flowc's environment.` };
    const problem = problemOf(entry.name, text ?? "");
    if (problem !== null) return { problem: `\`env: { ${entry.name}: … }\` ${problem}.` };
    setEntry(env, entry.name, text ?? "");
  }
  env["TMPDIR"] = workspace.temporary;
  env["OUT"] = `${workspace.temporary}/out`;
  env["FLOWC_RUN"] = order.run;
  env["FLOWC_NODE"] = order.name;
  env["FLOWC_ATTEMPT"] = String(order.a);
  env["FLOWC_IDEMPOTENCY_KEY"] = order.key;
  return { env };
}

type Variables = Readonly<Record<string, string | undefined>>;

/** flowc's own environment is large, and the same for all attempts of a run. */
const inherited = new WeakMap<Variables, Readonly<Record<string, string>>>();

function inheritedBy(own: Variables): Readonly<Record<string, string>> {
  const known = inherited.get(own);
  if (known !== undefined) return known;
  const env: Record<string, string> = {};
  for (const name of [...inheritedNames, ...inheritedElsewhere]) {
    const text = own[name];
    if (text !== undefined) env[name] = text;
  }
  for (const [name, text] of Object.entries(own))
    if (name.startsWith("LC_") && text !== undefined) env[name] = text;
  inherited.set(own, env);
  return env;
}

function problemOf(name: string, text: string): string | null {
  if (name === "" || /[=\0]/.test(name)) return "is no name that a variable can have";
  if (text.includes("\0")) return "holds a NUL character, which no variable can. Pass it as a file";
  const bytes = Buffer.byteLength(name) + 1 + Buffer.byteLength(text);
  return bytes > variableBytesMax
    ? `is ${Math.ceil(bytes / 1024)} KB, and a variable may be 128 KB. Pass it as a file`
    : null;
}
