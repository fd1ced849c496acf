// Unfolds blocks into cells: the one function that makes the graph, for a plan and for a run.

import { createHash } from "node:crypto";
import type { Block, RepeatStep, Step, VarStep } from "../compiler/plan-steps.ts";
import type { Value } from "../compiler/types.ts";
import { assert } from "./bug.ts";
import { evaluate } from "./evaluate.ts";
import { closeFrame, drain } from "./run-activate.ts";
import type { Cells } from "./run-cells.ts";
import {
  DECIDED,
  EDGE_ORDER,
  EDGE_TOLERANT,
  ELSE,
  FALLBACK,
  FINALLY,
  isFinally,
  MAIN,
  ON_FAILURE,
  PASS,
  RUNNING,
  TAKEN_ELSE,
  THEN,
  WANTS,
} from "./run-codes.ts";
import { failureOf, nextHandler } from "./run-handlers.ts";
import { passFrame, resultOf, timesOf } from "./run-outcomes.ts";
import { plainValue } from "./run-plain.ts";
import type { Growth, Items } from "./run-records.ts";
import { recursiveCall } from "./run-recursion.ts";
import { failByExpression, react, succeed } from "./run-settle.ts";
import { undoTargets } from "./run-undo.ts";
import { discard } from "./unfold-commit.ts";
import { dataUses, Edges, type Guard, noGuard } from "./unfold-edges.ts";
import { itemsOf } from "./unfold-items.ts";
import { measurePaths } from "./unfold-paths.ts";
import { asBool, attempt } from "./values.ts";

/**
 * Makes the cells that grow below cell `n`: the entry flow's (0), the items of a `for`, a pass of a `repeat`, a call of
 * a flow inside of itself, a handler of a block, what a `rollback()` takes back, or the frame of an `otherwise`. They
 * stand behind the committed cells and nobody sees them until `commit`.
 */
export function unfold(run: Cells, n: number): Growth {
  if (run.growing !== null) {
    if (run.growing.n === n) return run.growing;
    discard(run);
  }
  const before = { frames: run.frameBlocks.length, edges: run.edgeTo.length, owned: run.owned.get(n) };
  const first = run.count;
  const unfolding = new Unfolding(run);
  unfolding.root(n);
  if (!run.still) measurePaths(run, first);
  const hash = unfolding.hash(before.frames, first);
  const { pass } = unfolding;
  run.growing = { n, pass, first, count: run.made - first, hash, links: unfolding.edges.links, before };
  return run.growing;
}

class Unfolding {
  pass: number | null = null;
  private readonly run: Cells;
  readonly edges: Edges;

  constructor(run: Cells) {
    this.run = run;
    this.edges = new Edges(run);
  }

  root(n: number): void {
    const { run } = this;
    if (n === 0 && run.count === 1) {
      const flow = run.plan.flows[run.plan.flow];
      assert(flow !== undefined, `the plan has no flow \`${run.plan.flow}\``);
      this.frame(flow.body, -1, 0, MAIN, noGuard);
      return;
    }
    assert(run.has(n, WANTS), `cell ${n} does not want to grow`);
    const items = run.pendingItems.get(n);
    if (items !== undefined) {
      this.items(n, items, noGuard);
      return;
    }
    if (run.states.get(n) === RUNNING && run.mainFrame(n) >= 0) {
      this.handler(n);
      return;
    }
    const { step } = run.info(n);
    if (step.kind === "rollback" && run.states.get(n) === RUNNING) {
      this.undo(n);
      return;
    }
    if (step.kind === "repeat" && run.states.get(n) === RUNNING) {
      const before = passFrame(run, n);
      this.pass = before < 0 ? 1 : run.frameRoles.get(before) - PASS + 1;
      this.onePass(n, step, this.pass, noGuard);
      return;
    }
    if (recursiveCall(run, n) !== null && run.states.get(n) === RUNNING) {
      this.called(n, step, noGuard);
      return;
    }
    const block = "otherwise" in step ? step.otherwise : null;
    assert(block !== null, `cell ${n} has no otherwise`);
    this.frame(block, run.frames.get(n), n, FALLBACK, noGuard);
  }

  /** SHA-256 over steps, owners, roles, edges and keys: what names, tasks and edges come from. */
  hash(firstFrame: number, firstCell: number): string {
    const { run } = this;
    const sum = createHash("sha256");
    sum.update(run.steps.bytesFrom(firstCell));
    sum.update(run.frameOwners.bytesFrom(firstFrame));
    sum.update(run.frameRoles.bytesFrom(firstFrame));
    sum.update(this.edges.all.bytesFrom(0));
    for (const [cell, { of }] of run.ends.undoes) if (cell >= firstCell) sum.update(`${cell} ${of}\n`);
    for (const [cell, loop] of run.loops)
      if (loop.first >= firstCell) sum.update(`${cell} ${JSON.stringify(loop.keys)}\n`);
    return sum.digest("hex");
  }

  /** The next handler of a block that has ended. */
  private handler(n: number): void {
    const { run } = this;
    const f = run.mainFrame(n);
    const which = nextHandler(run, n);
    const block = which === null ? null : (run.block(f).handlers?.[which] ?? null);
    assert(which !== null && block !== null, `cell ${n} has no handler to run`);
    let role = which === "failure" ? ON_FAILURE : FINALLY;
    for (let g = run.owned.get(n); g >= 0; g = run.frameNext.get(g)) {
      const before = run.frameRoles.get(g);
      if (before < 0 && isFinally(before) === isFinally(role) && before <= role) role = before - 2;
    }
    if (which === "failure") this.given(block, f, n, role, [failureOf(run, n)], noGuard);
    else this.frame(block, f, n, role, noGuard);
  }

  /** The nodes that take back what succeeded, each after the one before, however that ended. */
  private undo(n: number): void {
    const { run } = this;
    const targets = undoTargets(run, n);
    const steps = targets.map((of) => run.steps.get(of));
    const f = run.addFrame({ steps, result: null }, -1, n, MAIN);
    const base = run.made;
    for (const id of steps) run.addCell("task", id, f);
    targets.forEach((of, i) => {
      let turn = 0;
      for (const before of run.ends.undoes.values()) if (before.of === of) turn++;
      const { args = [], value = null, landed = null } = run.ends.succeeded.get(of) ?? {};
      run.ends.undoes.set(base + i, { of, turn, args, value, landed });
      if (i > 0) this.edges.add(base + i - 1, base + i, EDGE_TOLERANT);
      react(run, base + i);
    });
    drain(run);
  }

  private frame(block: Block, parent: number, owner: number, role: number, guard: Guard): void {
    const { run } = this;
    const f = run.addFrame(block, parent, owner, role);
    for (const id of block.steps) run.addCell(this.step(id).kind, id, f);
    run.frameGuards.set(f, guard.cell);
    run.frameDirect.set(f, guard.direct ? 1 : 0);
    this.fill(f, guard);
  }

  private fill(f: number, guard: Guard): void {
    const { run } = this;
    const base = run.frameBases.get(f);
    const { steps } = run.block(f);
    for (let i = 0; i < steps.length; i++) {
      this.place(base + i, this.step(steps[i] ?? -1), f, guard);
      drain(run);
    }
    closeFrame(run, f);
    drain(run);
  }

  private step(id: number): Step {
    const info = this.run.infos[id];
    assert(info !== undefined, `the plan has no step ${id}`);
    return info.step;
  }

  private place(c: number, step: Step, f: number, guard: Guard): void {
    const { run } = this;
    switch (step.kind) {
      case "var":
        this.variable(c, step.source, f, guard);
        return;
      case "let":
        this.edges.uses(c, step.uses, f);
        this.plain(c, guard);
        return;
      case "join":
      case "task":
      case "check":
      case "approve":
      case "rollback":
      case "early":
        this.edges.uses(c, step.uses, f);
        this.edges.guard(c, guard);
        react(run, c);
        return;
      case "flow":
        this.edges.uses(c, step.uses, f);
        this.edges.guard(c, guard);
        if (!step.recursive) this.called(c, step, this.edges.inner(f, step.guard, guard));
        react(run, c);
        return;
      case "if":
        this.choice(c, step, f, guard);
        return;
      case "for":
        this.loop(c, step, f, guard);
        return;
      case "repeat":
        this.repeat(c, step, f, guard);
        return;
      case "phase":
      case "gate":
        this.edges.uses(c, step.uses, f);
        this.edges.guard(c, guard);
        this.frame(step.body, f, c, MAIN, this.edges.inner(f, step.guard, guard));
        react(run, c);
        return;
    }
  }

  // Plain values

  private variable(c: number, source: VarStep["source"], f: number, guard: Guard): void {
    const { run } = this;
    const slot = c - run.frameBases.get(f);
    const owner = run.frameOwners.get(f);
    if (source === "param") {
      if (owner === 0) {
        const spec = run.plan.inputs[slot];
        assert(spec !== undefined, `the flow has no input ${slot}`);
        // Not known: it waits for something that never comes. Only plans are made so.
        if (!Object.hasOwn(run.inputs, spec.name) && spec.default === undefined) run.waiting.add(c, 1);
      } else {
        const call = run.info(owner).step;
        assert(call.kind === "flow", `cell ${owner} is no call of a flow`);
        this.edges.uses(c, call.argUses[slot] ?? [], run.frames.get(owner));
      }
      this.plain(c, guard);
      return;
    }
    assert(source === "deps", `the loop variable ${c} has no value`);
    const loop = run.loops.get(run.of.get(owner));
    assert(loop !== undefined, `item ${owner} has no for`);
    for (const i of loop.after?.[owner - loop.first] ?? []) this.edges.add(loop.first + i, c, EDGE_ORDER);
    this.plain(c, guard);
  }

  /**
   * A plain value is computed as soon as it can be, also before its guard: it has no effect, and a plan shows more.
   * If it cannot be computed, that counts only when the guard is known.
   */
  private plain(c: number, guard: Guard): void {
    const { run } = this;
    const known = run.waiting.get(c) === 0 && run.causes.get(c) < 0;
    const result = known ? attempt(() => plainValue(run, c)) : null;
    if (result !== null && "value" in result) {
      succeed(run, c, result.value);
      return;
    }
    this.edges.guard(c, guard);
    react(run, c);
  }

  // Composites

  private called(c: number, step: Step, guard: Guard): void {
    const flow = step.kind === "flow" ? this.run.plan.flows[step.flow] : undefined;
    assert(flow !== undefined, `cell ${c} calls no flow`);
    this.frame(flow.body, -1, c, MAIN, guard);
  }

  private choice(c: number, step: Extract<Step, { kind: "if" }>, f: number, guard: Guard): void {
    const { run } = this;
    this.edges.uses(c, dataUses(step), f);
    const known = run.waiting.get(c) === 0 && run.causes.get(c) < 0;
    const cond = known ? attempt(() => asBool(evaluate(step.cond, run.scope(f)))) : null;
    if (cond !== null && "value" in cond) {
      run.flag(c, cond.value ? DECIDED : DECIDED | TAKEN_ELSE);
      // Decided, with no order of its own and no `otherwise`, it is no more than a name: what it holds waits by itself.
      if (step.guard !== null || step.otherwise !== null) {
        this.edges.ownGuard(c, step, f);
        this.edges.guard(c, guard);
      }
      const block = cond.value ? step.then : step.else;
      const inside = step.guard === null ? guard : this.edges.inner(f, step.guard, guard);
      if (block !== null) this.frame(block, f, c, cond.value ? THEN : ELSE, inside);
      react(run, c);
      return;
    }
    this.edges.ownGuard(c, step, f);
    this.edges.guard(c, guard);
    const inside = { cell: c, direct: false };
    this.frame(step.then, f, c, THEN, inside);
    if (step.else !== null) this.frame(step.else, f, c, ELSE, inside);
    react(run, c);
  }

  private loop(c: number, step: Extract<Step, { kind: "for" }>, f: number, guard: Guard): void {
    const { run } = this;
    this.edges.uses(c, dataUses(step), f);
    const known = run.waiting.get(c) === 0 && run.causes.get(c) < 0;
    const items = known ? attempt(() => itemsOf(run, c, false)) : null;
    this.edges.ownGuard(c, step, f);
    this.edges.guard(c, guard);
    if (items !== null && "value" in items)
      this.items(c, items.value, this.edges.inner(f, step.guard, guard));
    else if (items !== null && run.waiting.get(c) === 0 && run.causes.get(c) < 0)
      failByExpression(run, c, items.problem);
    react(run, c);
  }

  private items(c: number, items: Items, guard: Guard): void {
    const { run } = this;
    const { step } = run.info(c);
    assert(step.kind === "for", `cell ${c} is no for`);
    const frame = run.frames.get(c);
    const { keys, after, parallel, tolerate, enough } = items;
    const first = run.made;
    for (let i = 0; i < keys.length; i++) run.of.set(run.addCell("item", step.id, frame), c);
    const open = keys.length;
    const bounds = { parallel, tolerate, enough };
    run.loops.set(c, { cell: c, first, keys, after, ...bounds, open, bad: 0, inProgress: 0 });
    for (let i = 0; i < keys.length; i++)
      this.given(step.body, frame, first + i, MAIN, items.values[i] ?? [], guard);
  }

  private repeat(c: number, step: RepeatStep, f: number, guard: Guard): void {
    const { run } = this;
    this.edges.uses(c, dataUses(step), f);
    const known = run.waiting.get(c) === 0 && run.causes.get(c) < 0;
    const times = known ? attempt(() => timesOf(run, c)) : null;
    this.edges.ownGuard(c, step, f);
    this.edges.guard(c, guard);
    if (times !== null && "value" in times) this.onePass(c, step, 1, this.edges.inner(f, step.guard, guard));
    else if (times !== null && run.waiting.get(c) === 0 && run.causes.get(c) < 0)
      failByExpression(run, c, times.problem);
    react(run, c);
  }

  /** What is in a further pass waits for `last`, so that people see what it came from. */
  private onePass(c: number, step: RepeatStep, pass: number, outer: Guard): void {
    const { run } = this;
    const before = pass === 1 ? -1 : passFrame(run, c, pass - 1);
    const last = before < 0 ? null : resultOf(run, before);
    const guard = before < 0 ? outer : { cell: run.made, direct: true };
    this.given(step.body, run.frames.get(c), c, PASS + pass, [last], guard);
  }

  /** A frame whose first variables have these values. */
  private given(
    body: Block,
    parent: number,
    owner: number,
    role: number,
    values: readonly Value[],
    outer: Guard,
  ): void {
    const { run } = this;
    const f = run.addFrame(body, parent, owner, role);
    const base = run.made;
    for (const id of body.steps) run.addCell(this.step(id).kind, id, f);
    values.forEach((value, i) => {
      succeed(run, base + i, value);
    });
    drain(run);
    let from = values.length;
    let guard = outer;
    const next = body.steps[from];
    const step = next === undefined ? null : this.step(next);
    if (step?.kind === "var" && step.source === "deps") {
      this.place(base + from, step, f, outer);
      drain(run);
      // An item that waits for no other is held by what holds its `for`.
      if (!run.good(base + from)) guard = { cell: base + from, direct: true };
      from++;
    }
    run.frameGuards.set(f, guard.cell);
    run.frameDirect.set(f, guard.direct ? 1 : 0);
    for (let i = from; i < body.steps.length; i++) {
      this.place(base + i, this.step(body.steps[i] ?? -1), f, guard);
      drain(run);
    }
    closeFrame(run, f);
    drain(run);
  }
}
