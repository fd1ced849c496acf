// Who owns a run: one living process, known by a lock that goes with it however it ends.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, expect, it } from "vitest";
import { isHeld, RunHeld, takeLease, thisProcess } from "../runtime/lease.ts";

const base = mkdtempSync(join(tmpdir(), "flowc-lease-"));
const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A process that takes the lease of a folder, says so, and lives on. */
async function holder(folder: string): Promise<ChildProcess> {
  const code = `
    const { takeLease } = await import(${JSON.stringify(new URL("../runtime/lease.ts", import.meta.url).href)});
    console.log((await takeLease(process.argv[1])) === null ? "refused" : "taken");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code, folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [line] = await once(createInterface(child.stdout), "line");
  expect(line).toBe("taken");
  return child;
}

it("is refused while another process lives, free when that is killed", async () => {
  const folder = join(base, "a");
  const child = await holder(folder);
  expect(await isHeld(folder)).toBe(true);
  expect(await takeLease(folder)).toBeNull();
  // Stopped is alive: it may go on at any moment.
  child.kill("SIGSTOP");
  expect(await takeLease(folder)).toBeNull();
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(await isHeld(folder)).toBe(false);
  const lease = await takeLease(folder);
  expect(lease).not.toBeNull();
  lease?.release();
});

it("is refused a second time in one process, and free after its release", async () => {
  const folder = join(base, "b");
  expect(await isHeld(folder)).toBe(false);
  const first = await takeLease(folder);
  expect(await isHeld(folder)).toBe(true);
  expect(await takeLease(folder)).toBeNull();
  first?.release();
  expect(await isHeld(folder)).toBe(false);
});

it("names its owner in the refusal", () => {
  const held = new RunHeld("261121-b7m2x", {
    pid: 4711,
    started: "1",
    boot: "another",
    host: "forge",
    since: Date.UTC(2026, 10, 21, 2, 3, 4),
  });
  expect(held.message).toBe(
    "The run 261121-b7m2x is being run by another flowc: process 4711 on forge, since 2026-11-21 02:03:04 UTC.",
  );
  expect(held.hint).toContain("kill 4711");
});

it("knows this process by more than its number", () => {
  const me = thisProcess();
  expect(me.pid).toBe(process.pid);
  if (process.platform === "linux") {
    expect(me.started).toMatch(/^\d+$/);
    expect(me.boot).toMatch(/^[0-9a-f-]{36}$/);
  }
});
