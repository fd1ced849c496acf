// An attempt whose work has a worktree of its own: before it, and from its end to the merge.

import type { Answered, AttemptOrder, TreeWorld } from "./attempt-order.ts";
import { type AttemptReport, cancelled } from "./attempt-report.ts";
import type { Landed } from "./events.ts";
import { bringTree, fetchTree } from "./git/copied-tree.ts";
import type { TreeNode } from "./git/trees.ts";
import type { Worktree } from "./git/worktree.ts";
import type { Workspace } from "./runner.ts";

/** The worktree of one attempt. */
export class AttemptTree {
  /** Where its commands start. Absolute. */
  readonly folder: string;
  private readonly order: AttemptOrder;
  private readonly world: TreeWorld;
  private readonly tree: Worktree;
  private readonly scratch: string;
  /** Paths of the files that were brought somewhere else; null: it is worked on where it stands. */
  private brought: ReadonlySet<string> | null = null;

  private constructor(
    order: AttemptOrder,
    world: TreeWorld,
    tree: Worktree,
    folder: string,
    scratch: string,
  ) {
    this.order = order;
    this.world = world;
    this.tree = tree;
    this.folder = folder;
    this.scratch = scratch;
  }

  /** Null: it has none. Throws GitProblem. */
  static async open(order: AttemptOrder, world: TreeWorld, scratch: string): Promise<AttemptTree | null> {
    const { workspace } = order.settings;
    if (typeof workspace === "string" || order.tree === undefined) return null;
    const tree = await world.trees.open(order.n, workspace, order.tree);
    return new AttemptTree(order, world, tree, await world.trees.folderIn(tree), scratch);
  }

  /** Brings its files to where the work is done, if that does not have them under the same path. Throws GitProblem. */
  async bring(workspace: Workspace): Promise<void> {
    if (workspace.path !== this.folder) this.brought = await bringTree(workspace, this.tree.git, this.folder);
  }

  /** Fetches what became of them there; of work that failed, as far as that can be had. */
  async fetch(workspace: Workspace, { outcome }: AttemptReport): Promise<void> {
    if (this.brought === null || outcome === "lost") return;
    const fetched = fetchTree(workspace, this.brought, this.folder);
    await (outcome === "succeeded" ? fetched : fetched.catch(() => {}));
  }

  /** The environment of its work: refs that it moves are seen. Where its files are copies, there are none. */
  async env(env: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
    if (this.brought !== null) return env;
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
