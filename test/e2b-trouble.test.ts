// What goes wrong with sandboxes and can be mended by who reads the message: full disks, no memory, templates that lack something, uploads that break.

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { E2bPlace, ended, isCreate, isUpload } from "./e2b-place.ts";
import { isolates } from "./e2b-server-sandbox.ts";
import { flowc } from "./program.ts";

/** Version 1 of control groups, where one may be made. */
const memoryGroup = `/sys/fs/cgroup/memory/flowc-test-${process.pid}`;

describe("a sandbox's troubles", { skip: !isolates }, () => {
  const place = new E2bPlace("trouble");
  const sized = (bytes: number) => {
    const path = join(place.root, `sized-${bytes}`);
    writeFileSync(path, Buffer.alloc(bytes, 7));
    return path;
  };

  test("a life that the account does not allow is refused, and asked for once", async () => {
    await place.start({ lifeMax: 3_600 });
    expect(await place.runner.open(place.spec({ life: 7_200 }))).toMatchObject({
      problem: "refused",
      message: expect.stringContaining("Say a shorter `life`"),
    });
    expect(place.server.calls.filter(isCreate).length).toBe(1);
  });

  test("a template without tar can be sent nothing, and is named", async () => {
    await place.start({ without: ["tar"] });
    const { workspace } = await place.opened();
    const message = "has no program `tar`";
    for (const bytes of [10, 1_000_000])
      await expect(workspace.put([{ from: sized(bytes), to: "x" }])).rejects.toThrow(message);
    expect((await place.sh(workspace, "for i in 1 2 3 4 5; do echo $i > $i; done")).exit).toEqual(ended);
    const search = { roots: [""], enters: () => true, matches: () => true };
    await expect(workspace.get(search)[Symbol.asyncIterator]().next()).rejects.toThrow(message);
  });

  test("one without find can give nothing back, and is named", async () => {
    await place.start({ without: ["find"] });
    const { workspace } = await place.opened();
    const search = { roots: [""], enters: () => true, matches: () => true };
    await expect(workspace.get(search)[Symbol.asyncIterator]().next()).rejects.toThrow("no program `find`");
  });

  test.each(["setsid", "base64"])("one without %s can run nothing", async (program) => {
    await place.start({ without: [program] });
    const { workspace } = await place.opened();
    expect((await place.sh(workspace, "echo hi")).exit).toMatchObject({
      kind: "not-started",
      message: expect.stringContaining(`no program \`${program}\``),
    });
  });

  test.each([
    ["that does not fit at all", 20_000_000],
    ["that fits once, and not beside its copy", 4_000_000],
  ])("a file %s is told, and another one may come", async (_, bytes) => {
    await place.start({ diskBytes: 6_000_000 });
    const { workspace } = await place.opened();
    await expect(workspace.put([{ from: sized(bytes), to: "x" }])).rejects.toThrow("no room");
    expect((await place.sh(workspace, "rm -f x; df -k . | tail -1 >&2; echo hi")).out).toBe("hi\n");
    await workspace.put([{ from: sized(10), to: "x" }]);
    expect((await place.sh(workspace, "wc -c < x")).out).toBe("10\n");
  });

  test("a command that fills the disk ends with its code, and with why", async () => {
    await place.start({ diskBytes: 6_000_000 });
    const { workspace } = await place.opened();
    const { exit, out } = await place.sh(workspace, "echo before; head -c 20000000 /dev/zero > big");
    expect(exit).toEqual({ kind: "exited", code: 1, hint: expect.stringContaining("disk is full") });
    expect(out).toBe("before\n");
  });

  test("a full disk keeps nobody from hearing the end, over another stream either", async () => {
    await place.start({ diskBytes: 6_000_000 });
    const { workspace } = await place.opened();
    place.server.fault({ on: ({ path }) => path.endsWith("/Start"), stream: { after: 2, how: "cut" } });
    const { exit } = await place.sh(workspace, "head -c 20000000 /dev/zero > big; sleep 1; exit 7");
    expect(exit).toMatchObject({ kind: "exited", code: 7 });
  });

  test("who finds a full disk is lost, and its sandbox serves nobody any more", async () => {
    await place.start({ diskBytes: 6_000_000 });
    const { instance, workspace } = await place.opened();
    await place.sh(workspace, "head -c 20000000 /dev/zero > big");
    expect((await place.sh(workspace, "echo hi")).exit).toMatchObject({
      kind: "lost",
      message: expect.stringContaining("no room"),
    });
    expect(await instance.isWell()).toBe(false);
  });

  const skip = !existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  test("what is ended for want of memory says so", { skip }, async () => {
    await place.start();
    const { workspace } = await place.opened();
    mkdirSync(memoryGroup);
    try {
      writeFileSync(join(memoryGroup, "memory.limit_in_bytes"), "20000000");
      const { exit } = await place.sh(workspace, `echo 0 > ${memoryGroup}/tasks; exec tail /dev/zero`);
      const hint = expect.stringContaining("no memory left");
      expect(exit).toEqual({ kind: "signalled", signal: "SIGKILL", hint });
    } finally {
      rmdirSync(memoryGroup);
    }
    // What was killed by somebody else has no such reason.
    expect((await place.sh(workspace, "kill -9 $$")).exit).toEqual({ kind: "signalled", signal: "SIGKILL" });
  });

  test("a template is known by the build that its name means", async () => {
    await place.start({ builds: { mine: "b1", "mine:next": "b2" } });
    const of = (template: string) => place.runner.identity(place.spec({ template }).settings);
    expect(await of("mine")).toMatch(/ mine b1$/);
    expect(await of("mine:next")).toMatch(/ mine:next b2$/);
    // That of somebody else is known by its name.
    expect(await of("base")).toMatch(/ base$/);
    place.server.fault({ on: ({ path }) => path.startsWith("/templates/"), status: 500 });
    await expect(of("mine")).rejects.toThrow();
    // Without a key nobody can tell: what was answered before is not taken for what would be.
    const settings = place.spec({ template: "mine", api_key: "" }).settings;
    await expect(place.runner.identity(settings)).rejects.toThrow("no key");
  });
});

describe("flowc run with an E2B", { skip: !isolates }, () => {
  const place = new E2bPlace("flow");
  let states = 0;
  const write = (settings = "") => {
    const { url } = place.server;
    states++;
    const path = join(place.root, "main.flow");
    writeFileSync(join(place.root, "large"), Buffer.alloc(3_000_000, 7));
    writeFileSync(
      path,
      `runner far {
  e2b: { template: "base", api_key: secret("E2B_API_KEY"), api_url: "${url}", sandbox_url: "${url}"${settings} }
}

task size(of: file) -> string {
  runner: far
  reads:  []

  run "wc -c < ~{of}"

  return stdout
}

flow main(large: file = "large") -> string {
  return size(large)
}
`,
    );
    return path;
  };
  const state = () => ["--state", join(place.root, `state-${states}`)];
  const run = async (how: readonly string[], key = "key") => {
    const done = await flowc(["run", ...how, ...state()], { cwd: place.root, env: { E2B_API_KEY: key } });
    // Counted when flowc has ended, and not when the test has.
    expect(place.server.sandboxes.length, done.stderr).toBe(0);
    return done;
  };

  test.each([
    ["a wrong key", { keys: ["right"] }, "", "does not know the key"],
    ["a quota of zero", { instancesMax: 0 }, "", "may have no sandbox at all"],
    ["an unknown template", { templates: ["other"] }, "", "has no template `base`"],
    ["a life that is not allowed", { lifeMax: 3_600 }, ", life: 2h", "Say a shorter `life`"],
  ])("%s fails at once, after one question", async (_, options, settings, message) => {
    await place.start(options);
    const done = await run([write(settings)]);
    expect(done.code).toBe(1);
    expect(done.stderr).toContain(message);
    expect(done.stderr).toMatch(/^next: flowc /m);
    expect(place.server.calls.filter(isCreate).length).toBe(1);
  });

  test("a wrong key can be mended, and the run goes on", async () => {
    await place.start({ keys: ["right"] });
    expect((await run([write()], "wrong")).code).toBe(1);
    const second = await run(["--resume", "last"], "right");
    expect([second.code, second.stdout.trim()], second.stderr).toEqual([0, "3000000"]);
  });

  test("an upload that breaks is made again in another sandbox", async () => {
    await place.start();
    place.server.fault({ on: isUpload, cutBytes: 1_000_000 });
    const done = await run([write()]);
    expect([done.code, done.stdout.trim()], done.stderr).toEqual([0, "3000000"]);
    expect(done.stderr).toContain("could not be reached");
    expect(place.server.calls.filter(isCreate).length).toBe(2);
  });

  test("one that always breaks fails, leaves nothing, and can be resumed", async () => {
    await place.start();
    place.server.fault({ on: isUpload, cutBytes: 1_000_000, times: 5 });
    const first = await run([write()]);
    expect(first.code).toBe(1);
    expect(first.stderr).toContain("could not be reached");
    expect(first.stderr).not.toContain("This machine failed");
    const second = await run(["--resume", "last"]);
    expect([second.code, second.stdout.trim()], second.stderr).toEqual([0, "3000000"]);
  });

  test("a template without tar is told as the task's failure, once", async () => {
    await place.start({ without: ["tar"] });
    const done = await run([write()]);
    expect(done.code).toBe(1);
    expect(done.stderr).toContain("has no program `tar`");
    expect(place.server.calls.filter(isCreate).length).toBe(1);
  });

  test("a file that fits into no sandbox is told, once", async () => {
    await place.start({ diskBytes: 2_000_000 });
    const done = await run([write()]);
    expect(done.code).toBe(1);
    expect(done.stderr).toContain("no room for its files");
    expect(place.server.calls.filter(isCreate).length).toBe(1);
    expect(readFileSync(join(place.root, "large")).length).toBe(3_000_000);
  });
});
