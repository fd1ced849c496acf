// The JSON of a run fits its published schema, and holds nothing that the schema does not tell.

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fitsSchema } from "../../runtime/validate.ts";
import { bin, root } from "../program.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "flowc-schema-"));
  cpSync(join(root, "test/cli/files"), folder, { recursive: true });
  cpSync(join(root, "examples"), folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), "{}\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function flowc(line: string): { readonly stdout: string; readonly status: number | null } {
  return spawnSync("sh", ["-c", line.replaceAll("flowc ", `'${process.execPath}' '${bin}' `)], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, GITHUB_ACTIONS: "", GITHUB_STEP_SUMMARY: "" },
  });
}

function published(): Record<string, unknown> {
  const schema: unknown = JSON.parse(readFileSync(join(root, "docs/report.schema.json"), "utf8"));
  if (typeof schema !== "object" || schema === null) throw new Error("it is no schema");
  return { ...schema };
}

/** The same schema, where objects have no other properties than those it tells; but for the values of the run. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, strict(value)]));
  return "properties" in schema && "required" in schema ? { ...inner, additionalProperties: false } : inner;
}

describe("the JSON of a run", () => {
  it.each([
    ["succeeded", "flowc run hello.flow --ui quiet --json"],
    ["failed, with a list", "flowc run build.flow --ui quiet --json"],
    ["reported later", "flowc report last --format json"],
    ["resumed", "flowc run --resume last --ui quiet --json"],
    ["waiting at a gate", "flowc run ship.flow --no-wait --ui quiet --json"],
    [
      "decided by a person",
      "flowc approve last ship --all --as ada >/dev/null; flowc run --resume last --ui quiet --json",
    ],
    ["expired", "flowc run ship.flow --input wait=1ms --ui quiet --json"],
    ["with handlers", "flowc run rollback.flow --ui quiet --json"],
    ["with early fields", "flowc run early.flow --ui quiet --json"],
    ["with a branch that was not chosen", "flowc run choice.flow --ui quiet --json"],
    ["shown", "flowc show last --json"],
  ])("fits its schema: %s", (_what, line) => {
    const { stdout } = flowc(line);
    const value: unknown = JSON.parse(stdout);
    expect(fitsSchema(value, published())).toBeNull();
    const whole = strict(published());
    expect(
      fitsSchema(value, typeof whole === "object" && whole !== null ? { ...whole, $id: "strict" } : {}),
    ).toBeNull();
  });

  it("is refused by it when something is missing or of another kind", () => {
    const value: object = JSON.parse(flowc("flowc report last --format json").stdout);
    expect(fitsSchema({ ...value, version: 2 }, published())).not.toBeNull();
    expect(fitsSchema({ ...value, nodes: [{}] }, published())).not.toBeNull();
  });
});
