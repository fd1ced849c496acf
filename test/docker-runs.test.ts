// Whole runs on Docker that meet what is not there, dies, or is ended in the middle: told, and nothing is left.

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, describe, expect, test } from "vitest";
import { docker, image } from "./docker-daemon.ts";
import { containersFlow } from "./docker-flow.ts";
import { canStart, OwnDocker, until } from "./docker-own.ts";
import { bin, flowc, type Started, start } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-docker-runs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program that runs has told so far. */
function ear({ process }: Started): { said(): string } {
  let said = "";
  for (const stream of [process.stdout, process.stderr])
    stream?.on("data", (chunk) => {
      said += String(chunk);
    });
  return { said: () => said };
}

async function labelled(engine: Docker | null, run: string, all: boolean): Promise<number> {
  const filters = { label: [`flowc.run=${run}`] };
  return (await engine?.listContainers({ all, filters }))?.length ?? 0;
}

describe("an image that cannot be had", { skip: docker === null }, () => {
  test("is asked for once by a hundred nodes, and told once", async () => {
    const asked: string[] = [];
    const registry = createServer((request, response) => {
      asked.push(request.url ?? "");
      const none = { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] };
      const known = request.url === "/v2/";
      response.writeHead(known ? 200 : 404, { "Content-Type": "application/json" });
      response.end(known ? "{}" : JSON.stringify(none));
    });
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
    try {
      const address = registry.address();
      const port = typeof address === "object" ? address?.port : 0;
      for (const cached of [[], ["cache:  true"]]) {
        asked.length = 0;
        const flow = containersFlow(
          folder,
          `127.0.0.1:${port}/no/such:1`,
          100,
          "echo ~{i}",
          "reads:  []",
          ...cached,
        );
        const { code, stderr } = await flowc(["run", flow, "--jobs", "8"]);
        expect(code, stderr).toBe(1);
        expect(
          asked.filter((path) => path === "/v2/"),
          stderr,
        ).toHaveLength(1);
        expect(stderr.match(/Docker fetches the image/g)).toHaveLength(1);
        // As it happens, and at the end.
        expect(stderr.match(/is not on the engine, and cannot be fetched: /g), stderr).toHaveLength(2);
        expect(stderr.match(/^\S+ ✗ all\[\d+\]\.one failed likewise$/gm)).toHaveLength(99);
        expect(stderr).toMatch(/^ {2}Is its name right\? Try it: docker pull 127\.0\.0\.1/m);
        expect(stderr).toContain("100 nodes: 100 failed");
      }
    } finally {
      registry.closeAllConnections();
      registry.close();
    }
  });
});

describe("an engine", { skip: !canStart("dockerd") }, () => {
  test("that dies in the middle of a run and comes back: the run goes on", { timeout: 180_000 }, async () => {
    const own = new OwnDocker();
    try {
      await own.start();
      const script = 'touch "began-~{i}"; until [ -e go ]; do sleep 0.05; done; echo "~{i}"';
      const flow = containersFlow(folder, image, 5, script);
      const run = start(["run", flow, "--json", "--ui", "plain", "--jobs", "3"], {
        env: { DOCKER_HOST: own.host },
      });
      const { said } = ear(run);
      const place = join(flow, "..");
      await until(async () => readdirSync(place).filter((name) => name.startsWith("began-")).length === 3);
      await own.kill("SIGKILL", { alone: true });
      await until(async () => said().includes("`box` fails, and is asked again: The Docker engine at"));
      await own.start();
      await until(async () => said().includes("`box` can be had again."));
      writeFileSync(join(place, "go"), "");
      const { code, stdout, stderr } = await run.ended;
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout).output).toEqual(["0", "1", "2", "3", "4"]);
      expect(stderr).toMatch(/↻ all\[\d\]\.one: The Docker engine at .* does not answer any more/);
      expect(stderr.match(/is asked again/g)).toHaveLength(1);
      expect(await own.docker.listContainers({ all: true })).toEqual([]);
    } finally {
      await own.end();
    }
  });

  test("that dies and stays dead: what may be left there is told", { timeout: 180_000 }, async () => {
    const own = new OwnDocker();
    try {
      await own.start();
      const flow = containersFlow(folder, image, 1, "touch began; sleep 1000");
      const env = { DOCKER_HOST: own.host };
      const run = start(["run", flow, "--ui", "plain"], { env });
      const { said } = ear(run);
      await until(async () => existsSync(join(flow, "../began")));
      await own.kill("SIGKILL");
      await until(async () => said().includes("is asked again"));
      run.process.kill("SIGINT");
      const { code, stderr } = await run.ended;
      expect(code, stderr).toBe(130);
      expect(stderr).toContain(
        "What this run may have left on docker could not be ended: The Docker engine did not",
      );
      await own.start();
      const [left] = await own.docker.listContainers({ all: true });
      expect(left?.State).not.toBe("running");
    } finally {
      await own.end();
    }
  });
});

/** Somebody who may not use the engine, and can read what is needed to run flowc. */
const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
const canBeNobody =
  docker !== null &&
  process.getuid?.() === 0 &&
  spawnSync("setpriv", [...nobody, process.execPath, bin, "--version"]).status === 0;

test("whoever may not use the engine is told how to get to", { skip: !canBeNobody }, () => {
  const flow = containersFlow(folder, image, 3, "echo ~{i}");
  chmodSync(folder, 0o755);
  for (const path of [join(flow, ".."), flow]) chmodSync(path, 0o777);
  const argv = [...nobody, process.execPath, bin, "run", flow];
  const { status, stderr } = spawnSync("setpriv", argv, {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  expect(status, stderr).toBe(1);
  expect(stderr).toContain("You may not use the Docker engine at /var/run/docker.sock.");
  expect(stderr).toContain('sudo usermod -aG docker "$USER"');
  expect(stderr).toMatch(/^next: flowc run --resume /m);
});

describe("fifty containers at once", { skip: docker === null }, () => {
  test("are all ended after a kill of flowc, and after a cancel", { timeout: 300_000 }, async () => {
    const flow = containersFlow(folder, image, 50, 'touch "began-~{i}"; sleep 1000', "retry:  { times: 0 }");
    const place = join(flow, "..");
    const cwd = { cwd: place };
    const begun = () => readdirSync(place).filter((name) => name.startsWith("began-")).length;
    const first = start(["run", flow, "--jobs", "50", "--ui", "json"], cwd);
    const { said } = ear(first);
    await until(async () => begun() === 50, 120);
    const id = /"run":"([^"]+)"/.exec(said())?.[1] ?? "";
    expect(await labelled(docker, id, false)).toBe(50);
    first.process.kill("SIGKILL");
    await first.ended;
    for (let i = 0; i < 50; i++) rmSync(join(place, `began-${i}`));
    const second = start(["run", "--resume", id, "--jobs", "50", "--ui", "json"], cwd);
    // Those of the first are gone before the second has its own.
    await until(async () => begun() === 50, 120);
    expect(await labelled(docker, id, true)).toBe(50);
    const cancelled = await flowc(["cancel", id], cwd);
    expect(cancelled.code, cancelled.stderr).toBe(0);
    expect((await second.ended).stderr).toContain("50 nodes: 50 cancelled");
    expect(await labelled(docker, id, true)).toBe(0);
  });
});
