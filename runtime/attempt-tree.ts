// An attempt whose work has a worktree of its own: before it, and from its end to the merge.

import type { Answered, AttemptOrder, TreeWorld } from "./attempt-order.ts";
import { type AttemptReport, cancelled } from "./attempt-report.ts";
import type { Landed } from "./events.ts";
import { CarriedTree } from "./git/carried-tree.ts";
import { bringTree, fetchTree } from "./git/copied-tree.ts";
import type { TreeNode } from "./git/trees.ts";
import type { Worktree } from "./git/worktree.ts";
import type { Workspace } from "./runner.ts";
import { workspaceBelow } from "./workspace-below.ts";

/** How its work is done somewhere else: in a repository there, or, where there is no git, with the files that were brought. */
type Elsewhere = CarriedTree | ReadonlySet<string>;

/** The worktree of one attempt. */
export class AttemptTree {
  /** Where its commands start, and what git needs beside that. Absolute. */
  readonly place: { readonly folder: string; readonly beside: string };
  private readonly order: AttemptOrder;
  private readonly world: TreeWorld;
  private readonly tree: Worktree;
  private readonly scratch: string;
  /** Null: it is worked on where it stands. */
  private elsewhere: Elsewhere | null = null;

  private constructor(
    order: AttemptOrder,
    world: TreeWorld,
    tree: Worktree,
    place: AttemptTree["place"],
    scratch: string,
  ) {
    this.order = order;
    this.world = world;
    this.tree = tree;
    this.place = place;
    this.scratch = scratch;
  }

  /** Null: it has none. Throws GitProblem. */
  static async open(order: AttemptOrder, world: TreeWorld, scratch: string): Promise<AttemptTree | null> {
    const { workspace } = order.settings;
    if (typeof workspace === "string" || order.tree === undefined) return null;
    const tree = await world.trees.open(order.n, workspace, order.tree);
    return new AttemptTree(order, world, tree, await world.trees.placeOf(tree), scratch);
  }

  /**
   * Brings it to where the work is done, if that does not have it under the same path; gives the workspace as its work
   * sees it. Throws GitProblem.
   */
  async bring(workspace: Workspace, stop: AbortSignal): Promise<Workspace> {
    const { order, world, tree, scratch, place } = this;
    if (workspace.path === place.folder) return workspace;
    const made = await world.trees.carry(tree, workspace, { runner: order.settings.runner, scratch, stop });
    this.elsewhere = made === null ? await bringTree(workspace, tree.git, place.folder) : made.carried;
    return made === null ? workspace : workspaceBelow(workspace, made.prefix);
  }

  /** Fetches what became of it there; of work that failed, as far as that can be had. `workspace`: the one it was brought to. */
  async fetch(workspace: Workspace, { outcome }: AttemptReport): Promise<void> {
    const { elsewhere } = this;
    if (elsewhere === null || outcome === "lost") return;
    const fetched =
      elsewhere instanceof CarriedTree
        ? elsewhere.fetch()
        : fetchTree(workspace, elsewhere, this.place.folder);
    await (outcome === "succeeded" ? fetched : fetched.catch(() => {}));
  }

  /** The environment of its work: refs that it moves are seen. Where there are but files, there are none. */
  async env(env: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
    const { elsewhere } = this;
    if (elsewhere instanceof CarriedTree) return { ...env, ...elsewhere.env(env) };
    if (elsewhere !== null) return env;
    return { ...env, ...(await this.world.trees.watch(this.tree, this.scratch, env)) };
  }

  /** What becomes of work that has ended: committed, recorded, merged, tidied up. Throws GitProblem. */
  async ended(report: AttemptReport, stop: AbortSignal): Promise<AttemptReport> {
    if (report.outcome !== "succeeded") return report;
    const { order, world, tree, scratch } = this;
    if (tree.spec.branch === null) {
      const note = await world.trees.look(tree, scratch);
      const message = [report.message, note].flatMap((text) => text ?? []).join("; ");
      // What it looked at.
      const landed = { branch: "", commit: tree.start, start: tree.start };
      return { ...report, landed, ...(message === "" ? {} : { message }) };
    }
    const { writes } = order.settings;
    const landed = await world.trees.land(tree, nodeOf(order), { writes, watched: scratch, stop });
    const { exit, value, files, message } = report;
    const given: Answered = {
      landed,
      ...(exit === undefined ? {} : { exit }),
      ...(value === undefined ? {} : { value }),
      ...(files === undefined ? {} : { files }),
      ...(message === undefined ? {} : { message }),
    };
    if (!(await world.answered(order.n, order.a, given))) return cancelled;
    return merged(order, world, given);
  }
}

/** What is left to do of an attempt whose work is done. Throws GitProblem. */
export async function finished(
  order: AttemptOrder,
  world: TreeWorld,
  given: Answered,
): Promise<AttemptReport> {
  if (await world.trees.has(given.landed.commit)) return merged(order, world, given);
  return { outcome: "lost", message: "What it had committed is not in the repository any more" };
}

async function merged(order: AttemptOrder, { trees }: TreeWorld, given: Answered): Promise<AttemptReport> {
  const landed = await trees.merge(given.landed, nodeOf(order));
  await trees.dropOf(order.n);
  return { outcome: "succeeded", ...given, landed };
}

/** Takes back what was merged, after its own `undo`. Throws GitProblem. */
export async function reverted(
  order: AttemptOrder,
  { trees }: TreeWorld,
  landed: Landed,
): Promise<AttemptReport> {
  const commit = await trees.revert(landed, nodeOf(order));
  const what = `what it merged into \`${landed.into ?? ""}\``;
  if (commit === null) return { outcome: "succeeded", message: `${what} is not there any more` };
  return { outcome: "succeeded" };
}

function nodeOf({ n, a, name, task }: AttemptOrder): TreeNode {
  return { n, a, name, doc: task.doc, task: task.name };
}
