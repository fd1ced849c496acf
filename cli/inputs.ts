// What a person gives to a flow becomes its typed inputs; all that is missing or wrong is told at once.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { InputSpec, Plan } from "../compiler/plan.ts";
import { createNearest } from "../compiler/suggest.ts";
import { show } from "../compiler/type-ops.ts";
import type { FileValue, Type, TypeTable, Value } from "../compiler/types.ts";
import { decode, decodeText, filesIn } from "../runtime/validate.ts";
import { visible, visibleLines } from "./render/text.ts";
import type { GivenInput } from "./request.ts";
import { didYouMean, exits, Stop, shellWord } from "./stop.ts";
import type { World } from "./world.ts";

export interface Given {
  readonly input: readonly GivenInput[];
  readonly inputs: string | null;
}

/** Looks at a file or dir that an input names: its value, or in a clause why there is none. */
export type LookAt = (kind: "file" | "dir", path: string) => Promise<FileValue | string>;

export interface InputsOptions {
  /** Inputs that must be given and are not: an error, or left out as values not yet known. */
  readonly missing: "error" | "unknown";
  /** The command as typed so far, `flowc run build.flow`. */
  readonly command: string;
  readonly look: LookAt;
}

/** Longer files of inputs are values that belong into a file of their own. */
const inputBytesMax = 64 * 1024 * 1024;

type Raw =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "json"; readonly value: unknown };

/** The inputs by name, decoded; those with a default may be missing. */
export async function readInputs(
  plan: Plan,
  given: Given,
  world: World,
  options: InputsOptions,
): Promise<Readonly<Record<string, Value>>> {
  const problems: string[] = [];
  const wrong = new Set<string>();
  const raw = await rawInputs(given, world, problems);
  const values = new Map<string, Value>();
  for (const spec of plan.inputs) {
    const found = raw.get(spec.name);
    if (found === undefined) {
      if (spec.default === undefined && options.missing === "error") problems.push(missing(spec));
      continue;
    }
    const decoded = await decodeOne(found, spec.type, plan, options.look);
    if (!decoded.ok) {
      wrong.add(spec.name);
      const at = decoded.path === "" ? "" : ` at ${visible(decoded.path)}`;
      problems.push(`\`${spec.name}\`${at}: ${visibleLines(decoded.reason)}`);
    } else {
      values.set(spec.name, decoded.value);
      if (decoded.dropped.length > 0)
        world.err.write(
          `warning: input ${spec.name}: its type does not have ${decoded.dropped.map(visible).join(", ")}; left out\n`,
        );
    }
  }
  const names = plan.inputs.map((spec) => spec.name);
  for (const name of raw.keys()) if (!names.includes(name)) problems.push(unknown(name, names, plan.flow));
  if (problems.length > 0) throw refusal(plan, problems, wrong, given, options.command);
  return Object.fromEntries(values);
}

async function rawInputs(given: Given, world: World, problems: string[]): Promise<ReadonlyMap<string, Raw>> {
  const raw = new Map<string, Raw>();
  if (given.inputs !== null) {
    const value = await jsonOf(given.inputs, world);
    if ("problem" in value) problems.push(value.problem);
    else if (typeof value.json !== "object" || value.json === null || Array.isArray(value.json))
      problems.push(`${visible(given.inputs)} must hold one JSON object, an input under each key`);
    else for (const [name, each] of Object.entries(value.json)) raw.set(name, { kind: "json", value: each });
  }
  for (const { name, text } of given.input) {
    if (!text.startsWith("@") || text.startsWith("@@"))
      raw.set(name, { kind: "text", text: text.startsWith("@@") ? text.slice(1) : text });
    else if (/\.json$/i.test(text)) {
      const value = await jsonOf(text.slice(1), world);
      if ("problem" in value) problems.push(`\`${name}\`: ${value.problem}`);
      else raw.set(name, { kind: "json", value: value.json });
    } else {
      const content = readText(resolve(world.cwd, text.slice(1)), text.slice(1));
      if ("problem" in content) problems.push(`\`${name}\`: ${content.problem}`);
      else raw.set(name, { kind: "text", text: content.text.replace(/\r?\n$/, "") });
    }
  }
  return raw;
}

type Json = { readonly json: unknown } | { readonly problem: string };

/** `-` is stdin. */
async function jsonOf(path: string, world: World): Promise<Json> {
  const content = path === "-" ? { text: await world.input() } : readText(resolve(world.cwd, path), path);
  if ("problem" in content) return content;
  try {
    const json: unknown = JSON.parse(content.text.replace(/^\ufeff/, ""));
    return { json };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { problem: `${visible(path)} is not JSON: ${visible(why)}` };
  }
}

function readText(full: string, path: string): { readonly text: string } | { readonly problem: string } {
  try {
    const bytes = readFileSync(full);
    if (bytes.length > inputBytesMax) return { problem: `${visible(path)} is larger than 64 MB` };
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "ENOENT") return { problem: `there is no file ${visible(path)}` };
    if (code === "EISDIR") return { problem: `${visible(path)} is a folder` };
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA")
      return { problem: `${visible(path)} is not UTF-8 text` };
    return { problem: `${visible(path)} cannot be read (${String(code)})` };
  }
}

/** A value from outside as the type has it; files are looked at. */
export async function decodeOne(raw: Raw, type: Type, plan: Plan, look: LookAt) {
  const { types } = plan;
  // Hashing a file takes time: all are looked at before anything is decided.
  const looked = new Map<string, FileValue | string>();
  const collect = (kind: "file" | "dir", path: string): FileValue => {
    looked.set(`${kind}:${path}`, "");
    return { path, name: path, size: 0, sha256: "" };
  };
  if (raw.kind === "json") for (const { kind, path } of filesIn(raw.value, type, types)) collect(kind, path);
  else decodeText(raw.text, type, types, "input", { file: collect });
  for (const key of looked.keys()) {
    const kind = key.startsWith("file:") ? "file" : "dir";
    looked.set(key, await look(kind, key.slice(key.indexOf(":") + 1)));
  }
  const file = (kind: "file" | "dir", path: string): FileValue | string =>
    looked.get(`${kind}:${path}`) ?? "it cannot be looked at";
  return raw.kind === "json"
    ? decode(raw.value, type, types, { file })
    : decodeText(raw.text, type, types, "input", { file });
}

function missing(spec: InputSpec): string {
  const doc = spec.doc === null ? "" : ` – ${visible(spec.doc.split("\n")[0] ?? "")}`;
  return `\`${spec.name}\` is missing: ${visible(show(spec.type))}${doc}`;
}

function unknown(name: string, names: readonly string[], flow: string): string {
  const nearest = createNearest()(name, names);
  const all =
    names.length === 0 ? " It has no inputs." : nearest === null ? ` It has ${names.join(", ")}.` : "";
  return `\`${visible(name)}\` is no input of \`${flow}\`.${didYouMean(nearest)}${all}`;
}

/** All problems, and the command as it could be: what was right stays, the rest is to be filled in. */
function refusal(
  plan: Plan,
  problems: readonly string[],
  wrong: ReadonlySet<string>,
  given: Given,
  command: string,
): Stop {
  const right = new Map(given.input.filter((one) => !wrong.has(one.name)).map((one) => [one.name, one.text]));
  const words = given.inputs === null ? [] : [`--inputs ${shellWord(given.inputs)}`];
  for (const spec of plan.inputs) {
    const text = right.get(spec.name);
    if (text !== undefined) words.push(`--input ${shellWord(`${spec.name}=${text}`)}`);
    else if (wrong.has(spec.name) || (spec.default === undefined && given.inputs === null))
      words.push(`--input ${shellWord(`${spec.name}=${placeholder(spec.type, plan.types)}`)}`);
  }
  const message =
    problems.length === 1
      ? `The inputs do not fit: ${problems[0]}`
      : `The inputs do not fit:\n${problems.map((one) => `  ${one}`).join("\n")}`;
  return new Stop(exits.wrong, message, [command, ...words].join(" "));
}

/** Something to replace, in the form that the type takes. */
function placeholder(type: Type, table: TypeTable): string {
  switch (type.kind) {
    case "int":
      return "42";
    case "float":
      return "0.5";
    case "bool":
      return "true";
    case "duration":
      return "30s";
    case "size":
      return "4MB";
    case "percent":
      return "80%";
    case "money":
      return "5USD";
    case "file":
    case "dir":
      return "PATH";
    case "string":
      return "TEXT";
    case "union":
      return type.members[0] ?? "TEXT";
    case "optional":
      return placeholder(type.of, table);
    case "list": {
      const of = placeholder(type.of, table);
      return of === "@FILE.json" ? of : /^(?:true|42|0\.5)$/.test(of) ? `[${of}]` : `["${of}"]`;
    }
    case "named": {
      const body = Object.hasOwn(table, type.name) ? table[type.name] : undefined;
      return body?.kind === "union" ? placeholder(body, table) : "@FILE.json";
    }
    default:
      return "@FILE.json";
  }
}
