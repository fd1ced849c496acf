// Events as rows of the journal and back: nothing read from the disk is believed before its shape was checked.

import { createHash } from "node:crypto";
import type { Plan } from "../compiler/plan.ts";
import { PLAN_VERSION } from "../compiler/plan.ts";
import type { Event, EventBody, EventType } from "./events.ts";
import { eventTypes, runStride } from "./journal-schema.ts";
import { integer, integerOrNull, type Row, type SqlValue } from "./sqlite.ts";

/** A field whose JSON is longer is kept as an artifact, and the event names that. */
export const valueBytesMax = 64 * 1024;

/** Columns of an event's row, in this order; {@link encodeEvent} makes all but the last. */
export const eventColumns = ["id", "at", "epoch", "type", "n", "a", "body", "crc"] as const;

/** Keeps a text outside the journal, durably, and gives its SHA-256. */
export type Spill = (text: string) => string;
/** The text that {@link Spill} kept. */
export type Unspill = (sha256: string) => string;

const spilled = "@sha256";

/** Fields of an event that are columns of their own. */
const envelope: ReadonlySet<string> = new Set(["type", "seq", "at", "epoch", "n", "a"]);

/** Appends the row of an event to `row`. Fields longer than {@link valueBytesMax} go to `spill`. */
export function encodeEvent(event: Event, run: number, spill: Spill, row: SqlValue[]): void {
  const n = "n" in event ? event.n : null;
  const a = "a" in event ? event.a : null;
  row.push(run * runStride + event.seq, event.at, event.epoch, eventTypes.indexOf(event.type), n, a);
  if (event.type === "attempt.started" && event.spoiled === undefined && event.took === undefined) {
    const { key, print = "" } = event;
    // Half of what JSON takes, for each node there is.
    if (isKey(key) && (print === "" || isKey(print))) {
      row.push(Buffer.from(key + print, "hex"));
      return;
    }
  }
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(event)) {
    // What most attempts do goes without saying.
    if (envelope.has(name) || (name === "outcome" && value === "succeeded")) continue;
    fields[name] = value;
  }
  let body = JSON.stringify(fields);
  if (body.length * 3 > valueBytesMax && Buffer.byteLength(body) > valueBytesMax)
    body = shortened(fields, spill);
  row.push(body === "{}" ? null : body);
}

/** Of a SHA-256 in hex. */
const keyLength = 64;

/** A SHA-256 in hex can be kept as its bytes. */
function isKey(key: string): boolean {
  return /^[0-9a-f]{64}$/.test(key);
}

function shortened(fields: Record<string, unknown>, spill: Spill): string {
  const short: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const json = JSON.stringify(value);
    if (json !== undefined && Buffer.byteLength(json) > valueBytesMax) short[name + spilled] = spill(json);
    else short[name] = value;
  }
  return JSON.stringify(short);
}

/** The event of a row, or what is wrong with it, as a clause. */
export function decodeEvent(row: Row, run: number, unspill: Unspill): Event | { readonly problem: string } {
  const type = eventTypes[integer(row, "type")];
  if (type === undefined) return { problem: "it is of a type that this flowc does not know" };
  // An opening's epoch is the one that its event is written in: it stands once.
  const epoch = integer(row, "epoch");
  const fields: Record<string, unknown> = { type, epoch };
  const n = integerOrNull(row, "n");
  const a = integerOrNull(row, "a");
  if (n !== null) fields["n"] = n;
  if (a !== null) fields["a"] = a;
  const body = row["body"];
  if (body instanceof Uint8Array) {
    const hex = Buffer.from(body.buffer, body.byteOffset, body.length).toString("hex");
    fields["key"] = hex.slice(0, keyLength);
    if (hex.length > keyLength) fields["print"] = hex.slice(keyLength);
  } else if (typeof body === "string") {
    const parsed = parsedObject(body);
    if (parsed === null) return { problem: "its body is no JSON" };
    for (const [name, value] of Object.entries(parsed)) {
      if (name.endsWith(spilled) && typeof value === "string")
        fields[name.slice(0, -spilled.length)] = JSON.parse(unspill(value));
      else fields[name] = value;
    }
  }
  if (type === "attempt.ended") fields["outcome"] ??= "succeeded";
  if (!isEventBody(type, fields))
    return { problem: `its field \`${wrongField(type, fields)}\` is missing or of the wrong shape` };
  const seq = integer(row, "id") - run * runStride;
  return { ...fields, seq, at: integer(row, "at"), epoch };
}

function parsedObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isBool: Check = (value) => typeof value === "boolean";
const isNumber: Check = (value) => typeof value === "number";
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const isValue: Check = (value) => value !== undefined;
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const oneOf =
  (...words: readonly string[]): Check =>
  (value) =>
    typeof value === "string" && words.includes(value);
const isFiles: Check = (value) =>
  Array.isArray(value) &&
  value.every((file: unknown) => {
    if (typeof file !== "object" || file === null) return false;
    const { name, path, size, sha256 } = Object.fromEntries(Object.entries(file));
    return isText(name) && isText(path) && isCount(size) && isText(sha256);
  });
const isPlaces: Check = (value) =>
  Array.isArray(value) &&
  value.every((place: unknown) => {
    if (typeof place !== "object" || place === null) return false;
    const { runner, kind, instances, elsewhere } = Object.fromEntries(Object.entries(place));
    const bounded = instances === null || isCount(instances);
    return isText(runner) && isText(kind) && bounded && typeof elsewhere === "boolean";
  });
const isAmounts: Check = (value) => isObject(value) && Object.values(Object(value)).every(isCount);
const isTold: Check = (value) =>
  Array.isArray(value) &&
  value.every((told: unknown) => {
    if (typeof told !== "object" || told === null) return false;
    const { unit, limit, remaining, until } = Object.fromEntries(Object.entries(told));
    return isText(unit) && isCount(limit) && isCount(remaining) && isNumber(until);
  });
const isTook: Check = (value) =>
  Array.isArray(value) &&
  value.every((took: unknown) => {
    if (typeof took !== "object" || took === null) return false;
    const { limit, amounts, slot, ahead } = Object.fromEntries(Object.entries(took));
    return isText(limit) && isAmounts(amounts) && maybe(isText)(slot) && maybe(isAmounts)(ahead);
  });
const isUsage: Check = (value) => {
  if (typeof value !== "object" || value === null) return false;
  const { cost, ...counts } = Object.fromEntries(Object.entries(value));
  const { requests, input, output, cacheRead, cacheWrite } = counts;
  return (
    (cost === null || isNumber(cost)) && [requests, input, output, cacheRead, cacheWrite].every(isNumber)
  );
};
const isSpent: Check = (value) =>
  Array.isArray(value) &&
  value.every((spent: unknown) => {
    if (typeof spent !== "object" || spent === null) return false;
    const { name, cost, tokens, moreCost, moreTokens } = Object.fromEntries(Object.entries(spent));
    return isText(name) && [cost, tokens, moreCost, moreTokens].every(isNumber);
  });
const isLanded: Check = (value) => {
  if (typeof value !== "object" || value === null) return false;
  const { branch, commit, start, into = "", merge = "" } = Object.fromEntries(Object.entries(value));
  return [branch, commit, start, into, merge].every(isText);
};
const isOptions: Check = (value) => {
  if (typeof value !== "object" || value === null) return false;
  const {
    jobs,
    memory = 0,
    disk = 0,
    failFast,
    only,
    on = null,
    set = [],
  } = Object.fromEntries(Object.entries(value));
  return (
    isNumber(jobs) &&
    isNumber(memory) &&
    isNumber(disk) &&
    typeof failFast === "boolean" &&
    (only === null || isTexts(only)) &&
    (on === null || isText(on)) &&
    isTexts(set)
  );
};

const isAmended: Check = (value) => isObject(value) && isOptions({ ...Object(value), only: null });

const shapes: Readonly<Record<EventType, Readonly<Record<string, Check>>>> = {
  "run.started": {
    plan: isText,
    inputs: isObject,
    options: isOptions,
    durations: isObject,
    from: maybe(isText),
    origin: maybe(isText),
    spent: maybe(isSpent),
    flowc: isText,
  },
  "run.opened": {
    epoch: isCount,
    pid: isCount,
    started: isText,
    boot: isText,
    host: isText,
    places: maybe(isPlaces),
    options: maybe(isAmended),
  },
  "run.cancelled": { by: isText, why: oneOf("interrupt", "terminate", "cancel"), note: maybe(isText) },
  "run.ended": { status: oneOf("succeeded", "failed", "cancelled"), output: isValue },
  swept: { refs: isTexts },
  grown: { n: isCount, pass: maybe(isCount), first: isCount, count: isCount, hash: isText },
  "node.cancelled": { n: isCount, why: oneOf("fail_fast", "cancel", "tolerate", "enough", "deadline") },
  "node.decided": {
    n: isCount,
    as: oneOf("succeeded", "failed", "again"),
    value: maybe(isValue),
    by: isText,
    note: maybe(isText),
  },
  "gate.checked": { n: isCount, check: isText, held: isBool, message: maybe(isText) },
  "gate.opened": { n: isCount, item: isText, asks: maybe(isText), until: maybe(isNumber) },
  "gate.decided": {
    n: isCount,
    item: isText,
    answer: oneOf("approved", "rejected", "expired"),
    by: maybe(isText),
    note: maybe(isText),
    given: isNumber,
    from: maybe(isText),
    late: maybe(isBool),
  },
  "node.paused": { n: isCount, by: isText, note: maybe(isText) },
  "node.resumed": { n: isCount, by: isText, note: maybe(isText) },
  "node.skipped": { n: isCount, by: isText, note: maybe(isText) },
  "node.retried": { n: isCount, by: isText, note: maybe(isText) },
  "node.reused": {
    n: isCount,
    from: isText,
    value: maybe(isValue),
    landed: maybe(isLanded),
    files: maybe(isFiles),
    print: maybe(isText),
  },
  "attempt.started": {
    n: isCount,
    a: isCount,
    key: isText,
    print: maybe(isText),
    spoiled: maybe(isText),
    took: maybe(isTook),
  },
  "limit.paused": { limit: isText, until: isNumber, n: maybe(isCount), a: maybe(isCount) },
  "limit.used": { n: isCount, a: isCount, amounts: isAmounts },
  "limit.told": { limit: isText, told: isTold },
  "instance.begun": { runner: isText },
  "attempt.placed": {
    n: isCount,
    a: isCount,
    ref: isText,
    i: maybe(isCount),
    runner: maybe(isText),
    session: maybe(isText),
  },
  "instance.opened": { i: isCount, runner: isText, kind: isText, ref: isText },
  "instance.closed": { i: isCount, why: oneOf("used", "idle", "unwell", "lost") },
  "attempt.early": { n: isCount, a: isCount, field: isText, value: isValue, files: maybe(isFiles) },
  "attempt.used": { n: isCount, a: isCount, usage: isUsage },
  "budget.extended": {
    n: isCount,
    cost: maybe(isNumber),
    tokens: maybe(isNumber),
    by: isText,
    note: maybe(isText),
  },
  "attempt.answered": {
    n: isCount,
    a: isCount,
    landed: isLanded,
    exit: maybe(isNumber),
    value: maybe(isValue),
    files: maybe(isFiles),
    message: maybe(isText),
  },
  "attempt.ended": {
    n: isCount,
    a: isCount,
    landed: maybe(isLanded),
    outcome: oneOf("succeeded", "failed", "lost", "cancelled"),
    why: maybe(isText),
    message: maybe(isText),
    exit: maybe(isNumber),
    signal: maybe(isText),
    value: maybe(isValue),
    files: maybe(isFiles),
    print: maybe(isText),
    tail: maybe(isText),
    after_ms: maybe(isNumber),
    again_at: maybe(isNumber),
  },
};

/** A journal has as many events as its nodes take: what a shape consists of is taken apart once. */
const checks: ReadonlyMap<string, readonly (readonly [string, Check])[]> = new Map(
  Object.entries(shapes).map(([type, shape]) => [type, Object.entries(shape)]),
);

function wrongField(type: EventType, fields: Readonly<Record<string, unknown>>): string | null {
  for (const [name, check] of checks.get(type) ?? []) if (!check(fields[name])) return name;
  return null;
}

function isEventBody(
  type: EventType,
  fields: Readonly<Record<string, unknown>>,
): fields is EventBody & Readonly<Record<string, unknown>> {
  return wrongField(type, fields) === null;
}

/** A plan's JSON as it is stored, and its hash. */
export function encodePlan(plan: Plan): { readonly text: string; readonly hash: string } {
  const text = JSON.stringify(plan);
  return { text, hash: sha256(text) };
}

/** The plan of a stored text, which must have this hash; or what is wrong, as a clause. */
export function decodePlan(
  text: string,
  hash: string,
): { readonly plan: Plan } | { readonly problem: string } {
  if (sha256(text) !== hash) return { problem: "a stored plan is not what its hash says" };
  const value: unknown = JSON.parse(text);
  if (!isPlan(value)) return { problem: "a stored plan is of a version this flowc cannot run" };
  const older: Partial<Plan> = value;
  // A flowc that knew no place but this machine stored no runners.
  return { plan: { ...value, runners: older.runners ?? [] } };
}

/** What has the right hash was written by flowc from a checked plan; only its version is left to be looked at. */
function isPlan(value: unknown): value is Plan {
  return typeof value === "object" && value !== null && "version" in value && value.version === PLAN_VERSION;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
