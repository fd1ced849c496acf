// Headers on their way through the proxy: which go on, where the key is put in, and what an API says of its limits.

import type { IncomingHttpHeaders } from "node:http";

/** Of a connection, and not of what is sent over it. What is not compressed can be counted. */
const ofConnection: ReadonlySet<string> = new Set([
  ...["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"],
  ...["te", "trailer", "transfer-encoding", "upgrade", "host", "expect", "accept-encoding"],
]);

/** Names and values in pairs, as they came. */
export function passedOn(raw: readonly string[]): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name = "", value = ""] = raw.slice(i, i + 2);
    if (!ofConnection.has(name.toLowerCase())) pairs.push([name, value]);
  }
  return pairs;
}

/** What goes to the API. `keys`: what stands for a key, and the key. */
export function headersTo(
  raw: readonly string[],
  keys: ReadonlyMap<string, string>,
  bytes: number | null,
): Readonly<Record<string, string | string[]>> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of passedOn(raw)) {
    const lower = name.toLowerCase();
    if (lower === "content-length") continue;
    let text = value;
    for (const [standIn, key] of keys) text = text.replaceAll(standIn, key);
    const before = headers[lower];
    headers[lower] = before === undefined ? text : [before, text].flat();
  }
  if (bytes !== null) headers["content-length"] = String(bytes);
  return headers;
}

/** How long an API asks to be left alone, in ms; null: it does not say. */
export function retryAfterMs(headers: IncomingHttpHeaders, now: number): number | null {
  const text = headers["retry-after"];
  if (text === undefined) return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, Math.round(seconds * 1000));
  const until = Date.parse(text);
  return Number.isNaN(until) ? null : Math.max(0, until - now);
}

/** One limit of an API, by its own words. */
export interface Bucket {
  /** `requests`, `tokens`, `input-tokens`, `output-tokens`. */
  readonly unit: string;
  readonly limit: number;
  readonly remaining: number;
  /** Wall ms. */
  readonly reset: number;
}

const named = /^(?:anthropic|x)-ratelimit-(?:([a-z-]+)-(remaining)|(remaining)-([a-z-]+))$/;

/** `anthropic-ratelimit-requests-remaining` and its like, also as `x-ratelimit-remaining-requests`. */
export function bucketsIn(headers: IncomingHttpHeaders, now: number): readonly Bucket[] {
  const buckets: Bucket[] = [];
  for (const name of Object.keys(headers)) {
    const [, before, , , after] = named.exec(name) ?? [];
    const unit = before ?? after;
    if (unit === undefined) continue;
    const of = (word: string): string => String(headers[name.replace("remaining", word)] ?? "");
    const [limit, remaining] = [Number(of("limit") || Number.NaN), Number(of("remaining") || Number.NaN)];
    const reset = timeIn(of("reset"), now);
    if (Number.isFinite(limit) && Number.isFinite(remaining) && reset !== null)
      buckets.push({ unit, limit: Math.round(limit), remaining: Math.max(0, Math.floor(remaining)), reset });
  }
  return buckets;
}

/** A time, or a span such as `1m30s` or `250ms`. */
function timeIn(text: string, now: number): number | null {
  const at = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  const spans = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)];
  if (spans.length === 0 || spans.map(([all]) => all).join("") !== text) return null;
  const lengths: Readonly<Record<string, number>> = {
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  };
  return now + spans.reduce((sum, [, amount, unit = "s"]) => sum + Number(amount) * (lengths[unit] ?? 0), 0);
}
