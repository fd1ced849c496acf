// Builds the fleet in sandboxes of the test server: a slice with faults, and after a kill; counts what is left of them.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { E2bServer } from "./e2b-server.ts";
import { isolates } from "./e2b-server-sandbox.ts";
import { killedAfter, partOfFleet, sliceOfFleet } from "./package-fleet.ts";
import { flowc, root } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-fleet-e2b-"));
const fleet = join(folder, "fleet/fleet.flow");
const env = { E2B_API_KEY: "key" };
const part = partOfFleet("e2b");
let server: E2bServer;

beforeAll(async () => {
  server = await E2bServer.start({ instancesMax: 30, vanish: 0.02 });
  cpSync(join(root, "examples/package-fleet"), join(folder, "fleet"), { recursive: true });
  const account = `api_url: "${server.url}", sandbox_url: "${server.url}", account: { instances: 30, per_second: 100 }`;
  const text = readFileSync(fleet, "utf8")
    .replace('e2b:    { template: "base",', `e2b:    { template: "base", ${account},`)
    .replace("spawn:     30 per 1m", "spawn:     100 per 1s");
  writeFileSync(fleet, text);
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function args(state: string, ...more: readonly string[]): string[] {
  return ["run", fleet, "--on", "e2b", "--json", "--state", join(folder, state), ...more];
}

describe("the fleet in sandboxes", { skip: !isolates, timeout: 900_000 }, () => {
  it("is built as on this machine, and leaves no sandbox", async () => {
    const ended = await flowc(args("whole", ...part.args), { env });
    expect(ended.code, ended.stderr).toBe(0);
    const { output } = JSON.parse(ended.stdout);
    expect(output).toMatchObject({ built: part.builds, failed: [], skipped: 0 });
    expect(server.sandboxes.length).toBe(0);
    expect(server.peak).toBeLessThanOrEqual(30);
  });

  it("goes on after a kill, and ends what that left behind", async () => {
    await killedAfter(4, args("killed", ...sliceOfFleet.args), env);
    const second = await flowc(
      ["run", fleet, "--resume", "last", "--json", "--state", join(folder, "killed")],
      { env },
    );
    expect(second.code, second.stderr).toBe(0);
    expect(JSON.parse(second.stdout).output).toMatchObject({ built: 26, failed: [] });
    expect(server.sandboxes.length).toBe(0);
  });

  it("fails, and can be resumed, when nobody answers there", async () => {
    const gone = join(folder, "gone.flow");
    writeFileSync(
      gone,
      `runner far { e2b: { template: "base", api_key: secret("E2B_API_KEY"), api_url: "http://127.0.0.1:65533" } }
task hello() -> string {
  runner: far
  reads:  []

  run "echo hello"

  return stdout
}

flow main() -> string {
  return hello()
}
`,
    );
    const state = join(folder, "gone");
    for (const how of [[gone], ["--resume", "last"]]) {
      const ended = await flowc(["run", ...how, "--state", state], { env });
      expect(ended.code, ended.stderr).toBe(1);
      expect(ended.stderr).toContain("Is this machine online?");
      expect(ended.stderr).not.toContain("attempt 2");
      expect(ended.stderr).toContain("What this run may have left on e2b could not be ended");
      expect(ended.stderr).toMatch(/^next: flowc run --resume /m);
    }
  });

  it("asks for its key, and only there", async () => {
    const ended = await flowc(args("none", ...sliceOfFleet.args), { env: { E2B_API_KEY: "" } });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("A secret is not set in the environment: E2B_API_KEY.");
    expect(ended.stderr).toContain("next: E2B_API_KEY=… flowc run");
  });
});
