// Runs the lockfile audit for real against a registry of made-up packages: honest, broken, hostile and missing ones.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readLock } from "../examples/lockfile-audit/lock.ts";
import { flowc, root, start } from "./program.ts";
import { integrityOf, openRegistry, type Registry, type TarEntry, tarball } from "./registry.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-audit-"));
const home = join(folder, "home");
const packages = new Map<string, Buffer>();
const lockfile = join(folder, "package-lock.json");
let registry: Registry;

function add(name: string, more: readonly TarEntry[] = [], manifest: object = {}): void {
  const text = JSON.stringify({ name, version: "1.0.0", license: "MIT", ...manifest });
  packages.set(`${name}@1.0.0`, tarball([{ path: "package/package.json", text }, ...more]));
}

/** An entry of the lockfile; its promise is kept unless another one is given. */
function entry(name: string, more: object = {}): object {
  const content = packages.get(`${name}@1.0.0`);
  return { version: "1.0.0", ...(content === undefined ? {} : { integrity: integrityOf(content) }), ...more };
}

function writeLock(path: string, entries: Readonly<Record<string, object>>): void {
  writeFileSync(
    path,
    JSON.stringify({ name: "made-up", lockfileVersion: 3, packages: { "": {}, ...entries } }),
  );
}

const plain = Array.from({ length: 12 }, (_, index) => `plain-${index}`);

beforeAll(async () => {
  for (const name of plain) add(name);
  add("alpha", [{ path: "package/a.js", text: "x".repeat(1000) }], { license: undefined });
  add("beta", [{ path: "package/LICENSE", text: "\nThe Made-up Licence\n" }], { license: undefined });
  add("@scope/deep");
  add("scripted", [], { scripts: { postinstall: "node evil.js", test: "true" } });
  add("ring-a");
  add("ring-b");
  add("hostile", [
    { path: "package/../../outside.txt", text: "no" },
    { path: "/absolute.txt", text: "no" },
    { path: "package/link", link: "../../../etc/passwd" },
    { path: "package/fine", link: "./package.json" },
  ]);
  registry = await openRegistry(packages);
  mkdirSync(home);
  writeFileSync(join(home, ".npmrc"), `registry=${registry.address}\naudit=false\nupdate-notifier=false\n`);
  writeLock(lockfile, {
    ...Object.fromEntries(plain.map((name) => [`node_modules/${name}`, entry(name)])),
    "node_modules/alpha": entry("alpha", { dependencies: { beta: "1", "@scope/deep": "1", gone: "1" } }),
    "node_modules/alpha/node_modules/@scope/deep": entry("@scope/deep", { dependencies: { beta: "1" } }),
    "node_modules/beta": entry("beta", { integrity: integrityOf(Buffer.from("something else")) }),
    "node_modules/scripted": entry("scripted", { hasInstallScript: true }),
    "node_modules/hostile": { version: "1.0.0" },
    "node_modules/gone": { ...entry("gone"), optional: true, os: ["aix"], cpu: ["ppc64"] },
    "node_modules/ring-a": entry("ring-a", { dependencies: { "ring-b": "1" } }),
    "node_modules/ring-b": entry("ring-b", { peerDependencies: { "ring-a": "1", absent: "1" } }),
    "node_modules/here": { resolved: "here", link: true },
    here: { version: "0.0.0" },
    "node_modules/alpha/node_modules/in-it": { version: "1.0.0", inBundle: true },
  });
});

afterAll(async () => {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

const audit = "examples/lockfile-audit/audit.flow";

function args(state: string, ...more: readonly string[]): string[] {
  return ["run", audit, "--json", "--state", join(folder, state), "--jobs", "2", ...more];
}

describe("the audit", () => {
  it("finds what is wrong and tells what it could not see", async () => {
    const ended = await flowc(args("whole", "--input", `lockfile=${lockfile}`), { env: { HOME: home } });
    expect(ended.code, ended.stderr).toBe(0);
    const { output } = JSON.parse(ended.stdout);
    expect(output).toMatchObject({
      project: "made-up",
      packages: 20,
      audited: 19,
      missing: ["gone"],
      broken: ["beta"],
      unpromised: ["hostile"],
      in_vain: ["alpha needs gone"],
      install_scripts: ["scripted"],
      escapes: ["hostile"],
      licences: { MIT: 17, "none found": 1, "The Made-up Licence": 1 },
      skipped: 3,
      circles: 1,
    });
    const shown = await flowc(["report", "last", "--state", join(folder, "whole")]);
    expect(shown.stdout).toContain("audit.md");
    const stored = join(
      folder,
      "whole/artifacts",
      output.report.sha256.slice(0, 2),
      output.report.sha256.slice(2),
    );
    const report = readFileSync(stored, "utf8");
    expect(report).toContain("- gone 1.0.0 (optional, for aix ppc64)");
    expect(report).toContain("package/../../outside.txt leads out of the folder");
    expect(report).toContain("/absolute.txt is an absolute path");
    expect(report).toContain("package/link is a link to ../../../etc/passwd");
    expect(report).not.toContain("package/fine");
    expect(report).toContain("ring-b → ring-a → ring-b (cut: ring-b no longer waits for ring-a, its peer)");
    expect(report).toContain("- ring-b needs absent");
    for (const [name, count] of registry.fetched) expect(`${name}: ${count}`).toBe(`${name}: 1`);
  });

  it("shows the circle when it may not cut it, and fetches nothing", async () => {
    const before = new Map(registry.fetched);
    const ended = await flowc(args("strict", "--input", `lockfile=${lockfile}`, "--input", "strict=true"), {
      env: { HOME: home },
    });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/ring-a → ring-b → ring-a|ring-b → ring-a → ring-b/);
    expect(new Map(registry.fetched)).toEqual(before);
  });

  it("refuses what is no lockfile, and says how to get one", async () => {
    const old = join(folder, "old-lock.json");
    writeFileSync(old, '{ "lockfileVersion": 1, "dependencies": {} }');
    const ended = await flowc(args("old", "--input", `lockfile=${old}`), { env: { HOME: home } });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("npm install --package-lock-only");
  });

  it("resumed after a kill, fetches nothing twice that was recorded", async () => {
    const state = join(folder, "killed");
    const first = start(args("killed", "--input", `lockfile=${lockfile}`), { env: { HOME: home } });
    const before = new Map(registry.fetched);
    // Kill it as soon as a few more tarballs were asked for: then some are recorded, and some are on their way.
    await new Promise<void>((done) => {
      const watch = setInterval(() => {
        const asked = [...registry.fetched.values()].reduce((a, b) => a + b, 0);
        const asking = [...before.values()].reduce((a, b) => a + b, 0);
        if (asked < asking + 6 && first.process.exitCode === null) return;
        clearInterval(watch);
        done();
      }, 5);
    });
    first.process.kill("SIGKILL");
    expect((await first.ended).signal).toBe("SIGKILL");
    const recorded = await startedAt(state);
    const second = await flowc(["run", audit, "--resume", "last", "--json", "--state", state], {
      env: { HOME: home },
    });
    expect(second.code, second.stderr).toBe(0);
    expect(JSON.parse(second.stdout).output).toMatchObject({ audited: 19, missing: ["gone"] });
    const after = await startedAt(state);
    expect(recorded.size).toBeGreaterThan(0);
    for (const [node, at] of recorded) expect(`${node} ${after.get(node)}`).toBe(`${node} ${at}`);
  });
});

/** When the nodes that have succeeded were started, by name. */
async function startedAt(state: string): Promise<ReadonlyMap<string, string>> {
  const shown = await flowc(["show", "last", "--json", "--state", state]);
  const nodes: readonly { node: string; status: string; started_at: string }[] = JSON.parse(
    shown.stdout,
  ).nodes;
  return new Map(
    nodes.filter((one) => one.status === "succeeded").map((one) => [one.node, String(one.started_at)]),
  );
}

describe("reading a lockfile", () => {
  it("resolves needs as npm does, from the innermost folder outwards", async () => {
    const path = join(folder, "nested.json");
    writeLock(path, {
      "node_modules/a": { version: "1.0.0", dependencies: { b: "1", c: "1" } },
      "node_modules/a/node_modules/b": { version: "1.0.0", dependencies: { c: "1" } },
      "node_modules/b": { version: "2.0.0" },
      "node_modules/c": { version: "1.0.0", dependencies: { b: "2" } },
      "node_modules/alias": { name: "@other/name", version: "3.0.0" },
    });
    const lock = await readLock({
      lockfile: { path, name: "nested.json", size: 0, sha256: "" },
      strict: false,
    });
    const needs = Object.fromEntries(lock.packages.map((one) => [one.key, one.needs]));
    expect(needs).toEqual({
      a: ["a/node_modules/b", "c"],
      "a/node_modules/b": ["c"],
      b: [],
      c: ["b"],
      alias: [],
    });
    expect(lock.packages.find((one) => one.key === "alias")?.name).toBe("@other/name");
  });

  it("cuts the peer of a real circle, and nothing else", async () => {
    const path = join(root, "examples/lockfile-audit/circle.lock.json");
    const lock = await readLock({ lockfile: { path, name: "circle", size: 0, sha256: "" }, strict: false });
    expect(lock.circles).toEqual([
      {
        packages: ["update-browserslist-db", "browserslist", "update-browserslist-db"],
        from: "update-browserslist-db",
        to: "browserslist",
        kind: "peer",
      },
    ]);
    const browserslist = lock.packages.find((one) => one.key === "browserslist");
    expect(browserslist?.needs).toContain("update-browserslist-db");
  });
});
