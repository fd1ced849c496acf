// The proxy of one run: agents on this machine find their model's API here, and the key does not leave flowc.

import { randomBytes } from "node:crypto";
import {
  createServer,
  Agent as HttpAgent,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { AgentApi, Usage } from "../agent.ts";
import type { ToldBound } from "../limit-state.ts";
import { noUsage } from "../usage.ts";
import { Account } from "./account.ts";
import { Average, type CarryWorld, carry, refuse, type Seat } from "./carry.ts";

const here = "127.0.0.1";

export interface ProxyWorld extends Omit<CarryWorld, "agents"> {
  heard(limit: string, told: readonly ToldBound[]): void;
}

/** An attempt whose agent is to find its API here. */
export interface SeatAsked {
  readonly api: AgentApi;
  readonly env: Readonly<Record<string, string>>;
  /** By which its requests are held; `bounded`: it says how many there may be. */
  readonly limit: { readonly name: string; readonly bounded: boolean };
  readonly n: number;
  readonly a: number;
  /** What serves one attempt after the other keeps its address; null: it is for this attempt alone. */
  readonly instance: object | null;
  /** All that its requests have used until now. */
  used(usage: Usage): void;
  does(text: string): void;
}

export interface Seated {
  /** In place of what was asked with. */
  readonly env: Readonly<Record<string, string>>;
  leave(): void;
}

interface Known {
  readonly token: string;
  readonly seat: Seat;
}

export class ApiProxy {
  private readonly world: CarryWorld;
  private readonly heard: ProxyWorld["heard"];
  private readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  private readonly seats = new Map<string, Seat>();
  private readonly accounts = new Map<string, { readonly account: Account; readonly average: Average }>();
  private readonly kept = new WeakMap<object, Map<string, Known>>();
  private opening: Promise<Server> | null = null;

  constructor(world: ProxyWorld) {
    // As many as agents ask at one time: none of them waits for another here.
    const open = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
    this.agents = { http: new HttpAgent(open), https: new HttpsAgent(open) };
    this.world = { ...world, agents: this.agents };
    this.heard = (limit, told) => world.heard(limit, told);
  }

  async seat(asked: SeatAsked): Promise<Seated | { readonly problem: string }> {
    const { api, env } = asked;
    const address = env[api.url] || api.usual;
    if (address === null)
      return { problem: `\`env: { ${api.url}: … }\` of the agent has to say where its model's API is.` };
    const upstream = urlIn(address);
    if (upstream === null) return { problem: `\`${api.url}\` is no address of an API: ${address}` };
    const { token, seat } = this.known(asked, upstream);
    const port = await this.port();
    const { n, a } = asked;
    const sitting = {
      ...{ n, a, served: noUsage },
      used: (usage: Usage) => asked.used(usage),
      does: (text: string) => asked.does(text),
    };
    seat.sitting = sitting;
    const standIns = Object.fromEntries(
      api.keys.filter((name) => env[name]).map((name, i) => [name, standIn(token, i)]),
    );
    return {
      env: { ...straight(env), ...standIns, [api.url]: `http://${here}:${port}/${token}` },
      leave: () => {
        if (seat.sitting === sitting) seat.sitting = null;
        if (asked.instance === null) this.seats.delete(token);
      },
    };
  }

  async close(): Promise<void> {
    const server = await this.opening?.catch(() => null);
    this.agents.http.destroy();
    this.agents.https.destroy();
    if (server == null) return;
    await new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
    });
  }

  private known(asked: SeatAsked, upstream: URL): Known {
    const { api, env, limit, instance } = asked;
    const real = api.keys.flatMap((name) => (env[name] ? [env[name]] : []));
    const of = JSON.stringify([limit.name, upstream.href, real]);
    const kept = instance === null ? null : (this.kept.get(instance) ?? new Map<string, Known>());
    if (instance !== null && kept !== null) this.kept.set(instance, kept);
    const found = kept?.get(of);
    if (found !== undefined) return found;
    const token = randomBytes(18).toString("base64url");
    const keys = new Map(real.map((key, i) => [standIn(token, i), key]));
    const { account, average } = this.account(of, limit);
    const seat: Seat = { limit: limit.name, upstream, keys, account, average, sitting: null };
    this.seats.set(token, seat);
    kept?.set(of, { token, seat });
    return { token, seat };
  }

  private account(of: string, { name, bounded }: SeatAsked["limit"]) {
    const found = this.accounts.get(of);
    if (found !== undefined) return found;
    const account = new Account(this.world, bounded, (told) => this.heard(name, told));
    const made = { account, average: new Average() };
    this.accounts.set(of, made);
    return made;
  }

  private async port(): Promise<number> {
    this.opening ??= new Promise((done, fail) => {
      const server = createServer((request, response) => void this.take(request, response));
      // A model may think for as long as it likes.
      server.requestTimeout = 0;
      server.once("error", fail);
      server.listen(0, here, () => done(server));
    });
    const address = (await this.opening).address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, token = "", rest = "/"] = /^\/([^/?]*)(.*)$/.exec(request.url ?? "") ?? [];
    const seat = this.seats.get(token);
    if (seat === undefined) {
      request.resume();
      return refuse(response, 403, "permission_error", "this is flowc's proxy, and no agent of its run asks");
    }
    await carry(seat, rest, { request, response }, this.world);
  }
}

/** What leads its requests past another proxy is not meant for ours. */
function straight(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (!Object.keys(env).some((name) => /^(https?|all)_proxy$/i.test(name))) return env;
  const others = (name: string): string => [env[name], here].filter(Boolean).join(",");
  return { ...env, NO_PROXY: others("NO_PROXY"), no_proxy: others("no_proxy") };
}

/** Stands for a key where the agent sees one; worth nothing elsewhere. */
function standIn(token: string, i: number): string {
  return `flowc-${token}-${i}`;
}

function urlIn(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url?.protocol === "http:" || url?.protocol === "https:" ? url : null;
}
