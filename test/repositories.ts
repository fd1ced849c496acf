// A repository of git in a folder of its own, and flows that work in worktrees of it.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { executeRun, type RunResult } from "../runtime/execute.ts";
import type { RunRequest } from "../runtime/execute-open.ts";
import type { Failure } from "../runtime/run-view.ts";
import { options, recompiled } from "./pretend.ts";
import { realWorld } from "./real-world.ts";

/** Nothing of the machine's own settings, and of a hook that may have started the tests. */
const env: Readonly<Record<string, string | undefined>> = {
  PATH: process.env["PATH"],
  HOME: "/nonexistent",
  GIT_CONFIG_NOSYSTEM: "1",
  // The first commits of two repositories are the same one, also when a second has passed between them.
  GIT_AUTHOR_DATE: "2026-01-01T12:00:00Z",
  GIT_COMMITTER_DATE: "2026-01-01T12:00:00Z",
};

const folders: string[] = [];

export function removeRepositories(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export class TestRepository {
  readonly folder: string;

  /** On `main`, with one commit that holds these files. */
  constructor(files: Readonly<Record<string, string>> = { "a.txt": "a\n", "b.txt": "b\n" }) {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), "flowc-repository-")));
    folders.push(this.folder);
    this.git("init", "--quiet", "--initial-branch=main");
    this.git("config", "user.name", "Ada");
    this.git("config", "user.email", "ada@example.com");
    writeFileSync(join(this.folder, ".gitignore"), ".flowc/\n*.flow\n");
    this.commit(files, "first");
  }

  git(...args: readonly string[]): string {
    const text = execFileSync("git", args, { cwd: this.folder, env, encoding: "utf8", stdio: "pipe" });
    return text.replace(/\n$/, "");
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text);
    }
  }

  commit(files: Readonly<Record<string, string>>, subject: string): string {
    this.write(files);
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", subject);
    return this.git("rev-parse", "HEAD");
  }

  /** What a branch has in a file. */
  at(branch: string, path: string): string {
    return this.git("show", `${branch}:${path}`);
  }

  /** Subjects of a branch's commits, the newest first, along its own line. */
  line(branch: string): readonly string[] {
    return this.git("log", "--first-parent", "--format=%s", branch).split("\n");
  }

  /** Worktrees besides the user's own. */
  trees(): readonly string[] {
    const lines = this.git("worktree", "list", "--porcelain").split("\n");
    return lines
      .filter((line) => line.startsWith("worktree "))
      .slice(1)
      .map((line) => line.slice(9));
  }

  /** Runs a flow in it. */
  async run(source: string, ask: Partial<RunRequest> = {}): Promise<RunResult> {
    this.write({ "main.flow": source });
    // Another run of the same repository may write its own flow meanwhile.
    const plan = recompiled(this.folder);
    const world = await realWorld(this.folder);
    try {
      return await executeRun(world, { plan, inputs: {}, options, ...ask });
    } finally {
      await world.close();
    }
  }
}

/** What is said of the nodes that failed, by their names. */
export function failures({ view }: RunResult): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const n of view.nodes()) {
    const last: Failure | undefined = view.error(n).at(-1);
    if (view.state(n) === "failed" && last !== undefined) found[view.name(n)] = last.message;
  }
  return found;
}
