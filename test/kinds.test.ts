// Kinds of runners: built in and from packages, all through one registry; settings checked by each kind's own schema.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nodeHost } from "../cli/host.ts";
import { kindsOf } from "../cli/kinds.ts";
import { check } from "../compiler/check.ts";
import { compile } from "../compiler/compile.ts";
import { exampleOfKind } from "../compiler/kind-settings.ts";
import { builtInAgents, openAgentRegistry } from "../runners/agent-registry.ts";
import { builtIn, openRegistry, type Registry } from "../runners/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-kinds-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let projects = 0;

/** A project of these files; a runner of the file is used by its only task. */
function project(files: Readonly<Record<string, string>>): string {
  const root = join(folder, String(projects++));
  for (const [path, text] of Object.entries({ "package.json": "{}", ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function flowWith(runner: string): string {
  return `runner place { ${runner} }\ntask build() { runner: place, run "make" }\nflow main() { build() }\n`;
}

/** What is wrong with a runner of these settings. */
function told(runner: string, root: string, registry: Registry | null = null): readonly string[] {
  const entry = join(root, "main.flow");
  writeFileSync(entry, flowWith(runner));
  const disk = nodeHost(root, entry);
  const host = registry === null ? disk : { ...disk, kinds: kindsOf(registry) };
  return check(entry, host).diagnostics.map(({ code, label, hint }) =>
    [code, label, ...(hint === undefined ? [] : [hint])].join(": "),
  );
}

describe("built-in kinds", () => {
  it.each(builtIn.map((one) => ({ name: one.facts.kind, facts: one.facts })))(
    "$name is told when it is not there, and well when it is",
    ({ name, facts }) => {
      const settings = exampleOfKind(name, facts.settingsSchema);
      const root = project({});
      expect(told(settings, root)).toEqual([]);
      const others = openRegistry(
        [],
        builtIn.filter((one) => one.facts !== facts),
      );
      expect(others.find(name)).toBeNull();
      const [first = "", ...more] = told(settings, root, others);
      expect(more).toEqual([]);
      expect(first).toContain(`no-back-end: there is no kind of runner \`${name}\``);
      expect(first).toContain(`npm install flowc-runner-${name}`);
    },
  );

  it.each(builtIn.map((one) => ({ name: one.facts.kind })))(
    "$name cannot be opened without it",
    async ({ name }) => {
      const others = openRegistry(
        [],
        builtIn.filter(({ facts }) => facts.kind !== name),
      );
      expect(await others.open(name)).toEqual({
        problem: expect.stringContaining(`no runner of kind \`${name}\``),
      });
    },
  );
});

const runner = `{
  kind: "copy",
  settingsSchema: {
    type: "object",
    properties: {
      from: { type: "string", pattern: "^/", examples: ["/srv"] },
      room: { type: "integer", "x-flowc": "size", maximum: 1048576, examples: [1024] },
      wait: { type: "number", "x-flowc": "duration", examples: [90] },
      token: { type: "string", minLength: 20, "x-flowc": "secret" },
      mounts: { type: "array", items: { type: "object", properties: { path: { type: "string", minLength: 2 } }, required: ["path"] } },
      env: { type: "object", additionalProperties: { type: "string" } },
      mode: { enum: ["fast", "safe"] },
    },
    required: ["from"],
  },
  computesHere: true,
  quota: ({ room }) => ({ instances: room === undefined ? null : 2, perSecond: null }),
  open: async () => ({ problem: "refused", message: "It is a test." }),
  find: async () => [],
  end: async () => {},
  identity: async () => "copy",
}`;

const manifest = (more: object = {}) =>
  JSON.stringify({ name: "flowc-runner-copy", main: "index.js", ...more });
const installed = (text: string, more: object = {}) =>
  project({
    "node_modules/flowc-runner-copy/package.json": manifest(more),
    "node_modules/flowc-runner-copy/index.js": text,
  });

describe("a kind from a package", () => {
  const commonJs = installed(`exports.runner = ${runner};\n`);
  const modules = installed(`export const runner = ${runner};\n`, { type: "module" });

  it.each([
    ["a CommonJS module", commonJs],
    ["an ES module", modules],
  ])("is %s", async (_, root) => {
    const registry = openRegistry([root]);
    expect(registry.names()).toEqual(["local", "docker", "e2b", "copy"]);
    expect(await registry.open("copy")).toMatchObject({ kind: "copy" });
    expect(await registry.open("copy")).toBe(await registry.open("copy"));
    expect(told('copy: { from: "/srv" }', root)).toEqual([]);
  });

  it("has settings in the units that people write, and secrets", () => {
    const entry = join(modules, "main.flow");
    writeFileSync(
      entry,
      flowWith('copy: { from: "/srv", room: 4KB, wait: 1m30s, token: secret("TOKEN"), env: { A: "1" } }'),
    );
    const { plan, diagnostics } = compile(entry, nodeHost(modules, entry));
    expect(diagnostics).toEqual([]);
    expect(plan?.runners[0]?.kinds).toEqual([
      {
        kind: "copy",
        settings: { from: "/srv", room: 4096, wait: 90, token: { secret: "TOKEN" }, env: { A: "1" } },
      },
    ]);
  });

  it.each([
    ["copy: {}", 'missing-setting: `copy` needs `from`: Write it like `from: "/srv"`.'],
    ['copy: { form: "/srv" }', "unknown-setting: did you mean `from`?"],
    ['copy: { from: "srv" }', 'bad-setting: `from`: expected a text that matches ^/, got "srv"'],
    ['copy: { from: "/srv", room: 5 }', "bad-setting: this is an `int`, but a `size` is needed"],
    ['copy: { from: "/srv", room: 2MB }', "bad-setting: `room`: expected a number of at most 1MB, got 2MB"],
    ['copy: { from: "/srv", mode: "quick" }', 'bad-setting: `"quick"` is not one of'],
    ['copy: { from: "/srv", mounts: [{ path: "/" }] }', "bad-setting: `mounts.0.path`: expected at least 2"],
    ['copy: { from: "/srv", room: 1KB }, instances: 3', "beyond-quota: `copy` gives 2 at one time"],
    ['cpoy: { from: "/srv" }', "no-back-end: did you mean `copy`?"],
  ])("%s is told", (settings, expected) => {
    const [first = "", ...more] = told(settings, modules);
    expect(more).toEqual([]);
    expect(first).toContain(expected);
  });

  it("is found beside flowc when the project has none", () => {
    expect(openRegistry([project({}), commonJs]).find("copy")).toMatchObject({ kind: "copy" });
    expect(openRegistry([project({})]).find("copy")).toBeNull();
  });
});

describe("a package that is no runner is told, and never thrown", () => {
  it.each([
    ["exports.Runner = {};", "exports no `runner`, but `Runner`"],
    ["exports.runner = 5;", "that is none: it is no object"],
    [`exports.runner = { ...${runner}, kind: "other" };`, 'its `kind` is "other", and not "copy"'],
    [`exports.runner = { ...${runner}, open: undefined, end: 1 };`, "it has no function `open`, `end`"],
    [
      `exports.runner = { ...${runner}, settingsSchema: undefined };`,
      "its `settingsSchema` is no JSON Schema",
    ],
    [`exports.runner = { ...${runner}, computesHere: "no" };`, "its `computesHere` is not true or false"],
    ["throw new Error('no licence\\nat line 5');", "cannot be loaded: no licence."],
    ["throw null;", "cannot be loaded: null."],
    ["require('not-there');", "cannot be loaded: Cannot find module 'not-there'"],
    ["this is no JavaScript", "cannot be loaded: "],
  ])("%s", async (text, expected) => {
    const root = installed(text);
    const [first = "", ...more] = told('copy: { from: "/srv" }', root);
    expect(more).toEqual([]);
    expect(first).toContain(
      "no-back-end: this kind of runner cannot be used: The package `flowc-runner-copy`",
    );
    expect(first).toContain(expected);
    expect(first).not.toContain("\n");
    expect(await openRegistry([root]).open("copy")).toEqual({ problem: expect.stringContaining(expected) });
  });

  it("also when its entry is not there, or its schema is none", () => {
    const empty = project({ "node_modules/flowc-runner-copy/package.json": manifest() });
    expect(told("copy: {}", empty)[0]).toContain("The package `flowc-runner-copy` cannot be loaded");
    const odd = installed(`exports.runner = { ...${runner}, settingsSchema: { type: "nonsense" } };`);
    expect(told("copy: {}", odd)[0]).toContain("its schema is no JSON Schema");
    const quota = installed(`exports.runner = { ...${runner}, quota: () => { throw new Error("no") } };`);
    expect(told('copy: { from: "/srv" }, instances: 3', quota)).toEqual([]);
  });

  it("also when it throws in the middle of a run", async () => {
    const thrown = '() => { throw new Error("no room") }';
    const text = runner
      .replace(/open: async [^\n]*/, `open: ${thrown},`)
      .replace(/find: async [^\n]*/, `find: ${thrown},`);
    const odd = await openRegistry([installed(`exports.runner = ${text};`)]).open("copy");
    if ("problem" in odd) throw new Error(odd.problem);
    const tag = { run: "odd", node: 1, attempt: 1 };
    const needs = { cpu: null, memoryBytes: null };
    expect(await odd.open({ tag, settings: {}, project: folder, folder, needs })).toEqual({
      problem: "lost",
      message: "The package `flowc-runner-copy` failed in `open`: no room.",
    });
    await expect(odd.find("odd")).rejects.toThrow(
      "The package `flowc-runner-copy` failed in `find`: no room.",
    );
    expect(await odd.identity({})).toBe("copy");
  });
});

describe("kinds of agents", () => {
  const agent = `{
    kind: "pal",
    settingsSchema: {
      type: "object",
      properties: { voice: { type: "string", pattern: "^[a-z]+$", examples: ["calm"] } },
      required: ["voice"],
    },
    install: "Ask your pal.",
    command: () => ({ argv: ["pal"], env: {}, stdin: "", files: [] }),
    reader: () => ({ line: () => [], end: () => ({ kind: "ended", answer: undefined, text: "" }) }),
  }`;
  const installed = (text: string) =>
    project({
      "node_modules/flowc-agent-pal/package.json": JSON.stringify({
        name: "flowc-agent-pal",
        main: "index.js",
      }),
      "node_modules/flowc-agent-pal/index.js": text,
    });
  const said = (settings: string, root: string): readonly string[] => {
    const entry = join(root, "main.flow");
    const task = 'task greet() -> string { agent: coder, ask "Say hello." }';
    writeFileSync(entry, `agent coder { ${settings} }\n${task}\nflow main() -> string { return greet() }\n`);
    return check(entry, nodeHost(root, entry)).diagnostics.flatMap(({ code, label, hint }) =>
      code === "not-yet" ? [] : [[code, label, ...(hint === undefined ? [] : [hint])].join(": ")],
    );
  };

  it.each(builtInAgents.map(({ facts }) => facts))("$kind is well with what it needs", (facts) => {
    expect(said(exampleOfKind(facts.kind, facts.settingsSchema), project({}))).toEqual([]);
  });

  it("one that is not there is a package", () => {
    const [first = "", ...more] = said("pal: {}", project({}));
    expect(more).toEqual([]);
    expect(first).toContain("there is no kind of agent `pal`");
    expect(first).toContain("npm install flowc-agent-pal");
  });

  it("one of a package is checked by its schema, and opened", async () => {
    const root = installed(`exports.agent = ${agent};\n`);
    const registry = openAgentRegistry([root]);
    expect(registry.names()).toContain("pal");
    expect(await registry.open("pal")).toMatchObject({ kind: "pal", install: "Ask your pal." });
    expect(said('pal: { voice: "calm" }', root)).toEqual([]);
    expect(said('pal: { voice: "LOUD" }', root)).toEqual([expect.stringContaining("bad-setting: `voice`:")]);
    expect(said("pal: {}", root)).toEqual([expect.stringContaining("voice")]);
  });

  it.each([
    ["exports.runner = {};", "exports no `agent`, but `runner`"],
    [`exports.agent = { ...${agent}, kind: "foe" };`, 'its `kind` is "foe", and not "pal"'],
    [`exports.agent = { ...${agent}, reader: 1 };`, "it has no function `reader`"],
    ["throw new Error('no luck');", "cannot be loaded: no luck."],
  ])("a package that is none: %s", (text, why) => {
    expect(said('pal: { voice: "calm" }', installed(text))).toEqual([expect.stringContaining(why)]);
  });
});
