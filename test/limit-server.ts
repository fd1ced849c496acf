// A server that counts what is asked of it in sliding windows, and answers 429 when there is more than it allows.

import { createServer, type Server } from "node:http";

export interface Allowed {
  /** At most so many requests in any `ms`, and at one time. */
  readonly requests: number;
  readonly ms: number;
  readonly atOnce?: number;
}

export class LimitServer {
  /** Wall ms of all requests. */
  readonly asked: number[] = [];
  /** How many it refused. */
  refused = 0;
  /** At one time, at most. */
  most = 0;
  private open = 0;
  private readonly server: Server;

  private constructor(allowed: Allowed, answerMs: number) {
    this.server = createServer((_request, response) => {
      const now = Date.now();
      const counted = this.asked.filter((at) => at > now - allowed.ms).length;
      this.most = Math.max(this.most, ++this.open);
      const tooMany = counted >= allowed.requests || this.open > (allowed.atOnce ?? Number.POSITIVE_INFINITY);
      this.asked.push(now);
      if (tooMany) this.refused++;
      response.statusCode = tooMany ? 429 : 200;
      setTimeout(() => {
        this.open--;
        response.end(tooMany ? "too many" : "ok");
      }, answerMs);
    });
  }

  static start(allowed: Allowed, answerMs: number): Promise<LimitServer> {
    const made = new LimitServer(allowed, answerMs);
    return new Promise((resolve) => made.server.listen(0, "127.0.0.1", () => resolve(made)));
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  }

  /** The most requests in any window of `ms`. */
  mostIn(ms: number): number {
    return Math.max(
      0,
      ...this.asked.map((from) => this.asked.filter((at) => at >= from && at < from + ms).length),
    );
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
