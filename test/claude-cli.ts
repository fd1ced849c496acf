// The real Claude Code, where it is there: on the PATH, or as FLOWC_TEST_CLAUDE says.

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { AgentCommand } from "../runtime/agent.ts";
import type { Exit } from "../runtime/runner.ts";

export const claudePath = process.env["FLOWC_TEST_CLAUDE"] ?? "claude";
export const hasClaude = spawnSync(claudePath, ["--version"]).status === 0;

export interface Printed {
  readonly lines: readonly string[];
  readonly errors: string;
  readonly exit: Exit;
}

/** A place for one Claude Code: its project, and a home in which nobody has logged in. */
export class ClaudePlace {
  readonly folder = mkdtempSync(join(tmpdir(), "flowc-claude-"));
  readonly project = join(this.folder, "project");
  readonly home = join(this.folder, "home");

  constructor() {
    mkdirSync(this.project);
    mkdirSync(this.home);
  }

  env(url: string): Readonly<Record<string, string>> {
    return {
      PATH: process.env["PATH"] ?? "",
      HOME: this.home,
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: "a-key",
    };
  }

  /** Runs a command of the kind `claude` to its end. `stopAt`: SIGTERM when a line has this. */
  run(command: AgentCommand, env: Readonly<Record<string, string>>, stopAt?: string): Promise<Printed> {
    for (const { path, text } of command.files) {
      const file = join(this.folder, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    const child = spawn(claudePath, command.argv.slice(1), {
      cwd: this.project,
      env: { ...env, ...command.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const lines: string[] = [];
    const errors: Buffer[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (stopAt !== undefined && line.includes(stopAt)) child.kill("SIGTERM");
    });
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.stdin.end(command.stdin);
    return new Promise((done, fail) => {
      child.once("error", fail);
      child.once("close", (code, signal) =>
        done({
          lines,
          errors: Buffer.concat(errors).toString("utf8"),
          exit: code === null ? { kind: "signalled", signal: signal ?? "" } : { kind: "exited", code },
        }),
      );
    });
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
