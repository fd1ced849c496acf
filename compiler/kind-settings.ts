// From a kind's JSON Schema to settings as the checker knows them, so that a third party's are told as kindly as our own.

import type { JsonSchema } from "./schema.ts";
import { field, type SettingRow, type SettingTable } from "./setting-rows.ts";
import { spellBytes, spellSeconds } from "./spell.ts";
import { boolType, floatType, intType, listOf, optional, scalar, stringType } from "./type-ops.ts";
import type { Type } from "./types.ts";

/**
 * The settings of an object's schema. `"x-flowc"` beside a number says in which unit people write it: `size` (bytes in the
 * JSON), `duration` (seconds), `percent` (hundredths), `money` (dollars); beside a string, `secret`: `secret("NAME")` may stand
 * there. The first of `examples` is shown in hints. What the schema does not name is an unknown setting, unless it says
 * `additionalProperties: true`.
 */
export function settingsOfSchema(schema: JsonSchema): SettingTable {
  const required = schema["required"];
  return Object.fromEntries(
    Object.entries(objectOf(schema["properties"])).map(([name, each]): [string, SettingRow] => {
      const inner = objectOf(each);
      const row = rowOf(name, inner);
      return [name, Array.isArray(required) && required.includes(name) ? { ...row, required: true } : row];
    }),
  );
}

/** Does it take settings that it does not name? */
export function takesOthers(schema: JsonSchema): boolean {
  const others = schema["additionalProperties"];
  return others === true || (typeof others === "object" && others !== null);
}

/** How a kind is written with no more than it needs: `docker: { image: "rust:1.75" }`. */
export function exampleOfKind(kind: string, schema: JsonSchema): string {
  const needed = Object.values(settingsOfSchema(schema)).filter((row) => row.required === true);
  return needed.length === 0
    ? `${kind}: {}`
    : `${kind}: { ${needed.map(({ example }) => example).join(", ")} }`;
}

function rowOf(name: string, schema: JsonSchema): SettingRow {
  const example = `${name}: ${exampleOf(schema)}`;
  if (schema["x-flowc"] === "secret") return { kind: { kind: "secret" }, example };
  const fields = settingsOfSchema(schema);
  if (schema["type"] === "object" && Object.keys(fields).length > 0 && !takesOthers(schema))
    return { kind: { kind: "record", fields }, example };
  return { kind: { kind: "fixed", types: typesOf(schema) }, example };
}

/** A value may be of any of these. */
function typesOf(schema: JsonSchema): readonly Type[] {
  const choices = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(choices)) return choices.flatMap((each: unknown) => typesOf(objectOf(each)));
  const members = schema["enum"] ?? ("const" in schema ? [schema["const"]] : undefined);
  if (Array.isArray(members) && members.every((one) => typeof one === "string"))
    return [{ kind: "union", members }];
  const unit = unitOf(schema);
  if (unit !== null) return [unit];
  return [schema["type"]].flat().map((type) => typeOf(type, schema));
}

function unitOf(schema: JsonSchema): Type | null {
  switch (schema["x-flowc"]) {
    case "size":
    case "duration":
    case "percent":
    case "money":
      return scalar(schema["x-flowc"]);
    default:
      return null;
  }
}

/** What cannot be told more exactly is any JSON here; the schema itself has the last word. */
function typeOf(type: unknown, schema: JsonSchema): Type {
  switch (type) {
    case "string":
      return stringType;
    case "integer":
      return intType;
    case "number":
      return floatType;
    case "boolean":
      return boolType;
    case "array":
      return listOf(oneType(objectOf(schema["items"])));
    case "object": {
      const required = schema["required"];
      const fields = Object.entries(objectOf(schema["properties"]));
      if (fields.length === 0) return { kind: "map", of: oneType(objectOf(schema["additionalProperties"])) };
      return {
        kind: "record",
        fields: fields.map(([name, each]) => {
          const of = oneType(objectOf(each));
          return field(name, Array.isArray(required) && required.includes(name) ? of : optional(of));
        }),
      };
    }
    default:
      return scalar("json");
  }
}

function oneType(schema: JsonSchema): Type {
  const [first, ...others] = typesOf(schema);
  return first === undefined || others.length > 0 ? scalar("json") : first;
}

function exampleOf(schema: JsonSchema): string {
  const examples = schema["examples"];
  const members = schema["enum"];
  const [first = undefined] = Array.isArray(examples) ? examples : Array.isArray(members) ? members : [];
  const unit = schema["x-flowc"];
  if (typeof first === "number" && unit === "size") return spellBytes(first);
  if (typeof first === "number" && unit === "duration") return spellSeconds(first);
  if (typeof first === "number" && unit === "percent") return `${first}%`;
  if (typeof first === "number" && unit === "money") return `${first}USD`;
  if (unit === "secret") return `secret(${JSON.stringify(first ?? "TOKEN")})`;
  return first === undefined ? "…" : spelled(first);
}

/** As it is written in a flow. */
function spelled(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spelled).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, each]) => `${key}: ${spelled(each)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function objectOf(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
