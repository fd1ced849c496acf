// Types as data: what the checker compares, the plan carries, and JSON Schemas are made from.

export type Scalar =
  | "string"
  | "bool"
  | "int"
  | "float"
  | "duration"
  | "size"
  | "percent"
  | "money"
  | "json"
  | "file"
  | "dir";

/**
 * A type. Named types are looked up in a {@link TypeTable} by their unique name, so that recursion is finite
 * and the whole is plain JSON.
 */
export type Type =
  | { readonly kind: Scalar }
  /** The type of `none` alone; fits every optional. */
  | { readonly kind: "none" }
  /** No value: the item type of `[]`. Fits everything. */
  | { readonly kind: "never" }
  /** A wrong expression's type: agrees with everything, so that one mistake is told once. Never in a plan. */
  | { readonly kind: "error" }
  /** A union of string literals; a literal's own type has one member. `doc`: of the declaration whose body it is. */
  | { readonly kind: "union"; readonly members: readonly string[]; readonly doc?: string }
  | { readonly kind: "list"; readonly of: Type }
  | { readonly kind: "map"; readonly of: Type }
  | { readonly kind: "optional"; readonly of: Type }
  /** `doc`: of the declaration whose body it is. */
  | { readonly kind: "record"; readonly fields: readonly FieldType[]; readonly doc?: string }
  /** A declared record or union: `name` is a key of the {@link TypeTable}. */
  | { readonly kind: "named"; readonly name: string };

export interface FieldType {
  readonly name: string;
  readonly type: Type;
  readonly doc: string | null;
  readonly early: boolean;
  /** The default as a flow value, when the field has one. */
  readonly default?: Value;
}

/** The fields of a task's answer that may be there before it ends. */
export function earlyFields(answer: Type | null): readonly FieldType[] {
  return answer?.kind === "record" ? answer.fields.filter((field) => field.early) : [];
}

/** What a task gives at its end: its answer without the early fields; null if nothing is left of it. */
export function endAnswer(answer: Type | null): Type | null {
  if (answer?.kind !== "record" || !answer.fields.some((field) => field.early)) return answer;
  const fields = answer.fields.filter((field) => !field.early);
  return fields.length === 0 ? null : { kind: "record", fields };
}

/** Declared types by unique name: the name as written; a second of the same name from another file is `Name~2`. */
export type TypeTable = Readonly<Record<string, Type>>;

/**
 * A flow value in memory; the same shape as in JSON. Durations are seconds, sizes bytes, percents hundredths
 * (80% is 80), money dollars. Records and maps are objects whose keys must be read with `Object.hasOwn`.
 */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/**
 * The value of a `file` or `dir`: contents, not a place. `sha256` names the artifact, or the content that the
 * project's own file at `path` had when it was seen. A dir's sha256 is that of its manifest.
 */
export interface FileValue {
  readonly path: string;
  readonly name: string;
  /** Bytes; of a dir, the sum of its files. */
  readonly size: number;
  readonly sha256: string;
}
