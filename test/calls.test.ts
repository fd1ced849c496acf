// Functions of users' modules in worker threads: what they get, what they may return, and that one which hangs harms nobody.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type AttemptReport, neverBegan } from "../runtime/attempt-report.ts";
import {
  dir,
  env,
  file,
  listOf,
  openTestWorld,
  optional,
  record,
  string,
  type TestWorld,
} from "./attempts.ts";

const int = { kind: "int" } as const;
const modules: Readonly<Record<string, string>> = {
  "plans.ts": `import { twice } from "./lib/twice.ts";
    export interface Args { a: string; b?: number }
    export enum Kind { One = "one" }
    export const answer = async (args: Args): Promise<string> => twice(args.a) + Kind.One;
    export function all(args: unknown) { return JSON.stringify(args); }
    export function fails(): never {
      throw new TypeError("no good", { cause: new Error("the reason") });
    }
    export const throwsLines = () => { throw new Error("2 mistakes:\\na.md:1: one\\n  b.md:2: two\\n"); };
    export const rejects = async () => { await null; return Promise.reject(new Error("later")); };
    export const value = 42;
  `,
  "lib/twice.ts": "export const twice = (text: string) => text + text;",
  "plain.mjs": `import { renameSync, writeFileSync } from "node:fs";
    import { spawn } from "node:child_process";
    export const name = import.meta.url;
    export const echo = ({ a }) => a;
    export const never = () => new Promise(() => {});
    export function spin({ a }) { if (a) writeFileSync(a, "spinning"); for (;;); }
    export function spin3({ a }) { if (a === "") return null; writeFileSync(a, "spinning"); for (;;); }
    export const exits = () => process.exit(0);
    export const exitsLater = () => new Promise(() => setTimeout(() => process.exit(3), 1));
    export const throwsLater = () => new Promise(() => setTimeout(() => { throw new Error("from a timer"); }, 1));
    export const leavesRejection = () => { void Promise.reject(new Error("nobody looks")); return new Promise(() => {}); };
    export const throwsText = () => { throw "just text"; };
    export const prints = ({ a }) => { console.log("out", a); console.error("err"); process.stdout.write("raw"); process.stdout.write(new Uint8Array([33])); return null; };
    export const variables = () => Object.keys(process.env).sort();
    export const variable = () => process.env.TOKEN ?? "none";
    export const leak = () => { console.log(process.env.TOKEN); return 1; };
    export const odd = ({ a }) => ({ function: () => 1, symbol: Symbol("x"), bigint: 1n, date: new Date(0), map: new Map(), nan: NaN, circle: (() => { const c = {}; c.c = c; return c; })() })[a];
    export const nested = () => ({ list: [1, { f: () => 1 }] });
    export const hostile = () => new Proxy({}, { ownKeys() { throw new Error("no keys for you"); } });
    export const undefinedField = () => ({ x: 1, y: undefined });
    export const nothing = () => {};
    export const path = ({ a }) => { writeFileSync(a, "made"); return a; };
    let count = 0;
    export const counts = () => ++count;
    export const eats = () => { const all = []; for (;;) all.push(new Array(1e6).fill(all.length)); };
    export const leavesChild = ({ a }) => { const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }); writeFileSync(a + ".part", String(child.pid)); renameSync(a + ".part", a); return new Promise(() => {}); };
    export class Thing {}
  `,
  "common.cjs": "exports.one = () => 1; module.exports.two = async () => 2;",
  "whole.cjs": "module.exports = { three: () => 3 };",
  "broken.ts": "export const x = ;",
  "await.ts": "await null; export const x = () => 1;",
  "await.mts": "await null; export const x = () => import.meta.url;",
  "esm/package.json": '{ "type": "module" }',
  "esm/plans.ts":
    "const one: number = await 1; export const x = (): number => one; export const fails = () => { throw new Error('here'); };",
  "throws.mjs": "throw new Error('while loading');",
  "imports.mjs": "import 'no-such-package-xyz'; export const f = () => 1;",
};

let world: TestWorld;
beforeAll(() => {
  world = openTestWorld({ secrets: { TOKEN: "s3cret-t0ken" }, inherited: { HOME: "/home/me", OTHER: "x" } });
  for (const [path, text] of Object.entries(modules)) world.write(path, text);
});
afterAll(() => world.close());

type Task = Parameters<TestWorld["attempt"]>[0];
const call = (
  path: string,
  name: string,
  more: Omit<Task, "call"> = {},
  stop?: AbortSignal,
): Promise<AttemptReport> =>
  world.attempt({ call: { file: path, export: name }, answer: optional(string), ...more }, stop);

describe("a function", () => {
  test("of a TypeScript module, with imports and syntax that is more than types", async () => {
    expect(await call("plans.ts", "answer", { values: [[string, "x"]] })).toEqual({
      outcome: "succeeded",
      value: "xxone",
    });
  });
  test("of an ES module and of CommonJS", async () => {
    expect((await call("plain.mjs", "echo", { values: [[string, "$(x) 'y'\n\0"]] })).value).toBe(
      "$(x) 'y'\n\0",
    );
    expect((await call("common.cjs", "one", { answer: int })).value).toBe(1);
    expect((await call("common.cjs", "two", { answer: int })).value).toBe(2);
    expect((await call("whole.cjs", "three", { answer: int })).value).toBe(3);
  });
  test("of whatever kind its file and its package say", async () => {
    expect(await call("await.mts", "x")).toMatchObject({ value: expect.stringMatching(/await\.mts$/) });
    expect(await call("esm/plans.ts", "x", { answer: int })).toMatchObject({ value: 1 });
    expect(await call("esm/plans.ts", "fails")).toMatchObject({
      message: "`fails` threw: here (esm/plans.ts:1:101)",
    });
    expect(await call("await.ts", "x")).toMatchObject({
      why: "launch",
      message: expect.stringContaining("Name it `.mts`"),
    });
  });
  test("gets the parameters as one object", async () => {
    const { value } = await call("plans.ts", "all", {
      values: [
        [int, 1],
        [listOf(string), ["a", "b"]],
        [optional(string), null],
        [record({ x: int }), { x: 1 }],
      ],
    });
    expect(JSON.parse(String(value))).toEqual({ a: 1, b: ["a", "b"], c: null, d: { x: 1 } });
  });
  test("gets files with a path that can be read", async () => {
    world.write("input.txt", "content");
    const made = await world.attempt({
      run: "mkdir -p folder; echo x > folder/f",
      result: { k: "call", fn: "dir", args: [{ k: "lit", v: "folder" }], types: [string] },
    });
    const kept = await world.attempt({ run: "printf kept > kept.txt; echo kept.txt > $OUT", answer: file });
    const { value } = await call("plans.ts", "all", {
      values: [
        [file, kept.value ?? null],
        [dir, made.value ?? null],
      ],
    });
    const got: { a: { path: string; name: string }; b: { path: string } } = JSON.parse(String(value));
    expect(got.a.path.startsWith("/")).toBe(true);
    expect(got.a.name).toBe("kept.txt");
    expect(got.b.path.endsWith("/folder")).toBe(true);
  });
  test("has an environment of its own, and prints into the node's logs", async () => {
    const settings = { env: [{ name: "TOKEN", secret: "TOKEN" }] };
    const { value } = await call("plain.mjs", "variables", { answer: listOf(string), settings });
    expect(value).toEqual([
      "FLOWC_ATTEMPT",
      "FLOWC_COOKIE",
      "FLOWC_IDEMPOTENCY_KEY",
      "FLOWC_NODE",
      "FLOWC_RUN",
      "HOME",
      "OUT",
      "PATH",
      "TMPDIR",
      "TOKEN",
    ]);
    expect((await call("plain.mjs", "variable")).value).toBe("none");
    await call("plain.mjs", "prints", { values: [[string, "x"]] });
    expect(world.printed()).toEqual({ out: "out x\nraw!", err: "err\n" });
    await call("plain.mjs", "leak", { answer: int, settings });
    expect(world.printed().out).toBe("***\n");
    expect(await call("plain.mjs", "variable", { settings })).toMatchObject({
      outcome: "failed",
      why: "invalid",
      message: expect.stringContaining("secret"),
    });
  });
  test("may be followed by a `return`", async () => {
    expect(
      (await call("plain.mjs", "prints", { values: [[string, "x"]], answer: string, result: env("stdout") }))
        .value,
    ).toBe("out x\nraw!");
  });
  test("may answer with a file's path", async () => {
    expect(
      await call("plain.mjs", "path", { values: [[string, join(world.project, "abs.txt")]], answer: file }),
    ).toMatchObject({ why: "invalid", message: expect.stringContaining("relative") });
  });
});

describe("what it returns", () => {
  test("is JSON, or told where it is not", async () => {
    for (const [kind, words] of [
      ["function", "function"],
      ["symbol", "symbol"],
      ["bigint", "bigint"],
      ["date", "Date"],
      ["map", "Map"],
      ["nan", "NaN"],
      ["circle", "nested deeper"],
    ] as const)
      expect(await call("plain.mjs", "odd", { values: [[string, kind]] }), kind).toMatchObject({
        outcome: "failed",
        why: "invalid",
        message: expect.stringContaining(words),
      });
    expect(await call("plain.mjs", "nested")).toMatchObject({
      why: "invalid",
      message: expect.stringContaining("`list[1].f`"),
    });
    expect(await call("plain.mjs", "hostile")).toMatchObject({
      why: "invalid",
      message: expect.stringContaining("no keys for you"),
    });
  });
  test("fits its type, or told why not", async () => {
    expect(await call("plain.mjs", "nothing")).toMatchObject({ outcome: "succeeded", value: null });
    expect(await call("plain.mjs", "nothing", { answer: string })).toMatchObject({
      why: "invalid",
      message: expect.stringContaining("What it returned does not fit"),
    });
    expect(
      (await call("plain.mjs", "undefinedField", { answer: record({ x: int, y: optional(int) }) })).value,
    ).toEqual({ x: 1, y: null });
    expect((await call("plain.mjs", "counts", { answer: { kind: "json" } })).outcome).toBe("succeeded");
  });
});

describe("failures", () => {
  test("a throw, with its first place in the user's code", async () => {
    expect(await call("plans.ts", "fails")).toEqual({
      outcome: "failed",
      why: "throw",
      message: "`fails` threw: no good (the reason) (plans.ts:7:13)",
    });
    expect(await call("plans.ts", "rejects")).toMatchObject({
      why: "throw",
      message: expect.stringContaining("later (plans.ts:10"),
    });
    expect(await call("plain.mjs", "throwsText")).toMatchObject({
      why: "throw",
      message: "`throwsText` threw: just text",
    });
    expect(await call("plans.ts", "throwsLines")).toMatchObject({
      why: "throw",
      message: expect.stringMatching(
        /^`throwsLines` threw: 2 mistakes \(plans\.ts:.*\)\na\.md:1: one\n {2}b\.md:2: two$/,
      ),
    });
  });
  test("an export that is not there, or is no function", async () => {
    expect(await call("plans.ts", "anser")).toMatchObject({
      outcome: "failed",
      why: "launch",
      message:
        "`plans.ts` has no export `anser`. It exports `all`, `answer`, `fails`, `rejects`, `throwsLines`.",
    });
    expect(await call("plans.ts", "value")).toMatchObject({
      why: "launch",
      message: "`value` in `plans.ts` is a number, not a function.",
    });
    expect(await call("plain.mjs", "toString")).toMatchObject({ why: "launch" });
    expect(await call("plain.mjs", "Thing")).toMatchObject({ why: "throw" });
  });
  test("a module that is not there, or cannot be loaded", async () => {
    expect(await call("nowhere.ts", "f")).toMatchObject({
      why: "launch",
      message: expect.stringContaining("`nowhere.ts` could not be loaded"),
    });
    expect(await call("broken.ts", "x")).toMatchObject({
      why: "launch",
      message: expect.stringContaining("`broken.ts` could not be loaded"),
    });
    expect(await call("throws.mjs", "x")).toMatchObject({
      why: "launch",
      message: expect.stringContaining("while loading (throws.mjs:1"),
    });
    expect(await call("imports.mjs", "f")).toMatchObject({
      why: "launch",
      message: expect.stringContaining("no-such-package-xyz"),
    });
  });
  test("process.exit ends nothing", async () => {
    expect(await call("plain.mjs", "exits")).toMatchObject({
      outcome: "failed",
      why: "throw",
      message: expect.stringContaining("process.exit(0) was called"),
    });
    expect(await call("plain.mjs", "exitsLater")).toMatchObject({
      outcome: "failed",
      why: "throw",
      message: expect.stringContaining("process.exit(3) was called"),
    });
  });
  test("an error that nothing catches", async () => {
    expect(await call("plain.mjs", "throwsLater")).toMatchObject({
      outcome: "failed",
      why: "throw",
      message: expect.stringContaining("from a timer"),
    });
    expect(await call("plain.mjs", "leavesRejection")).toMatchObject({
      outcome: "failed",
      why: "throw",
      message: expect.stringContaining("nobody looks"),
    });
    expect((await call("plain.mjs", "echo", { values: [[string, "fine"]] })).value).toBe("fine");
  });
});

describe("one that hangs", () => {
  /** When a module has told that it runs: starting a thread takes long on a busy machine. */
  const running = (flag: string) =>
    expect.poll(() => existsSync(flag), { interval: 5, timeout: 30_000 }).toBe(true);

  test("in a promise or in a loop ends at its timeout, and stalls nobody", async () => {
    const flag = join(world.project, "spinning");
    const hanging = [
      call("plain.mjs", "never", { settings: { timeoutSeconds: 0.3 } }),
      call("plain.mjs", "spin", { settings: { timeoutSeconds: 3 }, values: [[string, flag]] }),
    ];
    await running(flag);
    expect((await call("plain.mjs", "echo", { values: [[string, "meanwhile"]] })).value).toBe("meanwhile");
    const ended = (after: string) => ({
      outcome: "failed",
      why: "timeout",
      message: `It did not end within its timeout of ${after}, and was ended.`,
    });
    expect(await Promise.all(hanging)).toEqual([ended("300ms"), ended("3s")]);
    const after = Array.from({ length: 6 }, (_, i) =>
      call("plain.mjs", "echo", { values: [[string, `${i}`]] }),
    );
    expect((await Promise.all(after)).map(({ value }) => value)).toEqual(["0", "1", "2", "3", "4", "5"]);
  });
  test("among short ones of its kind keeps nobody", async () => {
    const controller = new AbortController();
    const flag = join(world.project, "spinning3");
    const many = (count: number) =>
      Array.from({ length: count }, () => call("plain.mjs", "spin3", { values: [[string, ""]] }));
    // By now it is known to be short.
    for (let i = 0; i < 10; i++) await Promise.all(many(1));
    const before = many(20);
    const spinning = call("plain.mjs", "spin3", { values: [[string, flag]] }, controller.signal);
    const behind = many(20);
    await running(flag);
    const ends = await Promise.all([...before, ...behind]);
    expect(ends.every(({ outcome }) => outcome === "succeeded")).toBe(true);
    controller.abort();
    expect(await spinning).toEqual({ outcome: "cancelled" });
  });
  test("is ended by a stop, before and in the middle", async () => {
    const controller = new AbortController();
    const flag = join(world.project, "spinning2");
    const spinning = call("plain.mjs", "spin", { values: [[string, flag]] }, controller.signal);
    await running(flag);
    controller.abort();
    expect(await spinning).toEqual({ outcome: "cancelled" });
    expect(await call("plain.mjs", "never", {}, controller.signal)).toEqual(neverBegan);
  });
  test("has the processes that it started ended, too", async () => {
    const controller = new AbortController();
    const path = join(world.project, "pid");
    const leaving = call("plain.mjs", "leavesChild", { values: [[string, path]] }, controller.signal);
    await running(path);
    const pid = readFileSync(path, "utf8");
    const state = () => {
      try {
        return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.[0] ?? "gone";
      } catch {
        return "gone";
      }
    };
    expect(["S", "R", "D"]).toContain(state());
    controller.abort();
    expect(await leaving).toEqual({ outcome: "cancelled" });
    expect(["gone", "Z"]).toContain(state());
  });
});

test("one that eats all memory takes only its thread with it", async () => {
  const small = openTestWorld({ calls: { threads: 1, heapMb: 64 } });
  small.write("plain.mjs", modules["plain.mjs"] ?? "");
  expect(await small.attempt({ call: { file: "plain.mjs", export: "eats" }, answer: string })).toMatchObject({
    outcome: "failed",
    why: "throw",
    message: expect.stringContaining("memory"),
  });
  expect(await small.attempt({ call: { file: "plain.mjs", export: "counts" }, answer: int })).toMatchObject({
    value: 1,
  });
  await small.close();
});
