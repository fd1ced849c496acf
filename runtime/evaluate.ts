// Evaluates the expressions of a plan: pure, deterministic, bounded. No JavaScript object is reachable from one.

import type { Expr } from "../compiler/plan-expr.ts";
import { missingValue } from "../compiler/schema.ts";
import type { Type, TypeTable, Value } from "../compiler/types.ts";
import { assert, Bug } from "./bug.ts";
import { fileBuiltins } from "./evaluate-files.ts";
import { type BuiltinCode, listBuiltins } from "./evaluate-lists.ts";
import { textBuiltins } from "./evaluate-texts.ts";
import { decode } from "./validate.ts";
import {
  asBool,
  asList,
  asNumber,
  asRecord,
  asString,
  bounded,
  compareValues,
  counted,
  entry,
  equal,
  type FileAccess,
  fileToValue,
  finite,
  isList,
  isRecord,
  listLengthMax,
  listTooLong,
  type Scope,
  setEntry,
  textOf,
  ValueError,
  type WorkOutput,
} from "./values.ts";

/** An expression may go through so many loop bodies: a plan for more belongs into a task. */
const stepsMax = 10_000_000;

/** One evaluation: the scope, and the locals bound so far, counted from the outermost. */
interface Turn {
  readonly scope: Scope;
  readonly locals: Value[];
  steps: number;
}

/** An expression made ready: nothing is looked up twice. */
type Code = (turn: Turn) => Value;

const compiled = new WeakMap<Expr, Code>();

/** The value of an expression; `locals` are those bound around it. Throws only {@link ValueError}. */
export function evaluate(expr: Expr, scope: Scope, locals: readonly Value[] = []): Value {
  // Most arguments are these; made ready they would only burden the collector, one by one.
  if (expr.k === "lit") return expr.v;
  if (expr.k === "slot") return scope.slot(expr.up, expr.i, expr.in, expr.maybe);
  let code = compiled.get(expr);
  if (code === undefined) {
    code = compile(expr);
    compiled.set(expr, code);
  }
  return code({ scope, locals: locals.length === 0 ? [] : [...locals], steps: 0 });
}

/** The scope of a task's own expressions: its parameters are the slots, in order. */
export function paramScope(
  values: readonly Value[],
  types: TypeTable,
  files: FileAccess,
  env?: WorkOutput,
): Scope {
  const slot = (up: number, i: number): Value => {
    assert(up === 0 && i < values.length, `a task has no parameter ${up}.${i}`);
    return values[i] ?? null;
  };
  return env === undefined ? { slot, types, files } : { slot, types, files, env };
}

function compile(expr: Expr): Code {
  switch (expr.k) {
    case "lit": {
      const { v } = expr;
      return () => v;
    }
    case "slot": {
      const { up, i, in: inside, maybe } = expr;
      return (turn) => turn.scope.slot(up, i, inside, maybe);
    }
    case "local": {
      const { i } = expr;
      return (turn) => turn.locals[i] ?? null;
    }
    case "env": {
      const { name } = expr;
      return (turn) => {
        if (turn.scope.env === undefined) throw new Bug(`\`${name}\` outside of a task's return`);
        return turn.scope.env[name];
      };
    }
    case "file": {
      const { kind, path } = expr;
      return (turn) => fileToValue(turn.scope.files.literal(kind, path));
    }
    case "field":
      return compileField(expr);
    case "index":
      return compileIndex(expr);
    case "call":
      return compileCall(expr);
    case "list":
      return compileList(expr.items);
    case "record":
      return compileRecord(expr);
    case "text":
      return compileText(expr);
    case "map":
      return compileMap(expr);
    case "let":
      return compileLet(expr);
    case "cast":
      return compileCast(expr);
    case "narrow": {
      const of = compile(expr.of);
      return (turn) => narrow(of(turn), expr.type, turn.scope.types);
    }
    default:
      return compileOperator(expr);
  }
}

type ExprOf<K extends Expr["k"]> = Extract<Expr, { k: K }>;
type Operator = ExprOf<"not" | "neg" | "and" | "or" | "default" | "compare" | "math" | "concat" | "if">;

function compileOperator(expr: Operator): Code {
  switch (expr.k) {
    case "not": {
      const of = compile(expr.of);
      return (turn) => !asBool(of(turn));
    }
    case "neg": {
      const of = compile(expr.of);
      return (turn) => finite(-asNumber(of(turn)), false);
    }
    case "and": {
      const of = expr.of.map(compile);
      return (turn) => of.every((each) => asBool(each(turn)));
    }
    case "or": {
      const of = expr.of.map(compile);
      return (turn) => of.some((each) => asBool(each(turn)));
    }
    case "default": {
      const left = compile(expr.left);
      const right = compile(expr.right);
      return (turn) => left(turn) ?? right(turn);
    }
    case "compare":
      return compileCompare(expr);
    case "math":
      return compileMath(expr);
    case "concat":
      return compileConcat(expr);
    case "if": {
      const cond = compile(expr.cond);
      const yes = compile(expr.then);
      const no = compile(expr.else);
      return (turn) => (asBool(cond(turn)) ? yes(turn) : no(turn));
    }
  }
}

function compileField(expr: ExprOf<"field">): Code {
  const of = compile(expr.of);
  const { name, maybe } = expr;
  return (turn) => {
    const record = of(turn);
    if (record === null && maybe) return null;
    return entry(asRecord(record), name);
  };
}

function compileIndex(expr: ExprOf<"index">): Code {
  const of = compile(expr.of);
  const at = compile(expr.at);
  if (expr.map) return (turn) => entry(asRecord(of(turn)), asString(at(turn)));
  return (turn) => {
    const list = asList(of(turn));
    const index = asNumber(at(turn));
    const item = list[index];
    if (item === undefined)
      throw new ValueError(`index ${index} of a list of ${counted(list.length, "item")}`);
    return item;
  };
}

function builtinCode(name: string): BuiltinCode {
  for (const table of [listBuiltins, textBuiltins, fileBuiltins])
    if (Object.hasOwn(table, name) && table[name] !== undefined) return table[name];
  throw new Bug(`there is no built-in function \`${name}\``);
}

function compileCall(expr: ExprOf<"call">): Code {
  const code = builtinCode(expr.fn);
  const args = expr.args.map(compile);
  const { types } = expr;
  return (turn) => code({ args: args.map((arg) => arg(turn)), types, scope: turn.scope });
}

function compileList(items: readonly Expr[]): Code {
  const codes = items.map(compile);
  return (turn) => codes.map((code) => code(turn));
}

function compileRecord(expr: ExprOf<"record">): Code {
  const entries = expr.entries.map(({ name, value }) => ({ name, code: compile(value) }));
  return (turn) => {
    const record: Record<string, Value> = {};
    for (const { name, code } of entries) setEntry(record, name, code(turn));
    return record;
  };
}

function compileText(expr: ExprOf<"text">): Code {
  const parts = expr.parts.map((part) =>
    typeof part === "string" ? part : { code: compile(part.expr), type: part.type },
  );
  return (turn) => {
    let text = "";
    for (const part of parts)
      text = bounded(text + (typeof part === "string" ? part : textOf(part.code(turn), part.type)));
    return text;
  };
}

function compileMap(expr: ExprOf<"map">): Code {
  const lists = expr.lists.map(compile);
  const filter = expr.filter === null ? null : compile(expr.filter);
  const body = compile(expr.body);
  const { base } = expr;
  return (turn) => {
    const result: Value[] = [];
    const values = lists.map((list) => asList(list(turn)));
    combine(values, (items) => {
      if (++turn.steps > stepsMax)
        throw new ValueError(`the expression takes more than ${stepsMax} steps; let a task do it`);
      for (let i = 0; i < items.length; i++) turn.locals[base + i] = items[i] ?? null;
      if (filter !== null && !asBool(filter(turn))) return;
      if (result.length >= listLengthMax) throw listTooLong(result.length + 1);
      result.push(body(turn));
    });
    return result;
  };
}

/** Calls `each` with every combination of one item of each list, the last list turning fastest. */
export function combine(
  lists: readonly (readonly Value[])[],
  each: (items: readonly Value[], indexes: readonly number[]) => void,
): void {
  if (lists.some((list) => list.length === 0)) return;
  const indexes = lists.map(() => 0);
  for (;;) {
    each(
      lists.map((list, i) => list[indexes[i] ?? 0] ?? null),
      indexes,
    );
    let at = lists.length - 1;
    while (at >= 0) {
      const next = (indexes[at] ?? 0) + 1;
      indexes[at] = next;
      if (next < (lists[at]?.length ?? 0)) break;
      indexes[at] = 0;
      at--;
    }
    if (at < 0) return;
  }
}

function compileLet(expr: ExprOf<"let">): Code {
  const values = expr.values.map(compile);
  const body = compile(expr.body);
  const { base } = expr;
  return (turn) => {
    for (let i = 0; i < values.length; i++) turn.locals[base + i] = values[i]?.(turn) ?? null;
    return body(turn);
  };
}

function compileCompare(expr: ExprOf<"compare">): Code {
  const left = compile(expr.left);
  const right = compile(expr.right);
  switch (expr.op) {
    case "==":
      return (turn) => equal(left(turn), right(turn));
    case "!=":
      return (turn) => !equal(left(turn), right(turn));
    case "<":
      return (turn) => compareValues(left(turn), right(turn)) < 0;
    case "<=":
      return (turn) => compareValues(left(turn), right(turn)) <= 0;
    case ">":
      return (turn) => compareValues(left(turn), right(turn)) > 0;
    case ">=":
      return (turn) => compareValues(left(turn), right(turn)) >= 0;
  }
}

function compileMath(expr: ExprOf<"math">): Code {
  const left = compile(expr.left);
  const right = compile(expr.right);
  const { int } = expr;
  switch (expr.op) {
    case "+":
      return (turn) => finite(asNumber(left(turn)) + asNumber(right(turn)), int);
    case "-":
      return (turn) => finite(asNumber(left(turn)) - asNumber(right(turn)), int);
    case "*":
      return (turn) => finite(asNumber(left(turn)) * asNumber(right(turn)), int);
    case "/":
      return (turn) => {
        const dividend = asNumber(left(turn));
        const divisor = asNumber(right(turn));
        if (divisor === 0) throw new ValueError("division by zero");
        return finite(dividend / divisor, false);
      };
  }
}

function compileConcat(expr: ExprOf<"concat">): Code {
  const left = compile(expr.left);
  const right = compile(expr.right);
  if (expr.of === "string") return (turn) => bounded(asString(left(turn)) + asString(right(turn)));
  return (turn) => {
    const a = asList(left(turn));
    const b = asList(right(turn));
    if (a.length + b.length > listLengthMax) throw listTooLong(a.length + b.length);
    return [...a, ...b];
  };
}

function compileCast(expr: ExprOf<"cast">): Code {
  const of = compile(expr.of);
  return (turn) => {
    const decoded = decode(of(turn), expr.type, turn.scope.types);
    if (decoded.ok) return decoded.value;
    throw new ValueError(decoded.path === "" ? decoded.reason : `at ${decoded.path}: ${decoded.reason}`);
  };
}

/** The value with the type's fields alone, in its order, defaults filled in. What fits already stays the same object. */
function narrow(value: Value, type: Type, types: TypeTable): Value {
  switch (type.kind) {
    case "named": {
      const body = Object.hasOwn(types, type.name) ? types[type.name] : undefined;
      if (body === undefined) throw new Bug(`the plan has no type \`${type.name}\``);
      return narrow(value, body, types);
    }
    case "optional":
      return value === null ? null : narrow(value, type.of, types);
    case "list":
      return isList(value) ? value.map((item) => narrow(item, type.of, types)) : value;
    case "map": {
      if (!isRecord(value)) return value;
      const result: Record<string, Value> = {};
      for (const key of Object.keys(value)) setEntry(result, key, narrow(entry(value, key), type.of, types));
      return result;
    }
    case "record": {
      const given = asRecord(value);
      const result: Record<string, Value> = {};
      for (const field of type.fields) {
        const present = Object.hasOwn(given, field.name);
        const item = present ? entry(given, field.name) : (missingValue(field, types) ?? null);
        setEntry(result, field.name, present ? narrow(item, field.type, types) : item);
      }
      return result;
    }
    default:
      return value;
  }
}
