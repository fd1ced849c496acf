// Limits that several flowcs share: the real program, in one state directory, against a server that counts.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { LimitServer } from "./limit-server.ts";
import { freshFolder, removeFolders } from "./pretend.ts";
import { type Ended, start } from "./program.ts";

afterAll(removeFolders);

function project(flow: string): string {
  const folder = freshFolder();
  mkdirSync(join(folder, "ends"));
  writeFileSync(join(folder, "package.json"), "{}");
  writeFileSync(join(folder, "main.flow"), flow);
  return folder;
}

const well = (ended: Ended): void => expect(`${ended.code}${ended.code === 0 ? "" : ended.stderr}`).toBe("0");

interface Shown {
  readonly run: string;
  readonly nodes: readonly {
    readonly name: string;
    readonly started_at: string;
    readonly ended_at: string;
  }[];
}

async function shown(cwd: string, run: string): Promise<Shown> {
  const { stdout } = await start(["show", run, "--json"], { cwd }).ended;
  return JSON.parse(stdout);
}

/** Waits until a look finds what it looks for. */
async function until<T>(look: () => Promise<T | null> | T | null): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    await pause(50);
  }
}

describe("two flowcs", () => {
  it("take no more of a limit together than there is, and nearly all of it", async () => {
    const ms = 10_000;
    const server = await LimitServer.start({ requests: 20, ms, atOnce: 4 }, 20);
    const cwd = project(`limit api { requests: 20 per 10s, concurrent: 4 }

task ask(at: string, i: int) {
  uses: [api]

  run "curl -fsS ~{at}/~{i}"
}

flow main(at: string) {
  for i in range(22) { ask(at, i) }
}
`);
    try {
      const args = ["run", "main.flow", "--input", `at=${server.url}`, "--jobs", "8", "--ui", "plain"];
      const both = [start(args, { cwd }), start(args, { cwd })];
      for (const { ended } of both) well(await ended);
      expect(server.asked).toHaveLength(44);
      expect(server.refused).toBe(0);
      expect(server.most).toBeLessThanOrEqual(4);
      expect(server.mostIn(ms)).toBe(20);
    } finally {
      server.stop();
    }
  }, 120_000);

  it("share it equally while both wait", async () => {
    const cwd = project(`limit one { concurrent: 1 }

task work(who: string, i: int) {
  uses: [one]

  run "sleep 0.1; echo ~{who} >> ends/all"
}

flow main(who: string, many: int) {
  for i in range(many) { work(who, i) }
}
`);
    const run = (who: string, many: number) =>
      start(["run", "main.flow", "--input", `who=${who}`, "--input", `many=${many}`, "--ui", "plain"], {
        cwd,
      });
    const ends = (): string[] => readFileSync(join(cwd, "ends/all"), "utf8").trim().split("\n");
    writeFileSync(join(cwd, "ends/all"), "");
    const long = run("long", 60);
    await until(() => (ends().length > 2 ? true : null));
    const short = run("short", 8);
    well(await short.ended);
    well(await long.ended);
    const all = ends();
    const shared = all.slice(all.indexOf("short"), all.lastIndexOf("short") + 1);
    // One waits for no more than the node of the other that has it, and for what flowc does meanwhile.
    expect(shared.length).toBeLessThanOrEqual(20);
    expect(all.length).toBe(68);
  }, 60_000);

  it("that was killed holds nothing", async () => {
    const cwd = project(`limit one { slots: ["the one"] }

task hold(seconds: int) -> string {
  uses: [one]
  env:  { SLOT: slot(one) }

  run "echo $$ > ends/~{seconds}; echo $SLOT; exec sleep ~{seconds}"
  return stdout
}

flow main(seconds: int) -> string {
  return hold(seconds)
}
`);
    const args = (seconds: number) => ["run", "main.flow", "--input", `seconds=${seconds}`, "--ui", "plain"];
    const first = start(args(600), { cwd });
    await until(async () => {
      const nodes = (await shown(cwd, "last").catch(() => null))?.nodes ?? [];
      return nodes.some(({ started_at }) => started_at !== null) ? true : null;
    });
    const second = start(args(0), { cwd });
    const waits = await until(async () => {
      const { stdout } = await start(["why", "last", "hold"], { cwd }).ended;
      return /held by the limit/.test(stdout) ? stdout : null;
    });
    expect(waits).toContain("held by the limit `one`, of which no slot is free");
    first.process.kill("SIGKILL");
    await first.ended;
    const ended = await second.ended;
    well(ended);
    expect(ended.stdout).toBe("the one\n");
    process.kill(Number(readFileSync(join(cwd, "ends/600"), "utf8")), "SIGKILL");
  }, 60_000);
});

it("tells that another run declares the limit otherwise", async () => {
  const cwd = project(`limit api { requests: 10 per 1m }

task hold(seconds: int) {
  uses: [api]

  run "echo $$ > ends/~{seconds}; exec sleep ~{seconds}"
}

flow main(seconds: int) {
  hold(seconds)
}
`);
  const args = (seconds: number) => ["run", "main.flow", "--input", `seconds=${seconds}`, "--ui", "plain"];
  const first = start(args(600), { cwd });
  const id = await until(async () => {
    const found = await shown(cwd, "last").catch(() => null);
    return found?.nodes.some(({ started_at }) => started_at !== null) === true ? found.run : null;
  });
  const second = await start([...args(0), "--set", "api.requests=50 per 1m"], { cwd }).ended;
  well(second);
  expect(second.stderr).toContain(
    `The limit \`api\` is 10 requests per 1m in the run ${id}, which is under way, and 50 requests per 1m here: while both are, the stricter of each holds.`,
  );
  first.process.kill("SIGKILL");
  await first.ended;
  const third = await start([...args(0), "--set", "api.requests=50 per 1m"], { cwd }).ended;
  well(third);
  expect(third.stderr).not.toContain("under way");
  process.kill(Number(readFileSync(join(cwd, "ends/600"), "utf8")), "SIGKILL");
}, 60_000);
