// The one place that starts the program `git`: arguments as a list, an environment of its own, and what went wrong in words.

import { execFile } from "node:child_process";
import { dirname } from "node:path";
import type { Why } from "../events.ts";

/** Something of the repository keeps an attempt from going on; the message is for people, with what to do about it. */
export class GitProblem extends Error {
  readonly why: Why;
  /** What git or a hook printed. */
  readonly printed: string;

  constructor(message: string, why: Why = "launch", printed = "") {
    super(message);
    this.why = why;
    this.printed = printed;
  }
}

/** Git failed, and it is not known to be anybody's fault. */
export class GitFailed extends Error {}

export interface GitEnd {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Of its variables git gets who the user is and how to sign and connect. The others say which repository is meant: flowc may
 * have been started by a hook, and must not take that one's index for its own.
 */
const ownVariables =
  /^GIT_(AUTHOR_(NAME|EMAIL)|COMMITTER_(NAME|EMAIL)|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)|EXEC_PATH|SSH|SSH_COMMAND|TRACE.*)$/;

export function gitEnvironment(inherited: Variables): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, text] of Object.entries(inherited))
    if (text !== undefined && (!name.startsWith("GIT_") || ownVariables.test(name))) env[name] = text;
  // Its words are looked at, nobody can answer it, and nothing of the user's index is refreshed by a look.
  return { ...env, LC_ALL: "C", GIT_TERMINAL_PROMPT: "0", GIT_EDITOR: "true", GIT_OPTIONAL_LOCKS: "0" };
}

/** Git looks for a repository in a folder, and not in those above it. */
export function notAbove(folder: string): Readonly<Record<string, string>> {
  return { GIT_CEILING_DIRECTORIES: dirname(folder) };
}

/** Many worktrees change refs at once, which waits; and nothing is tidied up behind the user's back. */
const usual = [
  ...["-c", "core.filesRefLockTimeout=10000", "-c", "core.packedRefsTimeout=10000"],
  ...["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "advice.detachedHead=false"],
  ...["-c", "core.quotePath=false"],
];

const bytesMax = 512 * 1024 * 1024;

export interface GitOptions {
  readonly input?: string;
  readonly stop?: AbortSignal;
  readonly env?: Readonly<Record<string, string>>;
}

/** Git as it is started in a folder. */
export class Git {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;

  constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.env = env;
  }

  /** In a worktree: if that is none any more, none around it is taken for it. */
  in(tree: string): Git {
    return new Git(tree, { ...this.env, ...notAbove(tree) });
  }

  /** In another folder of the same worktree. */
  at(folder: string): Git {
    return new Git(folder, this.env);
  }

  /** However it ends. Throws {@link GitProblem} when it could not be started. */
  end(args: readonly string[], { input, stop, env = {} }: GitOptions = {}): Promise<GitEnd> {
    return new Promise((resolve, reject) => {
      const options = {
        cwd: this.folder,
        env: { ...this.env, ...env },
        maxBuffer: bytesMax,
        encoding: "utf8" as const,
        ...(stop === undefined ? {} : { signal: stop }),
      };
      const child = execFile("git", [...usual, ...args], options, (error, out, err) => {
        if (error === null) resolve({ code: 0, out, err });
        else if (typeof error.code === "number") resolve({ code: error.code, out, err });
        else if (error.code === "ENOENT") reject(new GitProblem(absent));
        else reject(new GitFailed(`git ${args[0]}: ${error.message}`));
      });
      // One that ends without reading says by its end what was wrong.
      child.stdin?.on("error", () => {});
      child.stdin?.end(input ?? "");
    });
  }

  /** What it prints, without the last newline. Throws {@link GitFailed} unless it ends well. */
  async text(args: readonly string[], options: GitOptions = {}): Promise<string> {
    const { code, out, err } = await this.end(args, options);
    if (code !== 0) throw new GitFailed(`git ${args[0]}: ${said(err) || `ended with ${code}`}`);
    return out.replace(/\n$/, "");
  }

  /** The same, or null when it does not end well. */
  async maybe(args: readonly string[]): Promise<string | null> {
    const { code, out } = await this.end(args);
    return code === 0 ? out.replace(/\n$/, "") : null;
  }

  /** What it prints with `-z`, taken apart. */
  async list(args: readonly string[]): Promise<readonly string[]> {
    const text = await this.text(args);
    return text.split("\0").filter((one) => one !== "");
  }

  /** Did it end with 0, and not with 1? */
  async holds(args: readonly string[]): Promise<boolean> {
    const { code, err } = await this.end(args);
    if (code > 1) throw new GitFailed(`git ${args[0]}: ${said(err)}`);
    return code === 0;
  }
}

const absent =
  "A worktree needs the program `git`, which is not on this machine's PATH. Install it, then start the run again.";

/** The first line of what git says, without what it calls it. */
export function said(err: string): string {
  const line = err.split("\n").find((one) => /^(fatal|error):/.test(one)) ?? err.trim().split("\n")[0] ?? "";
  return line.replace(/^(fatal|error): /, "").trim();
}
