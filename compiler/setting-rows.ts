// A setting as the language defines it: what kind of value it takes, how it is written, what makes a value wrong.

import type { FieldType, Type, Value } from "./types.ts";

export type SettingKind =
  /** A value of a type, which may depend on the run. */
  | { readonly kind: "value"; readonly types: readonly Type[] }
  /** A value that must be known from the text. */
  | { readonly kind: "fixed"; readonly types: readonly Type[] }
  /** A record with settings of its own; `others`: and with any more. */
  | { readonly kind: "record"; readonly fields: SettingTable; readonly others?: boolean }
  /** A count for each span of time: `30 per 1m`. */
  | { readonly kind: "rate" }
  /** A string known from the text, or `secret("NAME")`. */
  | { readonly kind: "secret" }
  | { readonly kind: "env" }
  /** The name of a declared runner or agent. */
  | { readonly kind: "place"; readonly place: "runner" | "agent" }
  /** The name of a declared limit, or whether one is wanted at all. */
  | { readonly kind: "proxy" }
  | { readonly kind: "uses" }
  | { readonly kind: "session" }
  | { readonly kind: "workspace" }
  | { readonly kind: "cache" }
  /** A command over the task's parameters, as `run` is. */
  | { readonly kind: "command" }
  /** Part of the language, not of this version, and not looked at. */
  | { readonly kind: "later" };

export interface SettingRow {
  readonly kind: SettingKind;
  /** As it is written, for hints. */
  readonly example: string;
  /** What is wrong with a value of the right type, or null. */
  readonly judge?: (value: Value) => string | null;
  /** Without it the rest of the record means nothing. */
  readonly required?: boolean;
  /** It is checked, but this version cannot carry it out. */
  readonly later?: boolean;
}

export type SettingTable = Readonly<Record<string, SettingRow>>;

export function field(name: string, type: Type): FieldType {
  return { name, type, doc: null, early: false };
}

// What makes a value wrong

export function positive(what: string) {
  return (value: Value): string | null =>
    typeof value === "number" && value <= 0 ? `${what} must be more than 0` : null;
}

/** For numbers, and for records with `times`. */
export function notNegative(what: string) {
  return (value: Value): string | null => {
    const times = typeof value === "number" ? value : isRecord(value) ? value["times"] : null;
    return typeof times === "number" && times < 0 ? `${what} cannot be negative` : null;
  };
}

export function notEmpty(what: string) {
  return (value: Value): string | null =>
    value === "" || (Array.isArray(value) && value.length === 0) ? `${what} cannot be empty` : null;
}

export function atMost(what: string, most: number, shown: string) {
  return (value: Value): string | null =>
    typeof value !== "number"
      ? null
      : value < 0
        ? `${what} cannot be negative`
        : value > most
          ? `${what} is at most ${shown}`
          : null;
}

export function isRecord(value: Value): value is { readonly [key: string]: Value } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
