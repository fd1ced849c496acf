// Flows that call themselves: each circle needs a `depth`, and something in it that may end it.

import type { Block, Expr, Flow, Node, Statement } from "../grammar/ast.ts";
import { partsOf } from "../grammar/walk.ts";
import { at, type Check, tell } from "./check-state.ts";
import { findCircles } from "./cycles.ts";
import { replace } from "./errors.ts";
import { endlessRecursion, needlessDepth, recursiveFlow } from "./errors-flows.ts";
import type { Home } from "./resolve.ts";

type Graph = ReadonlyMap<Flow, readonly Flow[]>;

/** Told once all flows are checked, since a circle may go through several files. */
export function tellRecursion(check: Check, homes: readonly Home[]): void {
  const all = calls(check);
  const { circles } = findCircles(all.keys(), (flow) => all.get(flow) ?? []);
  tellNeedless(check, homes, all);
  if (circles.length === 0) return;
  const always = alwaysCalls(check, all);
  const unbounded: Graph = new Map(
    [...all]
      .filter(([flow]) => depthOf(flow) === null)
      .map(([flow, called]) => [flow, called.filter((each) => depthOf(each) === null)]),
  );
  const told = new Set<Flow>();
  for (const circle of circlesOf(unbounded)) {
    for (const flow of circle) told.add(flow);
    const endless = circle.every((flow, i) => {
      const next = circle[(i + 1) % circle.length];
      return next !== undefined && always.get(flow)?.includes(next) === true;
    });
    say(check, circle, (place, chain, first) => recursiveFlow(place, chain, first, endless));
  }
  for (const circle of circlesOf(always))
    if (!circle.some((flow) => told.has(flow))) say(check, circle, endlessRecursion);
}

function circlesOf(graph: Graph): readonly (readonly Flow[])[] {
  return findCircles(graph.keys(), (flow) => graph.get(flow) ?? []).circles;
}

/** At the call that closes the circle, with the flow that it comes back to as the cause. */
function say(
  check: Check,
  circle: readonly Flow[],
  word: (
    place: ReturnType<typeof at>,
    chain: readonly string[],
    first: ReturnType<typeof at> | null,
  ) => ReturnType<typeof endlessRecursion>,
): void {
  const [first] = circle;
  const last = circle.at(-1);
  const closing = check.pass.flowCalls.find(({ from, to }) => from === last && to === first);
  if (first === undefined || closing === undefined) return;
  const home = check.pass.flowCalls.find(({ from }) => from === first)?.at.source;
  const place = home === undefined ? null : { source: home, span: first.name.span };
  tell(
    check,
    word(
      closing.at,
      [...circle, first].map((flow) => flow.name.text),
      place,
    ),
  );
}

function calls(check: Check): Graph {
  const graph = new Map<Flow, Flow[]>();
  for (const { from, to } of check.pass.flowCalls) {
    const known = graph.get(from);
    if (known === undefined) graph.set(from, [to]);
    else if (!known.includes(to)) known.push(to);
  }
  return graph;
}

export function depthOf(flow: Flow): Flow["body"]["settings"][number] | null {
  return flow.body.settings.find(({ key }) => key.text === "depth") ?? null;
}

/** A bound for what never happens makes readers look for it. */
function tellNeedless(check: Check, homes: readonly Home[], all: Graph): void {
  // A call that could not be understood may have been the one.
  if (check.pass.diagnostics.some(({ severity }) => severity === "error")) return;
  for (const home of homes)
    for (const flow of home.module.file.declarations) {
      if (flow.kind !== "flow" || check.broken.has(flow)) continue;
      const depth = depthOf(flow);
      if (depth === null || reaches(all, flow)) continue;
      const place = at({ home }, depth);
      const { text } = place.source;
      const start = text.lastIndexOf("\n", depth.span.start) + 1;
      const end = text.indexOf("\n", depth.span.end);
      const alone =
        end !== -1 &&
        text.slice(start, depth.span.start).trim() === "" &&
        text.slice(depth.span.end, end).trim() === "";
      const fix = alone ? replace("Remove it", { start, end: end + 1 }, "") : null;
      tell(check, needlessDepth(place, flow.name.text, fix));
    }
}

/** Does a flow call itself, also through others? */
function reaches(graph: Graph, flow: Flow): boolean {
  const seen = new Set<Flow>();
  const open = [...(graph.get(flow) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next === flow) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return false;
}

// Calls that nothing can keep from happening

function alwaysCalls(check: Check, all: Graph): Graph {
  return new Map([...all.keys()].map((flow) => [flow, [...inBlock(check, flow.body)]]));
}

type Flows = ReadonlySet<Flow>;
const none: Flows = new Set();

function union(sets: readonly Flows[]): Flows {
  return new Set(sets.flatMap((set) => [...set]));
}

function inBlock(check: Check, block: Block): Flows {
  return union(block.statements.map((statement) => inStatement(check, statement)));
}

function inStatement(check: Check, statement: Statement): Flows {
  switch (statement.kind) {
    case "binding":
    case "return":
      return inNode(check, statement.value);
    case "phase":
      return inBlock(check, statement.body);
    case "gate":
      return union(statement.checks.map((one) => (one.kind === "check" ? inNode(check, one.node) : none)));
    case "handler":
      return statement.on === "finally" ? inBlock(check, statement.body) : none;
  }
}

/** What has an `otherwise` may go on when it is too deep. */
function inNode(check: Check, node: Node): Flows {
  return node.otherwise === null ? inExpr(check, node.expr) : none;
}

function inExpr(check: Check, expr: Expr): Flows {
  switch (expr.kind) {
    case "call-of": {
      const ref = expr.callee.kind === "name" ? check.pass.refs.get(expr.callee) : undefined;
      const own: Flows = ref?.kind === "flow" ? new Set([ref.flow]) : none;
      return union([own, ...expr.args.map(({ value }) => inExpr(check, value))]);
    }
    case "if": {
      const then = inBlock(check, expr.then);
      const other =
        expr.else === null
          ? none
          : expr.else.kind === "block"
            ? inBlock(check, expr.else)
            : inExpr(check, expr.else);
      return union([inExpr(check, expr.cond), new Set([...then].filter((flow) => other.has(flow)))]);
    }
    case "for":
      return union(expr.lists.map(({ list }) => inExpr(check, list)));
    case "repeat":
      return union([inExpr(check, expr.times), inBlock(check, expr.body), inExpr(check, expr.until)]);
    default:
      return union(partsOf(expr).map((part) => (part.kind === "block" ? none : inExpr(check, part))));
  }
}
