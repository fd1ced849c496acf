// What an API says that a request has used, read from its answer while that passes: JSON, or a stream of events.

import { StringDecoder } from "node:string_decoder";
import type { Usage } from "../agent.ts";
import { largest, noUsage } from "../usage.ts";

/** An answer that is longer is passed on, and not read. */
const jsonCharsMax = 32 * 1024 * 1024;
const lineCharsMax = 4 * 1024 * 1024;

export class ServedUsage {
  private readonly told: () => void;
  private readonly decoder = new StringDecoder("utf8");
  private readonly kind: "events" | "json" | "other";
  private text = "";
  private used: Usage = noUsage;

  /** `told`: called when more is known. */
  constructor(type: string, encoding: string | undefined, told: () => void) {
    this.told = told;
    const plain = encoding === undefined || encoding === "identity";
    this.kind = !plain
      ? "other"
      : /event-stream/.test(type)
        ? "events"
        : /json/.test(type)
          ? "json"
          : "other";
  }

  get usage(): Usage {
    return this.used;
  }

  push(chunk: Uint8Array): void {
    if (this.kind === "other") return;
    this.text += this.decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (this.kind === "json") {
      if (this.text.length > jsonCharsMax) this.text = "";
      return;
    }
    const end = this.text.lastIndexOf("\n");
    if (end < 0) {
      if (this.text.length > lineCharsMax) this.text = "";
      return;
    }
    const lines = this.text.slice(0, end).split("\n");
    this.text = this.text.slice(end + 1);
    for (const line of lines)
      if (line.startsWith("data:") && line.includes('"usage"')) this.read(line.slice("data:".length));
  }

  end(): void {
    if (this.kind === "json" && this.text !== "") this.read(this.text);
    this.text = "";
  }

  private read(text: string): void {
    let found: unknown;
    try {
      found = JSON.parse(text);
    } catch {
      return;
    }
    const body = fieldsOf(found);
    const usage = fieldsOf(body["usage"] ?? fieldsOf(body["message"])["usage"]);
    const cached = count(fieldsOf(usage["prompt_tokens_details"]), "cached_tokens");
    const now = {
      requests: 1,
      input: count(usage, "input_tokens") + Math.max(0, count(usage, "prompt_tokens") - cached),
      output: count(usage, "output_tokens") + count(usage, "completion_tokens"),
      cacheRead: count(usage, "cache_read_input_tokens") + cached,
      cacheWrite: count(usage, "cache_creation_input_tokens"),
      cost: null,
    };
    const used = largest(this.used, now);
    if (JSON.stringify(used) === JSON.stringify(this.used)) return;
    this.used = used;
    this.told();
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function count(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? Math.round(value) : 0;
}
