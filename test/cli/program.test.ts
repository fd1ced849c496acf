// The program as the system sees it: signals, pipes that close, the printed plan, the cache of compiled code.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fitsSchema } from "../../runtime/validate.ts";
import { bin, flowc, root, start } from "../program.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flowc-program-"));
  cpSync(join(root, "test/cli/files"), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** Waits until the program has printed this. */
function said(child: ChildProcess, words: string): Promise<void> {
  return new Promise((done, fail) => {
    let text = "";
    child.stderr?.on("data", (piece: Buffer) => {
      text += piece.toString();
      if (text.includes(words)) done();
    });
    child.once("close", () => fail(new Error(`ended without saying ${words}: ${text}`)));
  });
}

const waiting = `
task quick() -> string { run "echo done" return stdout }
task wait() -> string { run "echo waiting; [ -e go ] || sleep 60; echo went" return stdout }
flow main() -> string {
  quick()
  return wait()
}
`;

describe("Ctrl-C", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    // A terminal that was closed.
    ["SIGHUP", 143],
  ] as const)("%s ends the run in order, and it can be resumed", async (signal, exit) => {
    put("wait.flow", waiting);
    const { process: child, ended } = start(["run", "wait.flow", "--jobs", "2"], { cwd: folder });
    await said(child, "✓ quick");
    child.kill(signal);
    const { code, stderr } = await ended;
    expect(stderr).toContain("stopping: waiting for 1 node to end: wait (again to stop at once)");
    expect(stderr).toContain("main was stopped");
    expect(stderr).toMatch(/\nnext: flowc run --resume \S+\n$/);
    expect(code).toBe(exit);
    put("go", "");
    const again = await flowc(["run", "--resume", "last"], { cwd: folder });
    expect(again.stdout).toBe("waiting\nwent\n");
    expect(again.stderr).toContain("1 result reused");
    expect(again.stderr).not.toContain("✓ quick");
    expect(again.code).toBe(0);
  });

  it("runs `finally` after what it has ended, and takes nothing back", async () => {
    const ending = '\n  on failure { tell("failed") }\n  finally { tell("over") }\n}\n';
    const tell = 'task tell(text: string) { run "echo ~{text} >> told" }\n';
    put("wait.flow", `${tell}${waiting.trimEnd().replace(/\}$/, ending)}`);
    const { process: child, ended } = start(["run", "wait.flow", "--jobs", "2"], { cwd: folder });
    await said(child, "✓ quick");
    child.kill("SIGINT");
    const { code, stderr } = await ended;
    expect(stderr).toMatch(/- wait was stopped.*\n.*✓ finally\.tell/);
    expect(readFileSync(join(folder, "told"), "utf8")).toBe("over\n");
    expect(code).toBe(130);
    put("go", "");
    const again = await flowc(["run", "--resume", "last"], { cwd: folder });
    expect(again.code).toBe(0);
    expect(readFileSync(join(folder, "told"), "utf8")).toBe("over\nover\n");
  });

  it("twice does not wait for what does not want to end", async () => {
    put(
      "wait.flow",
      waiting
        .replace("echo waiting;", "trap '' TERM; echo $$$$ > pid;")
        .replace("sleep 60", "while :; do sleep 1; done")
        .replace("echo done", "until [ -s pid ]; do :; done"),
    );
    const { process: child, ended } = start(["run", "wait.flow", "--jobs", "2"], { cwd: folder });
    await said(child, "✓ quick");
    const stopping = said(child, "stopping");
    child.kill("SIGINT");
    await stopping;
    child.kill("SIGINT");
    expect((await ended).code).toBe(130);
    const pid = Number(readFileSync(join(folder, "pid"), "utf8"));
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});

it("works where the folder that one stands in was removed", () => {
  const { stderr, status } = spawnSync(
    "sh",
    ["-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1" check lost.flow', process.execPath, bin],
    { cwd: folder, encoding: "utf8" },
  );
  expect(stderr).toBe("error: There is no file lost.flow.\nnext: flowc check FILE.flow\n");
  expect(status).toBe(64);
});

describe("a reader that goes away", () => {
  it("ends a report quietly", async () => {
    await flowc(["run", "hello.flow", "--ui", "quiet"], { cwd: folder });
    const { stderr, status } = spawnSync(
      "sh",
      ["-c", `"$0" "$1" show last --json | head -c 1 >/dev/null`, process.execPath, bin],
      {
        cwd: folder,
        encoding: "utf8",
      },
    );
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  it("does not end a run", async () => {
    spawnSync(
      "sh",
      [
        "-c",
        `"$0" "$1" run build.flow --input 'parts=["a","b"]' --ui json | head -c 1`,
        process.execPath,
        bin,
      ],
      {
        cwd: folder,
      },
    );
    const { stdout } = await flowc(["runs", "--json"], { cwd: folder });
    expect(JSON.parse(stdout).runs).toMatchObject([{ flow: "main", status: "succeeded" }]);
  });
});

describe("the printed plan", () => {
  it.each(["hello.flow", "build.flow", "secret.flow"])(
    "of %s fits its schema, and is the same each time",
    async (file) => {
      const { stdout } = await flowc(["plan", file, "--format", "json"], { cwd: folder });
      const schema: Record<string, unknown> = JSON.parse(
        readFileSync(join(root, "docs/plan.schema.json"), "utf8"),
      );
      expect(fitsSchema(JSON.parse(stdout), schema)).toBeNull();
      expect((await flowc(["plan", file, "--format", "json"], { cwd: folder })).stdout).toBe(stdout);
    },
  );
});

describe("json", () => {
  it("is one object at the end, or one event a line, and nothing else on stdout", async () => {
    const { stdout } = await flowc(["run", "hello.flow", "--json"], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({
      version: 1,
      status: "succeeded",
      output: "HELLO, WORLD!",
      nodes: [{ node: "greeting", status: "succeeded", attempts: 1 }, { node: "shout" }],
    });
    const events = (await flowc(["run", "hello.flow", "--ui", "json"], { cwd: folder })).stdout
      .trimEnd()
      .split("\n");
    const types = events.map((line) => JSON.parse(line).type);
    expect(types[0]).toBe("run.started");
    expect(types.at(-1)).toBe("run.ended");
  });
});

describe("colour", () => {
  it.each([
    [{ NO_COLOR: "", FORCE_COLOR: "1" }, true],
    [{ NO_COLOR: "1", FORCE_COLOR: "0" }, false],
    [{ NO_COLOR: "" }, false],
  ])("%o", async (env, colour) => {
    const { stdout } = await flowc(["check", "wrong.flow"], { cwd: folder, env });
    expect(stdout.includes("\u001b[")).toBe(colour);
  });
});

describe("a state directory that cannot be written", () => {
  it("is told, with exit 74", async () => {
    put("state", "a file, no folder");
    const { code, stderr } = await flowc(["run", "hello.flow", "--state", "state"], { cwd: folder });
    expect(code).toBe(74);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toMatch(/\nnext: flowc run hello.flow --state state\n$/);
  });
});

describe("compiled code", () => {
  const flow = (env: Record<string, string>, program: string) =>
    spawnSync(process.execPath, [program, "check", "hello.flow"], {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, ...env },
    });

  function copied(): string {
    const copy = join(folder, "copy");
    for (const name of ["bin", "dist", "docs"])
      cpSync(join(root, name), join(copy, name), { recursive: true });
    cpSync(join(root, "package.json"), join(copy, "package.json"));
    rmSync(join(copy, "dist/cache"), { recursive: true, force: true });
    return copy;
  }

  it("is kept beside the bundle, and made anew when it is damaged", () => {
    const copy = copied();
    const program = join(copy, "bin/flowc.cjs");
    expect(flow({}, program).status).toBe(0);
    const [kept = ""] = readdirSync(join(copy, "dist/cache"));
    const path = join(copy, "dist/cache", kept);
    const good = readFileSync(path);
    expect(good.length).toBeGreaterThan(10_000);
    for (const bad of [Buffer.alloc(0), Buffer.from("nonsense"), good.subarray(0, good.length >> 1)]) {
      writeFileSync(path, bad);
      const { status, stderr } = flow({}, program);
      expect([status, stderr]).toEqual([0, "1 file, no mistakes\n"]);
    }
    expect(readFileSync(path).length).toBeGreaterThan(10_000);
    expect(readdirSync(join(copy, "dist/cache"))).toEqual([kept]);
  });

  it("of a run is its own, and not kept of a run that fails or only tells its help", () => {
    const copy = copied();
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const program = join(copy, "bin/flowc.cjs");
    const kept = (...args: readonly string[]) => {
      spawnSync(process.execPath, [program, ...args], { cwd: folder });
      return readdirSync(join(copy, "dist"), { recursive: true })
        .map(String)
        .filter((name) => name.endsWith(".bin"))
        .map((name) => name.replace(/.*-(?=\w+\.bin$)/, ""));
    };
    expect(kept("run", "missing.flow")).toEqual([]);
    expect(kept("run", "--help")).toEqual(["other.bin"]);
    expect(kept("run", "hello.flow", "--state", "compiled").sort()).toEqual(["other.bin", "run.bin"]);
  });

  it("goes to the user's cache when the bundle's folder is not writable, and may go nowhere", () => {
    const copy = copied();
    writeFileSync(join(copy, "dist/cache"), "no folder");
    const program = join(copy, "bin/flowc.cjs");
    const home = join(folder, "home");
    expect(flow({ XDG_CACHE_HOME: home }, program).status).toBe(0);
    expect(readdirSync(join(home, "flowc"))).toHaveLength(1);
    writeFileSync(join(folder, "nowhere"), "");
    expect(flow({ XDG_CACHE_HOME: join(folder, "nowhere") }, program).status).toBe(0);
  });

  it("is safe when many start at once", async () => {
    const copy = copied();
    const program = join(copy, "bin/flowc.cjs");
    const all = Array.from(
      { length: 6 },
      () =>
        new Promise((done) => {
          spawn(process.execPath, [program, "check", "hello.flow"], { cwd: folder, stdio: "ignore" }).once(
            "close",
            done,
          );
        }),
    );
    expect(await Promise.all(all)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(readdirSync(join(copy, "dist/cache"))).toHaveLength(1);
    expect(existsSync(program)).toBe(true);
    chmodSync(program, 0o755);
  });
});
