// Builds the fleet in containers, all of it where FLOWC_FLEET says so, also after flowc was killed; counts what is left of them.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { openDatabase } from "../runtime/sqlite.ts";
import { containersOf } from "./docker-daemon.ts";
import { hasNodeImage, nodeImage } from "./node-image.ts";
import { killedAfter, partOfFleet, sliceOfFleet } from "./package-fleet.ts";
import { flowc, root } from "./program.ts";

const skip = !(await hasNodeImage());
const folder = mkdtempSync(join(tmpdir(), "flowc-fleet-docker-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fleet = join(folder, "fleet/fleet.flow");

function args(state: string, ...more: readonly string[]): string[] {
  return ["run", fleet, "--on", "docker", "--json", "--state", join(folder, state), "--jobs", "2", ...more];
}

/** The image has no C compiler: what was built on this machine, by mistake, has another toolchain where there is one. */
async function toolchains(state: string): Promise<readonly unknown[]> {
  const database = await openDatabase(join(state, "journal.db"), { readOnly: true });
  try {
    const sql =
      "SELECT DISTINCT output ->> '$.tested.toolchain' AS used FROM nodes WHERE task = 'build' AND output IS NOT NULL";
    return database
      .prepare(sql)
      .all()
      .map((row) => row["used"]);
  } finally {
    database.close();
  }
}

describe("the fleet in containers", { skip, timeout: 900_000 }, () => {
  cpSync(join(root, "examples/package-fleet"), join(folder, "fleet"), { recursive: true });
  // The same with an image that every machine with Node can make.
  writeFileSync(fleet, readFileSync(fleet, "utf8").replace('image: "node:20"', `image: "${nodeImage}"`));

  it("is built as on this machine, and leaves no container", async () => {
    const part = partOfFleet("docker");
    const ended = await flowc(args("whole", ...part.args));
    expect(ended.code, ended.stderr).toBe(0);
    const { run, output } = JSON.parse(ended.stdout);
    expect(output).toMatchObject({ built: part.builds, failed: [], skipped: 0 });
    expect(await toolchains(join(folder, "whole"))).toEqual(["node"]);
    expect(await containersOf(run)).toEqual([]);
  });

  it("tolerates what fails there, with its cause", async () => {
    const ended = await flowc(
      args("failing", ...sliceOfFleet.args, "--input", 'sabotage=["@protobufjs/base64"]'),
    );
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stderr).toContain("@protobufjs/base64 at(");
    const { run, output } = JSON.parse(ended.stdout);
    expect(output.failed).toEqual(["@protobufjs/base64/linux-x64-gnu", "@protobufjs/base64/wasm32"]);
    expect(await containersOf(run)).toEqual([]);
  });

  it("goes on after a kill, and ends what that left behind", async () => {
    await killedAfter(4, args("killed", ...sliceOfFleet.args));
    const state = join(folder, "killed");
    const second = await flowc(["run", fleet, "--resume", "last", "--json", "--state", state]);
    expect(second.code, second.stderr).toBe(0);
    const { run, output } = JSON.parse(second.stdout);
    expect(output).toMatchObject({ built: 26, failed: [] });
    expect(await containersOf(run)).toEqual([]);
    expect(await toolchains(state)).toEqual(["node"]);
  });
});
