// One sandbox of the test server: folders of its own and real processes, which all end with it.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SandboxSpec {
  readonly template: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly envs: Readonly<Record<string, string>>;
  readonly seconds: number;
  /** For `/home` and for `/tmp`; null: as much as there is memory. */
  readonly diskBytes: number | null;
  /** Programs that its template does not have. */
  readonly without: readonly string[];
}

/** With root's rights a sandbox sees its own `/home`, `/tmp` and processes under the usual paths and numbers. */
export const isolates = process.getuid?.() === 0 && process.platform === "linux";

export class Sandbox {
  readonly id = `i${randomBytes(10).toString("hex")}`;
  readonly token = randomBytes(16).toString("hex");
  readonly spec: SandboxSpec;
  readonly startedAt = new Date();
  endAt = new Date();
  alive = true;
  /** Without isolation: where its files are. */
  private readonly folder: string | null = null;
  private readonly init: ChildProcess;
  private readonly ended: () => void;
  private pid = 0;
  private timer: NodeJS.Timeout | null = null;

  private constructor(spec: SandboxSpec, ended: () => void) {
    this.spec = spec;
    this.ended = ended;
    // It reads what never comes: when the server is gone it ends, and all that runs in it. Without `--norc` a bash whose
    // input is a socket takes itself for a remote shell and reads `.bashrc`, which may take a second.
    const wait = "echo ready; while read -r; do :; done";
    if (isolates) {
      const space = ["--mount", "--pid", "--fork", "--mount-proc", "--kill-child"];
      const script = `${mounts(spec)} && ${wait}`;
      this.init = spawn("unshare", [...space, "bash", "--norc", "-c", script], { stdio: "pipe" });
    } else {
      this.folder = mkdtempSync(join(tmpdir(), "flowc-e2b-"));
      for (const name of ["home/user", "tmp"]) mkdirSync(join(this.folder, name), { recursive: true });
      this.init = spawn("bash", ["--norc", "-c", wait], { stdio: "pipe" });
    }
    this.init.stdin?.on("error", () => {});
  }

  static async start(spec: SandboxSpec, ended: () => void): Promise<Sandbox> {
    const sandbox = new Sandbox(spec, ended);
    const { stdout, pid = 0 } = sandbox.init;
    if (stdout !== null) await once(stdout, "data");
    sandbox.pid = isolates ? (childrenOf(pid)[0] ?? 0) : pid;
    sandbox.prolong(spec.seconds);
    return sandbox;
  }

  /** From now on. */
  prolong(seconds: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.endAt = new Date(Date.now() + seconds * 1000);
    this.timer = setTimeout(() => this.kill(), seconds * 1000);
    this.timer.unref();
  }

  /** Where a path of the sandbox is on this machine. */
  real(path: string): string {
    if (isolates) return `/proc/${this.pid}/root${path}`;
    const own = this.folder !== null && (path.startsWith("/home/") || path.startsWith("/tmp/"));
    return own ? join(this.folder, path) : path;
  }

  /** What is run to run a command in it. */
  entering(argv: readonly string[], cwd: string): readonly string[] {
    if (!isolates) return argv;
    return ["nsenter", "-t", String(this.pid), "-m", "-p", `--wdns=${cwd}`, "--", ...argv];
  }

  /** How many processes run in it beside the first. */
  processes(): number {
    const space = spaceOf(this.pid);
    if (!this.alive || !isolates || space === null) return 0;
    const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return numbers.filter((number) => spaceOf(Number(number)) === space).length - 1;
  }

  kill(): void {
    if (!this.alive) return;
    this.alive = false;
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.pid > 0) process.kill(this.pid, "SIGKILL");
    this.init.kill("SIGKILL");
    this.ended();
    if (this.folder !== null) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Its files are in memory, and go with it: nothing else on this machine has to be fast. */
function mounts({ diskBytes, without }: SandboxSpec): string {
  const size = diskBytes === null ? "" : `,size=${diskBytes}`;
  // The other names of a folder, without these: a device of this kind says that a name is not there.
  const names = without.map((name) => `mknod /home/.without/${name} c 0 0`);
  const hidden = [
    "mkdir /home/.without",
    ...names,
    "mount -t overlay -o lowerdir=/home/.without:/usr/bin flowc /usr/bin",
  ];
  return ["/home", "/tmp"]
    .map((path) => `mount -t tmpfs -o mode=1777${size} flowc ${path}`)
    .concat("mkdir -m 777 /home/user", without.length === 0 ? [] : hidden)
    .join(" && ");
}

export function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** In which space of processes one is. */
function spaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}
