// The bench of the runner contract: opens instances, runs commands in them, and reads what they printed.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type {
  ExecCommand,
  Exit,
  Instance,
  InstanceRef,
  OutputFilter,
  Runner,
  Workspace,
} from "../runtime/runner.ts";

export interface ContractOptions {
  /** The runner under test, with a grace period of at most half a second. */
  readonly open: () => Promise<Runner>;
  /** Its kind's settings. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Does a process live, by the number that its place knows it by? By default it is one of this machine. */
  readonly alive?: (pid: string, ref: InstanceRef) => Promise<boolean>;
  /** What a place adds to a command's environment by itself. */
  readonly adds?: Readonly<Record<string, string>>;
  /** A place that ends all that a command has started with that command: no daemon outlives it. */
  readonly endsDaemons?: boolean;
  /** A place on this machine that works in a copy of the project, and not in the project itself. */
  readonly copies?: boolean;
}

/** Makes the bench of one suite; usable inside its tests. */
export function runnerBench(options: ContractOptions) {
  let root = "";
  let runner: Runner;
  let count = 0;
  beforeAll(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "flowc-runner-")));
    mkdirSync(join(root, "project"));
    runner = await options.open();
  });
  const opened: Instance[] = [];
  afterAll(async () => {
    await Promise.all(opened.map((instance) => instance.close()));
    rmSync(root, { recursive: true, force: true });
  });

  /** A run's name that no other suite on this machine has: whoever ends a run's processes ends all of that name. */
  const runOf = (name: string): string => `${name}${process.pid}`;
  const open = async (
    kind: "project" | "scratch" = "scratch",
    run = runOf("contract"),
  ): Promise<Workspace> => {
    const node = ++count;
    const scratch = join(root, `scratch-${node}`);
    mkdirSync(scratch);
    const { settings } = options;
    const tag = { run, node, attempt: 1 };
    const needs = { cpu: null, memoryBytes: null };
    const project = join(root, "project");
    const instance = await runner.open({ tag, settings, project, folder: root, needs });
    if ("problem" in instance) throw new Error(instance.message);
    opened.push(instance);
    return instance.workspace({ tag, kind, scratch });
  };
  const base = { PATH: process.env["PATH"] ?? "" };
  const files = () => ({
    stdoutPath: join(root, `${++count}.out`),
    stderrPath: join(root, `${count}.err`),
  });
  const exec = async (
    workspace: Workspace,
    argv: readonly string[],
    more: Partial<ExecCommand> & { stop?: AbortSignal; filter?: () => OutputFilter } = {},
  ): Promise<{ exit: Exit; out: Buffer; err: string }> => {
    const { stop = new AbortController().signal, filter = null, ...command } = more;
    const io = { ...files(), filter };
    const exit = await workspace.exec({ argv, env: base, cwd: "", ...command }, io, stop);
    const read = (path: string) => (existsSync(path) ? readFileSync(path) : Buffer.alloc(0));
    return { exit, out: read(io.stdoutPath), err: read(io.stderrPath).toString() };
  };
  const sh = (workspace: Workspace, script: string, more: Parameters<typeof exec>[2] = {}) =>
    exec(workspace, ["sh", "-c", script], more);
  /** Brings a file into a workspace; its path there. */
  const brought = async (
    workspace: Workspace,
    name: string,
    content: string | Uint8Array,
    mode = 0o644,
  ): Promise<string> => {
    const from = join(root, `brought-${++count}`);
    writeFileSync(from, content, { mode });
    await workspace.put([{ from, to: name }]);
    return join(workspace.path, name);
  };
  /** Fires the signal when the command has written its first byte. */
  const stopAtOutput = (path: string): AbortSignal => {
    const controller = new AbortController();
    const look = () => {
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0) controller.abort();
      else setTimeout(look, 5);
    };
    look();
    return controller.signal;
  };
  const stopped = async (workspace: Workspace, script: string) => {
    const io = { ...files(), filter: null };
    const exit = await workspace.exec(
      { argv: ["sh", "-c", script], env: base, cwd: "" },
      io,
      stopAtOutput(io.stdoutPath),
    );
    return { exit, out: readFileSync(io.stdoutPath).toString() };
  };
  const { alive = aliveHere } = options;
  /** Those of some processes of a workspace that live. */
  const living = async (pids: readonly string[], { ref }: Workspace): Promise<readonly string[]> => {
    const live = await Promise.all(pids.map((pid) => alive(pid, ref)));
    return pids.filter((_, i) => live[i]);
  };

  return {
    open,
    runOf,
    exec,
    sh,
    brought,
    stopped,
    stopAtOutput,
    living,
    files,
    base,
    root: () => root,
    runner: () => runner,
  };
}

async function aliveHere(pid: string): Promise<boolean> {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${Number(pid)}/stat`, "latin1"));
  } catch {
    return false;
  }
}
