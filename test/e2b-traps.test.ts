// What E2B does to those who do not expect it: each trap on the test server, with the real SDK.

import { readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { e2bRunner } from "../runners/e2b.ts";
import { E2bPlace, ended, had, isCreate, isDownload, isStart, isUpload } from "./e2b-place.ts";
import { isolates } from "./e2b-server-sandbox.ts";

describe("E2B's traps", { skip: !isolates }, () => {
  const place = new E2bPlace("traps");
  describe("no sandbox", () => {
    test("the bound of an account is patience, not failure", async () => {
      await place.start({ instancesMax: 1 });
      await place.opened();
      expect(await place.runner.open(place.spec())).toEqual({
        problem: "busy",
        message: "This E2B account may have 1 sandboxes at one time, and has them.",
        afterMs: null,
      });
    });
    test("an account that may have none is refused", async () => {
      await place.start({ instancesMax: 0 });
      expect(await place.runner.open(place.spec())).toMatchObject({ problem: "refused" });
    });
    test("too many in a second: not before the next", async () => {
      await place.start({ perSecond: 1 });
      await place.opened();
      expect(await place.runner.open(place.spec())).toMatchObject({ problem: "busy", afterMs: 1000 });
      // Nobody waits behind the back of who may be told to stop.
      expect(place.server.calls.filter(isCreate).length).toBe(2);
    });
    test.each([
      [503, "busy"],
      [500, "lost"],
      [504, "lost"],
      [403, "refused"],
      [400, "refused"],
    ])("a status of %i is %s", async (status, problem) => {
      await place.start();
      place.server.fault({ on: isCreate, status });
      expect(await place.runner.open(place.spec())).toMatchObject({ problem });
    });
    test("no key: the secret is named", async () => {
      await place.start();
      const answer = await place.runner.open(place.spec({ api_key: "" }));
      expect(answer).toMatchObject({ problem: "refused", message: expect.stringContaining("E2B_API_KEY") });
      expect(place.server.calls).toEqual([]);
    });
    test("a wrong key", async () => {
      await place.start({ keys: ["right"] });
      const message = expect.stringContaining("does not know the key");
      expect(await place.runner.open(place.spec())).toMatchObject({ problem: "refused", message });
      place.runner = e2bRunner({ env: {} });
    });
    test("a template that is not there", async () => {
      await place.start({ templates: ["base"] });
      const message = expect.stringContaining("no template `bass`");
      expect(await place.runner.open(place.spec({ template: "bass" }))).toMatchObject({
        problem: "refused",
        message,
      });
    });
    test("a creation whose answer was lost is taken", async () => {
      await place.start();
      place.server.fault({ on: isCreate, drop: "after" });
      const { instance, workspace } = await place.opened();
      expect(place.server.calls.filter(isCreate).length).toBe(1);
      expect(place.server.sandboxes.map(({ id }) => id)).toEqual([instance.ref]);
      expect((await place.sh(workspace, "echo hi")).out).toBe("hi\n");
    });
    test("a creation that never arrived is lost", async () => {
      await place.start();
      place.server.fault({ on: isCreate, drop: "before" });
      expect(await place.runner.open(place.spec())).toMatchObject({ problem: "lost" });
    });
  });

  test("a control plane that cannot be asked is told, and where it is", async () => {
    await place.start();
    await place.opened();
    place.server.fault({ on: ({ method }) => method !== "POST", status: 500 });
    await expect(place.runner.find("traps")).rejects.toThrow("E2B did not answer at http");
    const nowhere = { ...place.spec().settings, api_url: "http://127.0.0.1:65533" };
    const lost = e2bRunner({ env: {} }).find("traps", new Set(), [nowhere]);
    await expect(lost).rejects.toThrow("E2B did not answer at http://127.0.0.1:65533");
    expect(await e2bRunner({ env: {} }).open({ ...place.spec(), settings: nowhere })).toMatchObject({
      problem: "refused",
      message: expect.stringContaining("http://127.0.0.1:65533"),
    });
  });

  test("one that has answered, and does not any more, may come back", async () => {
    await place.start();
    await (await place.opened()).instance.close();
    await place.server.close();
    expect(await place.runner.open(place.spec())).toMatchObject({ problem: "lost" });
    await place.start();
  });

  describe("a stream", () => {
    test("that breaks is taken up where it was, in order and once", async () => {
      await place.start();
      const { workspace } = await place.opened();
      place.server.fault({ on: isStart, times: 2, stream: { after: 3, how: "cut" } });
      const script = "i=0; while [ $i -lt 40 ]; do echo $i; i=$((i+1)); sleep 0.05; done; exit 7";
      const { exit, out } = await place.sh(workspace, script);
      expect(exit).toEqual({ kind: "exited", code: 7 });
      expect(out).toBe(Array.from({ length: 40 }, (_, i) => `${i}\n`).join(""));
    });
    test("that falls silent is taken up, too", async () => {
      await place.start();
      const { workspace } = await place.opened();
      place.server.fault({ on: isStart, stream: { after: 1, how: "hang" } });
      const { exit, out } = await place.sh(workspace, "echo one; sleep 2; echo two");
      expect([exit, out]).toEqual([ended, "one\ntwo\n"]);
    });
    test("whose command is quiet is not silent", async () => {
      await place.start({}, { quietMs: 4_000 });
      const { workspace } = await place.opened();
      expect((await place.sh(workspace, "sleep 6")).exit).toEqual(ended);
      expect(place.server.calls.filter(isStart).length).toBe(1);
    });
    test.each([429, 502, 503])("that is refused with %i is no dead sandbox", async (status) => {
      await place.start();
      const { workspace } = await place.opened();
      place.server.fault({ on: isStart, status });
      // Nobody knows whether it was started: that is told, and never done twice.
      expect((await place.sh(workspace, "echo hi")).exit).toMatchObject({ kind: "lost" });
      expect((await place.sh(workspace, "echo hi")).out).toBe("hi\n");
    });
    test("large output comes although its connection breaks", async () => {
      await place.start();
      const { workspace } = await place.opened();
      place.server.fault({ on: isDownload, times: 2, drop: "after" });
      let bytes = 0;
      const filter = () => ({
        push: (chunk: Uint8Array) => {
          bytes += chunk.length;
          return new Uint8Array(0);
        },
        end: () => new Uint8Array(0),
      });
      const { exit } = await place.sh(workspace, "head -c 5000000 /dev/zero", undefined, filter);
      expect([exit, bytes]).toEqual([ended, 5_000_000]);
    });
  });

  describe("a sandbox", () => {
    test("that vanishes in the middle is lost, soon", async () => {
      await place.start();
      const { workspace } = await place.opened();
      const exit = place.sh(workspace, "echo hi; sleep 1000");
      await place.server.until(() => (place.server.sandboxes[0]?.processes() ?? 0) > 2);
      place.server.sandboxes[0]?.kill();
      expect((await exit).exit).toMatchObject({
        kind: "lost",
        message: expect.stringContaining("is not there any more"),
      });
    });
    test("that vanished before is not well, and lost", async () => {
      await place.start();
      const { instance, workspace } = await place.opened();
      expect(await instance.isWell()).toBe(true);
      place.server.fault({ on: isStart, vanish: true });
      expect((await place.sh(workspace, "echo hi")).exit).toMatchObject({ kind: "lost" });
      expect(await instance.isWell()).toBe(false);
    });
    test("lives on while it is in use, and ends when nobody cares", async () => {
      await place.start();
      const asked = place.spec({ life: 2 });
      const instance = had(await place.runner.open(asked));
      const workspace = await instance.workspace({ tag: asked.tag, kind: "scratch", scratch: place.root });
      expect((await place.sh(workspace, "sleep 4; echo done")).out).toBe("done\n");
      expect(place.server.called("/timeout")).toBeGreaterThan(1);
      await instance.close();
      expect(place.server.sandboxes.length).toBe(0);
    });
    test("is made with a life and the tag, and without a word from the environment", async () => {
      await place.start();
      await place.opened();
      const [made] = place.server.sandboxes;
      expect(made?.spec).toMatchObject({
        template: "base",
        seconds: 300,
        metadata: { flowc_run: "traps", flowc_attempt: "1" },
      });
    });
    test("is found by its run alone, by another process, and ended", async () => {
      await place.start();
      const { instance } = await place.opened();
      const other = e2bRunner({ env: {} });
      expect(await other.find("other", new Set(), [place.spec().settings])).toEqual([]);
      expect(await other.find("traps", new Set([instance.ref]))).toEqual([]);
      expect(await other.find("traps")).toEqual([instance.ref]);
      await other.end([instance.ref], { isOurs: () => false });
      expect(place.server.sandboxes.length).toBe(1);
      await other.end([instance.ref]);
      expect(place.server.sandboxes.length).toBe(0);
      await other.end([instance.ref]);
    });
  });

  describe("commands", () => {
    test("are stopped with all that they have started, over another connection than theirs", async () => {
      await place.start();
      const { workspace } = await place.opened();
      const stop = new AbortController();
      place.server.fault({ on: isStart, stream: { after: 2, how: "hang" } });
      const exit = place.sh(workspace, "sleep 1000 & setsid sleep 1000 & sleep 1000", stop.signal);
      await place.server.until(() => (place.server.sandboxes[0]?.processes() ?? 0) > 3);
      stop.abort();
      expect((await exit).exit).toMatchObject({ kind: "signalled" });
      await place.server.until(() => place.server.sandboxes[0]?.processes() === 0);
    });
    test("that cannot be stopped end with their sandbox", async () => {
      await place.start();
      const { workspace } = await place.opened();
      const stop = new AbortController();
      const exit = place.sh(workspace, "echo hi; sleep 1000", stop.signal);
      await place.server.until(() => (place.server.sandboxes[0]?.processes() ?? 0) > 2);
      place.server.fault({ on: isStart, times: 9, drop: "before" });
      stop.abort();
      expect((await exit).exit).toEqual({ kind: "signalled", signal: "SIGKILL" });
      expect(place.server.sandboxes.length).toBe(0);
    });
  });

  describe("files", () => {
    test("100 MB up and down", async () => {
      await place.start();
      const { workspace } = await place.opened();
      const from = join(place.root, "large");
      writeFileSync(from, Buffer.alloc(100_000_000, 7));
      await workspace.put([{ from, to: "large" }]);
      const found = [];
      for await (const file of workspace.get({ roots: [""], enters: () => true, matches: () => true }))
        found.push(file);
      expect(found.map(({ path, size }) => [path, size])).toEqual([["large", 100_000_000]]);
      expect(readFileSync(found[0]?.local ?? "").equals(readFileSync(from))).toBe(true);
    });
    test("10,000 small ones up and down, in a few calls", async () => {
      await place.start();
      const { workspace } = await place.opened();
      const from = join(place.root, "small");
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
      expect(place.server.calls.length).toBeLessThan(12);
    });
    test("an upload that is cut is told, and no fault of the task", async () => {
      await place.start();
      const { workspace } = await place.opened();
      const from = join(place.root, "cut");
      writeFileSync(from, Buffer.alloc(20_000_000));
      place.server.fault({ on: isUpload, cutBytes: 1_000_000 });
      await expect(workspace.put([{ from, to: "cut" }])).rejects.toThrow("could not be reached");
      await workspace.put([{ from, to: "cut" }]);
      expect((await place.sh(workspace, "wc -c < cut")).out).toBe("20000000\n");
    });
    test("the project is sent once, and then what has changed", async () => {
      await place.start();
      writeFileSync(join(place.root, "project", "a"), "1");
      writeFileSync(join(place.root, "project", "b"), "1");
      const { instance, workspace } = await place.opened("project");
      expect((await place.sh(workspace, "cat a b")).out).toBe("11");
      const before = place.server.calls.length;
      const again = {
        tag: { run: "traps", node: 99, attempt: 1 },
        kind: "project" as const,
        scratch: place.root,
      };
      expect((await place.sh(await instance.workspace(again), "cat a b")).out).toBe("11");
      expect(place.server.calls.length).toBe(before + 1);
      writeFileSync(join(place.root, "project", "b"), "22");
      expect((await place.sh(await instance.workspace(again), "cat a b")).out).toBe("122");
    });
    test("a project that is too large is told before anything runs", async () => {
      await place.start();
      writeFileSync(join(place.root, "project", "huge"), "");
      truncateSync(join(place.root, "project", "huge"), 201e6);
      const { workspace } = await place.opened("project");
      expect((await place.sh(workspace, "echo hi")).exit).toMatchObject({
        kind: "not-started",
        message: expect.stringContaining("reads:"),
      });
      rmSync(join(place.root, "project", "huge"));
    });
  });
});
