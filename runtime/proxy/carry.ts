// One request on its way through the proxy: held until it may go, sent with the real key, and its answer passed on as it comes.

import { type Agent, type IncomingMessage, request as plainRequest, type ServerResponse } from "node:http";
import { request as secureRequest } from "node:https";
import type { Usage } from "../agent.ts";
import { noUsage, plus, tokensOf } from "../usage.ts";
import type { Account, Flight, Thought } from "./account.ts";
import { headersTo, passedOn, retryAfterMs } from "./headers.ts";
import type { PassAsked, Passed } from "./passes.ts";
import { ServedUsage } from "./served.ts";

/** The attempt whose agent sends a request. */
export interface Sitting {
  readonly n: number;
  readonly a: number;
  /** All that its requests have used so far. */
  served: Usage;
  used(usage: Usage): void;
  does(text: string): void;
}

/** Where the requests of one process go. */
export interface Seat {
  readonly limit: string;
  readonly upstream: URL;
  readonly keys: ReadonlyMap<string, string>;
  readonly account: Account;
  readonly average: Average;
  sitting: Sitting | null;
}

export interface CarryWorld {
  readonly agents: { readonly http: Agent; readonly https: Agent };
  now(): number;
  random(): number;
  timer(ms: number, wake: () => void): () => void;
  pass(asked: PassAsked): Promise<Passed | null>;
  paused(n: number, a: number, until: number, limit: string): void;
}

/** A request is kept until it was answered: it may have to be sent again. */
const bodyBytesMax = 64 * 1024 * 1024;
/** So long a request is held, before whoever waits for it is asked to come again: its own patience ends, too. */
const holdMs = 240_000;
/** An API that gives nothing is asked so often for one request. */
const sendsMax = 6;
/** Where it does not say when to come again. */
const patienceMs = 2000;
const jitterMost = 0.1;

/** How requests and their answers were so far: by this it is thought what the next one takes. */
export class Average {
  private mean = 200;
  private factor = 1;

  get output(): number {
    return Math.ceil(this.mean);
  }

  /** Of a request with so many bytes. Four of them are a token, or fewer if that was so; what a cache may save is not relied on. */
  thought(bytes: number): Thought {
    return { input: Math.ceil((bytes / 4) * this.factor), output: this.output };
  }

  add(bytes: number, { input, output, cacheWrite }: Usage): void {
    this.mean += (output - this.mean) / 8;
    const factor = (input + cacheWrite) / Math.max(1, bytes / 4);
    this.factor = Math.max(1, factor, this.factor + (factor - this.factor) / 8);
  }
}

/** Carries it to its end. Never rejects. */
export async function carry(
  seat: Seat,
  path: string,
  came: { readonly request: IncomingMessage; readonly response: ServerResponse },
  world: CarryWorld,
): Promise<void> {
  const { response } = came;
  const left = new AbortController();
  response.once("close", () => left.abort());
  try {
    await new Carrying(seat, path, came, world, left.signal).go();
  } catch (error) {
    if (!response.headersSent)
      refuse(response, 502, "api_error", `flowc could not pass it on: ${said(error)}`);
    else response.destroy();
  }
}

class Carrying {
  private readonly seat: Seat;
  private readonly path: string;
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private readonly world: CarryWorld;
  /** Whoever asked has gone, or has its answer. */
  private readonly left: AbortSignal;
  private readonly sitting: Sitting;
  private readonly heldUntil: number;
  private bytes = 0;

  constructor(
    seat: Seat,
    path: string,
    came: { readonly request: IncomingMessage; readonly response: ServerResponse },
    world: CarryWorld,
    left: AbortSignal,
  ) {
    this.seat = seat;
    this.path = path;
    this.request = came.request;
    this.response = came.response;
    this.world = world;
    this.left = left;
    this.sitting = seat.sitting ?? nobody;
    this.heldUntil = world.now() + holdMs;
  }

  async go(): Promise<void> {
    const { request, response, seat, sitting } = this;
    if (sitting === nobody)
      return refuse(
        response,
        403,
        "permission_error",
        "no node of a run asks for anything by this address now",
      );
    const body = await bodyOf(request);
    this.bytes = body?.length ?? 0;
    if (body === null)
      return refuse(response, 413, "request_too_large", "the request is longer than flowc passes on");
    const counts = request.method === "POST" && !/\/count_tokens$/.test(this.path);
    if (!counts) {
      const answer = await this.sent(body);
      if (answer !== null) await this.answer(answer, null);
      return;
    }
    const thought = seat.average.thought(body.length);
    for (let sends = 1; ; sends++) {
      const gone = await this.held(thought);
      if (gone === null) return;
      const answer = await this.sent(body);
      if (answer === null) {
        seat.account.gone(gone.flight);
        gone.passed.end(null);
        return;
      }
      gone.passed.arrived();
      const after = this.patience(answer);
      seat.account.heard(gone.flight, answer.headers, after);
      if (after === null) return this.answer(answer, gone.passed);
      gone.passed.end({ requests: 1, tokens: 0 });
      const until = this.world.now() + after;
      this.world.paused(sitting.n, sitting.a, until, seat.limit);
      if (sends === sendsMax || until > this.heldUntil) return this.answer(answer, null);
      answer.resume();
    }
  }

  /** Until both its limit and the API have room for it; null: whoever asked has gone, or was told to come again. */
  private async held(thought: Thought): Promise<{ readonly flight: Flight; readonly passed: Passed } | null> {
    const { seat, sitting, world } = this;
    const late = new AbortController();
    const takeBack = world.timer(Math.max(1, this.heldUntil - world.now()), () => late.abort());
    const stop = AbortSignal.any([this.left, late.signal]);
    const waits = (by: string): void => sitting.does(`waits for ${by}`);
    try {
      for (;;) {
        const flight = await seat.account.take(thought, stop, (by, until) =>
          waits(`its model: ${by}${secondsTo(until, world.now())}`),
        );
        if (flight === null) return this.comeAgain();
        const amounts = { requests: 1, tokens: thought.input + thought.output };
        const { n, a } = sitting;
        const passed = await world.pass({ n, a, limit: seat.limit, amounts, stop, held: waits });
        if (passed === null) {
          seat.account.gone(flight);
          return this.comeAgain();
        }
        if (seat.account.hasRoom(flight)) return { flight, passed };
        // The API has less than before we waited for the limit.
        passed.end(null);
        seat.account.gone(flight);
      }
    } finally {
      takeBack();
    }
  }

  private comeAgain(): null {
    if (!this.left.aborted)
      refuse(this.response, 429, "rate_limit_error", "flowc has held it for long; come again", {
        "retry-after": "1",
      });
    return null;
  }

  /** How long the API wants to be left alone; null: it does not. */
  private patience({ statusCode, headers }: IncomingMessage): number | null {
    const after = retryAfterMs(headers, this.world.now());
    if (statusCode !== 429 && !(statusCode === 529 && after !== null)) return null;
    const ms = after ?? patienceMs;
    return Math.ceil(ms * (1 + jitterMost * this.world.random()));
  }

  /** Its answer begins; null: whoever asked has gone, or was told that there is no way. */
  private async sent(body: Buffer): Promise<IncomingMessage | null> {
    for (let again = false; ; again = true) {
      try {
        return await this.send(body);
      } catch (error) {
        if (this.left.aborted) return null;
        // The API may have closed what was kept open, just when we wrote to it.
        if (!again && error instanceof Stale) continue;
        const message = `the model's API cannot be reached at ${this.seat.upstream.origin}: ${said(error)}`;
        refuse(this.response, 502, "api_error", message);
        return null;
      }
    }
  }

  private send(body: Buffer): Promise<IncomingMessage> {
    const { request, seat, left, world } = this;
    const { upstream } = seat;
    const url = new URL(upstream.pathname.replace(/\/$/, "") + this.path, upstream);
    const secure = url.protocol === "https:";
    const hasBody = body.length > 0 || request.method === "POST";
    return new Promise((done, fail) => {
      const sent = (secure ? secureRequest : plainRequest)(url, {
        method: request.method ?? "GET",
        headers: headersTo(request.rawHeaders, seat.keys, hasBody ? body.length : null),
        agent: secure ? world.agents.https : world.agents.http,
        signal: left,
      });
      sent.once("response", done);
      sent.once("error", (error: NodeJS.ErrnoException) =>
        fail(sent.reusedSocket && error.code === "ECONNRESET" ? new Stale(error.message) : error),
      );
      sent.end(body);
    });
  }

  /** Passes it on as it comes; `passed`: it counts. */
  private answer(answer: IncomingMessage, passed: Passed | null): Promise<void> {
    const { response, seat, sitting } = this;
    const { statusCode = 502, headers, rawHeaders } = answer;
    const good = statusCode >= 200 && statusCode < 300;
    let ended = false;
    const read: ServedUsage = new ServedUsage(
      headers["content-type"] ?? "",
      headers["content-encoding"],
      () => {
        const { usage } = read;
        const rest = ended ? 0 : Math.max(0, seat.average.output - usage.output);
        if (good && passed !== null) passed.corrected({ requests: 1, tokens: tokensOf(usage) + rest });
      },
    );
    response.writeHead(statusCode, passedOn(rawHeaders).flat());
    response.flushHeaders();
    return new Promise((done) => {
      const over = (whole: boolean): void => {
        if (ended) return;
        ended = true;
        read.end();
        const { usage } = read;
        if (passed !== null && good) {
          if (whole) seat.average.add(this.bytes, usage);
          sitting.served = plus(sitting.served, { ...usage, requests: 1 });
          sitting.used(sitting.served);
        }
        // What broke off may have used more than was told.
        if (whole) passed?.end({ requests: 1, tokens: good ? tokensOf(usage) : 0 });
        else passed?.end({ requests: 1, tokens: tokensOf(usage) + seat.average.output });
        done();
      };
      answer.on("data", (chunk: Buffer) => {
        read.push(chunk);
        if (!response.write(chunk)) answer.pause();
      });
      response.on("drain", () => answer.resume());
      answer.once("end", () => {
        response.end();
        over(true);
      });
      const broken = (): void => {
        if (!answer.complete) response.destroy();
        over(answer.complete);
      };
      answer.once("error", broken);
      answer.once("close", broken);
      response.once("close", () => {
        if (!answer.complete) answer.destroy();
        over(answer.complete);
      });
    });
  }
}

/** A connection that was kept open, and was not any more. */
class Stale extends Error {}

const nobody: Sitting = {
  ...{ n: 0, a: 0 },
  served: noUsage,
  used: () => {},
  does: () => {},
};

/** As the Messages API words it. */
export function refuse(
  response: ServerResponse,
  status: number,
  type: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify({ type: "error", error: { type, message } }));
}

/** Null: it is too long. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > bodyBytesMax) return null;
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

function secondsTo(until: number, now: number): string {
  return Number.isFinite(until) ? `; more in ${Math.max(1, Math.ceil((until - now) / 1000))}s` : "";
}

function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
