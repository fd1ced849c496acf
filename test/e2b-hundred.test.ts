// A hundred sandboxes at once, of one run of the real program: ended by `cancel`, and after a `kill -9`; counted at the server.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { isStart } from "./e2b-place.ts";
import { E2bServer } from "./e2b-server.ts";
import { isolates } from "./e2b-server-sandbox.ts";
import { flowc, start } from "./program.ts";

const hundred = 100;
const folder = mkdtempSync(join(tmpdir(), "flowc-hundred-"));
const env = { E2B_API_KEY: "key" };
let server: E2bServer;

beforeEach(async () => {
  server = await E2bServer.start({ instancesMax: hundred });
  const { url } = server;
  writeFileSync(
    join(folder, "main.flow"),
    `runner far {
  e2b: {
    template: "base",
    api_key: secret("E2B_API_KEY"),
    api_url: "${url}",
    sandbox_url: "${url}",
    account: { instances: ${hundred}, per_second: 1000 },
  }

  instances: ${hundred}
  spawn:     1000 per 1s
}

task wait(n: int) {
  runner: far
  reads:  []

  run "sleep 1000; echo ~{n}"
}

flow main() {
  for n in range(${hundred}) {
    wait(n)
  }
}
`,
  );
});
afterEach(() => server.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A run whose commands all go on, each in a sandbox of its own. */
async function begun(state: string, how: readonly string[]) {
  const before = server.calls.filter(isStart).length;
  const run = start(["run", ...how, "--state", state], { cwd: folder, env });
  const all = server.until(
    () => server.sandboxes.length === hundred && server.calls.filter(isStart).length >= before + hundred,
  );
  const early = run.ended.then(({ stderr }) => {
    throw new Error(`it ended too soon: ${stderr}`);
  });
  await Promise.race([all, early]);
  early.catch(() => {});
  return run;
}

describe("a hundred sandboxes at once", { skip: !isolates, timeout: 240_000 }, () => {
  it("are all ended by a cancel", async () => {
    const state = join(folder, "cancelled");
    const run = await begun(state, ["main.flow"]);
    expect((await flowc(["cancel", "last", "--state", state], { cwd: folder })).code).toBe(0);
    const { stderr } = await run.ended;
    expect(stderr).toContain("cancelled");
    expect(server.sandboxes.length).toBe(0);
    expect(server.peak).toBe(hundred);
  });

  it("are found after a kill, and ended before any of the next is made", async () => {
    const state = join(folder, "killed");
    const first = await begun(state, ["main.flow"]);
    first.process.kill("SIGKILL");
    expect((await first.ended).signal).toBe("SIGKILL");
    expect(server.sandboxes.length).toBe(hundred);
    // The account gives no more than these: while one of the old is there, its place is taken.
    const old = new Set(server.sandboxes.map(({ id }) => id));
    const second = await begun(state, ["--resume", "last"]);
    expect(server.sandboxes.filter(({ id }) => old.has(id))).toEqual([]);
    expect(server.peak).toBe(hundred);
    expect((await flowc(["cancel", "last", "--state", state], { cwd: folder })).code).toBe(0);
    await second.ended;
    expect(server.sandboxes.length).toBe(0);
  });
});
