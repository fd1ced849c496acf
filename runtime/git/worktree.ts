// One worktree of git on a branch of its own: made for a node, brought back to its start for a repeat, removed when it is merged.

import { existsSync, realpathSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { type Git, GitFailed, GitProblem, said } from "./git.ts";
import { nobody, type Repository } from "./repository.ts";

/** What a task asks for. Without a branch it is for looking. */
export interface WorktreeSpec {
  readonly branch: string | null;
  readonly from: string | null;
  readonly into: string | null;
}

/** What is known of a node's worktree before an attempt. */
export interface WorktreePast {
  /** The commit that a node of this run has left on the branch last; null: none has. */
  readonly left: string | null;
  /** That was this very node, in an earlier turn. */
  readonly own: boolean;
  /** The attempt before could not be merged. */
  readonly conflict: boolean;
  /** This attempt goes on with what the one before has left: an agent's. */
  readonly goesOn: boolean;
}

/** Is it the worktree of a run that nobody is at work on? */
export type IsLeft = (path: string) => Promise<boolean>;

/** In a worktree: the commit that its work started from. */
const startRef = "refs/worktree/flowc-start";

export interface Worktree {
  /** Absolute. */
  readonly path: string;
  readonly git: Git;
  readonly spec: WorktreeSpec;
  /** The commit that its work starts from. */
  readonly start: string;
  /** Files that are left to be merged by the work itself. */
  readonly conflicts: readonly string[];
}

/** Makes or finds the worktree of a node at `path`. Throws {@link GitProblem}. */
export async function openWorktree(
  repository: Repository,
  path: string,
  spec: WorktreeSpec,
  past: WorktreePast,
  isLeft: IsLeft,
): Promise<Worktree> {
  const { branch, into } = spec;
  await repository.mustBeNames([branch, into].flatMap((name) => name ?? []));
  if (branch !== null) await repository.mustKnowUser();
  const checkedOut = await repository.checkedOut();
  if (into !== null) await repository.mustBeFree(into, checkedOut);
  const there = await standing(repository, path, branch);
  const own = repository.git.in(path);
  if (there && past.goesOn) return goneOn(repository, own, spec, past.conflict);
  const start = await startOf(repository, spec, past);
  if (there) await renew(own, start);
  else await add(repository, path, spec, { start, ours: past.left !== null, checkedOut }, isLeft);
  await own.text(["update-ref", startRef, start]);
  return { path, git: own, spec, start, conflicts: [] };
}

/** What changed after a conflict is in `into`: from there the same work meets it before it is done. */
async function startOf(repository: Repository, spec: WorktreeSpec, past: WorktreePast): Promise<string> {
  const { from, into } = spec;
  const merged = past.conflict && into !== null ? await repository.tipOf(into) : null;
  if (merged !== null) return merged;
  // Nodes that share a branch go on one after the other.
  if (past.left !== null && !past.own && spec.branch !== null) {
    const tip = await repository.tipOf(spec.branch);
    if (tip !== null) return tip;
  }
  return repository.startOf(from, into);
}

/** Is it there, whole, and on its branch? */
export async function standing(
  repository: Repository,
  path: string,
  branch: string | null,
): Promise<boolean> {
  if (!existsSync(path)) return false;
  const git = repository.git.in(path);
  const facts = await git.maybe([
    "rev-parse",
    "--path-format=absolute",
    "--git-common-dir",
    "--show-toplevel",
  ]);
  const [common = "", top = ""] = (facts ?? "").split("\n");
  if (top !== realpathSync.native(path) || common !== repository.common) return false;
  return branch === null || (await git.maybe(["symbolic-ref", "--quiet", "HEAD"])) === `refs/heads/${branch}`;
}

async function renew(git: Git, start: string): Promise<void> {
  await git.text(["reset", "--quiet", "--hard", start]);
  await git.text(["clean", "-ffdxq"]);
}

interface Adding {
  readonly start: string;
  /** What the branch has was left there for this work. */
  readonly ours: boolean;
  readonly checkedOut: ReadonlyMap<string, string>;
}

async function add(
  repository: Repository,
  path: string,
  { branch, into }: WorktreeSpec,
  { start, ours, checkedOut }: Adding,
  isLeft: IsLeft,
): Promise<void> {
  const { git } = repository;
  if (existsSync(path)) await remove(repository, path);
  await mkdir(dirname(path), { recursive: true });
  if (branch !== null) {
    const tip = await repository.tipOf(branch);
    const at = { tip, start: ours ? null : start, into, path, checkedOut };
    const left = await mustBeHad(repository, branch, at, isLeft);
    if (left !== null) await letGo(repository, left);
    if (tip !== start) await moveBranch(repository, branch, tip, start);
  }
  const way = branch === null ? ["--detach", path, start] : [path, branch];
  // Whoever may be registered for the branch or the path as well is gone: that was looked at above.
  const { code, err } = await git.end(["worktree", "add", "--quiet", "--force", "--force", ...way]);
  if (code === 0) return;
  await remove(repository, path);
  throw new GitFailed(`git worktree add: ${said(err)}`);
}

/**
 * Work may have a branch that nobody else has checked out, and that loses nothing when it is moved. Gives the place of a run
 * that nobody is at work on, where it is checked out still; null: it is nowhere but at `path`. `start`: where it is moved to;
 * null: what it has was left there for this work. `tip`: what it is at now. Throws {@link GitProblem}.
 */
export async function mustBeHad(
  repository: Repository,
  branch: string,
  at: {
    readonly tip: string | null;
    readonly start: string | null;
    readonly into: string | null;
    readonly path: string | null;
    readonly checkedOut: ReadonlyMap<string, string>;
  },
  isLeft: IsLeft,
): Promise<string | null> {
  const { tip, start, into, path } = at;
  const place = at.checkedOut.get(branch);
  const elsewhere = place !== undefined && place !== path ? place : null;
  if (elsewhere !== null && (await isLeft(elsewhere))) return elsewhere;
  if (elsewhere !== null)
    throw new GitProblem(
      `The branch \`${branch}\` is checked out in \`${elsewhere}\`. Let go of it there: \`git -C ${elsewhere} switch --detach\`.`,
    );
  if (start !== null && tip !== null && tip !== start)
    await mustLoseNothing(repository, branch, tip, start, into);
  return null;
}

/** The branch is made, or moved to its start: it is checked out nowhere. */
async function moveBranch(
  repository: Repository,
  branch: string,
  tip: string | null,
  start: string,
): Promise<void> {
  const args = [
    "update-ref",
    "-m",
    "flowc: made for a worktree",
    `refs/heads/${branch}`,
    start,
    tip ?? nobody,
  ];
  const { code, err } = await repository.git.end(args);
  if (code === 0) return;
  // A branch `a` leaves no room for `a/b`.
  if (/cannot lock ref|unable to (create|resolve)/.test(err))
    throw new GitProblem(`The branch \`${branch}\` could not be made: ${said(err)}.`);
  throw new GitFailed(`git update-ref: ${said(err)}`);
}

/** Its files, its index and its commits stay as they are; only the branch is free. */
async function letGo({ git }: Repository, path: string): Promise<void> {
  const own = git.in(path);
  const head = await own.maybe(["rev-parse", "HEAD"]);
  if (head !== null) await own.end(["update-ref", "--no-deref", "HEAD", head]);
}

/** The branch is moved to its start: what it has must be somewhere else as well. */
async function mustLoseNothing(
  repository: Repository,
  branch: string,
  tip: string,
  start: string,
  into: string | null,
): Promise<void> {
  if (await repository.contains(start, tip)) return;
  const whole = into === null ? null : await repository.tipOf(into);
  if (whole !== null && (await repository.contains(whole, tip))) return;
  const others = [start, ...(whole === null ? [] : [whole])].map((commit) => `^${commit}`);
  const count = Number(await repository.git.text(["rev-list", "--count", tip, ...others]));
  const both = into === null ? "where its work starts" : `\`${into}\` or where its work starts`;
  throw new GitProblem(
    `The branch \`${branch}\` exists and has ${count} ${count === 1 ? "commit" : "commits"} that ${count === 1 ? "is" : "are"} not in ${both}, and would be lost. Keep it under another name: \`git branch -m ${branch} ${branch}-old\`; or give it up: \`git branch -D ${branch}\`.`,
  );
}

/** The work goes on where it was; what could not be merged is there for it to be resolved. */
async function goneOn(
  repository: Repository,
  git: Git,
  spec: WorktreeSpec,
  conflict: boolean,
): Promise<Worktree> {
  const known = await git.maybe(["rev-parse", "--verify", "--quiet", startRef]);
  const start = known ?? (await repository.startOf(spec.from, spec.into));
  const into = conflict && spec.into !== null ? await repository.tipOf(spec.into) : null;
  const merging = (await git.maybe(["rev-parse", "--verify", "--quiet", "MERGE_HEAD"])) !== null;
  if (into === null || merging) return { path: git.folder, git, spec, start, conflicts: await unmerged(git) };
  const { code, err } = await git.end(["merge", "--no-commit", "--no-ff", "--quiet", into]);
  const conflicts = await unmerged(git);
  if (code !== 0 && conflicts.length === 0) throw new GitFailed(`git merge: ${said(err)}`);
  await git.text(["update-ref", startRef, into]);
  return { path: git.folder, git, spec, start: into, conflicts };
}

/** Files that are in conflict, from the top of the repository. */
export async function unmerged(git: Git): Promise<readonly string[]> {
  // Of a large tree this is much less than a diff, which looks at each file.
  const entries = await git.list(["ls-files", "--unmerged", "--full-name", "-z"]);
  return [...new Set(entries.map((entry) => entry.slice(entry.indexOf("\t") + 1)))];
}

/** Removes a worktree with all that is in it; its branch stays. */
export async function remove({ git }: Repository, path: string): Promise<void> {
  const args = ["worktree", "remove", "--force", "--force", path];
  if ((await git.end(args)).code === 0) return;
  // Git removes no folder that it takes for none of its own, but what it knows of one that is not there.
  await rm(path, { recursive: true, force: true });
  await git.end(args);
}
