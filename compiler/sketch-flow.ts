// Draws the sketch of a flow: block by block, with called flows inside, known lists item by item.

import type {
  Block,
  Call,
  Expr,
  Flow,
  For,
  Gate,
  If,
  Name,
  Node,
  Repeat,
  Statement,
  Word,
} from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { earlyBinding } from "./check-early.ts";
import { foldGiven, type Known, nothingKnown } from "./check-known.ts";
import type { Check } from "./check-state.ts";
import { Layers } from "./layers.ts";
import type { Home } from "./resolve.ts";
import { type Override, Sketch, type Way } from "./sketch.ts";
import type { Value } from "./types.ts";

/** Items of a known list that are drawn one by one; of a longer one two stand for all. */
const itemsMax = 400;

interface Place {
  readonly home: Home;
  readonly flow: Flow;
  /** What everything here waits for. */
  readonly guards: readonly number[];
  /** By definition: parameters, bindings, phases, gates, loops (for `deps`). */
  readonly made: Layers<object, number>;
  readonly known: Layers<string, Value>;
  readonly overrides: readonly Override[];
  readonly way: readonly Way[];
  /** Flows that are being drawn: a call inside of itself is one vertex. */
  readonly open: readonly Flow[];
}

/** Throws TooLarge. */
export function sketchOf(check: Check, flow: Flow, home: Home): Sketch {
  const sketch = new Sketch(flow);
  const nothing = { guards: [], overrides: [], way: [], open: [flow] };
  new Drawing(check, sketch).block(flow.body, {
    home,
    flow,
    made: new Layers(),
    known: new Layers(),
    ...nothing,
  });
  return sketch;
}

class Drawing {
  private readonly check: Check;
  private readonly sketch: Sketch;

  constructor(check: Check, sketch: Sketch) {
    this.check = check;
    this.sketch = sketch;
  }

  /** All vertices of a block, one for each statement. */
  block(block: Block, outer: Place): readonly number[] {
    const place = { ...outer, made: new Layers(outer.made), known: new Layers(outer.known) };
    return this.statements(block.statements, place);
  }

  private statements(statements: readonly Statement[], outer: Place): readonly number[] {
    const all: number[] = [];
    let place = outer;
    const handlers: number[] = [];
    for (const statement of statements) {
      switch (statement.kind) {
        case "binding":
        case "return": {
          const vertex = this.node(statement.value, place);
          all.push(vertex);
          if (statement.kind === "return") break;
          place.made.set(statement, vertex);
          const value = this.fold(statement.value.expr, place);
          if (statement.name !== null && value !== undefined) place.known.set(statement.name.text, value);
          break;
        }
        case "phase": {
          const inside = this.statements(statement.body.statements, place);
          const end = this.sketch.vertex([...place.guards, ...inside]);
          all.push(end);
          place.made.set(statement, end);
          place = { ...place, guards: [...place.guards, end] };
          break;
        }
        case "gate": {
          const end = this.gate(statement, all, place);
          all.push(end);
          place.made.set(statement, end);
          place = { ...place, guards: [...place.guards, end] };
          break;
        }
        case "handler": {
          // They run one after the other, when all else has ended.
          const start = this.sketch.vertex([...all, ...handlers, ...place.guards]);
          const inside = this.block(statement.body, { ...place, guards: [start] });
          handlers.push(this.sketch.vertex([start, ...inside]));
        }
      }
    }
    return [...all, ...handlers];
  }

  private gate(gate: Gate, above: readonly number[], place: Place): number {
    const start = this.sketch.vertex([...above, ...place.guards]);
    const inside = gate.checks.map((one) =>
      one.kind === "check" ? this.node(one.node, { ...place, guards: [start] }) : start,
    );
    return this.sketch.vertex([start, ...inside]);
  }

  private node(node: Node, outer: Place): number {
    const after = node.after.flatMap((word) => this.madeBy(word, outer));
    const { overrides: record } = node;
    const own = record === null ? [] : [{ record, home: outer.home, known: outer.known }];
    const guards = [...outer.guards, ...after];
    const place = { ...outer, guards, overrides: [...own, ...outer.overrides] };
    const vertex = this.expr(node.expr, place);
    if (node.otherwise === null) return vertex;
    // It runs when the other has failed, and without its `with`.
    const other = this.expr(node.otherwise, { ...outer, guards: [...guards, vertex] });
    return this.sketch.vertex([vertex, other]);
  }

  private expr(expr: Expr, place: Place): number {
    switch (expr.kind) {
      case "paren":
        return this.expr(expr.of, place);
      case "call-of":
        return this.call(expr, place);
      case "if":
        return this.choice(expr, place);
      case "for":
        return this.loop(expr, place);
      case "repeat":
        return this.repeat(expr, place);
      default:
        return this.sketch.vertex([...place.guards, ...this.mentions(expr, place)]);
    }
  }

  /** What an expression mentions; nodes that are made inside of it are drawn. */
  private mentions(expr: Expr, place: Place): readonly number[] {
    const found: number[] = [];
    walk(expr, (part) => {
      const early = part.kind === "field" ? earlyBinding(this.check, part) : null;
      const vertex = early === null ? undefined : place.made.get(early);
      if (vertex !== undefined) {
        // Who uses an early field runs beside the node, and waits for what that waits for.
        found.push(...this.sketch.waitedFor(vertex));
        return "skip";
      }
      if (part.kind === "name") found.push(...this.madeBy(part, place));
      const nodes =
        part.kind === "call-of" || part.kind === "if" || part.kind === "for" || part.kind === "repeat";
      if (!nodes || part === expr || !this.check.pass.makesNode.has(part)) return null;
      found.push(this.expr(part, place));
      return "skip";
    });
    return found;
  }

  private madeBy(name: Name | Word, place: Place): readonly number[] {
    const ref = this.check.pass.refs.get(name);
    if (ref === undefined) return [];
    const definition =
      ref.kind === "binding"
        ? ref.binding
        : ref.kind === "param"
          ? ref.param
          : ref.kind === "phase"
            ? ref.phase
            : ref.kind === "gate"
              ? ref.gate
              : null;
    const vertex = definition === null ? undefined : place.made.get(definition);
    return vertex === undefined ? [] : [vertex];
  }

  private call(call: Call, place: Place): number {
    const ref = call.callee.kind === "name" ? this.check.pass.refs.get(call.callee) : undefined;
    const used = call.args.flatMap((arg) => this.mentions(arg.value, place));
    if (ref?.kind !== "task" && ref?.kind !== "flow")
      return this.sketch.vertex([...place.guards, ...used, ...this.mentions(call, place)]);
    const called = ref.kind === "task" ? ref.task : ref.flow;
    const entry = place.home.callables.get(call.callee.kind === "name" ? call.callee.name : "");
    const home = entry?.home ?? place.home;
    const args = this.check.pass.argsOf.get(call);
    const known = new Layers<string, Value>();
    for (const param of called.params) {
      const given = args?.get(param.name.text);
      const value =
        given !== undefined
          ? this.fold(given, place)
          : param.value === null
            ? null
            : this.fold(param.value, { home, known: nothingKnown });
      if (value !== undefined) known.set(param.name.text, value);
    }
    const { overrides, way } = place;
    const step: Way = {
      of: call,
      part: 0,
      expr: call,
      home: place.home,
      kind: "call",
      alone: false,
      key: null,
    };
    if (ref.kind === "task") {
      const vertex = this.sketch.vertex([...place.guards, ...used]);
      const work = { vertex, task: ref.task, call, home: place.home, taskHome: home, args: known };
      this.sketch.works.push({ ...work, overrides, way: [...way, step] });
      return vertex;
    }
    if (place.open.includes(ref.flow)) return this.sketch.vertex([...place.guards, ...used]);
    const made = new Layers<object, number>();
    for (const param of called.params) {
      const given = args?.get(param.name.text);
      made.set(param, this.sketch.vertex(given === undefined ? [] : this.mentions(given, place)));
    }
    const inner = { home, flow: ref.flow, guards: place.guards, made, known, overrides };
    const open = [...place.open, ref.flow];
    const inside = this.block(ref.flow.body, { ...inner, way: [...way, step], open });
    return this.sketch.vertex([...place.guards, ...used, ...inside]);
  }

  private choice(first: If, place: Place): number {
    const ends: number[] = [];
    let guards = place.guards;
    let part = 0;
    const branch = (block: Block) => {
      const step: Way = {
        of: first,
        part: part++,
        expr: first,
        home: place.home,
        kind: "branch",
        alone: true,
        key: null,
      };
      ends.push(...this.block(block, { ...place, guards, way: [...place.way, step] }));
    };
    for (let one: If | null = first; one !== null; ) {
      guards = [this.sketch.vertex([...guards, ...this.mentions(one.cond, place)])];
      const cond = this.fold(one.cond, place);
      if (cond !== false) branch(one.then);
      const other: If["else"] = cond === true ? null : one.else;
      if (other?.kind === "block") branch(other);
      one = other?.kind === "if" ? other : null;
    }
    return this.sketch.vertex([...guards, ...ends]);
  }

  private repeat(loop: Repeat, place: Place): number {
    const start = this.sketch.vertex([...place.guards, ...this.mentions(loop.times, place)]);
    const inside = {
      ...place,
      guards: [start],
      made: new Layers(place.made),
      known: new Layers(place.known),
    };
    const ends = this.statements(loop.body.statements, inside);
    // A pass waits for the one before, so one stands for all.
    return this.sketch.vertex([start, ...ends, ...this.mentions(loop.until, inside)]);
  }

  private loop(loop: For, place: Place): number {
    const heads = [...loop.lists.map(({ list }) => list), loop.by, loop.filter, loop.after?.keys ?? null];
    const head = heads.flatMap((expr) => (expr === null ? [] : this.mentions(expr, place)));
    const start = this.sketch.vertex([...place.guards, ...head]);
    const items = this.itemsOf(loop, place);
    const starts = items.map(() => this.sketch.vertex([start]));
    const parallel = loop.body.settings.find(({ key }) => key.text === "parallel");
    const serial = parallel !== undefined && this.fold(parallel.value, place) === 1;
    const order = loop.after === null ? null : orderOf(items);
    const alone = serial || (loop.after !== null && order === null);
    const ends = items.map(({ known, key }, part) => {
      const step: Way = { of: loop, part, expr: loop, home: place.home, kind: "item", alone, key };
      const inside = { ...place, guards: [starts[part] ?? start], way: [...place.way, step] };
      const all = this.block(loop.body, { ...inside, known: new Layers(place.known, known) });
      return this.sketch.vertex([starts[part] ?? start, ...all]);
    });
    order?.forEach((wanted, i) => {
      for (const j of wanted) this.sketch.link(starts[i] ?? start, ends[j] ?? start);
    });
    return this.sketch.vertex([start, ...ends]);
  }

  /** The items of a list known from the text, else two that stand for all. */
  private itemsOf(loop: For, place: Place): readonly Item[] {
    const some: Item = { known: new Map(), key: null, after: null };
    const lists = loop.lists.map(({ list }) => this.fold(list, place));
    const known = lists.filter((list) => Array.isArray(list));
    const total = known.reduce((product, list) => product * list.length, 1);
    if (known.length < lists.length || total > itemsMax) return [some, some];
    const items: Item[] = [];
    for (let index = 0; index < total; index++) {
      const values = new Map<string, Value>();
      let rest = index;
      for (let i = known.length - 1; i >= 0; i--) {
        const list = known[i] ?? [];
        values.set(loop.lists[i]?.name.text ?? "", list[rest % list.length] ?? null);
        rest = Math.floor(rest / list.length);
      }
      const fold = (expr: Expr) =>
        this.fold(expr, { home: place.home, known: new Layers(place.known, values) });
      if (loop.filter !== null && fold(loop.filter) === false) continue;
      const texts = [...values.values()].map((value) => (typeof value === "string" ? value : String(index)));
      const key = loop.by === null ? texts.join(",") : fold(loop.by);
      const after = loop.after === null ? undefined : fold(loop.after.keys);
      items.push({
        known: values,
        key: typeof key === "string" ? key : null,
        after: Array.isArray(after) ? after.filter((one) => typeof one === "string") : null,
      });
    }
    return items;
  }

  private fold(
    expr: Expr,
    { home, known }: { readonly home: Home; readonly known: Known },
  ): Value | undefined {
    return foldGiven(this.check, expr, home, known);
  }
}

interface Item {
  readonly known: ReadonlyMap<string, Value>;
  readonly key: string | null;
  /** Keys of those it waits for; null: not known. */
  readonly after: readonly string[] | null;
}

/** For each item, indexes of those it waits for; null if they are not all known. */
function orderOf(items: readonly Item[]): readonly (readonly number[])[] | null {
  const indexes = new Map(items.map(({ key }, i) => [key, i]));
  const order: (readonly number[])[] = [];
  for (const { key, after } of items) {
    if (key === null || after === null) return null;
    order.push(after.flatMap((one) => indexes.get(one) ?? []));
  }
  return order;
}
