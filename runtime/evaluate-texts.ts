// Built-in functions over texts, and from and to JSON.

import { createHash } from "node:crypto";
import type { Value } from "../compiler/types.ts";
import { arg, type BuiltinCall, type BuiltinCode } from "./evaluate-lists.ts";
import { decode } from "./validate.ts";
import {
  asList,
  asNumber,
  asString,
  bounded,
  canonical,
  describe,
  fileIn,
  finite,
  listLengthMax,
  listTooLong,
  textLengthMax,
  textOf,
  textTooLong,
  ValueError,
} from "./values.ts";

export const textBuiltins: Readonly<Record<string, BuiltinCode>> = {
  join: (call) => joined(asList(arg(call, 0)).map(asString), text(call, 1)),
  split: (call) => split(text(call, 0), text(call, 1)),
  lines: (call) => lines(text(call, 0)),
  trim: (call) => text(call, 0).trim(),
  lower: (call) => text(call, 0).toLowerCase(),
  upper: (call) => bounded(text(call, 0).toUpperCase()),
  replace: (call) => replace(text(call, 0), text(call, 1), text(call, 2)),
  starts_with: (call) => text(call, 0).startsWith(text(call, 1)),
  ends_with: (call) => text(call, 0).endsWith(text(call, 1)),
  slug: (call) => slug(text(call, 0)),
  string: (call) => textOf(arg(call, 0), call.types[0] ?? null),
  int: (call) => whole(arg(call, 0)),
  float: (call) => float(arg(call, 0)),
  to_json: (call) => bounded(JSON.stringify(arg(call, 0))),
  parse_json: (call) => parseJson(text(call, 0), "the text"),
  basename: (call) => basename(arg(call, 0)),
  hash: (call) => hashOf(arg(call, 0)),
};

function text(call: BuiltinCall, i: number): string {
  return asString(arg(call, i));
}

function joined(items: readonly string[], separator: string): string {
  const length = items.reduce((sum, item) => sum + item.length + separator.length, 0);
  if (length > textLengthMax + separator.length) throw textTooLong(length);
  return items.join(separator);
}

function split(of: string, separator: string): Value {
  const parts = separator === "" ? [...of] : of.split(separator);
  if (parts.length > listLengthMax) throw listTooLong(parts.length);
  return parts;
}

function lines(of: string): Value {
  const parts = of.split(/\r?\n/);
  if (parts.at(-1) === "") parts.pop();
  if (parts.length > listLengthMax) throw listTooLong(parts.length);
  return parts;
}

function replace(of: string, old: string, fresh: string): string {
  if (old === "") throw new ValueError("`replace` has nothing to look for: the text to be replaced is empty");
  const parts = of.split(old);
  const length = of.length + (parts.length - 1) * (fresh.length - old.length);
  if (length > textLengthMax) throw textTooLong(length);
  return parts.join(fresh);
}

function slug(of: string): string {
  const plain = of.normalize("NFKD").replace(/\p{M}+/gu, "");
  return plain
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "")
    .normalize("NFC");
}

function whole(of: Value): number {
  if (typeof of === "number") return finite(Math.trunc(of), true);
  const written = asString(of).trim();
  if (!/^[+-]?\d+(?:_\d+)*$/.test(written)) throw new ValueError(`${describe(of)} is no whole number`);
  return finite(Number(written.replaceAll("_", "")), true);
}

function float(of: Value): number {
  if (typeof of === "number") return asNumber(of);
  const written = asString(of).trim();
  if (!/^[+-]?(?:\d+(?:_\d+)*(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(written))
    throw new ValueError(`${describe(of)} is no number`);
  return finite(Number(written.replaceAll("_", "")), false);
}

/** `what` names the text in the message. */
export function parseJson(of: string, what: string): Value {
  let parsed: unknown;
  try {
    parsed = JSON.parse(of);
  } catch {
    throw new ValueError(`${what} is no JSON: ${describe(of)}`);
  }
  const decoded = decode(parsed, { kind: "json" }, {});
  if (decoded.ok) return decoded.value;
  const place = decoded.path === "" ? "" : ` at ${decoded.path}`;
  throw new ValueError(`${what} is no JSON that can be kept${place}: ${decoded.reason}`);
}

function basename(of: Value): string {
  const file = fileIn(of);
  if (file !== null) return file.name;
  const parts = asString(of)
    .split("/")
    .filter((part) => part !== "");
  return parts.at(-1) ?? "";
}

function hashOf(of: Value): string {
  const file = fileIn(of);
  return file !== null ? file.sha256 : createHash("sha256").update(canonical(of)).digest("hex");
}
