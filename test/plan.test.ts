// Plans: what each program of test/plan lowers to, that its JSON fits the published schema and says the same again.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, test } from "vitest";
import { nodeHost } from "../cli/host.ts";
import { compile } from "../compiler/compile.ts";
import { planHash, planJson } from "../compiler/lower.ts";
import type { Plan } from "../compiler/plan.ts";
import { brokenSlots } from "./plan-slots.ts";
import { planText } from "./plan-text.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "test/plan");
const files = readdirSync(folder);
const names = files.filter((file) => file.endsWith(".flow")).map((file) => file.replace(/\.flow$/, ""));

function compiled(path: string, flow?: string) {
  return compile(path, nodeHost(root, path), flow === undefined ? {} : { flow });
}

function planOf(name: string): Plan {
  const { plan, diagnostics } = compiled(join(folder, `${name}.flow`));
  expect(diagnostics.map((each) => `${each.code}: ${each.label}`)).toEqual([]);
  if (plan === null) throw new Error(`${name}.flow has no plan`);
  return plan;
}

describe("plans", () => {
  test.each(names)("%s", (name) => {
    const expected = join(folder, `${name}.expected`);
    const text = planText(planOf(name));
    if (process.env["BLESS"] === "1") writeFileSync(expected, text);
    expect(text).toBe(existsSync(expected) ? readFileSync(expected, "utf8") : "(no expected file)");
  });

  test("every expected file has its program", () => {
    const orphans = files.filter(
      (file) => file.endsWith(".expected") && !names.includes(file.replace(/\.expected$/, "")),
    );
    expect(orphans).toEqual([]);
    expect(names.length).toBeGreaterThan(25);
  });
});

describe("every plan", () => {
  const schema: unknown = JSON.parse(readFileSync(join(root, "docs/plan.schema.json"), "utf8"));
  const validate = new Ajv2020({ allowUnionTypes: true }).compile(
    typeof schema === "object" ? { ...schema } : {},
  );

  test.each(names)("%s fits the published schema and survives its JSON", (name) => {
    const plan = planOf(name);
    const again: Plan = JSON.parse(planJson(plan));
    expect(validate(again), JSON.stringify(validate.errors?.slice(0, 3))).toBe(true);
    expect(again).toEqual(plan);
    expect(planJson(again)).toBe(planJson(plan));
  });

  test.each(names)("%s has the same bytes when it is made again", (name) => {
    expect(planHash(planOf(name))).toBe(planHash(planOf(name)));
  });

  test.each(names)("%s mentions only slots that are there, and waits for them", (name) => {
    expect(brokenSlots(planOf(name))).toEqual([]);
  });

  test("the schema refuses what is no plan", () => {
    const plan = planOf("loops");
    const [first, ...rest] = plan.steps;
    expect(validate({ ...plan, version: 2 })).toBe(false);
    expect(validate({ ...plan, more: 1 })).toBe(false);
    expect(validate({ ...plan, steps: [{ ...first, kind: "jump" }, ...rest] })).toBe(false);
  });
});

describe("the text of a task", () => {
  const temporary = mkdtempSync(join(tmpdir(), "flowc-plan-"));
  afterAll(() => rmSync(temporary, { recursive: true, force: true }));

  function textOf(task: string): string {
    const path = join(temporary, "main.flow");
    writeFileSync(path, `${task}\nflow main() { work(name: "x") }\n`);
    const { plan, diagnostics } = compile(path, nodeHost(temporary, path));
    expect(diagnostics).toEqual([]);
    return plan?.tasks["work"]?.text ?? "";
  }

  test("does not see comments and spaces, and sees all else", () => {
    const text = textOf('task work(name: string) { timeout: 5m run "echo ~{name}" }');
    expect(text).toMatch(/^[0-9a-f]{64}$/);
    const commented = textOf(
      '/// Works.\ntask work(\n  /// Whose.\n  name: string, // here\n) {\n  // and here\n  timeout:  (300s)\n  run "echo ~{name}"\n}',
    );
    expect(commented).toBe(text);
    expect(textOf('task work(name: string) { timeout: 6m run "echo ~{name}" }')).not.toBe(text);
    expect(textOf('task work(name: string) { timeout: 5m run "echo  ~{name}" }')).not.toBe(text);
    expect(textOf('task work(name: string = "y") { timeout: 5m run "echo ~{name}" }')).not.toBe(text);
  });
});

describe("which flow", () => {
  const flows = join(folder, "flows.flow");

  test("main by default, else the one that is named", () => {
    expect(compiled(flows).plan?.flow).toBe("main");
    expect(compiled(flows, "build_all").plan?.flow).toBe("build_all");
    expect(Object.keys(compiled(flows, "build_all").plan?.flows ?? {})).toEqual(["build_all"]);
  });

  test("a wrong name gets the nearest, a library says that it has none", () => {
    const wrong = compiled(flows, "buildall");
    expect(wrong.plan).toBeNull();
    expect(wrong.diagnostics).toMatchObject([
      {
        code: "unknown-flow",
        label: "did you mean `build_all`?",
        hint: "Its flows are `build_all` and `main`.",
      },
    ]);
    expect(compiled(join(folder, "lib/tasks.flow")).diagnostics).toMatchObject([
      { code: "unknown-flow", title: "No flow to run" },
    ]);
    expect(compiled(join(folder, "lib/two.flow")).diagnostics).toMatchObject([
      { code: "unknown-flow", title: "Which flow?", label: "more than one flow, and none is called `main`" },
    ]);
  });
});
