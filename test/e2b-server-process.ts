// The test server's processes: started in a sandbox, told of in a stream, and signalled one at a time.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { ConnectProblem, type Envelopes, recordOf, textOf } from "./e2b-server-connect.ts";
import { childrenOf, isolates, type Sandbox } from "./e2b-server-sandbox.ts";

interface Running {
  readonly child: ChildProcess;
  readonly config: unknown;
  readonly listeners: Set<Envelopes>;
  end: object | null;
}

/** How long an end can still be asked for. */
const keptMs = 30_000;

export class Processes {
  private readonly sandbox: Sandbox;
  private readonly running = new Map<number, Running>();

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  /** `timeoutMs`: then the one process is killed, and no child of it; null: never. */
  start(
    asked: Readonly<Record<string, unknown>>,
    stream: () => Envelopes,
    timeoutMs: number | null,
    pingMs: number,
  ): void {
    const config = recordOf(asked["process"]);
    const cwd = textOf(config["cwd"]) || "/home/user";
    if (!existsSync(this.sandbox.real(cwd)))
      throw new ConnectProblem("invalid_argument", `cwd '${cwd}' does not exist`);
    const args = Array.isArray(config["args"]) ? config["args"].map(String) : [];
    const [program = "", ...rest] = this.sandbox.entering([textOf(config["cmd"]), ...args], cwd);
    const env = {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: "/home/user",
      USER: "user",
      ...this.sandbox.spec.envs,
      ...textsOf(config["envs"]),
    };
    const stdin = asked["stdin"] === true ? "pipe" : "ignore";
    const child = spawn(program, rest, {
      env,
      stdio: [stdin, "pipe", "pipe"],
      ...(isolates ? {} : { cwd: this.sandbox.real(cwd) }),
    });
    const { pid } = child;
    if (pid === undefined) {
      child.on("error", () => {});
      throw new ConnectProblem("invalid_argument", `${program}: could not be started`);
    }
    const process: Running = { child, config, listeners: new Set(), end: null };
    this.running.set(pid, process);
    this.listen(process, pid, stream(), pingMs);
    this.tell(process, "stdout");
    this.tell(process, "stderr");
    let passed = false;
    const timer =
      timeoutMs === null
        ? null
        : setTimeout(() => {
            passed = true;
            signalled(pid, "SIGKILL");
          }, timeoutMs);
    child.on("close", (code, signal) => {
      if (timer !== null) clearTimeout(timer);
      process.end = endOf(code, signal);
      for (const listener of process.listeners) {
        if (passed) listener.end({ code: "deadline_exceeded", message: "the deadline has passed" });
        else this.tellEnd(listener, process.end);
      }
      setTimeout(() => this.running.delete(pid), keptMs).unref();
    });
  }

  connect(asked: Readonly<Record<string, unknown>>, stream: () => Envelopes, pingMs: number): void {
    const { pid, process } = this.selected(asked);
    const listener = stream();
    this.listen(process, pid, listener, pingMs);
    if (process.end !== null) this.tellEnd(listener, process.end);
  }

  list(): object {
    const live = [...this.running].filter(([, { end }]) => end === null);
    return { processes: live.map(([pid, { config }]) => ({ pid, config })) };
  }

  input(asked: Readonly<Record<string, unknown>>): object {
    const { process } = this.selected(asked);
    const bytes = textOf(recordOf(asked["input"])["stdin"]);
    process.child.stdin?.write(Buffer.from(bytes, "base64"));
    return {};
  }

  closeInput(asked: Readonly<Record<string, unknown>>): object {
    this.selected(asked).process.child.stdin?.end();
    return {};
  }

  signal(asked: Readonly<Record<string, unknown>>): object {
    const { pid } = this.selected(asked);
    signalled(pid, asked["signal"] === "SIGNAL_SIGTERM" ? "SIGTERM" : "SIGKILL");
    return {};
  }

  private selected(asked: Readonly<Record<string, unknown>>): {
    readonly pid: number;
    readonly process: Running;
  } {
    const pid = Number(recordOf(asked["process"])["pid"]);
    const process = this.running.get(pid);
    if (process === undefined) throw new ConnectProblem("not_found", `process with pid ${pid} not found`);
    return { pid, process };
  }

  private listen(process: Running, pid: number, listener: Envelopes, pingMs: number): void {
    process.listeners.add(listener);
    listener.send({ event: { start: { pid } } });
    const ping = setInterval(() => listener.send({ event: { keepalive: {} } }), pingMs);
    ping.unref();
    listener.onClose(() => {
      clearInterval(ping);
      process.listeners.delete(listener);
    });
  }

  private tell(process: Running, name: "stdout" | "stderr"): void {
    const stream = process.child[name];
    stream?.on("data", async (chunk: Buffer) => {
      const slow = [...process.listeners].filter(
        (listener) => !listener.send({ event: { data: { [name]: chunk.toString("base64") } } }),
      );
      if (slow.length === 0) return;
      stream.pause();
      await Promise.all(slow.map((listener) => listener.drained()));
      stream.resume();
    });
  }

  private tellEnd(listener: Envelopes, end: object): void {
    listener.send({ event: { end } });
    listener.end();
  }
}

function endOf(code: number | null, signal: string | null): object {
  if (signal === null) return { exitCode: code ?? 0, exited: true, status: `exit status ${code}` };
  const status = `signal: ${signal === "SIGKILL" ? "killed" : signal.slice(3).toLowerCase()}`;
  return { exitCode: -1, exited: false, status, error: status };
}

/** The one process, as the daemon does it: its children go on. */
function signalled(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  for (const own of isolates ? childrenOf(pid) : [pid]) process.kill(own, signal);
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(recordOf(value)).map(([name, text]) => [name, String(text)]));
}
