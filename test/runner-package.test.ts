// A third party's runner: the package of examples/runner-copy, installed as users install it, with what flowc gives its author.

import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { openRegistry } from "../runners/registry.ts";
import type { Runner } from "../runtime/runner.ts";
import { flowc, root } from "./program.ts";
import type { runnerContract } from "./runner-contract.ts";

/** A project that has flowc and the example among its packages. */
const project = realpathSync(mkdtempSync(join(tmpdir(), "flowc-package-")));
afterAll(() => rmSync(project, { recursive: true, force: true }));
const example = join(root, "examples/runner-copy");
mkdirSync(join(project, "source"));
writeFileSync(join(project, "source/main.txt"), "the program\n");
const page = readFileSync(join(example, "README.md"), "utf8");
writeFileSync(join(project, "copy.flow"), /^```flow\n(.*?)^```$/ms.exec(page)?.[1] ?? "");
writeFileSync(join(project, "package.json"), "{}\n");
mkdirSync(join(project, "node_modules"));
symlinkSync(root, join(project, "node_modules/flowc"));
cpSync(example, join(project, "node_modules/flowc-runner-copy"), { recursive: true });

/** The suite as the package gives it. */
const contract: { readonly runnerContract: typeof runnerContract } = await import(
  pathToFileURL(join(root, "dist/runner-contract.js")).href
);
const load = createRequire(join(project, "any.js"));
const { copyRunner }: { copyRunner: (options: { graceMs: number }) => Runner } = load("flowc-runner-copy");

contract.runnerContract("copy", {
  open: async () => copyRunner({ graceMs: 300 }),
  settings: {},
  copies: true,
});

describe("the package flowc-runner-copy", () => {
  it("is found by its name, in the project alone", async () => {
    expect(await openRegistry([project]).open("copy")).toMatchObject({ kind: "copy" });
    expect(openRegistry([root]).find("copy")).toBeNull();
  });

  it("makes places for a flow that names it", async () => {
    const checked = await flowc(["check", "copy.flow"], { cwd: project });
    expect([checked.code, checked.stderr]).toEqual([0, "1 file, no mistakes\n"]);
    const ran = await flowc(["run", "copy.flow", "--ui", "quiet"], { cwd: project });
    expect(ran.stderr).toBe("");
    expect(JSON.parse(ran.stdout)).toEqual(["debug\nthe program", "release\nthe program"]);
    expect(readdirSync(join(project, "source"))).toEqual(["main.txt"]);
  });

  it("leaves no copy behind, and refuses what is not there", async () => {
    const runner = copyRunner({ graceMs: 300 });
    const folder = join(project, "places");
    const tag = { run: "copies", node: 1, attempt: 1 };
    const spec = { tag, project, folder, needs: { cpu: null, memoryBytes: null } };
    const instance = await runner.open({ ...spec, settings: { without: ["node_modules"] } });
    if ("problem" in instance) throw new Error(instance.message);
    const scratch = join(folder, "1");
    const { path } = await instance.workspace({ tag, kind: "project", scratch });
    expect(readFileSync(join(path, "source/main.txt"), "utf8")).toBe("the program\n");
    expect(existsSync(join(path, "node_modules"))).toBe(false);
    await instance.close();
    expect(existsSync(path)).toBe(false);
    expect(await runner.open({ ...spec, settings: { from: "nowhere" } })).toEqual({
      problem: "refused",
      message: `There is no directory ${join(project, "nowhere")}: ENOENT.`,
    });
  });
});

describe("what flowc gives to who writes a runner", () => {
  it("has types that fit", () => {
    const source = `
      import { COOKIE, type Instance, type KindFacts, localRunner, type Runner } from "flowc/runner";
      import { type ContractOptions, runnerContract } from "flowc/runner-contract";
      export const runner: Runner = { ...localRunner({ graceMs: 300 }), kind: "other" };
      const options: ContractOptions = { open: async () => runner, settings: {} };
      runnerContract("other", options);
      export const facts: KindFacts = runner;
      export const close = (instance: Instance): Promise<void> => instance.close();
      export const text: string = COOKIE;
    `;
    writeFileSync(join(project, "other.ts"), source);
    const flags = "--noEmit --strict --ignoreConfig --module nodenext --target es2023 --skipLibCheck".split(
      " ",
    );
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const types = ["--types", "node", "--typeRoots", join(root, "node_modules/@types")];
    const checked = spawnSync(process.execPath, [tsc, "other.ts", ...flags, ...types], { cwd: project });
    expect(checked.stdout.toString()).toBe("");
    expect(checked.status).toBe(0);
  });

  it("is told with code that is there", () => {
    const told = readFileSync(join(root, "docs/runners.md"), "utf8");
    const code = readFileSync(join(example, "runner.js"), "utf8");
    const blocks = [...told.matchAll(/^```js\n(.*?)^```$/gms)].map((match) => match[1] ?? "");
    expect(blocks.length).toBeGreaterThan(2);
    expect(blocks.filter((block) => !code.includes(block))).toEqual([]);
    const suite = /^```ts\n.*?^(runnerContract.*?)\n```$/ms.exec(told)?.[1] ?? "none";
    expect(readFileSync(new URL(import.meta.url), "utf8")).toContain(`contract.${suite}`);
  });
});
