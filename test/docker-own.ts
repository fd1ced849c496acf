// Engines, registries and ssh servers of a test's own: what may be killed, and what is reached another way.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { importBusybox } from "./docker-daemon.ts";

/** Is a program there? Only root may start an engine, or a server that logs people in. */
export function canStart(program: string): boolean {
  return process.getuid?.() === 0 && spawnSync("which", [program]).status === 0;
}

/** Tries until it holds, for at most so long. */
export async function until(holds: () => Promise<boolean>, seconds = 30): Promise<void> {
  for (let tries = 0; tries < seconds * 10; tries++) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it never came to hold");
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** An engine in a folder of its own, with the image that tests use. */
export class OwnDocker {
  readonly folder = mkdtempSync(join(tmpdir(), "flowc-d-"));
  readonly host = `unix://${this.folder}/sock`;
  readonly docker = new Docker({ socketPath: `${this.folder}/sock` });
  private process: ChildProcess | null = null;

  async start(...more: readonly string[]): Promise<void> {
    const { folder } = this;
    const places = [
      "--data-root",
      `${folder}/root`,
      "--exec-root",
      `${folder}/exec`,
      "--pidfile",
      `${folder}/pid`,
    ];
    const bare = ["--bridge", "none", "--iptables=false", "--ip6tables=false", "-H", this.host];
    const log = openSync(`${folder}/log`, "a");
    // As whoever looks after it would: after a kill it may be started before what it had started is gone.
    await until(async () => {
      if (this.process === null || this.process.exitCode !== null)
        this.process = spawn("dockerd", [...places, ...bare, ...more], { stdio: ["ignore", log, log] });
      return (await this.docker.ping()) !== undefined;
    }, 60);
    closeSync(log);
    await importBusybox(this.docker);
  }

  /** `alone`: what it has started outlives it. */
  async kill(signal: NodeJS.Signals, { alone = false } = {}): Promise<void> {
    if (this.process === null) return;
    const ended = once(this.process, "exit");
    if (this.process.kill(signal)) await ended;
    this.process = null;
    if (signal === "SIGKILL" && !alone) this.killLeft();
    // Numbers in there may be somebody else's by now.
    for (const stale of ["pid", "exec/containerd/containerd.pid"])
      rmSync(join(this.folder, stale), { force: true });
  }

  /** It takes what is sent to it, and answers nothing. */
  pause(): void {
    this.process?.kill("SIGSTOP");
  }

  goOn(): void {
    this.process?.kill("SIGCONT");
  }

  private killLeft(): void {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`${this.folder}/exec`)) continue;
        for (const task of readdirSync(`/proc/${pid}/task`)) {
          const children = readFileSync(`/proc/${pid}/task/${task}/children`, "latin1").trim().split(" ");
          for (const child of children) if (child !== "") process.kill(Number(child), "SIGKILL");
        }
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It has ended meanwhile.
      }
  }

  async end(): Promise<void> {
    await this.kill("SIGTERM");
    this.killLeft();
    for (const line of readFileSync("/proc/mounts", "utf8").split("\n").reverse()) {
      const [, path = ""] = line.split(" ");
      if (path.startsWith(`${this.folder}/`)) spawnSync("umount", ["-l", path]);
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

/** A certificate authority, a server's certificate for 127.0.0.1, and a client's, as Docker wants them. */
export function certificates(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const openssl = (...argv: readonly string[]): void => {
    const { status, stderr } = spawnSync("openssl", argv, { cwd: folder, encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  };
  writeFileSync(join(folder, "server.ext"), "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
  writeFileSync(join(folder, "client.ext"), "extendedKeyUsage=clientAuth\n");
  const key = (name: string) => [
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    name,
    "-subj",
    `/CN=flowc ${name}`,
  ];
  openssl("req", "-x509", "-days", "2", ...key("ca-key.pem"), "-out", "ca.pem");
  for (const [name, ext] of [
    ["server", "server.ext"],
    ["", "client.ext"],
  ] as const) {
    const of = (what: string) => (name === "" ? what : `${name}-${what}`);
    openssl("req", ...key(of("key.pem")), "-out", "request.pem");
    const authority = ["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"];
    openssl(
      "x509",
      "-req",
      "-days",
      "2",
      "-in",
      "request.pem",
      ...authority,
      "-out",
      of("cert.pem"),
      "-extfile",
      ext,
    );
  }
}

/** A registry on loopback, to which engines speak without TLS. Answers its address, and how it is ended. */
export async function ownRegistry(): Promise<{ readonly address: string; end(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "flowc-registry-"));
  const address = `127.0.0.1:${await freePort()}`;
  const config = `version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: ${folder}\nhttp:\n  addr: ${address}\n`;
  writeFileSync(join(folder, "config.yml"), config);
  const registry = spawn("docker-registry", ["serve", join(folder, "config.yml")], { stdio: "ignore" });
  await until(async () => (await fetch(`http://${address}/v2/`)).ok);
  return {
    address,
    end: async () => {
      const ended = once(registry, "exit");
      registry.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** An ssh server on loopback that lets in a key of its own; `bin` is a folder with an `ssh` that knows both. */
export async function ownSsh(): Promise<{
  readonly port: number;
  readonly bin: string;
  end(): Promise<void>;
}> {
  const folder = mkdtempSync(join(tmpdir(), "flowc-ssh-"));
  const port = await freePort();
  for (const name of ["host", "user"])
    spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
  mkdirSync("/run/sshd", { recursive: true });
  const options = [
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/user.pub`,
    `ListenAddress 127.0.0.1:${port}`,
    `PidFile ${folder}/pid`,
    "StrictModes no",
    "PermitRootLogin yes",
    "UsePAM no",
    "MaxStartups 100",
  ];
  writeFileSync(join(folder, "sshd_config"), `${options.join("\n")}\n`);
  const sshd = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(folder, "sshd_config")], { stdio: "ignore" });
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const scan = async () => {
    const { stdout } = spawnSync("ssh-keyscan", ["-p", String(port), "127.0.0.1"], { encoding: "utf8" });
    writeFileSync(join(folder, "known"), stdout);
    return stdout !== "";
  };
  await until(scan);
  const flags = `-F none -i ${folder}/user -o UserKnownHostsFile=${folder}/known -o IdentitiesOnly=yes`;
  writeFileSync(join(bin, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh ${flags} "$@"\n`, { mode: 0o755 });
  return {
    port,
    bin,
    end: async () => {
      const ended = once(sshd, "exit");
      sshd.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Where the machine has its own tree of an ssh server. */
export const hasSshd = existsSync("/usr/sbin/sshd") && existsSync("/usr/bin/ssh") && process.getuid?.() === 0;
