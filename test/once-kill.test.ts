// SIGKILL in the middle of nodes that may be done only once: none is done a second time unless a person said so.

import type { ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { random } from "./layers.ts";
import { flowc, start } from "./program.ts";

const keys = [..."abcdefghij"];

/** Each node leaves a line in a file of its own making, outside of what flowc knows. */
const FLOW = `task pay(key: string, ledger: string) -> string {
  effect: "once"

  run """
    echo ~{key} >> ~{ledger}
    sleep 0.03
  """
  return key
}

flow main(ledger: string) -> string[] {
  return for key in ${JSON.stringify(keys)} {
    pay(key, ledger)
  }
}
`;

interface Place {
  readonly folder: string;
  readonly ledger: string;
}

function linesOf({ ledger }: Place): readonly string[] {
  return existsSync(ledger) ? readFileSync(ledger, "utf8").trim().split("\n") : [];
}

/** Kills the process when so many lines are there and a moment has passed; it may end before. */
async function killed(child: ChildProcess, place: Place, lines: number, delayMs: number): Promise<void> {
  await new Promise<void>((done) => {
    const look = setInterval(() => {
      if (child.exitCode === null && linesOf(place).length < lines) return;
      clearInterval(look);
      setTimeout(done, delayMs);
    }, 3);
  });
  child.kill("SIGKILL");
}

/** Goes on until the run has succeeded, killed once more on the way; gives how often each key was let run again. */
async function settled(place: Place, next: () => number): Promise<ReadonlyMap<string, number>> {
  const again = new Map<string, number>();
  const cwd = { cwd: place.folder };
  const words: string[] = [];
  for (let opening = 0; opening < 20; opening++) {
    const one = start(["run", "--resume", "last", "--no-wait", "--json", "--jobs", "3", ...words], cwd);
    if (opening === 0) await killed(one.process, place, linesOf(place).length + 1, next() * 40);
    const { code, stderr, stdout } = await one.ended;
    words.length = 0;
    if (code === 0) {
      expect(JSON.parse(stdout).output).toEqual(keys);
      return again;
    }
    expect([3, null], stderr).toContain(code);
    // What was running when flowc died is not told to be unknown before the next opening has seen it.
    if (code === null) continue;
    const shown: { nodes: { node: string; key: string; status: string }[] } = JSON.parse(stdout);
    for (const { node, key, status } of shown.nodes) {
      if (status !== "unknown") continue;
      if (next() < 0.5) {
        words.push("--again", node);
        again.set(key, (again.get(key) ?? 0) + 1);
      } else {
        const said = await flowc(["approve", "last", node, "--value", JSON.stringify(key)], cwd);
        expect(said.code, said.stderr).toBe(0);
      }
    }
  }
  throw new Error("the run does not end");
}

it.each([1, 2, 3])(
  "is done once, or as often as a person says (seed %i)",
  async (seed) => {
    const folder = mkdtempSync(join(tmpdir(), "flowc-once-"));
    try {
      const place = { folder, ledger: join(folder, "ledger") };
      const next = random(20_261_121 + seed);
      writeFileSync(join(folder, "package.json"), "{}\n");
      writeFileSync(join(folder, "pay.flow"), FLOW);
      const args = ["run", "pay.flow", "--input", `ledger=${place.ledger}`, "--jobs", "3", "--no-wait"];
      const first = start(args, { cwd: folder });
      await killed(first.process, place, 1 + Math.floor(next() * 6), next() * 40);
      expect((await first.ended).signal).toBe("SIGKILL");
      const again = await settled(place, next);
      const lines = linesOf(place);
      for (const key of keys) {
        const count = lines.filter((line) => line === key).length;
        expect(count, `${key} in ${lines.join(" ")}`).toBeLessThanOrEqual(1 + (again.get(key) ?? 0));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

/** Three may be there at a time, but only one is made in a second: the others wait. */
const SLOW = `runner place {
  local: {}
  instances: 3
  spawn: 1 per 1s
}

task pay(key: string, ledger: string) -> string {
  runner: place
  effect: "once"

  run """
    echo ~{key} >> ~{ledger}
    sleep 20
  """
  return key
}

flow main(ledger: string) {
  for key in ["a", "b", "c"] {
    pay(key, ledger)
  }
}
`;

it("is done without a question if it only waited for an instance", async () => {
  const folder = mkdtempSync(join(tmpdir(), "flowc-once-"));
  try {
    const place = { folder, ledger: join(folder, "ledger") };
    const cwd = { cwd: folder };
    writeFileSync(join(folder, "package.json"), "{}\n");
    writeFileSync(join(folder, "pay.flow"), SLOW);
    const first = start(["run", "pay.flow", "--input", `ledger=${place.ledger}`, "--jobs", "3"], cwd);
    await killed(first.process, place, 1, 0);
    await first.ended;
    const begun = linesOf(place);
    const second = start(["run", "--resume", "last", "--json", "--jobs", "3"], cwd);
    await killed(second.process, place, 3, 0);
    await second.ended;
    expect([...linesOf(place)].sort()).toEqual(["a", "b", "c"]);
    const { stdout } = await flowc(["show", "last", "--json"], cwd);
    const shown: { nodes: { key: string; unknown: unknown }[] } = JSON.parse(stdout);
    const unknown = shown.nodes.filter((node) => node.unknown !== null).map(({ key }) => key);
    expect(unknown).toEqual(begun);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
