// A local server that speaks E2B's protocol: sandboxes with real files and processes, quotas, faults on demand, a log of calls.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import {
  bodyOf,
  ConnectProblem,
  Envelopes,
  firstOf,
  json,
  messageOf,
  recordOf,
  textOf,
  unaryProblem,
} from "./e2b-server-connect.ts";
import { filesystem, transfer, watched } from "./e2b-server-files.ts";
import { Processes } from "./e2b-server-process.ts";
import { Sandbox } from "./e2b-server-sandbox.ts";

export interface ServerOptions {
  readonly port?: number;
  /** Sandboxes at one time. */
  readonly instancesMax?: number;
  readonly perSecond?: number;
  /** Null: any key will do. */
  readonly keys?: readonly string[] | null;
  /** Null: any template is known. */
  readonly templates?: readonly string[] | null;
  /** The longest life that may be asked for, in seconds. */
  readonly lifeMax?: number;
  /** Of each sandbox's `/home` and `/tmp`. */
  readonly diskBytes?: number;
  /** Programs that templates lack. */
  readonly without?: readonly string[];
  /** Builds of templates by name, and by `name:tag`. */
  readonly builds?: Readonly<Record<string, string>>;
  /** So many sandboxes of all vanish, at a random moment of their first seconds. */
  readonly vanish?: number;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly sandbox: string | null;
}

/** What goes wrong, the next `times` times that a call is `on`. */
export interface Fault {
  readonly on: (call: Call) => boolean;
  times: number;
  readonly status?: number;
  /** Of a status: a header, in seconds. */
  readonly retryAfter?: number;
  readonly delayMs?: number;
  /** The connection is dropped before anything is done, or after it was done and before it is answered. */
  readonly drop?: "before" | "after";
  /** A stream breaks, or falls silent, after so many messages. */
  readonly stream?: { readonly after: number; readonly how: "cut" | "hang" };
  /** An upload's connection is dropped after so many bytes. */
  readonly cutBytes?: number;
  /** The call's sandbox is gone. */
  readonly vanish?: boolean;
}

interface Held {
  readonly sandbox: Sandbox;
  readonly processes: Processes;
}

const envdVersion = "0.6.13";

export class E2bServer {
  readonly calls: Call[] = [];
  /** As many as were ever there at one time. */
  peak = 0;
  private readonly options: ServerOptions;
  private readonly http: Server;
  private readonly held = new Map<string, Held>();
  private readonly faults: Fault[] = [];
  private made: number[] = [];
  private starting = 0;

  private constructor(options: ServerOptions) {
    this.options = options;
    this.http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
      this.serve(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else json(response, 500, { code: 500, message: messageOf(error) });
      });
    });
  }

  static async start(options: ServerOptions = {}): Promise<E2bServer> {
    const server = new E2bServer(options);
    await new Promise<void>((resolve) => {
      server.http.listen(options.port ?? 0, "127.0.0.1", 1024, () => resolve());
    });
    return server;
  }

  get url(): string {
    const address = this.http.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  /** Those that live. */
  get sandboxes(): readonly Sandbox[] {
    return [...this.held.values()].map(({ sandbox }) => sandbox);
  }

  fault(fault: Partial<Fault> & Pick<Fault, "on">): void {
    this.faults.push({ times: 1, ...fault });
  }

  /** When it is so; looked at often. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds())
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
  }

  called(part: string, method?: string): number {
    return this.calls.filter((call) => call.path.includes(part) && (method ?? call.method) === call.method)
      .length;
  }

  async close(): Promise<void> {
    for (const { sandbox } of this.held.values()) sandbox.kill();
    this.http.closeAllConnections();
    await new Promise((resolve) => {
      this.http.close(resolve);
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://server");
    const id = request.headers["e2b-sandbox-id"] ?? /^\/(?:v2\/)?sandboxes\/(\w+)/.exec(url.pathname)?.[1];
    const call = { method: request.method ?? "", path: url.pathname, sandbox: id?.toString() ?? null };
    this.calls.push(call);
    const fault = this.faultOf(call);
    if (fault?.delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
    if (fault?.drop === "before") return void request.socket.destroy();
    if (fault?.vanish === true) this.held.get(call.sandbox ?? "")?.sandbox.kill();
    if (fault?.status !== undefined) {
      const more = fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) };
      return json(response, fault.status, { code: fault.status, message: "a fault on demand" }, more);
    }
    if (fault?.cutBytes !== undefined) cutAfter(request, fault.cutBytes);
    if (fault?.drop === "after") {
      const { writeHead } = response;
      response.writeHead = () => {
        response.writeHead = writeHead;
        request.socket.destroy();
        return response;
      };
    }
    if (request.headers["e2b-sandbox-id"] === undefined) await this.control(request, response, url, call);
    else await this.inside(request, response, url, call, fault?.stream ?? null);
  }

  private faultOf(call: Call): Fault | null {
    const fault = this.faults.find(({ on, times }) => times > 0 && on(call));
    if (fault === undefined) return null;
    fault.times--;
    return fault;
  }

  /** The control plane. */
  private async control(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    { method, path, sandbox: id }: Call,
  ): Promise<void> {
    const { keys = null } = this.options;
    if (keys !== null && !keys.includes(String(request.headers["x-api-key"])))
      return json(response, 401, { code: 401, message: "Invalid API key" });
    const asked = method === "POST" ? recordOf(JSON.parse((await bodyOf(request)).toString() || "{}")) : {};
    if (/^\/(v2\/)?sandboxes$/.test(path))
      return method === "POST" ? this.create(asked, response) : this.list(url, response);
    const named = /^\/templates\/([^/]+)\/tags$/.exec(path)?.[1];
    if (named !== undefined) return this.tags(decodeURIComponent(named), response);
    const sandbox = this.held.get(id ?? "")?.sandbox;
    if (sandbox === undefined)
      return json(response, 404, {
        code: 404,
        message: `Sandbox "${id}" doesn't exist or you don't have access to it`,
      });
    if (path.endsWith("/timeout")) {
      sandbox.prolong(Number(asked["timeout"]));
      return json(response, 204, null);
    }
    if (path.endsWith("/connect")) {
      sandbox.prolong(Number(asked["timeout"] ?? 300));
      return json(response, 200, created(sandbox));
    }
    if (method !== "DELETE") return json(response, 200, infoOf(sandbox));
    sandbox.kill();
    json(response, 204, null);
  }

  private async create(asked: Readonly<Record<string, unknown>>, response: ServerResponse): Promise<void> {
    const { instancesMax = Infinity, perSecond = Infinity, templates = null, vanish = 0 } = this.options;
    const { lifeMax = Infinity, diskBytes = null, without = [] } = this.options;
    const template = textOf(asked["templateID"]);
    if (templates !== null && !templates.includes(template))
      return json(response, 404, { code: 404, message: `template '${template}' not found` });
    const seconds = Number(asked["timeout"] ?? 15);
    if (seconds > lifeMax) {
      const message = `Timeout cannot be greater than ${lifeMax / 3600} hours`;
      return json(response, 400, { code: 400, message });
    }
    const now = Date.now();
    this.made = this.made.filter((at) => at > now - 1000);
    if (this.made.length >= perSecond)
      return json(response, 429, { code: 429, message: "Rate limit exceeded" }, { "retry-after": "1" });
    if (this.held.size + this.starting >= instancesMax) {
      const message = `you have reached the maximum number of concurrent E2B sandboxes (${instancesMax})`;
      return json(response, 429, { code: 429, message });
    }
    this.made.push(now);
    this.starting++;
    const { metadata, envVars } = asked;
    const spec = {
      template,
      metadata: Object.fromEntries(Object.entries(recordOf(metadata)).map(([k, v]) => [k, String(v)])),
      envs: Object.fromEntries(Object.entries(recordOf(envVars)).map(([k, v]) => [k, String(v)])),
      seconds,
      diskBytes,
      without,
    };
    const sandbox = await Sandbox.start(spec, () => this.held.delete(sandbox.id));
    this.starting--;
    this.held.set(sandbox.id, { sandbox, processes: new Processes(sandbox) });
    this.peak = Math.max(this.peak, this.held.size);
    if (Math.random() < vanish) setTimeout(() => sandbox.kill(), Math.random() * 3000).unref();
    json(response, 201, created(sandbox));
  }

  private tags(name: string, response: ServerResponse): void {
    const builds = Object.entries(this.options.builds ?? {}).filter(([key]) => key.split(":")[0] === name);
    const createdAt = new Date(0).toISOString();
    const tags = builds.map(([key, buildID]) => ({
      tag: key.split(":")[1] ?? "default",
      buildID,
      createdAt,
    }));
    if (tags.length > 0) json(response, 200, tags);
    else json(response, 404, { code: 404, message: `template '${name}' not found` });
  }

  private list(url: URL, response: ServerResponse): void {
    const wanted = [...new URLSearchParams(url.searchParams.get("metadata") ?? "")];
    const limit = Number(url.searchParams.get("limit") ?? 100);
    const from = Number(url.searchParams.get("nextToken") ?? 0);
    const matching = this.sandboxes.filter(({ spec }) =>
      wanted.every(([key, text]) => spec.metadata[decodeURIComponent(key)] === decodeURIComponent(text)),
    );
    const next: Record<string, string> =
      matching.length > from + limit ? { "x-next-token": String(from + limit) } : {};
    json(response, 200, matching.slice(from, from + limit).map(infoOf), next);
  }

  /** What is asked of the daemon in a sandbox. */
  private async inside(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    { path, sandbox: id }: Call,
    fault: Fault["stream"] | null,
  ): Promise<void> {
    const held = this.held.get(id ?? "");
    if (held === undefined)
      return json(response, 502, { sandboxId: id, message: "The sandbox was not found", code: 502 });
    const { sandbox, processes } = held;
    if (path === "/health") return json(response, 204, null);
    if (path === "/files") return transfer(sandbox, request, response, url);
    const body = await bodyOf(request);
    const streams = request.headers["content-type"]?.startsWith("application/connect+json") === true;
    const stream = () => new Envelopes(response, fault ?? null);
    const pingMs = Number(request.headers["keepalive-ping-interval"] ?? 90) * 1000;
    const timeout = request.headers["connect-timeout-ms"];
    try {
      const asked = streams ? firstOf(body) : recordOf(JSON.parse(body.toString() || "{}"));
      switch (path) {
        case "/process.Process/Start":
          return processes.start(asked, stream, timeout === undefined ? null : Number(timeout), pingMs);
        case "/process.Process/Connect":
          return processes.connect(asked, stream, pingMs);
        case "/process.Process/List":
          return json(response, 200, processes.list());
        case "/process.Process/SendInput":
          return json(response, 200, processes.input(asked));
        case "/process.Process/CloseStdin":
          return json(response, 200, processes.closeInput(asked));
        case "/process.Process/SendSignal":
          return json(response, 200, processes.signal(asked));
        case "/filesystem.Filesystem/WatchDir":
          return watched(sandbox, asked, stream);
        default:
          return json(response, 200, await filesystem(sandbox, path.split("/").pop() ?? "", asked));
      }
    } catch (error) {
      if (!streams) return unaryProblem(response, error);
      const code = error instanceof ConnectProblem ? error.code : "internal";
      stream().end({ code, message: messageOf(error) });
    }
  }
}

function cutAfter(request: IncomingMessage, bytes: number): void {
  let seen = 0;
  request.on("data", (chunk: Buffer) => {
    seen += chunk.length;
    if (seen >= bytes) request.socket.destroy();
  });
  request.pause();
}

function created({ id, token, spec }: Sandbox): object {
  return {
    sandboxID: id,
    templateID: spec.template,
    clientID: "local",
    envdVersion,
    envdAccessToken: token,
    domain: null,
  };
}

function infoOf(sandbox: Sandbox): object {
  const { id, spec, startedAt, endAt } = sandbox;
  return {
    sandboxID: id,
    templateID: spec.template,
    clientID: "local",
    envdVersion,
    metadata: spec.metadata,
    startedAt: startedAt.toISOString(),
    endAt: endAt.toISOString(),
    state: "running",
    cpuCount: 2,
    memoryMB: 512,
    diskSizeMB: 1024,
  };
}
