// The large flows that the bench measures are right programs of the size they say.

import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../compiler/check.ts";
import type { Host } from "../compiler/host.ts";
import type { Declaration } from "../grammar/ast.ts";
import { largeFlow, largeProgram } from "./large-flow.ts";

function hostOf(files: ReadonlyMap<string, string>): Host {
  return {
    root: "/",
    machine: { cpus: 8, memory: 16 * 1024 ** 3 },
    read(path) {
      const text = files.get(posix.basename(path));
      return text === undefined ? { error: "absent" } : { text, real: path };
    },
    kinds: { names: () => [], find: () => null, problemOf: () => null },
    agents: { names: () => [], find: () => null },
    show: (path) => path,
    look: () => "absent",
    list: () => [...files.keys()],
    exportsOf: () => null,
    see: () => null,
    glob: (path) => ({ kind: "glob", path, size: 0, sha256: "", paths: [] }),
  };
}

function checked(files: ReadonlyMap<string, string>): { tasks: number; labels: readonly string[] } {
  const { program, diagnostics } = check("/main.flow", hostOf(files));
  const all = program?.modules.flatMap(({ file }): readonly Declaration[] => file.declarations) ?? [];
  const tasks = all.filter((one) => one.kind === "task").length;
  return { tasks, labels: diagnostics.map(({ title, label }) => `${title}: ${label}`) };
}

describe("large flows", () => {
  it("of one file check clean", () => {
    const text = largeFlow(200);
    expect(checked(new Map([["main.flow", text]]))).toEqual({ tasks: 200, labels: [] });
    expect(text.length / 200).toBeGreaterThan(190);
  });

  it("of several files check clean", () => {
    const files = largeProgram(250, 100);
    expect([...files.keys()]).toEqual(["part_0.flow", "part_1.flow", "part_2.flow", "main.flow"]);
    expect(checked(files)).toEqual({ tasks: 250, labels: [] });
  });
});
