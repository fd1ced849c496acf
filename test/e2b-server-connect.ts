// Connect's JSON as the sandbox daemon speaks it: envelopes of streams, and errors by name.

import type { IncomingMessage, ServerResponse } from "node:http";

/** An error that Connect names. */
export class ConnectProblem extends Error {
  readonly code: string;

  constructor(code: "not_found" | "invalid_argument" | "already_exists" | "unimplemented", message: string) {
    super(message);
    this.code = code;
  }
}

const statuses: Readonly<Record<string, number>> = {
  not_found: 404,
  invalid_argument: 400,
  already_exists: 409,
  unimplemented: 501,
};

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

export function json(response: ServerResponse, status: number, value: unknown, more: object = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...more });
  response.end(value === null ? "" : JSON.stringify(value));
}

export function unaryProblem(response: ServerResponse, error: unknown): void {
  const code = error instanceof ConnectProblem ? error.code : "internal";
  json(response, statuses[code] ?? 500, { code, message: messageOf(error) });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** One stream of envelopes: flags, length as u32be, JSON. */
export class Envelopes {
  private readonly response: ServerResponse;
  /** So many more messages, and then: the connection breaks, or nothing more is said. */
  private readonly fault: { readonly after: number; readonly how: "cut" | "hang" } | null;
  private sent = 0;

  constructor(
    response: ServerResponse,
    fault: { readonly after: number; readonly how: "cut" | "hang" } | null,
  ) {
    this.response = response;
    this.fault = fault;
    response.writeHead(200, { "content-type": "application/connect+json" });
  }

  /** False: the reader is slow, wait for `drained`. */
  send(message: unknown): boolean {
    return this.write(0, message);
  }

  end(error?: { readonly code: string; readonly message: string }): void {
    this.write(2, error === undefined ? {} : { error });
    if (this.fault === null || this.sent <= this.fault.after) this.response.end();
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.response.once("drain", resolve);
      this.response.once("close", resolve);
    });
  }

  onClose(closed: () => void): void {
    this.response.once("close", closed);
  }

  private write(flags: number, message: unknown): boolean {
    if (this.fault !== null && this.sent >= this.fault.after) {
      this.sent++;
      if (this.fault.how === "cut") this.response.destroy();
      return true;
    }
    this.sent++;
    const body = Buffer.from(JSON.stringify(message));
    const head = Buffer.alloc(5);
    head.writeUInt8(flags);
    head.writeUInt32BE(body.length, 1);
    return this.response.destroyed || this.response.write(Buffer.concat([head, body]));
  }
}

/** The one message of a server stream's request. */
export function firstOf(body: Buffer): Readonly<Record<string, unknown>> {
  return recordOf(JSON.parse(body.toString("utf8", 5, 5 + body.readUInt32BE(1))));
}

export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
