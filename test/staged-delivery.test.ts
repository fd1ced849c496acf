// Stories in three stages, on this machine and in containers; killed in the middle and resumed.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { containersOf } from "./docker-daemon.ts";
import { killedAfter } from "./killed-run.ts";
import { hasNodeImage, nodeImage } from "./node-image.ts";
import { flowc } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-delivery-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = "examples/staged-delivery/delivery.flow";
const skip = !(await hasNodeImage());

interface Delivered {
  readonly name: string;
  readonly passes: number;
  readonly source: { readonly sha256: string };
}

function sourceOf(state: string, { source: { sha256 } }: Delivered): string {
  return readFileSync(join(state, "artifacts", sha256.slice(0, 2), sha256.slice(2)), "utf8");
}

/** Each was sent back once, and what was approved is kept. */
function expectDelivered(state: string, delivered: readonly Delivered[]): void {
  expect(delivered.map(({ name, passes }) => [name, passes])).toEqual([
    ["slugOf", 2],
    ["romanOf", 2],
    ["isLuhn", 2],
    ["wrapped", 2],
  ]);
  for (const story of delivered) expect(sourceOf(state, story)).toContain(`export function ${story.name}(`);
}

describe("staged delivery", { timeout: 120_000 }, () => {
  it("sends back what does not hold, and keeps what does", async () => {
    const state = join(folder, "whole");
    const ended = await flowc(["run", file, "--json", "--state", state]);
    expect(ended.code, ended.stderr).toBe(0);
    expectDelivered(state, JSON.parse(ended.stdout).output);
  });

  it("goes on after a kill, with what each stage had given", async () => {
    const state = join(folder, "killed");
    expect(await killedAfter(5, ["run", file, "--ui", "json", "--state", state])).toBe("SIGKILL");
    const ended = await flowc(["run", file, "--resume", "last", "--json", "--state", state]);
    expect(ended.code, ended.stderr).toBe(0);
    const { nodes, output } = JSON.parse(ended.stdout);
    expectDelivered(state, output);
    const again = nodes.filter(({ attempts }: { readonly attempts: number }) => attempts > 1);
    expect(again.length, JSON.stringify(again)).toBeLessThanOrEqual(2);
  });
});

describe("staged delivery in three containers", { skip, timeout: 120_000 }, () => {
  it("gives the same", async () => {
    const state = join(folder, "docker");
    const images = ["desk", "workshop", "lab"].flatMap((name) => [
      "--set",
      `${name}.docker.image=${nodeImage}`,
    ]);
    const ended = await flowc(["run", file, "--on", "docker", ...images, "--json", "--state", state]);
    expect(ended.code, ended.stderr).toBe(0);
    const { run, output } = JSON.parse(ended.stdout);
    expectDelivered(state, output);
    expect(await containersOf(run)).toEqual([]);
  });
});
