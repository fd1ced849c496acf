// A runner on a test server of its own: sandboxes are opened, commands run in them, and what is left is counted after each test.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect } from "vitest";
import { e2bRunner } from "../runners/e2b.ts";
import type { Exit, Instance, NoInstance, OutputFilter, Runner, Workspace } from "../runtime/runner.ts";
import { type Call, E2bServer, type ServerOptions } from "./e2b-server.ts";

export const isCreate = ({ method, path }: Call) => method === "POST" && path === "/v2/sandboxes";
export const isStart = ({ path }: Call) => path === "/process.Process/Start";
export const isUpload = ({ method, path }: Call) => method === "POST" && path === "/files";
export const isDownload = ({ method, path }: Call) => method === "GET" && path === "/files";

/** How a command went that ended well. */
export const ended: Exit = { kind: "exited", code: 0 };

interface Said {
  readonly exit: Exit;
  readonly out: string;
  readonly err: string;
}

/** Makes one inside of a `describe`; `start` comes first in each test. */
export class E2bPlace {
  readonly root: string;
  runner: Runner = e2bRunner({ env: {} });
  private readonly run: string;
  private count = 0;
  private running: E2bServer | null = null;

  /** `run`: what its sandboxes are found by. */
  constructor(run: string) {
    this.run = run;
    this.root = mkdtempSync(join(tmpdir(), `flowc-e2b-${run}-`));
    mkdirSync(join(this.root, "project"));
    // Nothing is left running, whatever went wrong.
    afterEach(async () => {
      if (this.running === null) return;
      await this.runner.end(await this.runner.find(run));
      expect(this.server.sandboxes.length).toBe(0);
      await this.server.close();
      this.running = null;
    });
    afterAll(() => rmSync(this.root, { recursive: true, force: true }));
  }

  get server(): E2bServer {
    if (this.running === null) throw new Error("there is no server");
    return this.running;
  }

  async start(options: ServerOptions = {}, times: object = {}): Promise<void> {
    this.running = await E2bServer.start(options);
    this.runner = e2bRunner({ graceMs: 300, quietMs: 1_000, patienceMs: 3_000, env: {}, ...times });
  }

  spec(more: object = {}) {
    const { url } = this.server;
    return {
      tag: { run: this.run, node: ++this.count, attempt: 1 },
      settings: { template: "base", api_key: "key", api_url: url, sandbox_url: url, ...more },
      project: join(this.root, "project"),
      folder: this.root,
      needs: { cpu: null, memoryBytes: null },
    };
  }

  /** A sandbox and a workspace in it. */
  async opened(kind: "project" | "scratch" = "scratch", more: object = {}) {
    const asked = this.spec(more);
    const instance = had(await this.runner.open(asked));
    const scratch = join(this.root, `scratch-${this.count}`);
    mkdirSync(scratch);
    return { instance, workspace: await instance.workspace({ tag: asked.tag, kind, scratch }) };
  }

  async sh(
    workspace: Workspace,
    script: string,
    stop = new AbortController().signal,
    filter: (() => OutputFilter) | null = null,
  ): Promise<Said> {
    const stem = join(this.root, String(++this.count));
    const io = { stdoutPath: `${stem}.out`, stderrPath: `${stem}.err`, filter };
    const exit = await workspace.exec({ argv: ["sh", "-c", script], env: {}, cwd: "" }, io, stop);
    const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
    return { exit, out: read(io.stdoutPath), err: read(io.stderrPath) };
  }
}

export function had(given: Instance | NoInstance): Instance {
  if ("problem" in given) throw new Error(given.message);
  return given;
}
