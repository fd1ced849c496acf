// In a worker thread: loads a user's module, calls one of its functions, and makes plain JSON of what comes back.

import { closeSync, openSync, writeSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { JsonProblem, plainJson } from "../plain.ts";
import { redactor, secretForms } from "../redact.ts";
import { callsOf, type Handed } from "./batch.ts";
import type { Call, CallResult } from "./call.ts";
import { Slots } from "./slots.ts";

/** Makes the calls one after the other. Gives the last one's result if that has no room in the shared memory. */
export async function callInWorker(handed: Handed): Promise<CallResult | null> {
  const calls = callsOf(handed);
  const slots = new Slots(calls.length, handed.shared);
  for (const [i, call] of calls.entries()) {
    if (!slots.begin(i)) continue;
    const { result, us } = await made(call);
    if (!slots.put(i, JSON.stringify(result), us)) return result;
  }
  return null;
}

/** Loads a module and calls its function, which took so many µs. Never rejects. */
async function made(call: Call): Promise<{ readonly result: CallResult; readonly us: number }> {
  const printed = new Printed(call);
  const took = { us: 0 };
  watch();
  environ(call.env);
  try {
    const broken = new Promise<CallResult>((resolve) => {
      uncaught = (error) =>
        resolve({ why: "throw", message: `An error that nothing caught: ${told(error, call)}` });
    });
    return { result: await Promise.race([invoke(call, took), broken]), us: took.us };
  } finally {
    uncaught = () => {};
    printed.close();
  }
}

/** What becomes of an error that nothing catches: it fails the call that runs, and without one means nothing more. */
let uncaught: (error: unknown) => void = () => {};
let watching = false;

/** A module's mistakes must not end the thread that others use. */
function watch(): void {
  if (watching) return;
  watching = true;
  process.on("uncaughtException", (error) => uncaught(error));
  process.on("unhandledRejection", (error) => uncaught(error));
  process.exit = refuseExit;
}

async function invoke(call: Call, took: { us: number }): Promise<CallResult> {
  let loaded: Readonly<Record<string, unknown>>;
  try {
    loaded = await load(call.file);
  } catch (error) {
    return { why: "launch", message: `\`${call.shown}\` could not be loaded: ${told(error, call)}` };
  }
  const called = exported(loaded, call);
  if (typeof called === "string") return { why: "launch", message: called };
  let value: unknown;
  const before = performance.now();
  try {
    value = await called(call.args, { folder: call.folder });
    took.us = (performance.now() - before) * 1000;
  } catch (error) {
    return {
      why: "throw",
      message: `\`${call.name}\` threw: ${told(error, call, firstLine)}${further(error)}`,
    };
  }
  try {
    return { value: plainJson(value) };
  } catch (error) {
    if (!(error instanceof JsonProblem))
      return { why: "invalid", message: `What it returned cannot be read: ${told(error, call)}` };
    const place = error.path === "" ? "" : ` at \`${error.path}\``;
    return { why: "invalid", message: `What it returned is no JSON${place}: ${error.reason}.` };
  }
}

let registered = false;

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  // Only who has TypeScript pays for its loader, which takes longer than a thread to start.
  if (!registered && /\.[cm]?tsx?$/.test(file)) {
    // A `.ts` file whose package says nothing else is CommonJS.
    const [common, esm] = await Promise.all([import("tsx/cjs/api"), import("tsx/esm/api")]);
    common.register();
    esm.register();
    registered = true;
  }
  const loaded: Readonly<Record<string, unknown>> = await import(pathToFileURL(file).href);
  return loaded;
}

type Callable = (args: Call["args"], place: { readonly folder: string }) => unknown;

/** The function, or a sentence why there is none. */
function exported(loaded: Readonly<Record<string, unknown>>, call: Call): Callable | string {
  const all = new Map<string, unknown>(Object.entries(loaded));
  // A CommonJS module's exports may all stand in its default.
  const whole = loaded["default"];
  if (typeof whole === "object" && whole !== null)
    for (const [name, value] of Object.entries(whole)) if (!all.has(name)) all.set(name, value);
  const found = all.get(call.name);
  if (isCallable(found)) return found;
  if (all.has(call.name))
    return `\`${call.name}\` in \`${call.shown}\` is a ${typeof found}, not a function.`;
  const functions = [...all].filter(([, value]) => isCallable(value)).map(([name]) => `\`${name}\``);
  const others =
    functions.length === 0 ? "It exports no function." : `It exports ${functions.sort().join(", ")}.`;
  return `\`${call.shown}\` has no export \`${call.name}\`. ${others}`;
}

function isCallable(value: unknown): value is Callable {
  return typeof value === "function";
}

/** An error in one line, with the first place of its stack that is in the user's own code. */
function told(error: unknown, call: Call, worded = oneLine): string {
  if (!(error instanceof Error))
    return `${typeof error === "object" ? "an object that is no Error" : String(error)}`;
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : "";
  const place = placeIn(error.stack ?? "", call);
  return `${worded(error)}${cause}${place === null ? "" : ` (${place})`}`;
}

/** How many lines of a thrown message are told. */
const linesMax = 30;

/** The lines below the first one: a module that has found several mistakes tells each on a line of its own. */
function further(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const lines = linesOf(error).slice(1);
  const shown = lines.slice(0, linesMax).map((line) => `\n${line}`);
  const more = lines.length > linesMax ? `\nand ${lines.length - linesMax} more lines` : "";
  return `${shown.join("")}${more}`;
}

function linesOf({ message }: Error): readonly string[] {
  return message
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");
}

function firstLine(error: Error): string {
  const [first = "", ...more] = linesOf(error);
  if (first === "") return error.name;
  return more.length === 0 ? first.trim() : first.trim().replace(/:$/, "");
}

function oneLine({ message, name }: Error): string {
  const text = message.replace(/\s*\n\s*/g, " ").trim();
  // What the loader says does not tell what to do about it.
  if (text.includes('"cjs" output format'))
    return `${text}. Name it \`.mts\`, or put "type": "module" into its package.json.`;
  return text === "" ? name : text;
}

function placeIn(stack: string, call: Call): string | null {
  const root = call.file.endsWith(call.shown) ? call.file.slice(0, -call.shown.length) : "";
  for (const line of stack.split("\n")) {
    const place = /(?:\(|at |^)((?:file:\/\/)?\/[^()]*?)(?:\?[^:()]*)?:(\d+)(?::(\d+))?\)?$/.exec(
      line.trim(),
    );
    if (place === null) continue;
    const [, where = "", row, column] = place;
    const path = where.startsWith("file:") ? fileURLToPath(where) : where;
    if (root === "" ? path !== call.file : !path.startsWith(root) || path.includes("/node_modules/"))
      continue;
    return `${path.slice(root.length)}:${row}${column === undefined ? "" : `:${column}`}`;
  }
  return null;
}

/** The environment of this call and nothing else; what the call before it was given is gone. */
function environ(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) if (!Object.hasOwn(env, name)) delete process.env[name];
  // Most of it is as it was for the call before.
  for (const [name, text] of Object.entries(env)) if (process.env[name] !== text) process.env[name] = text;
}

function refuseExit(code?: number | string | null): never {
  throw new Error(
    `process.exit(${code ?? ""}) was called: a function answers by returning, and fails by throwing`,
  );
}

/** Sends what is printed during a call to the node's log files. */
class Printed {
  private readonly restore: (() => void)[] = [];

  constructor({ stdoutPath, stderrPath, secrets }: Call) {
    const forms = secretForms(secrets);
    for (const [stream, path] of [
      [process.stdout, stdoutPath],
      [process.stderr, stderrPath],
    ] as const) {
      const filter = redactor(forms);
      const before = stream.write;
      // Most functions print nothing.
      let file: number | null = null;
      const print = (bytes: Uint8Array): void => {
        if (bytes.length === 0) return;
        file ??= openSync(path, "a");
        put(file, bytes);
      };
      stream.write = (chunk: unknown, encoding?: unknown, done?: unknown): boolean => {
        const text =
          typeof chunk === "string" ? Buffer.from(chunk, isEncoding(encoding) ? encoding : "utf8") : chunk;
        if (text instanceof Uint8Array) print(filter.push(text));
        const called = typeof encoding === "function" ? encoding : done;
        if (typeof called === "function") queueMicrotask(() => called());
        return true;
      };
      this.restore.push(() => {
        stream.write = before;
        print(filter.end());
        if (file !== null) closeSync(file);
      });
    }
  }

  close(): void {
    for (const restore of this.restore) restore();
  }
}

function isEncoding(value: unknown): value is BufferEncoding {
  return typeof value === "string" && Buffer.isEncoding(value);
}

function put(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}
