// JSON Schema 2020-12 of a type: what everything that comes from outside is checked against.

import type { FieldType, Type, TypeTable, Value } from "./types.ts";

/** Of the `sha256` of a file. */
export const sha256Pattern = "^[0-9a-f]{64}$";

/** A JSON Schema, as plain JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * How files may be written. `values`: as `{ path, name, size, sha256 }`, the published form. `paths`: also as a plain
 * path, where the reader goes on to look at the file: answers of tasks, inputs. `asked`: by nothing but a path, as those are
 * told that are to write an answer.
 */
export type FileForm = "values" | "paths" | "asked";

export const schemaDialect = "https://json-schema.org/draft/2020-12/schema";

/**
 * The schema of a type, whole: declared types it mentions stand in `$defs`, doc comments are descriptions. Optional
 * fields and those with a default may be left out, unknown ones are let through (the reader drops and tells them).
 */
export function schemaOf(type: Type, table: TypeTable, files: FileForm = "values"): JsonSchema {
  const mentioned = new Set<string>();
  const schema = schemaIn(type, { table, files, mentioned });
  const defs: [string, JsonSchema][] = [];
  // The set grows while it is walked: definitions mention further ones.
  for (const name of mentioned) {
    const body = Object.hasOwn(table, name) ? table[name] : undefined;
    const title = name.replace(/~\d+$/, "");
    const known = body === undefined ? {} : schemaIn(body, { table, files, mentioned });
    defs.push([name, { title, ...known }]);
  }
  const sorted = defs.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    $schema: schemaDialect,
    ...schema,
    ...(sorted.length === 0 ? {} : { $defs: Object.fromEntries(sorted) }),
  };
}

interface Scope {
  readonly table: TypeTable;
  readonly files: FileForm;
  readonly mentioned: Set<string>;
}

function schemaIn(type: Type, scope: Scope): JsonSchema {
  switch (type.kind) {
    case "string":
      return { type: "string" };
    case "bool":
      return { type: "boolean" };
    case "int":
      return { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
    case "float":
      return { type: "number" };
    case "duration":
      return { type: "number", title: "duration in seconds" };
    case "size":
      return { type: "number", title: "size in bytes" };
    case "percent":
      return { type: "number", title: "percent (80 is 80%)" };
    case "money":
      return { type: "number", title: "amount in dollars" };
    case "json":
    case "error":
      return {};
    case "file":
    case "dir":
      return fileSchema(type.kind, scope.files);
    case "none":
      return { type: "null" };
    case "never":
      return { not: {} };
    case "union":
      return { ...describedBy(type.doc), enum: type.members };
    case "list":
      return { type: "array", items: schemaIn(type.of, scope) };
    case "map":
      return { type: "object", title: "map", additionalProperties: schemaIn(type.of, scope) };
    case "optional":
      return orNull(schemaIn(type.of, scope));
    case "record":
      return { ...describedBy(type.doc), ...recordSchema(type.fields, scope) };
    case "named":
      scope.mentioned.add(type.name);
      return { $ref: `#/$defs/${pointerPart(type.name)}` };
  }
}

function describedBy(doc: string | undefined): JsonSchema {
  return doc === undefined ? {} : { description: doc };
}

function fileSchema(kind: "file" | "dir", files: FileForm): JsonSchema {
  if (files === "asked") return { type: "string", title: `path of a ${kind === "file" ? "file" : "folder"}` };
  return {
    title: kind === "file" ? "file" : "folder",
    type: files === "paths" ? ["object", "string"] : "object",
    properties: {
      path: { type: "string" },
      name: { type: "string" },
      size: { type: "integer", minimum: 0 },
      sha256: { type: "string", pattern: sha256Pattern },
    },
    required: ["path", "name", "size", "sha256"],
  };
}

function recordSchema(fields: readonly FieldType[], scope: Scope): JsonSchema {
  const properties = fields.map((field): [string, JsonSchema] => [
    field.name,
    {
      ...schemaIn(field.type, scope),
      ...(field.doc === null ? {} : { description: field.doc }),
      ...(field.default === undefined ? {} : { default: field.default }),
    },
  ]);
  const required = fields.filter((field) => mustStand(field, scope.table)).map((field) => field.name);
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    ...(required.length === 0 ? {} : { required }),
  };
}

/** Must the field be given? Not if it is optional or has a default. */
export function mustStand(field: FieldType, table: TypeTable): boolean {
  return missingValue(field, table) === undefined;
}

/** What a field that is left out is; undefined if it must be given. */
export function missingValue(field: FieldType, table: TypeTable): Value | undefined {
  if (field.default !== undefined) return field.default;
  const type = named(field.type, table);
  return type.kind === "optional" || type.kind === "none" ? null : undefined;
}

/** The type behind a name; an unknown name is itself. */
export function named(type: Type, table: TypeTable): Type {
  if (type.kind !== "named") return type;
  return (Object.hasOwn(table, type.name) ? table[type.name] : undefined) ?? type;
}

/** The same schema, or null; written so that a mismatch is reported once and not for each alternative. */
function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: members } = schema;
  if (Object.keys(schema).length === 0) return schema;
  if (Array.isArray(members)) return { ...schema, enum: [...members, null] };
  if (typeof type === "string") return { ...schema, type: type === "null" ? type : [type, "null"] };
  if (Array.isArray(type)) return { ...schema, type: type.includes("null") ? type : [...type, "null"] };
  return { anyOf: [schema, { type: "null" }] };
}

function pointerPart(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
}
