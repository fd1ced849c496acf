// Containers of the Docker runner for a test: opened, used, and after each test counted.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { dockerRunner } from "../runners/docker.ts";
import type { Exit, Instance, NoInstance, Runner, RunnerSettings, Workspace } from "../runtime/runner.ts";
import { containersOf } from "./docker-daemon.ts";

/** Makes places for the tests of a file; none may leave a container on the engine. */
export function dockerPlaces(): (env?: Readonly<Record<string, string>>) => DockerPlace {
  const open: DockerPlace[] = [];
  afterEach(async () => {
    for (const place of open.splice(0)) {
      expect(await containersOf(place.run)).toEqual([]);
      place.end();
    }
  });
  return (env = {}) => {
    const place = new DockerPlace(dockerRunner({ graceMs: 300, env }));
    open.push(place);
    return place;
  };
}

export class DockerPlace {
  readonly run = `trouble${process.pid}x${++places}`;
  readonly folder = mkdtempSync(join(tmpdir(), "flowc-place-"));
  readonly told: string[] = [];
  readonly runner: Runner;
  private count = 0;

  constructor(runner: Runner) {
    this.runner = runner;
    mkdirSync(join(this.folder, "project"));
  }

  ask(settings: RunnerSettings, needs = { cpu: null, memoryBytes: null }): Promise<Instance | NoInstance> {
    const tag = { run: this.run, node: ++this.count, attempt: 1 };
    const { folder } = this;
    const project = join(folder, "project");
    const tell = (text: string) => void this.told.push(text);
    return this.runner.open({ tag, settings, project, folder: join(folder, "run"), needs, tell });
  }

  async open(settings: RunnerSettings): Promise<Instance> {
    const instance = await this.ask(settings);
    if ("problem" in instance) throw new Error(instance.message);
    return instance;
  }

  async workspace(instance: Instance, kind: "project" | "scratch" = "scratch"): Promise<Workspace> {
    const node = ++this.count;
    const scratch = join(this.folder, "run", String(node));
    mkdirSync(scratch, { recursive: true });
    return instance.workspace({ tag: { run: this.run, node, attempt: 1 }, kind, scratch });
  }

  /** Carries out a script; `stop` when it has printed something, or a signal. */
  async sh(
    workspace: Workspace,
    script: string,
    stop = new AbortController().signal,
  ): Promise<{ readonly exit: Exit; readonly out: string; readonly err: string }> {
    const io = { ...this.files(), filter: null };
    const exit = await workspace.exec({ argv: ["sh", "-c", script], env: {}, cwd: "" }, io, stop);
    const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
    return { exit, out: read(io.stdoutPath), err: read(io.stderrPath) };
  }

  /** Begins a script, and answers when it has printed its first line. */
  async begun(workspace: Workspace, script: string): Promise<{ readonly ended: Promise<Exit> }> {
    const io = { ...this.files(), filter: null };
    const argv = ["sh", "-c", script];
    const ended = workspace.exec({ argv, env: {}, cwd: "" }, io, new AbortController().signal);
    while (!existsSync(io.stdoutPath)) await new Promise((resolve) => setTimeout(resolve, 10));
    return { ended };
  }

  end(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private files() {
    const n = ++this.count;
    return { stdoutPath: join(this.folder, `${n}.out`), stderrPath: join(this.folder, `${n}.err`) };
  }
}

let places = 0;
