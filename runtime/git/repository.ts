// The repository that the project is part of: where it is, what its branches are at, and which of them somebody has checked out.

import { realpathSync } from "node:fs";
import { join } from "node:path";
import { Git, GitFailed, GitProblem, said } from "./git.ts";

/** In place of a commit: there is none. */
export const nobody = "0".repeat(40);

/** The first git that merges without a checkout. */
const oldest = [2, 38] as const;

export class Repository {
  /** Started in the project. */
  readonly git: Git;
  /** Folder that all its worktrees share; absolute. */
  readonly common: string;
  /** Of the project below the top of a checkout: `""`, or `packages/core/`. */
  readonly prefix: string;
  /** Names that git takes for a branch's. */
  private readonly names = new Set<string>();
  private isUserKnown = false;
  private signing: Promise<boolean> | null = null;

  private constructor(git: Git, common: string, prefix: string) {
    this.git = git;
    this.common = common;
    this.prefix = prefix;
  }

  /** Throws {@link GitProblem}. */
  static async open(project: string, env: Readonly<Record<string, string>>): Promise<Repository> {
    const git = new Git(project, env);
    const version = /(\d+)\.(\d+)/.exec(await git.text(["version"]));
    const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
    if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
      throw new GitProblem(
        `A worktree needs git ${oldest.join(".")} or newer, and this is ${major}.${minor}. Install a newer one, then start the run again.`,
      );
    const facts = await git.end(["rev-parse", "--path-format=absolute", "--git-common-dir", "--show-prefix"]);
    if (facts.code !== 0) throw notOne(project, facts.err);
    const [common = "", prefix = ""] = facts.out.split("\n");
    const inside = await git.maybe(["rev-parse", "--is-inside-work-tree"]);
    if (inside !== "true")
      throw new GitProblem(
        `The project \`${project}\` is in the folder of git itself, or in a repository without a checkout. Put the flow into a checkout of it: \`git worktree add ../main main\`.`,
      );
    return new Repository(git, realpathSync.native(common), prefix);
  }

  /** The commit that a branch, a tag or a commit's own name means; null if there is none. */
  async commitOf(name: string): Promise<string | null> {
    return this.git.maybe(["rev-parse", "--verify", "--quiet", "--end-of-options", `${name}^{commit}`]);
  }

  /** The commit of a branch; null if there is no such branch. */
  tipOf(branch: string): Promise<string | null> {
    return this.commitOf(`refs/heads/${branch}`);
  }

  /** What work starts from. Throws {@link GitProblem} if it is not there. */
  async startOf(from: string | null, into: string | null): Promise<string> {
    if (from === null) {
      const tip = into === null ? null : await this.tipOf(into);
      const head = tip ?? (await this.commitOf("HEAD"));
      if (head === null) throw withoutCommit();
      return head;
    }
    const start = (await this.tipOf(from)) ?? (await this.commitOf(from));
    if (start !== null) return start;
    if ((await this.commitOf("HEAD")) === null) throw withoutCommit();
    const remotes = await this.git.list(["for-each-ref", "--format=%(refname:short)%00", "refs/remotes"]);
    const remote = remotes.map((one) => one.trim()).find((one) => one.endsWith(`/${from}`));
    throw new GitProblem(
      remote === undefined
        ? `There is no branch \`${from}\` to start from. Make it: \`git branch ${from}\`.`
        : `There is no branch \`${from}\` to start from, only \`${remote}\`. Make it: \`git branch ${from} ${remote}\`.`,
    );
  }

  /** Throws {@link GitProblem} if a commit does not have the project's folder. */
  async mustHoldProject(commit: string): Promise<void> {
    const { code } = await this.git.end(["cat-file", "-e", `${commit}:${this.prefix}`]);
    if (code === 0) return;
    throw new GitProblem(
      `The project's folder \`${this.prefix}\` is not in the commit that its work starts from. Commit it first: \`git add . && git commit\`.`,
    );
  }

  contains(whole: string, part: string): Promise<boolean> {
    return this.git.holds(["merge-base", "--is-ancestor", part, whole]);
  }

  /** Where each branch that is checked out is, by its name: absolute paths. */
  async checkedOut(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>();
    const text = await this.git.text(["worktree", "list", "--porcelain", "-z"]);
    for (const entry of text.split("\0\0")) {
      const lines = entry.split("\0");
      const branch = lines.find((line) => line.startsWith("branch refs/heads/"));
      // Git also tells of worktrees that somebody has removed.
      if (branch === undefined || lines.some((line) => line.startsWith("prunable"))) continue;
      found.set(branch.slice("branch refs/heads/".length), (lines[0] ?? "").slice("worktree ".length));
    }
    return found;
  }

  /** Throws {@link GitProblem} if git takes one of these as no branch's name. */
  async mustBeNames(names: readonly string[]): Promise<void> {
    for (const name of names) {
      if (this.names.has(name)) continue;
      if (name.startsWith("-") || (await this.git.end(["check-ref-format", `refs/heads/${name}`])).code !== 0)
        throw new GitProblem(
          `\`${name}\` cannot be the name of a branch: git allows no spaces, \`..\`, \`~ ^ : ? * [\` or a backslash in it. \`slug(…)\` makes a name of any text.`,
        );
      this.names.add(name);
    }
  }

  /** Nobody may have checked out what is merged into: its files would be those of another commit. `checkedOut`: where that is known already. Throws {@link GitProblem}. */
  async mustBeFree(into: string, checkedOut?: ReadonlyMap<string, string>): Promise<void> {
    const path = (checkedOut ?? (await this.checkedOut())).get(into);
    if (path === undefined) return;
    throw new GitProblem(
      `The branch \`${into}\`, into which is merged, is checked out in \`${path}\`, and its files there would not follow. Check out another one there: \`git -C ${path} switch --detach\`.`,
    );
  }

  /** Throws {@link GitProblem} if git does not know who commits. */
  async mustKnowUser(): Promise<void> {
    if (this.isUserKnown) return;
    for (const who of ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"]) {
      const { code } = await this.git.end(["var", who]);
      if (code !== 0)
        throw new GitProblem(
          'Git does not know who commits. Tell it: `git config user.name "Your Name" && git config user.email you@example.com`.',
        );
    }
    this.isUserKnown = true;
  }

  /** Are commits signed? `git commit` looks that up by itself; the plumbing has to be told. */
  signs(): Promise<boolean> {
    this.signing ??= this.git
      .maybe(["config", "--type=bool", "commit.gpgSign"])
      .then((said) => said === "true");
    return this.signing;
  }

  /** Files of the repository that are changed or new since the last commit; of a new folder only itself. */
  async uncommitted(): Promise<readonly string[]> {
    const lines = await this.git.list(["status", "--porcelain", "-z", "--no-renames"]);
    // The flow is read from the project itself.
    return lines.map((line) => line.slice(3)).filter((path) => !path.endsWith(".flow"));
  }

  /** By what the project's own commit says. */
  async hasSubmodules(): Promise<boolean> {
    return (await this.git.end(["cat-file", "-e", "HEAD:.gitmodules"])).code === 0;
  }

  /** The project's folder in a worktree of the repository. */
  inside(tree: string): string {
    return join(tree, this.prefix);
  }
}

function withoutCommit(): GitProblem {
  return new GitProblem(
    "The repository has no commit yet, and a worktree starts from one. Make the first one: `git add -A && git commit`.",
  );
}

function notOne(project: string, err: string): Error {
  if (err.includes("safe.directory"))
    return new GitProblem(
      `Git does not trust the repository of \`${project}\`, which belongs to another user. Tell it to: \`git config --global --add safe.directory ${project}\`.`,
    );
  if (err.includes("not a git repository"))
    return new GitProblem(
      `A worktree needs a repository, and \`${project}\` is in none. Make one: \`git init && git add -A && git commit\`.`,
    );
  return new GitFailed(`git rev-parse: ${said(err)}`);
}
