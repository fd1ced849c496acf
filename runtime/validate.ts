// What comes from outside is made a flow value here: checked against the type's JSON Schema, defaults filled in,
// unknown fields dropped and told.

import { createRequire } from "node:module";
import type { ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import { type FileForm, type JsonSchema, missingValue, named, schemaOf } from "../compiler/schema.ts";
import type { FileValue, Type, TypeTable, Value } from "../compiler/types.ts";
import { describeMismatch, mapPath, place } from "./mismatch.ts";
import { JsonProblem, plainJson, plainText } from "./plain.ts";

export type Decoded =
  /** `dropped`: paths of fields that the type does not have, list indexes as `[*]`, each once, in order. */
  | { readonly ok: true; readonly value: Value; readonly dropped: readonly string[] }
  /** `path` is "" for the value itself; `reason` is a clause: `expected a string, got 3`. */
  | { readonly ok: false; readonly path: string; readonly reason: string };

export interface DecodeOptions {
  /**
   * Where a file or dir may be given as a path: looks at it and gives its value, or says in a clause why it cannot.
   * Without it only `{ path, name, size, sha256 }` is taken. See {@link filesIn} for looking beforehand.
   */
  readonly file?: (kind: "file" | "dir", path: string) => FileValue | string;
}

/** Never more dropped fields than this are told: a wrong file of a million records is one mistake. */
const droppedMax = 20;

/**
 * Makes a flow value of any JavaScript value. It shares nothing with what came in; keys such as `__proto__` are
 * data. Never throws for what the value holds.
 */
export function decode(value: unknown, type: Type, table: TypeTable, options: DecodeOptions = {}): Decoded {
  const form: FileForm = options.file === undefined ? "values" : "paths";
  try {
    const plain = plainJson(value);
    const mismatch = check(plain, type, table, form);
    if (mismatch !== null) return { ok: false, ...mismatch };
    const dropped = new Set<string>();
    const kept = keep(plain, type, { table, dropped, file: options.file }, "");
    return { ok: true, value: kept, dropped: [...dropped].slice(0, droppedMax) };
  } catch (error) {
    if (error instanceof JsonProblem) return { ok: false, path: error.path, reason: error.reason };
    throw error;
  }
}

/**
 * Makes a flow value of text. `answer`: what a command wrote to `$OUT`. `input`: what a person typed, where numbers
 * may carry units (`30s`, `4MB`, `80%`, `5USD`). Text is itself for a string or a union and a path for a file, else it
 * is JSON. One newline at the end of an answer is not part of it; an empty one is `none` for an optional.
 */
export function decodeText(
  text: string,
  type: Type,
  table: TypeTable,
  from: "answer" | "input",
  options: DecodeOptions = {},
): Decoded {
  const read = plainText(text, type, table, from);
  if ("reason" in read) return { ok: false, path: "", reason: read.reason };
  return decode(read.value, type, table, options);
}

/** Files and dirs that a value, not yet decoded, names by path, each once: to look at them before `decode`. */
export function filesIn(
  value: unknown,
  type: Type,
  table: TypeTable,
): readonly { readonly kind: "file" | "dir"; readonly path: string }[] {
  const found = new Map<string, { kind: "file" | "dir"; path: string }>();
  decode(value, type, table, {
    file: (kind, path) => {
      found.set(`${kind}:${path}`, { kind, path });
      return { path, name: path, size: 0, sha256: "" };
    },
  });
  return [...found.values()];
}

/** Does the value fit the type as it is? Null if so; for values that flowc stored itself. */
export function check(
  value: Value,
  type: Type,
  table: TypeTable,
  form: FileForm = "values",
): { readonly path: string; readonly reason: string } | null {
  if (surelyFits(value, type, table)) return null;
  const validate = validatorOf(type, table, form);
  if (validate(value)) return null;
  return describeMismatch(value, (validate.errors ?? []).map(asMismatch));
}

/** Does any JSON fit a schema that is no type's, such as the plan's own? Null if so. */
export function fitsSchema(
  value: unknown,
  schema: JsonSchema,
): { readonly path: string; readonly reason: string } | null {
  const plain = plainJson(value);
  const validate = compiler()(schema);
  if (validate(plain)) return null;
  return describeMismatch(plain, (validate.errors ?? []).map(asMismatch));
}

/**
 * Scalars that plainly fit, without the validator: a run whose answers are strings and numbers never loads it (32 ms,
 * measured, for the first check). Who is not sure asks the schema; only the schema refuses.
 */
function surelyFits(value: Value, type: Type, table: TypeTable): boolean {
  switch (type.kind) {
    case "string":
      return typeof value === "string";
    case "bool":
      return typeof value === "boolean";
    case "int":
      return Number.isSafeInteger(value);
    case "float":
    case "duration":
    case "size":
    case "percent":
    case "money":
      return typeof value === "number";
    case "json":
      return true;
    case "union":
      return typeof value === "string" && type.members.includes(value);
    case "optional":
      return value === null || surelyFits(value, type.of, table);
    case "named": {
      const body = named(type, table);
      return body.kind === "union" && surelyFits(value, body, table);
    }
    default:
      return false;
  }
}

function asMismatch(error: ErrorObject) {
  return {
    pointer: error.instancePath,
    keyword: error.keyword,
    params: error.params,
    schema: schemaObject(error.parentSchema),
  };
}

function schemaObject(schema: unknown): JsonSchema {
  return typeof schema === "object" && schema !== null ? { ...schema } : {};
}

// Compiled validators

/** The library takes 30 ms to load and start: only who has something to check pays, and once. */
let compile: ((schema: JsonSchema) => ValidateFunction) | null = null;

function compiler(): (schema: JsonSchema) => ValidateFunction {
  if (compile !== null) return compile;
  const { Ajv2020 }: typeof import("ajv/dist/2020.js") = createRequire(import.meta.url)("ajv/dist/2020.js");
  const ajv = new Ajv2020({
    strict: false,
    // Or a record's `constructor` would always be there.
    ownProperties: true,
    verbose: true,
    validateSchema: false,
    addUsedSchema: false,
    messages: false,
  });
  compile = (schema) => ajv.compile(schema);
  return compile;
}

type Validators = Map<string, ValidateFunction>;
const byTable = new WeakMap<TypeTable, Validators>();
const byType = new WeakMap<Type, { table: TypeTable; form: FileForm; validate: ValidateFunction }>();

function validatorOf(type: Type, table: TypeTable, form: FileForm): ValidateFunction {
  const last = byType.get(type);
  if (last !== undefined && last.table === table && last.form === form) return last.validate;
  let validators = byTable.get(table);
  if (validators === undefined) {
    validators = new Map();
    byTable.set(table, validators);
  }
  const key = `${form} ${JSON.stringify(type)}`;
  let validate = validators.get(key);
  if (validate === undefined) {
    validate = compiler()(schemaOf(type, table, form));
    validators.set(key, validate);
  }
  byType.set(type, { table, form, validate });
  return validate;
}

// The value as the type wants it: only what the type has, with what was left out

interface Keeping {
  readonly table: TypeTable;
  readonly dropped: Set<string>;
  readonly file: DecodeOptions["file"];
}

function keep(value: Value, type: Type, scope: Keeping, path: string): Value {
  switch (type.kind) {
    case "named": {
      const body = Object.hasOwn(scope.table, type.name) ? scope.table[type.name] : undefined;
      return body === undefined ? value : keep(value, body, scope, path);
    }
    case "optional":
      return value === null ? null : keep(value, type.of, scope, path);
    case "list":
      return Array.isArray(value)
        ? value.map((item, i) => keep(item, type.of, scope, place(path, i)))
        : value;
    case "map":
      return mapValues(value, (item, key) => keep(item, type.of, scope, place(path, key)));
    case "record":
      return keepRecord(value, type.fields, scope, path);
    case "file":
    case "dir":
      return keepFile(value, type.kind, scope, path);
    default:
      return value;
  }
}

type Entries = { readonly [key: string]: Value };

function isEntries(value: Value): value is Entries {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function entriesOf(value: Value): Entries {
  return isEntries(value) ? value : {};
}

function mapValues(value: Value, each: (item: Value, key: string) => Value): Value {
  return Object.fromEntries(Object.entries(entriesOf(value)).map(([key, item]) => [key, each(item, key)]));
}

function keepRecord(
  value: Value,
  fields: Extract<Type, { kind: "record" }>["fields"],
  scope: Keeping,
  path: string,
): Value {
  const given = entriesOf(value);
  const known = new Set(fields.map((field) => field.name));
  for (const key of Object.keys(given)) if (!known.has(key)) scope.dropped.add(mapPath(place(path, key)));
  return Object.fromEntries(
    fields.map((field): [string, Value] => {
      const item = Object.hasOwn(given, field.name) ? given[field.name] : undefined;
      if (item === undefined) return [field.name, missingValue(field, scope.table) ?? null];
      return [field.name, keep(item, field.type, scope, place(path, field.name))];
    }),
  );
}

function keepFile(value: Value, kind: "file" | "dir", scope: Keeping, path: string): Value {
  if (typeof value !== "string") {
    const { path: at = "", name = "", size = 0, sha256 = "" } = entriesOf(value);
    return { path: at, name, size, sha256 };
  }
  const looked = scope.file?.(kind, value) ?? "there is no such file";
  if (typeof looked === "string") throw new JsonProblem(path, looked);
  return { path: looked.path, name: looked.name, size: looked.size, sha256: looked.sha256 };
}
