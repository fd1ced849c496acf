// What to say where an expression does not fit: the deepest disagreement, and a way out.

import type { Expr } from "../grammar/ast.ts";
import type { Fix, Related } from "../grammar/diagnostic.ts";
import { tellNone } from "./check-none.ts";
import { at, type Check, type Scope, tell, written } from "./check-state.ts";
import { didYouMean, listed, replace } from "./errors.ts";
import { typeMismatch, undecodedJson } from "./errors-types.ts";
import {
  disagreement,
  expand,
  fits,
  isText,
  mayBeNone,
  membersOf,
  said,
  show,
  withoutNone,
} from "./type-ops.ts";
import type { Type } from "./types.ts";

export function tellMismatch(
  check: Check,
  expr: Expr,
  from: Type,
  to: Type,
  scope: Scope,
  cause: Related | null,
): void {
  const { types } = check;
  if (mayBeNone(from) && !mayBeNone(to) && expr.kind !== "none") {
    if (from.kind === "none" || fits(withoutNone(from), to, types)) {
      const label =
        expr.kind === "if"
          ? `without \`else\` this may be \`none\`, but \`${show(to)}\` is needed`
          : `this is \`${show(from)}\`: it may be \`none\`, but \`${show(to)}\` is needed`;
      tellNone(check, expr, from, scope, label);
      return;
    }
  }
  if (from.kind === "json") {
    tell(
      check,
      undecodedJson(
        at(scope, expr),
        `this is \`json\`, but \`${show(to)}\` is needed`,
        written(scope, expr),
        show(withoutNone(to)),
      ),
    );
    return;
  }
  const text = written(scope, expr);
  const { hint, fix, near } = wayOut(check, expr, from, withoutNone(to), text);
  tell(check, typeMismatch(at(scope, expr), mismatchLabel(check, expr, from, to, near), cause, hint, fix));
}

function mismatchLabel(check: Check, expr: Expr, from: Type, to: Type, near: string | null): string {
  const { types } = check;
  if (from.kind === "union" && from.members.length === 1 && membersOf(withoutNone(to), types) !== null)
    return didYouMean(near, `\`${show(from)}\` is not one of \`${show(withoutNone(to))}\``);
  const deep = disagreement(from, to, types);
  if (deep.path !== "" && expr.kind !== "none") {
    const inItems = deep.path.startsWith("[].") && !deep.path.slice(3).includes("[");
    const path = deep.path.replace(/^(\[\])?\./, "");
    if (inItems && !deep.absent)
      return `\`${path}\` of its items is \`${show(deep.from)}\`, but \`${show(deep.to)}\` is needed`;
    if (deep.path === "[]") return `its items are \`${show(deep.from)}\`, but \`${show(deep.to)}\` is needed`;
    if (deep.absent) return `this is \`${show(from)}\`, which has no \`${path}\``;
    return `\`${path}\` is \`${show(deep.from)}\` here, but \`${show(deep.to)}\` is needed`;
  }
  return `this is ${said(from, types)}, but ${said(to, types)} is needed`;
}

interface WayOut {
  readonly hint: string | null;
  readonly fix: Fix | null;
  readonly near: string | null;
}

const units: Readonly<Record<string, string>> = { duration: "s", size: "MB", percent: "%", money: "USD" };

/** The unit that most numbers of this type have; null for what has none. */
export function unitSuffix(kind: string): string | null {
  return units[kind] ?? null;
}

function wayOut(check: Check, expr: Expr, from: Type, to: Type, text: string | null): WayOut {
  const { types } = check;
  const what = text ?? "x";
  const only = (hint: string | null, fix: Fix | null = null): WayOut => ({ hint, fix, near: null });
  const target = expand(to, types);
  if (expr.kind === "none") return only(`Only an optional type, \`${show(to)}?\`, has \`none\`.`);
  if (target.kind === "union") return unionWayOut(check, expr, from, target.members, to, what);
  if (target.kind === "list" && fits(from, target.of, types)) {
    const fix = text === null ? null : replace(`Write \`[${text}]\``, expr.span, `[${text}]`);
    return only(`One item in a list is \`[${what}]\`.`, fix);
  }
  if (from.kind === "list" && fits(from.of, to, types))
    return only(`\`first(${what})\` is one item; \`for\` goes through all.`);
  const unit = units[target.kind];
  if (unit !== undefined && (from.kind === "int" || from.kind === "float")) {
    const fix =
      expr.kind === "number"
        ? replace(`Write \`${expr.text}${unit}\``, expr.span, `${expr.text}${unit}`)
        : null;
    return only(
      `${unitWords(target.kind)} has a unit: \`${expr.kind === "number" ? expr.text : `${what} * 1`}${unit}\`.`,
      fix,
    );
  }
  if (target.kind === "int" && from.kind === "float") return only(`\`int(${what})\` takes the fraction off.`);
  if ((target.kind === "int" || target.kind === "float") && isText(from, types))
    return numberFromText(expr, target.kind, text);
  if (target.kind === "string" && (from.kind === "file" || from.kind === "dir"))
    return only(`\`read(${what})\` is its text, \`${what}.name\` its name.`);
  if (target.kind === "string" && from.kind !== "none" && from.kind !== "record")
    return only(`\`string(${what})\` or \`"~{${what}}"\` is its text.`);
  if (target.kind === "file" || target.kind === "dir")
    return only(
      `Only a literal path becomes a ${target.kind}; a task gives one with \`return ${target.kind}("path")\`.`,
    );
  if (target.kind === "map" && expand(from, types).kind === "record")
    return only("Only a record literal becomes a map: its keys are then values, not fields.");
  if (target.kind === "json") return only(`\`parse_json(to_json(${what}))\` makes it \`json\`.`);
  return only(null);
}

function unitWords(kind: string): string {
  return kind === "money" ? "Money" : `A ${kind}`;
}

/** `"3"` for a number was most likely `3`; other text has to be read. */
function numberFromText(expr: Expr, kind: "int" | "float", text: string | null): WayOut {
  const [part] = expr.kind === "text" && expr.parts.length === 1 ? expr.parts : [];
  if (part?.kind === "chars") {
    const plain = kind === "int" ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/;
    const fix = plain.test(part.text) ? replace(`Write \`${part.text}\``, expr.span, part.text) : null;
    return { hint: fix === null ? null : "A number is written without quotes.", fix, near: null };
  }
  const call = `${kind}(${text ?? "x"})`;
  const simple = expr.kind === "name" || expr.kind === "field" || expr.kind === "call-of";
  const fix = text !== null && simple ? replace(`Write \`${call}\``, expr.span, call) : null;
  return { hint: `\`${call}\` reads a number from text.`, fix, near: null };
}

function unionWayOut(
  check: Check,
  expr: Expr,
  from: Type,
  members: readonly string[],
  to: Type,
  what: string,
): WayOut {
  const all = `It is one of ${listed(
    members.map((member) => JSON.stringify(member)),
    "or",
  )}.`;
  const word = from.kind === "union" && from.members.length === 1 ? from.members[0] : undefined;
  if (word !== undefined) {
    const near = check.nearest(word, members);
    const quoted = near === null ? null : JSON.stringify(near);
    const fix =
      quoted !== null && expr.kind === "text" ? replace(`Write ${quoted}`, expr.span, quoted) : null;
    return { hint: near === null ? all : null, fix, near: quoted };
  }
  if (isText(from, check.types) && members.length > 0)
    return {
      hint: `A string may be anything: \`${what} as ${to.kind === "named" ? show(to) : "…"}\` checks that it is a member when the flow runs.`,
      fix: null,
      near: null,
    };
  return { hint: all, fix: null, near: null };
}
