// What tasks claim of the project's files, and flows of which no two calls can claim the same: seen without drawing them.

import type { Expr, Flow, Task } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { foldGiven, type Known, nothingKnown } from "./check-known.ts";
import type { Check } from "./check-state.ts";
import { plainPath } from "./glob-overlap.ts";
import type { Home } from "./resolve.ts";
import type { Value } from "./types.ts";

export function texts(value: Value | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** What a `file("…")`, `files("…")` or `dir("…")` in a task's `return` gives out; null for any other call. */
export function outputName(call: { readonly callee: Expr }): "file" | "files" | "dir" | null {
  if (call.callee.kind !== "name") return null;
  const { name } = call.callee;
  return name === "file" || name === "files" || name === "dir" ? name : null;
}

/** The patterns of the files that a task's `return` names, with the given arguments; undefined for one not known. */
export function outputsIn(
  check: Check,
  task: Task,
  home: Home,
  args: Known,
): readonly (string | undefined)[] {
  if (task.result === null || task.settings.some(({ key }) => isElsewhere(key.text))) return [];
  const found: (string | undefined)[] = [];
  walk(task.result, (part) => {
    if (part.kind !== "call-of") return;
    const name = outputName(part);
    const arg = part.args[0]?.value;
    if (name === null || arg === undefined) return;
    const value = foldGiven(check, arg, home, args);
    found.push(typeof value !== "string" ? undefined : name === "dir" ? inside(value) : value);
  });
  return found;
}

/** Settings of a task that does not work in the project itself. */
export function isElsewhere(setting: string): boolean {
  return setting === "reads" || setting === "workspace";
}

/** All that is in a folder. */
function inside(folder: string): string {
  const path = folder.replace(/^(?:\.\/+)+|\/+$/g, "");
  return path === "" || path === "." ? "**" : `${path}/**`;
}

/** Paths that calls claim, each once; null: perhaps two claim the same. */
type Claimed = ReadonlySet<string> | null;

/** More paths than this are not kept apart. */
const claimedMax = 20_000;

/** Finds the flows that need no closer look: every claim in them is of one plain path, and no other is of the same. */
export class Claims {
  private readonly check: Check;
  private readonly tasks = new Map<Task, Claimed>();
  private readonly flows = new Map<Flow, Claimed>();
  private readonly homes: ReadonlyMap<object, Home>;

  constructor(check: Check, homes: readonly Home[]) {
    this.check = check;
    this.homes = new Map(homes.map((home) => [home.module, home]));
  }

  /** No two calls of the flow, or of those that it calls, can claim the same path. */
  areApart(flow: Flow): boolean {
    return this.ofFlow(flow) !== null;
  }

  private ofFlow(flow: Flow): Claimed {
    const known = this.flows.get(flow);
    if (known !== undefined) return known;
    // A flow that calls itself may do anything twice.
    this.flows.set(flow, null);
    const found = this.inside(flow);
    this.flows.set(flow, found);
    return found;
  }

  private inside(flow: Flow): Claimed {
    const all = new Set<string>();
    let apart = true;
    const add = (claimed: Claimed, times: number): void => {
      if (claimed === null) apart = false;
      else if (claimed.size > 0) {
        const before = all.size;
        for (const path of claimed) all.add(path);
        apart &&= times === 1 && all.size === before + claimed.size && all.size <= claimedMax;
      }
    };
    const look = (root: Flow["body"], times: number): void => {
      walk(root, (part) => {
        if (!apart) return "skip";
        if (part.kind === "record-of") apart &&= !part.entries.some(({ key }) => isClaim(key.text));
        if ((part.kind === "for" || part.kind === "repeat") && times === 1) {
          if (part.kind === "for") for (const { list } of part.lists) walk(list, calls(1));
          look(part.body, 2);
          return "skip";
        }
        return calls(times)(part);
      });
    };
    const calls =
      (times: number) =>
      (part: Parameters<Parameters<typeof walk>[1]>[0]): null => {
        if (part.kind !== "call-of" || part.callee.kind !== "name") return null;
        const ref = this.check.pass.refs.get(part.callee);
        if (ref?.kind === "task") add(this.ofTask(ref.task, this.homes.get(ref.module)), times);
        if (ref?.kind === "flow") add(this.ofFlow(ref.flow), times);
        return null;
      };
    look(flow.body, 1);
    return apart ? all : null;
  }

  private ofTask(task: Task, home: Home | undefined): Claimed {
    let found = this.tasks.get(task);
    if (found === undefined) {
      found = home === undefined ? null : this.claimedBy(task, home);
      this.tasks.set(task, found);
    }
    return found;
  }

  private claimedBy(task: Task, home: Home): Claimed {
    const written = task.settings.find(({ key }) => key.text === "writes");
    const writes = written === undefined ? [] : foldGiven(this.check, written.value, home, nothingKnown);
    if (writes === undefined) return null;
    const claimed = new Set<string>();
    const add = (pattern: string | undefined, kind: string): boolean => {
      const path = pattern === undefined ? null : plainPath(pattern);
      claimed.add(`${kind}${path}`);
      return path !== null;
    };
    const plain =
      texts(writes).every((one) => add(one, "writes ")) &&
      outputsIn(this.check, task, home, nothingKnown).every((one) => add(one, "output "));
    return plain ? claimed : null;
  }
}

/** Keys of a `with` that change what a call claims. */
function isClaim(key: string): boolean {
  return key === "writes" || isElsewhere(key);
}
