// Nodes that may run at the same time and work on the same branch of git.

import type { Block, Call, Expr, Flow, For, If, Node, Statement, Task } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { earlyBinding } from "./check-early.ts";
import { foldIn } from "./check-known.ts";
import { isCallOf } from "./check-place-names.ts";
import { at, type Check, rootScope, type Scope, tell } from "./check-state.ts";
import { branchCollision } from "./errors-places.ts";
import type { Home } from "./resolve.ts";

/** A block, and which of its statements a call stands in: from the outside in. */
interface Step {
  readonly statements: readonly Statement[];
  readonly index: number;
}

/** A call of a task that works on a branch. */
interface Use {
  readonly call: Call;
  readonly task: Task;
  /** The branch's name as the call makes it: equal for equal names. */
  readonly branch: string;
  /** What of the call the name is made of. */
  readonly from: readonly Expr[];
  readonly loops: readonly For[];
  readonly path: readonly Step[];
}

export function checkBranches(check: Check, flow: Flow, home: Home): void {
  const scope = rootScope(home, flow, { noNodes: null, noDisk: null, returnOf: null });
  const uses: Use[] = [];
  gather(check, flow.body, { loops: [], path: [] }, uses, scope);
  const told = new Set<Use>();
  for (const [index, use] of uses.entries()) {
    const loop = use.loops.find((one) => !isSerial(check, one, scope) && !dependsOn(check, use.from, one));
    if (loop !== undefined) {
      told.add(use);
      say(check, use, null, scope);
      continue;
    }
    const other = uses.slice(0, index).find((one) => one.branch === use.branch && atOnce(check, one, use));
    if (other === undefined || told.has(other)) continue;
    told.add(use);
    say(check, use, other, scope);
  }
}

function say(check: Check, use: Use, other: Use | null, scope: Scope): void {
  const place = at(scope, use.call);
  if (other === null) {
    const label = `every item works on the branch \`${use.branch}\`, at the same time`;
    const hint = "Put the item into the branch's name, or let one item run at a time: `parallel: 1`.";
    tell(check, branchCollision(place, label, null, hint));
    return;
  }
  const label = `this works on the branch \`${use.branch}\`, perhaps while another node does`;
  const hint = "Give each a branch of its own, or let one wait for the other with `after`.";
  tell(check, branchCollision(place, label, at(scope, other.call), hint));
}

// Which calls there are

type Around = Pick<Use, "loops" | "path">;

function gather(check: Check, block: Block, around: Around, uses: Use[], scope: Scope): void {
  gatherIn(check, block.statements, around, uses, scope);
}

function gatherIn(
  check: Check,
  statements: readonly Statement[],
  around: Around,
  uses: Use[],
  scope: Scope,
): void {
  for (const [index, statement] of statements.entries()) {
    const here = { ...around, path: [...around.path, { statements, index }] };
    switch (statement.kind) {
      case "binding":
      case "return":
        gatherNode(check, statement.value, here, uses, scope);
        break;
      case "phase":
        gatherIn(check, statement.body.statements, here, uses, scope);
        break;
      case "gate":
        for (const one of statement.checks)
          if (one.kind === "check") gatherNode(check, one.node, here, uses, scope);
        break;
      case "handler":
    }
  }
}

function gatherNode(check: Check, node: Node, around: Around, uses: Use[], scope: Scope): void {
  walk(node.expr, (part) => {
    if (part.kind === "for") {
      gather(check, part.body, { ...around, loops: [...around.loops, part] }, uses, scope);
      return "skip";
    }
    if (part.kind === "repeat" || part.kind === "if") {
      for (const block of part.kind === "if" ? branches(part) : [part.body])
        gather(check, block, around, uses, scope);
      return "skip";
    }
    if (part.kind === "call-of") {
      const use = useOf(check, part, node, around, scope);
      if (use !== null) uses.push(use);
    }
    return null;
  });
}

function branches(first: If): readonly Block[] {
  const blocks: Block[] = [];
  for (let one: If | null = first; one !== null; ) {
    blocks.push(one.then);
    const other: If["else"] = one.else;
    if (other?.kind === "block") blocks.push(other);
    one = other?.kind === "if" ? other : null;
  }
  return blocks;
}

function useOf(check: Check, call: Call, node: Node, around: Around, scope: Scope): Use | null {
  const ref = call.callee.kind === "name" ? check.pass.refs.get(call.callee) : undefined;
  if (ref?.kind !== "task") return null;
  const own =
    node.expr === call
      ? node.overrides?.entries.find(({ key }) => key.text === "workspace")?.value
      : undefined;
  const workspace = own ?? ref.task.settings.find(({ key }) => key.text === "workspace")?.value;
  if (workspace === undefined || !isCallOf(workspace, "worktree")) return null;
  const branch = workspace.args.find(({ name }) => name?.text === "branch")?.value;
  if (branch === undefined) return null;
  const from: Expr[] = own === undefined ? [] : [branch];
  const known = named(check, branch, ref.task, check.pass.argsOf.get(call) ?? new Map(), from, scope);
  return { call, task: ref.task, branch: known, from, ...around };
}

/** The name as text, where holes are what the call gives: known values, else how they are written. */
function named(
  check: Check,
  branch: Expr,
  task: Task,
  args: ReadonlyMap<string, Expr>,
  from: Expr[],
  scope: Scope,
): string {
  if (branch.kind === "text")
    return branch.parts
      .map((part) => (part.kind === "chars" ? part.text : named(check, part.expr, task, args, from, scope)))
      .join("");
  const ref = branch.kind === "name" ? check.pass.refs.get(branch) : undefined;
  const given =
    ref?.kind === "param" && ref.of === task ? (args.get(ref.param.name.text) ?? ref.param.value) : branch;
  if (given === null) return "none";
  if (given !== branch) {
    from.push(given);
    return named(check, given, task, args, from, scope);
  }
  const value = foldIn(check, given, scope);
  if (typeof value === "string") return value;
  // A part that is no plain name may hold a parameter: all that is given may matter.
  if (ref === undefined) from.push(...args.values());
  return `~{${scope.home.module.file.source.text.slice(given.span.start, given.span.end)}}`;
}

// What may run at the same time

function isSerial(check: Check, loop: For, scope: Scope): boolean {
  const parallel = loop.body.settings.find(({ key }) => key.text === "parallel");
  return parallel !== undefined && foldIn(check, parallel.value, scope) === 1;
}

/** Does a value depend on the item of a loop: by its variable, or by a name made in its body? */
function dependsOn(check: Check, values: readonly Expr[], loop: For): boolean {
  const { start, end } = loop.body.span;
  return values.some((value) => {
    let found = false;
    walk(value, (node) => {
      const ref = node.kind === "name" ? check.pass.refs.get(node) : undefined;
      if ((ref?.kind === "item" || ref?.kind === "deps") && ref.loop === loop) found = true;
      if (ref?.kind !== "binding") return;
      const made = ref.binding.span;
      if (start <= made.start && made.end <= end) found = true;
    });
    return found;
  });
}

/** Stand they in statements of one block that do not wait for each other? */
function atOnce(check: Check, first: Use, second: Use): boolean {
  for (const [depth, a] of first.path.entries()) {
    const b = second.path[depth];
    if (b === undefined || b.statements !== a.statements) return false;
    if (a.index !== b.index) return !waits(check, a.statements, b.index, a.index);
  }
  return false;
}

/** Does a statement wait for one above it: by data, by order, or by a phase or gate in between? */
function waits(check: Check, statements: readonly Statement[], later: number, earlier: number): boolean {
  for (let i = earlier; i <= later; i++) {
    const kind = statements[i]?.kind;
    if (kind === "gate" || (kind === "phase" && i < later)) return true;
  }
  const seen = new Set<number>([later]);
  const open = [later];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === earlier) return true;
    const statement = statements[next];
    if (statement === undefined) continue;
    for (const index of mentioned(check, statement, statements))
      if (!seen.has(index)) {
        seen.add(index);
        open.push(index);
      }
  }
  return false;
}

function mentioned(check: Check, statement: Statement, statements: readonly Statement[]): readonly number[] {
  const found: number[] = [];
  const add = (name: Parameters<typeof check.pass.refs.get>[0]) => {
    const ref = check.pass.refs.get(name);
    const index = ref?.kind === "binding" ? statements.indexOf(ref.binding) : -1;
    if (index >= 0) found.push(index);
  };
  walk(statement, (node) => {
    const early = node.kind === "field" ? earlyBinding(check, node) : null;
    if (early !== null) {
      // Who uses an early field runs beside the node, and waits for what that waits for.
      const index = statements.indexOf(early);
      if (index >= 0) found.push(...mentioned(check, early, statements));
      return "skip";
    }
    if (node.kind === "name") add(node);
    if (node.kind === "node") for (const word of node.after) add(word);
    return null;
  });
  return found;
}
