// The texts that a value has where it stands in a command.

import type { TypedExpr } from "../compiler/plan-expr.ts";
import type { Type, TypeTable, Value } from "../compiler/types.ts";
import type { Texts } from "./command.ts";
import { isList, textOf } from "./values.ts";

/** The texts of a hole: of a list one for each item. */
export function textsOf(hole: TypedExpr, value: Value, types: TypeTable): Texts {
  if (value === null) return null;
  const type = bareType(hole.type, types);
  if (type.kind === "list" && isList(value))
    return value.map((item) => textOf(item, bareType(type.of, types)));
  return textOf(value, type);
}

/** What a value that is there is of: without `?`, and a declared type's body. */
export function bareType(type: Type, types: TypeTable): Type {
  if (type.kind === "optional") return bareType(type.of, types);
  const body = type.kind === "named" && Object.hasOwn(types, type.name) ? types[type.name] : undefined;
  return body === undefined ? type : bareType(body, types);
}
