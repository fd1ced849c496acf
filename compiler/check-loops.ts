// `if`, `for` and `repeat`: what they give, what is known inside them, and the sizes of lists known already.

import type { Block, Expr, For, If, Node, Repeat } from "../grammar/ast.ts";
import { define } from "./check-blocks.ts";
import { checkChain, checkCondition } from "./check-conditions.ts";
import { literalFits } from "./check-fit.ts";
import { tellEmptyBlock, tellIdleLoop } from "./check-idle.ts";
import { checkItems } from "./check-items.ts";
import { shownBy, tellNone } from "./check-none.ts";
import { needBool } from "./check-operators.ts";
import { inferRepeat } from "./check-repeat.ts";
import { checkSize } from "./check-sizes.ts";
import {
  at,
  type BlockValue,
  type Check,
  innerScope,
  type Scope,
  tell,
  without,
  written,
} from "./check-state.ts";
import { settle } from "./check-trial.ts";
import { unknownSetting } from "./errors-calls.ts";
import { unusedLoopVariable } from "./errors-names.ts";
import { notAList, typeMismatch, undecodedJson } from "./errors-types.ts";
import {
  errorType,
  expand,
  fits,
  isText,
  join,
  listOf,
  neverType,
  noneType,
  optional,
  said,
  show,
  stringType,
} from "./type-ops.ts";
import type { Type } from "./types.ts";

/** The type of an `if` or a loop. Where its value is not wanted, its branches need not agree. */
export function inferIfOrLoop(check: Check, expr: If | For | Repeat, scope: Scope, wanted: boolean): Type {
  if (expr.kind === "if") return inferIf(check, expr, scope, wanted);
  if (expr.kind === "for") return inferFor(check, expr, scope, wanted);
  tellRecordBlock(check, expr.body, scope, "repeat");
  return inferRepeat(check, expr, scope);
}

// if

interface Branch {
  readonly type: Type;
  readonly node: Node | null;
}

function inferIf(check: Check, expr: If, scope: Scope, wanted: boolean): Type {
  const chain: { readonly one: If; readonly then: Branch }[] = [];
  let last: Branch | null = null;
  let makes = false;
  let inner = scope;
  // An `else if` chain is a list, not a tower: its length costs no stack.
  for (let one: If | null = expr; one !== null; ) {
    const type = check.infer(one.cond, inner);
    needBool(check, one.cond, type, inner, "if");
    checkCondition(check, one.cond, inner, "if");
    makes ||= check.pass.makesNode.has(one.cond);
    const then = branch(
      check,
      one.then,
      innerScope(inner, { narrowed: shownBy(check, one.cond, true) }),
      wanted,
    );
    makes ||= then.makes;
    chain.push({ one, then });
    inner = innerScope(inner, { narrowed: shownBy(check, one.cond, false) });
    const other: If["else"] = one.else;
    if (other?.kind === "block") {
      const otherwise = branch(check, other, inner, wanted);
      makes ||= otherwise.makes;
      last = otherwise;
    }
    one = other?.kind === "if" ? other : null;
  }
  checkChain(check, expr, scope);
  if (makes) for (const { one } of chain) check.pass.makesNode.add(one);
  if (!wanted) {
    for (const { one } of chain) check.pass.typeOf.set(one, noneType);
    return noneType;
  }
  for (const { one, then } of chain.reverse()) {
    const joined = last === null ? then : joinBranches(check, then, last, scope);
    const type = last === null ? optional(then.type.kind === "never" ? noneType : then.type) : joined.type;
    last = { type, node: joined.node };
    check.pass.typeOf.set(one, type);
  }
  return last?.type ?? noneType;
}

function branch(check: Check, block: Block, scope: Scope, wanted: boolean): BlockValue {
  tellRecordBlock(check, block, scope, "if");
  const value = check.block(block, scope, wanted);
  return block.settings.length > 0 && block.statements.length === 0 ? { ...value, type: errorType } : value;
}

/** `{ name: p.name }` where a block must stand is read as a setting; the mistake is worth words of its own. */
function tellRecordBlock(check: Check, block: Block, scope: Scope, owner: "if" | "repeat"): void {
  const [first] = block.settings;
  if (first === undefined) return;
  if (block.statements.length > 0) {
    check.settings(block.settings, owner, scope);
    return;
  }
  tellRecordBody(check, block, scope);
}

function tellRecordBody(check: Check, block: Block, scope: Scope): void {
  const [first] = block.settings;
  if (first === undefined) return;
  const record = scope.home.module.file.source.text.slice(block.span.start, block.span.end);
  const hint = `These braces are the block's. A block that gives a record has them twice: \`{ { ${first.key.text}: … } }\`.`;
  const fix = {
    title: "Put the record in braces of its own",
    edits: [{ span: block.span, text: `{ ${record} }` }],
  };
  const place = at(scope, first.key);
  tell(check, unknownSetting(place, first.key.text, "this block", null, [], hint, fix));
  for (const setting of block.settings) check.infer(setting.value, without(scope, "a setting"));
}

function joinBranches(check: Check, a: Branch, b: Branch, scope: Scope): Branch {
  if (a.type.kind === "error" || b.type.kind === "error") return { type: errorType, node: null };
  const joined = join(a.type, b.type, check.types);
  if (b.node !== null && a.node !== null) {
    if (a.type.kind !== "never" && takes(check, b.node, a.type)) {
      check.fit(b.node.expr, a.type, scope, null);
      return { type: a.type, node: a.node };
    }
    if (b.type.kind !== "never" && takes(check, a.node, b.type)) {
      check.fit(a.node.expr, b.type, scope, null);
      return { type: b.type, node: b.node };
    }
  }
  if (joined !== null) return { type: joined, node: null };
  const odd = b.node ?? a.node;
  const label = `this is ${said(b.type, check.types)}, the branch before it gives \`${show(a.type)}\``;
  const cause = a.node === null ? null : { ...at(scope, a.node), label: `this is \`${show(a.type)}\`` };
  if (odd !== null)
    tell(check, typeMismatch(at(scope, odd), label, cause, "All branches of an `if` have one type."));
  return { type: errorType, node: null };
}

/** A literal takes the type of the other branch; what is no literal fits by itself or not at all. */
function takes(check: Check, node: Node, type: Type): boolean {
  const literal = node.expr.kind === "record-of" || node.expr.kind === "list-of" || node.expr.kind === "text";
  return literal && node.otherwise === null && literalFits(check, node.expr, type);
}

// for

function inferFor(check: Check, loop: For, scope: Scope, wanted: boolean): Type {
  const items = loop.lists.map(({ list }) => itemType(check, list, check.infer(list, scope), scope));
  const each = innerScope(scope);
  loop.lists.forEach(({ name }, index) => {
    define(check, each, name, { kind: "item", loop, index }, items[index] ?? errorType, "loop variable");
  });
  const header = without(each, "the head of a `for`");
  if (loop.by !== null) {
    check.infer(loop.by, header);
    check.fit(loop.by, stringType, header, null);
  }
  let inside = each;
  if (loop.filter !== null) {
    needBool(check, loop.filter, check.infer(loop.filter, header), header, "for … if");
    checkCondition(check, loop.filter, header, "for");
    inside = innerScope(each, { narrowed: shownBy(check, loop.filter, true) });
  }
  if (loop.after !== null) checkKeys(check, loop, items, header);
  const settings = loop.body.statements.length === 0 && loop.body.settings.length > 0;
  if (settings && loop.body.settings.every(({ key }) => !isLoopSetting(key.text))) {
    tellRecordBody(check, loop.body, inside);
    return listOf(errorType);
  } else check.settings(loop.body.settings, "for", scope);
  tellEmptyBlock(check, loop.body, "`for`", scope);
  const body = loopBody(check, loop, inside, wanted);
  if (loop.lists.some(({ list }) => check.pass.makesNode.has(list)) || body.makes)
    check.pass.makesNode.add(loop);
  for (const name of [
    ...loop.lists.map((list) => list.name),
    ...(loop.after?.name ? [loop.after.name] : []),
  ]) {
    const found = each.names.get(name.text) ?? inside.names.get(name.text) ?? body.deps;
    if (
      found !== undefined &&
      found !== null &&
      !found.used &&
      found.span === name.span &&
      !name.text.startsWith("_")
    )
      if (loop.body.statements.length > 0)
        tell(check, unusedLoopVariable(at(scope, name), name.text, name === loop.after?.name));
  }
  if (!check.pass.makesNode.has(loop)) tellIdleLoop(check, loop, scope);
  checkSize(check, loop, scope);
  // Without a node nothing is named after a key.
  if (check.pass.makesNode.has(loop) || loop.by !== null || loop.after !== null)
    checkItems(check, loop, scope);
  return listOf(body.type);
}

function isLoopSetting(name: string): boolean {
  return name === "parallel" || name === "max" || name === "tolerate" || name === "enough";
}

/** `after … as deps`: the values of the items waited for have the body's type, which may itself depend on them. */
function loopBody(check: Check, loop: For, scope: Scope, wanted: boolean) {
  const name = loop.after?.name ?? null;
  if (name === null) return { ...check.block(loop.body, scope, wanted), deps: null };
  let type: Type = neverType;
  if (!check.trial) type = settle(check, (guess) => bodyWith(check, loop, scope, name, guess).type);
  const body = bodyWith(check, loop, scope, name, type);
  if (!check.trial && !fits(body.type, type, check.types)) {
    const label = `the items' value is \`${show(body.type)}\`, which holds \`${name.text}\` again and never ends`;
    tell(check, typeMismatch(at(scope, name), label, null, "Give the body a value of a declared type."));
  }
  return body;
}

function bodyWith(
  check: Check,
  loop: For,
  scope: Scope,
  name: NonNullable<For["after"]>["name"],
  type: Type,
) {
  const inner = innerScope(scope);
  const deps =
    name === null ? null : define(check, inner, name, { kind: "deps", loop }, listOf(type), "loop variable");
  return { ...check.block(loop.body, inner, true), deps };
}

function itemType(check: Check, list: Expr, type: Type, scope: Scope): Type {
  const body = expand(type, check.types);
  switch (body.kind) {
    case "list":
      return body.of;
    case "error":
    case "never":
      return errorType;
    case "optional":
      if (expand(body.of, check.types).kind !== "list") break;
      tellNone(
        check,
        list,
        type,
        scope,
        `this is \`${show(type)}\`: it may be \`none\`, but a list is needed`,
      );
      return errorType;
    case "json":
      tell(
        check,
        undecodedJson(
          at(scope, list),
          "this is `json`, but a list is needed",
          written(scope, list),
          "Crate[]",
        ),
      );
      return errorType;
    default:
  }
  const name = written(scope, list) ?? "x";
  const hint =
    body.kind === "map"
      ? `\`keys(${name})\` and \`values(${name})\` are lists.`
      : body.kind === "int"
        ? `\`range(${name})\` is the list of numbers below it.`
        : body.kind === "string"
          ? `\`lines(${name})\` and \`split(${name}, ",")\` are lists.`
          : body.kind === "dir"
            ? `\`glob("**", ${name})\` is the list of its files.`
            : null;
  tell(
    check,
    notAList(at(scope, list), `this is ${said(type, check.types)}, but \`for\` needs a list`, hint),
  );
  return errorType;
}

function checkKeys(check: Check, loop: For, items: readonly Type[], header: Scope): void {
  if (loop.after === null) return;
  check.infer(loop.after.keys, header);
  const [only] = items;
  const textKeys =
    items.length === 1 && only !== undefined && (isText(only, check.types) || only.kind === "error");
  if (loop.by === null && !textKeys) {
    const hint =
      "Give each item a key to be waited for, with `by`: `for c in crates by c.name after c.deps`.";
    tell(
      check,
      typeMismatch(at(header, loop.after.keys), "these are keys, but the items have none", null, hint),
    );
    return;
  }
  check.fit(loop.after.keys, listOf(stringType), header, null);
}
