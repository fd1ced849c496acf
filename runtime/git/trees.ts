// The worktrees of one run: where each node has its own, what becomes of it when its work ends, and who merges when.

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Landed } from "../events.ts";
import type { Workspace } from "../runner.ts";
import { Histories } from "./carried-history.ts";
import { CarriedTree } from "./carried-tree.ts";
import { leftIn } from "./foresee.ts";
import { gitEnvironment, notAbove } from "./git.ts";
import { landed, mustBeWhole, mustMoveNoOther } from "./landing.ts";
import { listed, mergeInto, revertIn } from "./merge.ts";
import { Repository } from "./repository.ts";
import { makeHooks, watchRefs } from "./watch-refs.ts";
import { openWorktree, remove, type Worktree, type WorktreePast, type WorktreeSpec } from "./worktree.ts";

/** One after the other, by a key: who merges into a branch waits for who does so already. */
export class MergeTurns {
  private readonly last = new Map<string, Promise<unknown>>();

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.last.set(
      key,
      mine.catch(() => {}),
    );
    return mine;
  }
}

export interface TreesOf {
  readonly run: string;
  /** Absolute. */
  readonly project: string;
  /** Absolute path of the run's folder in the state directory. */
  readonly runFolder: string;
  /** flowc's own environment. */
  readonly inherited: Readonly<Record<string, string | undefined>>;
  /** Shared by all runs of this process. */
  readonly turns: MergeTurns;
  /** Told once what a person should know of the repository. */
  tell(text: string): void;
}

/** A node as its worktree knows it. */
export interface TreeNode {
  readonly n: number;
  readonly a: number;
  readonly name: string;
  /** What its doc comment says; null if it has none. */
  readonly doc: string | null;
  readonly task: string;
}

/** Where the worktree of a node stands, absolute. */
export function treePath(runFolder: string, n: number): string {
  return join(runFolder, "trees", String(n));
}

export class Trees {
  private readonly of: TreesOf;
  private readonly env: Readonly<Record<string, string>>;
  private opened: Promise<Repository> | null = null;
  private hooks: Promise<void> | null = null;
  private readonly histories: Histories;
  /** Runners that are known to have no git. */
  private readonly without = new Set<string>();

  constructor(of: TreesOf) {
    this.of = of;
    this.histories = new Histories(join(of.runFolder, "trees", "histories"));
    this.env = gitEnvironment(of.inherited);
  }

  /** Throws {@link GitProblem}. */
  async open(n: number, spec: WorktreeSpec, past: WorktreePast): Promise<Worktree> {
    const repository = await this.repository();
    const path = treePath(this.of.runFolder, n);
    const isLeft = leftIn(dirname(this.of.runFolder), this.of.run);
    const tree = await openWorktree(repository, path, spec, past, isLeft);
    if (!existsSync(repository.inside(path))) await repository.mustHoldProject(tree.start);
    return tree;
  }

  /** Where in a worktree work starts, absolute, and the folder that git needs beside it. */
  async placeOf(tree: Worktree): Promise<{ readonly folder: string; readonly beside: string }> {
    const repository = await this.repository();
    return { folder: repository.inside(tree.path), beside: repository.common };
  }

  /**
   * Makes a repository of a worktree in a workspace, and tells in which of its folders work starts. Null: there is no git;
   * that is told once for each runner. `scratch`: belongs to the attempt. Throws {@link GitProblem}.
   */
  async carry(
    tree: Worktree,
    workspace: Workspace,
    to: { readonly runner: string; readonly scratch: string; readonly stop: AbortSignal },
  ): Promise<{ readonly carried: CarriedTree; readonly prefix: string } | null> {
    const repository = await this.repository();
    const { runner, scratch, stop } = to;
    if (this.without.has(runner)) return null;
    const carried = await CarriedTree.bring(repository, tree, workspace, scratch, this.histories, stop);
    if (carried !== null) return { carried, prefix: repository.prefix };
    // Others may have found it out meanwhile.
    if (!this.without.has(runner))
      this.of.tell(
        `There is no git in \`${runner}\`: worktrees there are files without their history. Put git into its image or template.`,
      );
    this.without.add(runner);
    return null;
  }

  /** Variables by which what the work does to refs is seen; `folder` belongs to the attempt. */
  async watch(
    tree: Worktree,
    folder: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    const hooks = join(this.of.runFolder, "trees", "hooks");
    this.hooks ??= makeHooks(hooks);
    await this.hooks;
    return { ...(await watchRefs(tree.git, hooks, folder, env)), ...notAbove(tree.path) };
  }

  /** Commits what the work has done. Throws {@link GitProblem}. */
  async land(
    tree: Worktree,
    node: TreeNode,
    settings: {
      readonly writes: readonly string[] | null;
      readonly watched: string;
      readonly stop: AbortSignal;
    },
  ): Promise<Landed> {
    const repository = await this.repository();
    const { branch, into } = tree.spec;
    const message = `${subjectOf(node)}\n\n${this.trailers(node)}\n`;
    const commit = await landed(repository, tree, { ...settings, message });
    return { branch: branch ?? "", commit, start: tree.start, ...(into === null ? {} : { into }) };
  }

  /** What was only looked at is thrown away; gives a sentence if that was more than nothing. Throws {@link GitProblem}. */
  async look(tree: Worktree, watched: string): Promise<string | null> {
    await mustBeWhole(await this.repository(), tree);
    await mustMoveNoOther(tree, watched);
    const lines = await tree.git.list(["status", "--porcelain", "-z", "--no-renames"]);
    const head = await tree.git.text(["rev-parse", "HEAD"]);
    await this.drop(tree.path);
    if (lines.length === 0 && head === tree.start) return null;
    const what =
      lines.length === 0
        ? "its commits are"
        : `what it changed (${listed(lines.map((line) => line.slice(3)))}) is`;
    return `${what} thrown away: a worktree without a \`branch\` is for looking`;
  }

  /** Merges what a node has left, alone; what is merged already stays so. Throws {@link GitProblem}. */
  async merge(given: Landed, node: TreeNode): Promise<Landed> {
    const repository = await this.repository();
    const { into, commit, branch, start } = given;
    if (into === undefined) return given;
    const trailers = this.trailers(node);
    const merge = await this.of.turns.take(`${repository.common}\0${into}`, () =>
      mergeInto(repository, { commit, branch, into, start, trailers, run: this.of.run }),
    );
    return merge === null ? given : { ...given, merge };
  }

  /** Takes a merge back; gives the commit that does. Throws {@link GitProblem}. */
  async revert({ into, merge }: Landed, node: TreeNode): Promise<string | null> {
    if (into === undefined || merge === undefined) return null;
    const repository = await this.repository();
    return this.of.turns.take(`${repository.common}\0${into}`, () =>
      revertIn(repository, into, merge, this.trailers(node)),
    );
  }

  /** Is the commit there? A loss of power may have taken it. */
  async has(commit: string): Promise<boolean> {
    return (await (await this.repository()).commitOf(commit)) !== null;
  }

  /** Its branch, and all that is merged, stays. */
  async drop(path: string): Promise<void> {
    if (existsSync(path)) await remove(await this.repository(), path);
  }

  dropOf(n: number): Promise<void> {
    return this.drop(treePath(this.of.runFolder, n));
  }

  /** Nothing of it runs any more. What is kept of its worktrees stays. */
  async close(): Promise<void> {
    await this.histories.close();
    if (this.opened === null) return;
    await rm(join(this.of.runFolder, "trees", "hooks"), { recursive: true, force: true });
    await rmdir(join(this.of.runFolder, "trees")).catch(() => {});
  }

  private trailers({ name, a }: TreeNode): string {
    return `Flowc-Run: ${this.of.run}\nFlowc-Node: ${name}${a > 1 ? `\nFlowc-Attempt: ${a}` : ""}`;
  }

  /** Asked for by the first node that has a worktree: others pay nothing. */
  private repository(): Promise<Repository> {
    this.opened ??= this.first();
    return this.opened;
  }

  /** The checkout around the state directory must not take worktrees for files of its own. */
  private ignore(): void {
    const path = join(this.of.runFolder, "..", "..", ".gitignore");
    if (existsSync(path)) return;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "# Runs of flowc, and worktrees that it keeps.\n*\n");
  }

  private async first(): Promise<Repository> {
    const repository = await Repository.open(this.of.project, this.env);
    this.ignore();
    const paths = await repository.uncommitted();
    if (paths.length > 0)
      this.of.tell(`Worktrees start from commits, and do not have what is not committed: ${listed(paths)}.`);
    if (await repository.hasSubmodules())
      this.of.tell(
        "The repository has submodules, which are empty in a worktree until the task says `git submodule update --init`.",
      );
    return repository;
  }
}

/** What is said of it to people, else its task and its name. */
function subjectOf({ doc, task, name }: TreeNode): string {
  const text = (doc ?? "").trim();
  if (text !== "") return text;
  return task === name ? name : `${task}: ${name}`;
}
