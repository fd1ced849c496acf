// How the engine is reached, as Docker's own variables say: a socket, TCP with TLS, or ssh.

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import { Duplex, Readable, Writable } from "node:stream";
import Docker from "dockerode";
import { noAnswer, Unavailable } from "./docker-problems.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** The engine, as it is reached. Nothing is connected yet. */
export interface Connection {
  readonly docker: Docker;
  /** Its address, for messages. */
  readonly where: string;
  /** It sees this machine's files, and uses its processors. */
  readonly isLocal: boolean;
}

export const usualSocket = "/var/run/docker.sock";

/** Of `DOCKER_HOST`, `DOCKER_TLS_VERIFY` and `DOCKER_CERT_PATH`. Throws Unavailable. */
export function connectionOf(env: Variables): Connection {
  const host = env["DOCKER_HOST"] ?? "";
  const isLocal = isLocalHost(host);
  if (isLocal) {
    const socketPath = host.replace(/^(unix|npipe):\/\//, "") || usualSocket;
    return { docker: new Docker({ ...none, socketPath }), where: host || usualSocket, isLocal };
  }
  const url = URL.canParse(host) ? new URL(host) : null;
  if (url?.protocol === "ssh:") return { docker: overSsh(url, env), where: host, isLocal };
  if (url?.protocol === "tcp:" || url?.protocol === "http:" || url?.protocol === "https:")
    return { docker: overTcp(url, env), where: host, isLocal };
  throw new Unavailable(
    "refused",
    `DOCKER_HOST is \`${host}\`, which is no address of a Docker engine. It is one like unix:///var/run/docker.sock, tcp://build:2376 or ssh://me@build.`,
  );
}

/** So long an engine may take for what it does at once, and for what makes or starts something. It may be stuck. */
const patienceMs = { little: 30_000, much: 180_000 };

/** For a call that ends with its answer. */
export function patience(how: keyof typeof patienceMs = "little"): { readonly abortSignal: AbortSignal } {
  return { abortSignal: AbortSignal.timeout(patienceMs[how]) };
}

/** For a call that takes no signal, or whose answer is a stream that goes on. */
export async function answered<T>(call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(
      () => fail(Object.assign(new Error(noAnswer), { code: "ETIMEDOUT" })),
      patienceMs.little,
    );
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function isLocalHost(host: string): boolean {
  return host === "" || host.startsWith("unix://") || host.startsWith("npipe://");
}

/** What the client would else take from this process's own environment. */
const none = {
  host: undefined,
  port: undefined,
  socketPath: undefined,
  ca: undefined,
  cert: undefined,
  key: undefined,
};

function overTcp(url: URL, env: Variables): Docker {
  const withTls = (env["DOCKER_TLS_VERIFY"] ?? "") !== "" || url.protocol === "https:" || url.port === "2376";
  const port = url.port === "" ? (withTls ? 2376 : 2375) : Number(url.port);
  const host = url.hostname;
  if (!withTls) return new Docker({ ...none, protocol: "http", host, port });
  const folder = env["DOCKER_CERT_PATH"] ?? join(homedir(), ".docker");
  const read = (name: string): Buffer => {
    try {
      return readFileSync(join(folder, name));
    } catch (error) {
      throw new Unavailable(
        "refused",
        `The Docker engine at ${url.href} is spoken to by TLS, and ${join(folder, name)} cannot be read: ${error instanceof Error ? error.message : error}\nSay in which folder ca.pem, cert.pem and key.pem are: export DOCKER_CERT_PATH=…`,
      );
    }
  };
  const tls = { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
  return new Docker({ ...none, ...tls, protocol: "https", host, port });
}

/** Like Docker's own client: the user's `ssh` with its settings, keys and known hosts carries the connection. */
function overSsh(url: URL, env: Variables): Docker {
  const name = decodeURIComponent(url.username);
  const argv = [
    "-T",
    "-o",
    "BatchMode=yes",
    "-o",
    "ConnectTimeout=30",
    ...(name === "" ? [] : ["-l", name]),
    ...(url.port === "" ? [] : ["-p", url.port]),
    "--",
    url.hostname,
    "docker",
    ...(url.pathname.length > 1 ? ["--host", `unix://${url.pathname}`] : []),
    "system",
    "dial-stdio",
  ];
  const docker = new Docker({ ...none, protocol: "http", host: "docker.sock", port: 80 });
  Object.assign(docker.modem, { agent: new SshAgent(argv, env) });
  return docker;
}

class SshAgent extends Agent {
  private readonly argv: readonly string[];
  private readonly env: Variables;

  constructor(argv: readonly string[], env: Variables) {
    super({ keepAlive: true });
    this.argv = argv;
    this.env = env;
  }

  override createConnection(): Duplex {
    return new SshConnection(this.argv, this.env);
  }
}

/** One `ssh`, as a connection that the HTTP client can use. */
class SshConnection extends Duplex {
  private readonly ssh: ChildProcess;
  private readonly from: Readable;
  private readonly to: Writable;
  private said = "";

  constructor(argv: readonly string[], env: Variables) {
    super();
    this.ssh = spawn("ssh", argv, { env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
    const [to, from, err] = this.ssh.stdio;
    if (!(to instanceof Writable && from instanceof Readable && err instanceof Readable))
      throw new Error("ssh has three pipes");
    this.from = from;
    this.to = to;
    to.on("error", () => {});
    err.on("data", (chunk) => {
      this.said = (this.said + String(chunk)).slice(-500);
    });
    from.on("data", (chunk) => {
      if (!this.push(chunk)) from.pause();
    });
    this.ssh.on("error", (error) => this.destroy(error));
    this.ssh.on("close", (code) => {
      if (code === 0 || this.destroyed) this.push(null);
      else this.destroy(new Error(`ssh: ${this.said.trim() || `exit code ${code}`}`));
    });
  }

  override _read(): void {
    this.from.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // When ssh has ended, what it said says why.
    this.to.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.to.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.ssh.kill();
    done(error);
  }

  // What the HTTP client asks of a socket.
  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    this.ssh.ref();
    return this;
  }

  unref(): this {
    this.ssh.unref();
    return this;
  }
}
