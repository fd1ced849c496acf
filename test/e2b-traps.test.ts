// What E2B does to those who do not expect it: each trap on the test server, with the real SDK.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { e2bRunner } from "../runners/e2b.ts";
import type { Instance, NoInstance, OutputFilter, Runner, Workspace } from "../runtime/runner.ts";
import { type Call, E2bServer, type ServerOptions } from "./e2b-server.ts";
import { isolates } from "./e2b-server-sandbox.ts";

const isCreate = ({ method, path }: Call) => method === "POST" && path === "/v2/sandboxes";
const isStart = ({ path }: Call) => path === "/process.Process/Start";
const isUpload = ({ method, path }: Call) => method === "POST" && path === "/files";
const isDownload = ({ method, path }: Call) => method === "GET" && path === "/files";

describe("E2B's traps", { skip: !isolates }, () => {
  let root = "";
  let count = 0;
  let server: E2bServer;
  let runner: Runner;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "flowc-e2b-traps-"));
    mkdirSync(join(root, "project"));
  });
  /** Nothing is left running, whatever went wrong. */
  afterEach(async () => {
    await runner.end(await runner.find("traps"));
    expect(server.sandboxes.length).toBe(0);
    await server.close();
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  const start = async (options: ServerOptions = {}, times = {}) => {
    server = await E2bServer.start(options);
    runner = e2bRunner({ graceMs: 300, quietMs: 1_000, patienceMs: 3_000, env: {}, ...times });
  };
  const spec = (more: object = {}) => ({
    tag: { run: "traps", node: ++count, attempt: 1 },
    settings: {
      template: "base",
      api_key: "key",
      api_url: server.url,
      sandbox_url: server.url,
      ...more,
    },
    project: join(root, "project"),
    folder: root,
    needs: { cpu: null, memoryBytes: null },
  });
  const had = (given: Instance | NoInstance): Instance => {
    if ("problem" in given) throw new Error(given.message);
    return given;
  };
  const opened = async (kind: "project" | "scratch" = "scratch") => {
    const asked = spec();
    const instance = had(await runner.open(asked));
    const scratch = join(root, `scratch-${count}`);
    mkdirSync(scratch);
    return { instance, workspace: await instance.workspace({ tag: asked.tag, kind, scratch }) };
  };
  const sh = async (
    workspace: Workspace,
    script: string,
    stop = new AbortController().signal,
    filter: (() => OutputFilter) | null = null,
  ) => {
    const io = { stdoutPath: join(root, `${++count}.out`), stderrPath: join(root, `${count}.err`), filter };
    const exit = await workspace.exec({ argv: ["sh", "-c", script], env: {}, cwd: "" }, io, stop);
    const read = (path: string) => (existsSync(path) ? readFileSync(path, "utf8") : "");
    return { exit, out: read(io.stdoutPath), err: read(io.stderrPath) };
  };
  const ended = { kind: "exited", code: 0 };

  describe("no sandbox", () => {
    test("the bound of an account is patience, not failure", async () => {
      await start({ instancesMax: 1 });
      await opened();
      expect(await runner.open(spec())).toEqual({
        problem: "busy",
        message: "This E2B account may have 1 sandboxes at one time, and has them.",
        afterMs: null,
      });
    });
    test("an account that may have none is refused", async () => {
      await start({ instancesMax: 0 });
      expect(await runner.open(spec())).toMatchObject({ problem: "refused" });
    });
    test("too many in a second: not before the next", async () => {
      await start({ perSecond: 1 });
      await opened();
      expect(await runner.open(spec())).toMatchObject({ problem: "busy", afterMs: 1000 });
      // Nobody waits behind the back of who may be told to stop.
      expect(server.calls.filter(isCreate).length).toBe(2);
    });
    test.each([
      [503, "busy"],
      [500, "lost"],
      [504, "lost"],
      [403, "refused"],
      [400, "refused"],
    ])("a status of %i is %s", async (status, problem) => {
      await start();
      server.fault({ on: isCreate, status });
      expect(await runner.open(spec())).toMatchObject({ problem });
    });
    test("no key: the secret is named", async () => {
      await start();
      const answer = await runner.open(spec({ api_key: "" }));
      expect(answer).toMatchObject({ problem: "refused", message: expect.stringContaining("E2B_API_KEY") });
      expect(server.calls).toEqual([]);
    });
    test("a wrong key", async () => {
      await start({ keys: ["right"] });
      const message = expect.stringContaining("does not know the key");
      expect(await runner.open(spec())).toMatchObject({ problem: "refused", message });
      runner = e2bRunner({ env: {} });
    });
    test("a template that is not there", async () => {
      await start({ templates: ["base"] });
      const message = expect.stringContaining("no template `bass`");
      expect(await runner.open(spec({ template: "bass" }))).toMatchObject({ problem: "refused", message });
    });
    test("a creation whose answer was lost is taken", async () => {
      await start();
      server.fault({ on: isCreate, drop: "after" });
      const { instance, workspace } = await opened();
      expect(server.calls.filter(isCreate).length).toBe(1);
      expect(server.sandboxes.map(({ id }) => id)).toEqual([instance.ref]);
      expect((await sh(workspace, "echo hi")).out).toBe("hi\n");
    });
    test("a creation that never arrived is lost", async () => {
      await start();
      server.fault({ on: isCreate, drop: "before" });
      expect(await runner.open(spec())).toMatchObject({ problem: "lost" });
    });
  });

  test("a control plane that cannot be asked is told, and where it is", async () => {
    await start();
    await opened();
    server.fault({ on: ({ method }) => method !== "POST", status: 500 });
    await expect(runner.find("traps")).rejects.toThrow("E2B did not answer at http");
    const nowhere = { ...spec().settings, api_url: "http://127.0.0.1:9" };
    const lost = e2bRunner({ env: {} }).find("traps", new Set(), [nowhere]);
    await expect(lost).rejects.toThrow("E2B did not answer at http://127.0.0.1:9");
    expect(await e2bRunner({ env: {} }).open({ ...spec(), settings: nowhere })).toMatchObject({
      problem: "lost",
      message: expect.stringContaining("http://127.0.0.1:9"),
    });
  });

  describe("a stream", () => {
    test("that breaks is taken up where it was, in order and once", async () => {
      await start();
      const { workspace } = await opened();
      server.fault({ on: isStart, times: 2, stream: { after: 3, how: "cut" } });
      const script = "i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.05; done; exit 7";
      const { exit, out } = await sh(workspace, script);
      expect(exit).toEqual({ kind: "exited", code: 7 });
      expect(out).toBe(Array.from({ length: 40 }, (_, i) => `${i}\n`).join(""));
    });
    test("that falls silent is taken up, too", async () => {
      await start();
      const { workspace } = await opened();
      server.fault({ on: isStart, stream: { after: 1, how: "hang" } });
      const { exit, out } = await sh(workspace, "echo one; sleep 2; echo two");
      expect([exit, out]).toEqual([ended, "one\ntwo\n"]);
    });
    test("whose command is quiet is not silent", async () => {
      await start({}, { quietMs: 4_000 });
      const { workspace } = await opened();
      expect((await sh(workspace, "sleep 6")).exit).toEqual(ended);
      expect(server.calls.filter(isStart).length).toBe(1);
    });
    test.each([429, 502, 503])("that is refused with %i is no dead sandbox", async (status) => {
      await start();
      const { workspace } = await opened();
      server.fault({ on: isStart, status });
      // Nobody knows whether it was started: that is told, and never done twice.
      expect((await sh(workspace, "echo hi")).exit).toMatchObject({ kind: "lost" });
      expect((await sh(workspace, "echo hi")).out).toBe("hi\n");
    });
    test("large output comes although its connection breaks", async () => {
      await start();
      const { workspace } = await opened();
      server.fault({ on: isDownload, times: 2, drop: "after" });
      let bytes = 0;
      const filter = () => ({
        push: (chunk: Uint8Array) => {
          bytes += chunk.length;
          return new Uint8Array(0);
        },
        end: () => new Uint8Array(0),
      });
      const { exit } = await sh(workspace, "head -c 5000000 /dev/zero", undefined, filter);
      expect([exit, bytes]).toEqual([ended, 5_000_000]);
    });
  });

  describe("a sandbox", () => {
    test("that vanishes in the middle is lost, soon", async () => {
      await start();
      const { workspace } = await opened();
      const exit = sh(workspace, "echo hi; sleep 1000");
      await server.until(() => (server.sandboxes[0]?.processes() ?? 0) > 2);
      server.sandboxes[0]?.kill();
      expect((await exit).exit).toMatchObject({
        kind: "lost",
        message: expect.stringContaining("is not there any more"),
      });
    });
    test("that vanished before is not well, and lost", async () => {
      await start();
      const { instance, workspace } = await opened();
      expect(await instance.isWell()).toBe(true);
      server.fault({ on: isStart, vanish: true });
      expect((await sh(workspace, "echo hi")).exit).toMatchObject({ kind: "lost" });
      expect(await instance.isWell()).toBe(false);
    });
    test("lives on while it is in use, and ends when nobody cares", async () => {
      await start();
      const asked = spec({ life: 2 });
      const instance = had(await runner.open(asked));
      const workspace = await instance.workspace({ tag: asked.tag, kind: "scratch", scratch: root });
      expect((await sh(workspace, "sleep 4; echo done")).out).toBe("done\n");
      expect(server.called("/timeout")).toBeGreaterThan(1);
      await instance.close();
      expect(server.sandboxes.length).toBe(0);
    });
    test("is made with a life and the tag, and without a word from the environment", async () => {
      await start();
      await opened();
      const [made] = server.sandboxes;
      expect(made?.spec).toMatchObject({
        template: "base",
        seconds: 300,
        metadata: { flowc_run: "traps", flowc_attempt: "1" },
      });
    });
    test("is found by its run alone, by another process, and ended", async () => {
      await start();
      const { instance } = await opened();
      const other = e2bRunner({ env: {} });
      expect(await other.find("other", new Set(), [spec().settings])).toEqual([]);
      expect(await other.find("traps", new Set([instance.ref]))).toEqual([]);
      expect(await other.find("traps")).toEqual([instance.ref]);
      await other.end([instance.ref], { isOurs: () => false });
      expect(server.sandboxes.length).toBe(1);
      await other.end([instance.ref]);
      expect(server.sandboxes.length).toBe(0);
      await other.end([instance.ref]);
    });
  });

  describe("commands", () => {
    test("are stopped with all that they have started, over another connection than theirs", async () => {
      await start();
      const { workspace } = await opened();
      const stop = new AbortController();
      server.fault({ on: isStart, stream: { after: 2, how: "hang" } });
      const exit = sh(workspace, "sleep 1000 & setsid sleep 1000 & sleep 1000", stop.signal);
      await server.until(() => (server.sandboxes[0]?.processes() ?? 0) > 3);
      stop.abort();
      expect((await exit).exit).toMatchObject({ kind: "signalled" });
      await server.until(() => server.sandboxes[0]?.processes() === 0);
    });
    test("that cannot be stopped end with their sandbox", async () => {
      await start();
      const { workspace } = await opened();
      const stop = new AbortController();
      const exit = sh(workspace, "echo hi; sleep 1000", stop.signal);
      await server.until(() => (server.sandboxes[0]?.processes() ?? 0) > 2);
      server.fault({ on: isStart, times: 9, drop: "before" });
      stop.abort();
      expect((await exit).exit).toEqual({ kind: "signalled", signal: "SIGKILL" });
      expect(server.sandboxes.length).toBe(0);
    });
  });

  describe("files", () => {
    test("100 MB up and down", async () => {
      await start();
      const { workspace } = await opened();
      const from = join(root, "large");
      writeFileSync(from, Buffer.alloc(100_000_000, 7));
      await workspace.put([{ from, to: "large" }]);
      const found = [];
      for await (const file of workspace.get({ roots: [""], enters: () => true, matches: () => true }))
        found.push(file);
      expect(found.map(({ path, size }) => [path, size])).toEqual([["large", 100_000_000]]);
      expect(readFileSync(found[0]?.local ?? "").equals(readFileSync(from))).toBe(true);
    });
    test("10,000 small ones up and down, in a few calls", async () => {
      await start();
      const { workspace } = await opened();
      const from = join(root, "small");
      writeFileSync(from, "x");
      await workspace.put(Array.from({ length: 10_000 }, (_, i) => ({ from, to: `many/${i}` })));
      let found = 0;
      for await (const { size } of workspace.get({
        roots: ["many"],
        enters: () => true,
        matches: () => true,
      }))
        found += size;
      expect(found).toBe(10_000);
      expect(server.calls.length).toBeLessThan(12);
    });
    test("an upload that is cut is told, and no fault of the task", async () => {
      await start();
      const { workspace } = await opened();
      const from = join(root, "cut");
      writeFileSync(from, Buffer.alloc(20_000_000));
      server.fault({ on: isUpload, cutBytes: 1_000_000 });
      await expect(workspace.put([{ from, to: "cut" }])).rejects.toThrow("could not be reached");
      await workspace.put([{ from, to: "cut" }]);
      expect((await sh(workspace, "wc -c < cut")).out).toBe("20000000\n");
    });
    test("the project is sent once, and then what has changed", async () => {
      await start();
      writeFileSync(join(root, "project", "a"), "1");
      writeFileSync(join(root, "project", "b"), "1");
      const { instance, workspace } = await opened("project");
      expect((await sh(workspace, "cat a b")).out).toBe("11");
      const before = server.calls.length;
      const again = { tag: { run: "traps", node: 99, attempt: 1 }, kind: "project" as const, scratch: root };
      expect((await sh(await instance.workspace(again), "cat a b")).out).toBe("11");
      expect(server.calls.length).toBe(before + 1);
      writeFileSync(join(root, "project", "b"), "22");
      expect((await sh(await instance.workspace(again), "cat a b")).out).toBe("122");
    });
    test("a project that is too large is told before anything runs", async () => {
      await start();
      writeFileSync(join(root, "project", "huge"), "");
      const { truncateSync } = await import("node:fs");
      truncateSync(join(root, "project", "huge"), 201e6);
      const { workspace } = await opened("project");
      expect((await sh(workspace, "echo hi")).exit).toMatchObject({
        kind: "not-started",
        message: expect.stringContaining("reads:"),
      });
      rmSync(join(root, "project", "huge"));
    });
  });
});
