// What may be done only once must not be repeated: not by `retry`, also from far above, nor by a gate that is evaluated anew.

import type { Block, Call, Expr, Flow, Node, Setting, Statement, Task } from "../grammar/ast.ts";
import { partsOf } from "../grammar/walk.ts";
import { foldIn } from "./check-known.ts";
import { anywhere, at, type Check, markWrong, rootScope, tell } from "./check-state.ts";
import type { At } from "./errors.ts";
import { onceInCheck, unsafeRetry } from "./errors-flows.ts";
import type { Home } from "./resolve.ts";
import type { Value } from "./types.ts";

/** A setting that holds, and where it is written. */
interface Given {
  readonly value: Value | undefined;
  readonly at: At;
}

/** What holds for a call: what the nearest `with` around it says, and the check of a gate that it stands in. */
interface Around {
  readonly home: Home;
  readonly inside: Task | Flow;
  readonly effect: Given | null;
  readonly retry: Given | null;
  readonly stall: Given | null;
  readonly check: At | null;
}

interface Declared {
  readonly declaration: Task | Flow;
  readonly home: Home;
}

const watched = ["effect", "retry", "stall"] as const;

/** Told once all is checked, since what is called may be declared anywhere. */
export function tellRepeatedOnce(check: Check, homes: readonly Home[]): void {
  new Once(check, homes).tellAll();
}

class Once {
  private readonly check: Check;
  private readonly homes: readonly Home[];
  private readonly homeOf = new Map<Task | Flow, Home>();
  /** Places that were told. */
  private readonly told = new Set<string>();
  /** Flows looked into from a place: once for each `with` that holds there. */
  private readonly seen = new Map<Flow, Set<string>>();

  constructor(check: Check, homes: readonly Home[]) {
    this.check = check;
    this.homes = homes;
    for (const home of homes)
      for (const declaration of home.module.file.declarations)
        if (declaration.kind === "task" || declaration.kind === "flow") this.homeOf.set(declaration, home);
  }

  tellAll(): void {
    // Most programs have nothing of the kind.
    if (!this.homes.some(({ module }) => module.file.source.text.includes('"once"'))) return;
    const none = { effect: null, retry: null, stall: null, check: null };
    for (const [declaration, home] of this.homeOf) {
      const around = { home, inside: declaration, ...none };
      if (declaration.kind === "task") this.judge(declaration, home, around);
      else this.block(declaration.body, around);
    }
  }

  // Through blocks

  private block(block: Block, around: Around): void {
    for (const statement of block.statements) this.statement(statement, around);
  }

  private statement(statement: Statement, around: Around): void {
    switch (statement.kind) {
      case "binding":
      case "return":
        this.node(statement.value, around);
        return;
      case "phase":
      case "handler":
        this.block(statement.body, around);
        return;
      case "gate":
        for (const one of statement.checks)
          if (one.kind === "check") this.node(one.node, { ...around, check: at(around, one.label) });
    }
  }

  private node(node: Node, around: Around): void {
    const given = { ...around };
    for (const { key, value } of node.overrides?.entries ?? []) {
      const name = watched.find((each) => each === key.text);
      if (name !== undefined) given[name] = this.given(key, value, around);
    }
    this.expr(node.expr, given);
    // A `with` does not hold for what stands in.
    if (node.otherwise !== null) this.expr(node.otherwise, around);
  }

  private given(key: Setting["key"], value: Expr, around: Around): Given {
    const span = { start: key.span.start, end: value.span.end };
    const scope = rootScope(around.home, around.inside, anywhere);
    return { value: foldIn(this.check, value, scope), at: { ...at(around, key), span } };
  }

  private expr(expr: Expr, around: Around): void {
    if (expr.kind === "call-of") this.call(expr, around);
    for (const part of partsOf(expr))
      if (part.kind === "block") this.block(part, around);
      else this.expr(part, around);
  }

  private call(call: Call, around: Around): void {
    const called = this.called(call);
    if (called === null) return;
    const { declaration, home } = called;
    if (declaration.kind === "task") {
      // What the task says by itself is told at the task.
      if (watched.some((name) => around[name] !== null) || around.check !== null)
        this.judge(declaration, home, around, at(around, call.callee));
      return;
    }
    if (watched.every((name) => around[name] === null) && around.check === null) return;
    const places = [...watched.map((name) => around[name]?.at), around.check];
    const key = places
      .map((place) => (place == null ? "" : `${place.source.path}:${place.span.start}`))
      .join(" ");
    const seen = this.seen.get(declaration) ?? new Set();
    this.seen.set(declaration, seen);
    if (seen.has(key)) return;
    seen.add(key);
    this.block(declaration.body, { ...around, home, inside: declaration });
  }

  private called({ callee }: Call): Declared | null {
    const ref = callee.kind === "name" ? this.check.pass.refs.get(callee) : undefined;
    const declaration = ref?.kind === "task" ? ref.task : ref?.kind === "flow" ? ref.flow : null;
    const home = declaration === null ? undefined : this.homeOf.get(declaration);
    return declaration === null || home === undefined ? null : { declaration, home };
  }

  // What holds for a task

  private judge(task: Task, home: Home, around: Around, call: At | null = null): void {
    const own = (name: string): Given | null => {
      const setting = [...task.settings, ...task.lateSettings].find(({ key }) => key.text === name);
      return setting === undefined
        ? null
        : this.given(setting.key, setting.value, { ...around, home, inside: task });
    };
    const effect = around.effect ?? own("effect");
    if (effect === null || effect.value !== "once") return;
    const name = task.name.text;
    if (around.check !== null && call !== null)
      this.say(around.check, (place) => onceInCheck(place, name, effect.at));
    const retry = around.retry ?? own("retry");
    const stall = around.stall ?? own("stall");
    for (const [what, given] of [
      ["retry", retry !== null && repeats(retry.value) ? retry : null],
      ["stall", stall],
    ] as const) {
      if (given === null) continue;
      const effectLast =
        effect.at.source === given.at.source
          ? effect.at.span.start > given.at.span.start
          : around.effect !== null && around[what] === null;
      const [place, first] = effectLast ? [effect.at, given.at] : [given.at, effect.at];
      // That it cannot be carried out yet is not told as well.
      if (what === "stall") markWrong(this.check, "setting stall");
      this.say(place, () => unsafeRetry(place, name, what, effectLast, first));
    }
  }

  private say(place: At, word: (place: At) => ReturnType<typeof unsafeRetry>): void {
    const key = `${place.source.path}:${place.span.start}`;
    if (this.told.has(key)) return;
    this.told.add(key);
    tell(this.check, word(place));
  }
}

/** Is that a `retry` that repeats? One that is wrong has been told. */
function repeats(value: Value | undefined): boolean {
  if (typeof value === "number") return value > 0;
  if (typeof value !== "object" || value === null) return false;
  const times = new Map(Object.entries(value)).get("times");
  return typeof times === "number" && times > 0;
}
