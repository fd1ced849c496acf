// Operators: arithmetic with units, comparison, logic, `??`.

import type { Binary, BinaryOp, Expr, Unary } from "../grammar/ast.ts";
import type { Fix } from "../grammar/diagnostic.ts";
import { checkComparison, checkSame } from "./check-conditions.ts";
import { checkDivision } from "./check-failures.ts";
import { literalFits } from "./check-fit.ts";
import { unitSuffix } from "./check-mismatch.ts";
import { shownBy, tellNone } from "./check-none.ts";
import { at, type Check, innerScope, type Scope, tell, written } from "./check-state.ts";
import { replace } from "./errors.ts";
import { badOperands, needlessDefault, notACondition, undecodedJson } from "./errors-types.ts";
import {
  boolType,
  errorType,
  expand,
  fits,
  floatType,
  isText,
  join,
  mayBeNone,
  memberSet,
  said,
  scalar,
  show,
  stringType,
  withoutNone,
} from "./type-ops.ts";
import type { Scalar, Type } from "./types.ts";

const unitKinds: ReadonlySet<string> = new Set<Scalar>(["duration", "size", "percent", "money"]);

export function isUnit(type: Type): boolean {
  return unitKinds.has(type.kind);
}

export function isNumber(type: Type): boolean {
  return type.kind === "int" || type.kind === "float";
}

export function inferUnary(check: Check, expr: Unary, scope: Scope): Type {
  const of = check.infer(expr.of, scope);
  if (expr.op === "not") {
    needBool(check, expr.of, of, scope, "not");
    return boolType;
  }
  if (of.kind === "error" || of.kind === "never" || isNumber(of) || isUnit(of)) return of;
  if (mayBeNone(of)) tellNone(check, expr.of, of, scope, `this is \`${show(of)}\`: it may be \`none\``);
  else
    tell(check, badOperands(at(scope, expr), `\`-\` needs a number, this is ${said(of, check.types)}`, null));
  return errorType;
}

export function inferBinary(check: Check, expr: Binary, scope: Scope): Type {
  const left = check.infer(expr.left, scope);
  switch (expr.op) {
    case "and":
    case "or": {
      needBool(check, expr.left, left, scope, expr.op);
      const narrowed = shownBy(check, expr.left, expr.op === "and");
      const inside = narrowed === null ? scope : innerScope(scope, { narrowed });
      const right = check.infer(expr.right, inside);
      needBool(check, expr.right, right, inside, expr.op);
      checkSame(check, expr, scope);
      return boolType;
    }
    case "??":
      return inferDefault(check, expr, left, check.infer(expr.right, scope), scope);
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      inferCompare(check, expr, left, check.infer(expr.right, scope), scope);
      return boolType;
    case "per":
      check.infer(expr.right, scope);
      tellRate(check, expr, scope);
      return errorType;
    default:
      return inferMath(check, expr, left, check.infer(expr.right, scope), scope);
  }
}

/** Where a rate may stand it is looked at before it comes here. */
function tellRate(check: Check, expr: Binary, scope: Scope): void {
  const hint = "A rate, `30 per 1m`, stands only in the settings of a `limit` or a `runner`.";
  const place = { ...at(scope, expr), span: expr.opSpan };
  tell(check, badOperands(place, "a rate is no value to compute with", hint));
}

/** A condition: a bool, and nothing else. */
export function needBool(check: Check, expr: Expr, type: Type, scope: Scope, what: string): void {
  if (type.kind === "bool" || type.kind === "error" || type.kind === "never") return;
  if (mayBeNone(type)) {
    const label = `this is \`${show(type)}\`, but \`${what}\` needs a \`bool\``;
    if (withoutNone(type).kind === "bool") tellNone(check, expr, type, scope, label);
    else
      tell(
        check,
        notACondition(
          at(scope, expr),
          label,
          `Say what you ask: \`${written(scope, expr) ?? "x"} != none\`.`,
        ),
      );
    return;
  }
  const name = written(scope, expr) ?? "x";
  const body = expand(type, check.types);
  const ask =
    body.kind === "list" || body.kind === "map"
      ? `len(${name}) > 0`
      : isText(type, check.types)
        ? `${name} != ""`
        : isNumber(body)
          ? `${name} != 0`
          : null;
  const hint = ask === null ? null : `Say what you ask: \`${ask}\`.`;
  tell(
    check,
    notACondition(
      at(scope, expr),
      `this is ${said(type, check.types)}, but \`${what}\` needs a \`bool\``,
      hint,
    ),
  );
}

function inferDefault(check: Check, expr: Binary, left: Type, right: Type, scope: Scope): Type {
  if (left.kind === "error") return right;
  const needless = !mayBeNone(left) && left.kind !== "never";
  if (needless || expr.right.kind === "none") {
    const span = { start: expr.opSpan.start, end: expr.right.span.end };
    const cut = { start: expr.left.span.end, end: expr.right.span.end };
    tell(check, needlessDefault({ ...at(scope, expr), span }, needless ? show(left) : null, cut));
  }
  const inner = withoutNone(left);
  const joined = join(inner, right, check.types);
  // A literal takes the type of what it stands in for.
  if (literalFits(check, expr.right, inner) && inner.kind !== "never" && right.kind !== "error") {
    check.fit(expr.right, mayBeNone(right) ? left : inner, scope, null);
    return mayBeNone(right) ? left : inner;
  }
  if (joined !== null) return joined;
  const label = `this is ${said(right, check.types)}, but it stands in for \`${show(inner)}\``;
  tell(
    check,
    badOperands(at(scope, expr.right), label, "The default has the type of the value it replaces."),
  );
  return inner;
}

// Comparison

const ordered: ReadonlySet<string> = new Set([
  "int",
  "float",
  "duration",
  "size",
  "percent",
  "money",
  "string",
  "union",
  "bool",
]);

function inferCompare(check: Check, expr: Binary, left: Type, right: Type, scope: Scope): void {
  if (left.kind === "error" || right.kind === "error") return;
  const equality = expr.op === "==" || expr.op === "!=";
  const { types } = check;
  if (!equality) {
    for (const [side, type] of [[expr.left, left] as const, [expr.right, right] as const]) {
      if (mayBeNone(type)) {
        tellNone(
          check,
          side,
          type,
          scope,
          `this is \`${show(type)}\`: it may be \`none\`, which has no order`,
        );
        return;
      }
    }
  }
  checkComparison(check, expr, left, right, scope);
  const common = comparable(check, withoutNone(left), withoutNone(right));
  if (common === null) {
    const { hint, fix } = compareHint(expr, left, right);
    const label = `${said(left, types)} and ${said(right, types)} cannot be compared`;
    tell(check, badOperands(opPlace(expr, scope), label, hint, fix));
    return;
  }
  if (disjoint(check, withoutNone(left), withoutNone(right))) {
    const label = `${said(left, types)} is never ${said(right, types)}: they have no member in common`;
    tell(check, badOperands(opPlace(expr, scope), label, null));
    return;
  }
  const never = neverEqual(check, withoutNone(left), withoutNone(right));
  if (never !== null) {
    const side = never.side === "left" ? expr.left : expr.right;
    const near = check.nearest(never.member, never.members);
    const label =
      near === null
        ? `\`${never.shown}\` is never \`${JSON.stringify(never.member)}\``
        : `did you mean \`${JSON.stringify(near)}\`?`;
    tell(
      check,
      badOperands(
        at(scope, side),
        label,
        near === null ? null : `\`${never.shown}\` has no member \`${JSON.stringify(never.member)}\`.`,
        near === null || side.kind !== "text"
          ? null
          : replace(`Write ${JSON.stringify(near)}`, side.span, JSON.stringify(near)),
      ),
    );
    return;
  }
  if (!equality && !ordered.has(expand(common, types).kind) && common.kind !== "never")
    tell(
      check,
      badOperands(
        opPlace(expr, scope),
        `${said(common, types)} has no order`,
        "`==` and `!=` compare anything.",
      ),
    );
}

function comparable(check: Check, left: Type, right: Type): Type | null {
  if (isText(left, check.types) && isText(right, check.types)) return stringType;
  if (left.kind === "json" || right.kind === "json") return left.kind === right.kind ? left : null;
  return join(left, right, check.types);
}

function compareHint(
  expr: Binary,
  left: Type,
  right: Type,
): { readonly hint: string | null; readonly fix: Fix | null } {
  if (left.kind === "json" || right.kind === "json")
    return { hint: "Decode the JSON first: `x as string`.", fix: null };
  const unit = [left, right].find(isUnit);
  const side = isUnit(left) ? expr.right : expr.left;
  if (unit === undefined || !(isNumber(left) || isNumber(right)))
    return { hint: "Both sides must have the same type.", fix: null };
  const suffix = unitSuffix(unit.kind);
  if (side.kind !== "number" || suffix === null)
    return { hint: `Give the number its unit: a ${unit.kind}.`, fix: null };
  const text = `${side.text}${suffix}`;
  return {
    hint: `Write the number with its unit, such as \`${text}\`.`,
    fix: replace(`Write \`${text}\``, side.span, text),
  };
}

/** Two declared unions without a common member. */
function disjoint(check: Check, left: Type, right: Type): boolean {
  if (left.kind !== "named" || right.kind !== "named") return false;
  const [a, b] = [expand(left, check.types), expand(right, check.types)];
  if (a.kind !== "union" || b.kind !== "union") return false;
  const members = memberSet(b.members);
  return !a.members.some((member) => members.has(member));
}

/** A literal that is no member of the declared union on the other side. */
function neverEqual(check: Check, left: Type, right: Type) {
  const tryOne = (literal: Type, other: Type, side: "left" | "right") => {
    if (literal.kind !== "union" || literal.members.length !== 1 || other.kind !== "named") return null;
    const body = expand(other, check.types);
    const member = literal.members[0] ?? "";
    if (body.kind !== "union" || memberSet(body.members).has(member)) return null;
    return { side, member, members: body.members, shown: show(other) };
  };
  return tryOne(right, left, "right") ?? tryOne(left, right, "left");
}

// Arithmetic

function opPlace(expr: Binary, scope: Scope) {
  return { ...at(scope, expr), span: expr.span };
}

function inferMath(check: Check, expr: Binary, left: Type, right: Type, scope: Scope): Type {
  if (left.kind === "error" || right.kind === "error") return errorType;
  for (const [side, type] of [[expr.left, left] as const, [expr.right, right] as const]) {
    if (mayBeNone(type)) {
      tellNone(check, side, type, scope, `this is \`${show(type)}\`: it may be \`none\``);
      return errorType;
    }
    if (type.kind === "json") {
      tell(
        check,
        undecodedJson(
          at(scope, side),
          "this is `json`; what it holds is not known yet",
          written(scope, side),
          null,
        ),
      );
      return errorType;
    }
  }
  const result = mathType(check, expr.op, left, right);
  if (result !== null) {
    checkDivision(check, expr, scope);
    return result;
  }
  const label = mathLabel(expr.op, said(left, check.types), said(right, check.types));
  tell(check, badOperands(opPlace(expr, scope), label, mathHint(check, expr, left, right, scope)));
  return errorType;
}

function mathLabel(op: BinaryOp, left: string, right: string): string {
  if (op === "+") return `${left} and ${right} cannot be added`;
  if (op === "-") return `${right} cannot be taken from ${left}`;
  return op === "*" ? `${left} and ${right} cannot be multiplied` : `${left} cannot be divided by ${right}`;
}

/** The type of `left op right`, or null if it has none. */
function mathType(check: Check, op: BinaryOp, left: Type, right: Type): Type | null {
  const { types } = check;
  if (left.kind === "never") return right;
  if (right.kind === "never") return left;
  if (op === "+" && isText(left, types) && isText(right, types)) return stringType;
  if (op === "+" && left.kind === "list" && right.kind === "list") {
    const of = join(left.of, right.of, types);
    return of === null ? null : { kind: "list", of };
  }
  const numbers = isNumber(left) && isNumber(right);
  if (op === "+" || op === "-" || op === "*") {
    if (numbers) return left.kind === "int" && right.kind === "int" ? scalar("int") : floatType;
    if (op !== "*") return isUnit(left) && left.kind === right.kind ? left : null;
    if (isUnit(left) && isNumber(right)) return left;
    return isNumber(left) && isUnit(right) ? right : null;
  }
  if (numbers) return floatType;
  if (isUnit(left) && isNumber(right)) return left;
  return isUnit(left) && left.kind === right.kind ? floatType : null;
}

function mathHint(check: Check, expr: Binary, left: Type, right: Type, scope: Scope): string | null {
  const { types } = check;
  const { op } = expr;
  if (op === "+" && (isText(left, types) || isText(right, types))) {
    const hole = (side: Expr, type: Type) =>
      isText(type, types) && side.kind === "text" ? "…" : `~{${written(scope, side) ?? "x"}}`;
    return `Values go into a string with \`~{…}\`: \`"${hole(expr.left, left)}${hole(expr.right, right)}"\`.`;
  }
  if (op === "+" && (left.kind === "list" || right.kind === "list")) {
    const list = left.kind === "list" ? left : right;
    const item = left.kind === "list" ? right : left;
    if (list.kind === "list" && fits(item, list.of, types))
      return "One item is added as a list: `list + [item]`.";
    return "Both lists must have items of one type.";
  }
  if (isUnit(left) && isUnit(right))
    return op === "*" ? "A unit is multiplied by a number." : "Both sides must have the same unit.";
  if ((isUnit(left) && isNumber(right)) || (isNumber(left) && isUnit(right))) {
    const unit = isUnit(left) ? left : right;
    return op === "/"
      ? `A number cannot be divided by a ${unit.kind}.`
      : `Write the number with its unit, as a \`${unit.kind}\`.`;
  }
  return null;
}
