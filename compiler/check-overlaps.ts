// Nodes that may run at the same time and change, or give out, the same files of the project.

import { walk } from "../grammar/walk.ts";
import { foldGiven } from "./check-known.ts";
import { at, type Check, tell } from "./check-state.ts";
import { Claims, isElsewhere, outputName, outputsIn, texts } from "./claims.ts";
import type { At } from "./errors.ts";
import { type Sharing, sharedOutput, writeOverlap } from "./errors-overlaps.ts";
import { mayOverlap, overlapOfLists, plainPath } from "./glob-overlap.ts";
import type { Home } from "./resolve.ts";
import { type Sketch, TooLarge, type Work } from "./sketch.ts";
import { sketchOf } from "./sketch-flow.ts";

/** Pairs of calls whose files are compared; what more there are is looked at when the graph is made. */
const pairsMax = 50_000;
/** Of these, so many that need a search of some ms. */
const searchesMax = 300;

/** What a call does to the project, as far as it is known from the text. */
interface Claim {
  readonly work: Work;
  readonly writes: readonly string[];
  readonly outputs: readonly string[];
}

/** Says nothing of programs with errors: they come first. */
export function tellOverlaps(check: Check, homes: readonly Home[]): void {
  if (check.pass.diagnostics.some(({ severity }) => severity === "error")) return;
  if (!homes.some((home) => claimsAnything(home))) return;
  const told = new Set<string>();
  const claims = new Claims(check, homes);
  for (const home of homes)
    for (const flow of home.module.file.declarations)
      if (flow.kind === "flow" && !claims.areApart(flow)) {
        try {
          compareAll(check, sketchOf(check, flow, home), told);
        } catch (error) {
          if (!(error instanceof TooLarge)) throw error;
        }
      }
}

/** Most programs say nothing of files, and pay nothing for it. */
function claimsAnything(home: Home): boolean {
  return home.module.file.declarations.some((declaration) => {
    let found = false;
    if (declaration.kind !== "task" && declaration.kind !== "flow") return false;
    walk(declaration, (part) => {
      if (part.kind === "task") found ||= part.settings.some(({ key }) => key.text === "writes");
      if (part.kind === "record-of") found ||= part.entries.some(({ key }) => key.text === "writes");
      if (part.kind === "call-of") found ||= outputName(part) !== null;
    });
    return found;
  });
}

function compareAll(check: Check, sketch: Sketch, told: Set<string>): void {
  const claims = sketch.works.flatMap((work): readonly Claim[] => {
    const claim = { work, writes: writesOf(check, work), outputs: outputsOf(check, work) };
    return claim.writes.length + claim.outputs.length === 0 ? [] : [claim];
  });
  const writes = new Rivals();
  const outputs = new Rivals();
  let pairs = 0;
  let searches = 0;
  const near = (a: readonly string[], b: readonly string[]) =>
    a.some((one) => b.some((other) => mayOverlap(one, other)));
  for (const [index, later] of claims.entries()) {
    const rivals = [...writes.of(later.writes), ...outputs.of(later.outputs)];
    for (const i of [...new Set(rivals)].sort((a, b) => a - b)) {
      const earlier = claims[i];
      if (earlier === undefined || ++pairs > pairsMax) return;
      const key = placeOf(later.work);
      if (told.has(key)) break;
      for (const [lists, say] of [
        [[earlier.writes, later.writes], writeOverlap],
        [[earlier.outputs, later.outputs], sharedOutput],
      ] as const) {
        if (!near(lists[0], lists[1])) continue;
        if (++searches > searchesMax) return;
        const found = overlapOfLists(lists[0], lists[1]);
        if (typeof found === "string" || !sketch.atOnce(earlier.work, later.work)) continue;
        told.add(key);
        tell(check, say(sharingOf(earlier.work, later.work, found)));
        break;
      }
    }
    writes.add(later.writes, index);
    outputs.add(later.outputs, index);
  }
}

/** Which earlier claims may share a path with a later one: two plain paths only if they are the same. */
class Rivals {
  private readonly plain = new Map<string, number[]>();
  private readonly patterns: number[] = [];
  private readonly all: number[] = [];

  of(claimed: readonly string[]): readonly number[] {
    if (claimed.length === 0) return [];
    const paths = claimed.map(plainPath);
    if (paths.includes(null)) return this.all;
    return [...this.patterns, ...paths.flatMap((path) => this.plain.get(path ?? "") ?? [])];
  }

  add(claimed: readonly string[], index: number): void {
    if (claimed.length === 0) return;
    this.all.push(index);
    const paths = claimed.map(plainPath);
    if (paths.includes(null)) this.patterns.push(index);
    for (const path of paths) {
      if (path === null) continue;
      const same = this.plain.get(path);
      if (same === undefined) this.plain.set(path, [index]);
      else same.push(index);
    }
  }
}

/** One mistake is told once, however often its flow is called, and however many calls are in its way. */
function placeOf({ call, home }: Work): string {
  return [home.module.path, call.span.start].join();
}

function sharingOf(
  earlier: Work,
  later: Work,
  { a, b, path }: { readonly a: string; readonly b: string; readonly path: string },
): Sharing {
  const fork = earlier.way.findIndex(
    (step, i) => step.of !== later.way[i]?.of || step.part !== later.way[i]?.part,
  );
  const one = earlier.way[fork];
  const other = later.way[fork];
  const names = { earlier: earlier.task.name.text, later: later.task.name.text };
  const files = { earlier: a, later: b, path };
  // Items of one loop: the call inside is what is wrong.
  if (one !== undefined && one.of === other?.of && one.expr.kind === "for") {
    const [first] = one.expr.lists;
    const variable = first?.name.text ?? "item";
    const keys = one.key === null || other.key === null ? null : ([one.key, other.key] as const);
    const loop = first === undefined ? at(one, one.expr) : at(one, first.name);
    return { kind: "items", at: at(later, later.call), loop, variable, keys, names, files };
  }
  return { kind: "nodes", at: callAt(later, fork), other: callAt(earlier, fork), names, files };
}

/** The call that is on the way from there on: of the task, or of the flow that holds it. */
function callAt({ way, home, call }: Work, fork: number): At {
  const step = way.slice(Math.max(0, fork)).find(({ kind }) => kind === "call");
  return step === undefined ? at({ home }, call) : at(step, step.expr);
}

// What is claimed

function writesOf(check: Check, work: Work): readonly string[] {
  for (const { record, home, known } of work.overrides) {
    const own = record.entries.find(({ key }) => key.text === "writes");
    if (own !== undefined) return texts(foldGiven(check, own.value, home, known));
  }
  const own = work.task.settings.find(({ key }) => key.text === "writes");
  return own === undefined ? [] : texts(foldGiven(check, own.value, work.taskHome, work.args));
}

/** What the `return` of a task names that works in the project itself. */
function outputsOf(check: Check, work: Work): readonly string[] {
  const { task, taskHome, args, overrides } = work;
  if (overrides.some(({ record }) => record.entries.some(({ key }) => isElsewhere(key.text)))) return [];
  return outputsIn(check, task, taskHome, args).filter((one) => one !== undefined);
}
