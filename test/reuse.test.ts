// Answers of before: what counts as the same work, and what does not; what is kept and found damaged is told once.

import { chmodSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Event } from "../runtime/events.ts";
import { executeRun } from "../runtime/execute.ts";
import { options, planOf, recompiled, removeFolders } from "./pretend.ts";
import { realWorld } from "./real-world.ts";

afterAll(removeFolders);

const flow = `limits = 3

type Sum {
  lines: int
}

task measure(name: string) -> Sum {
  reads: ["src/*.txt"]
  cache: true
  timeout: 1m
  env: { MODE: "fast" }
  run "cat src/*.txt | wc -l; : ~{name} ~{limits}"
  return { lines: int(stdout) }
}

task keep(lines: int) -> file {
  reads: []
  cache: true
  run "echo ~{lines} > kept.txt"
  return file("kept.txt")
}

task shown(f: file) -> string {
  run "cat ~{f}"
  return stdout
}

flow main() -> string {
  return shown(keep(measure("a").lines))
}
`;

const files = { "src/a.txt": "1\n", "src/b.txt": "2\n" };

/** Runs it once more as its files now are, in a process of its own as far as can be; names of nodes that started. */
async function started(project: string): Promise<{ names: string[]; events: readonly Event[] }> {
  const world = await realWorld(project);
  try {
    const { run, view, status } = await executeRun(world, { plan: recompiled(project), inputs: {}, options });
    expect(status).toBe("succeeded");
    const events = [...world.journal.events(run)];
    const names = events.flatMap((event) => (event.type === "attempt.started" ? [view.name(event.n)] : []));
    return { names, events };
  } finally {
    await world.close();
  }
}

const all = ["measure", "keep", "shown"];

describe("the same work", () => {
  const edits: readonly (readonly [string, (project: string) => void, readonly string[]])[] = [
    ["nothing", () => {}, ["shown"]],
    ["the times of a file", (p) => utimesSync(join(p, "src/a.txt"), 1, 1), ["shown"]],
    ["a file that is not read", (p) => writeFileSync(join(p, "src/a.md"), "3"), ["shown"]],
    ["a comment", edited("task measure", "/// Adds up.\ntask measure"), ["shown"]],
    ["the layout", edited("  timeout: 1m\n", "\n\n     timeout:    1m\n"), ["shown"]],
    ["how long it may take", edited("timeout: 1m", "timeout: 2m"), ["shown"]],
    ["the task's name", edited("measure(", "total("), ["shown"]],
    ["the type's comment", edited("  lines: int\n", "  /// Of all files.\n  lines: int\n"), ["shown"]],
    // What depends on it gives the same answer to the next.
    [
      "a file, but not what comes out",
      (p) => writeFileSync(join(p, "src/a.txt"), "2\n"),
      ["measure", "shown"],
    ],
    ["a file", (p) => writeFileSync(join(p, "src/a.txt"), "1\n2\n"), all],
    ["one file more", (p) => writeFileSync(join(p, "src/c.txt"), "3\n"), all],
    ["that a file may be executed", (p) => chmodSync(join(p, "src/a.txt"), 0o755), ["measure", "shown"]],
    ["a constant", edited("limits = 3", "limits = 4"), ["measure", "shown"]],
    ["an input", edited('measure("a")', 'measure("b")'), ["measure", "shown"]],
    ["the command", edited("| wc -l", "| wc -w"), ["measure", "shown"]],
    ["the environment", edited('"fast"', '"slow"'), ["measure", "shown"]],
    ["what is read", edited('"src/*.txt"', '"src/[ab].txt"'), ["measure", "shown"]],
    ["the type", edited("  lines: int\n}", "  lines: int\n  words: int = 0\n}"), ["measure", "shown"]],
  ];
  for (const [what, edit, expected] of edits)
    it(`after a change of ${what}: ${expected.join(", ")}`, async () => {
      const { project } = planOf(flow, files);
      expect((await started(project)).names).toEqual(all);
      edit(project);
      const { names } = await started(project);
      expect(names.map((name) => (name === "total" ? "measure" : name))).toEqual(expected);
      // Now this is what is kept.
      expect((await started(project)).names).toEqual(["shown"]);
    });
});

/** Changes the flow. */
function edited(from: string, to: string): (project: string) => void {
  return (project) => {
    expect(flow).toContain(from);
    writeFileSync(join(project, "main.flow"), flow.replaceAll(from, to));
  };
}

/** The file of the store that holds the kept answer's only file. */
function stored(project: string): string {
  const store = join(project, ".flowc/artifacts");
  const [folder = ""] = readdirSync(store).filter((name) => name !== "tmp");
  return join(store, folder, readdirSync(join(store, folder))[0] ?? "");
}

describe("what is kept", () => {
  for (const [what, damage] of [
    ["missing", (path: string) => rmSync(path)],
    [
      "altered",
      (path: string) => {
        chmodSync(path, 0o600);
        writeFileSync(path, "4\n");
      },
    ],
  ] as const)
    it(`and ${what} is made again, and told once`, async () => {
      const { project } = planOf(flow, files);
      await started(project);
      damage(stored(project));
      const { names, events } = await started(project);
      expect(names).toEqual(["keep", "shown"]);
      const told = events.flatMap((event) => (event.type === "attempt.started" ? [event.spoiled ?? ""] : []));
      expect(told.filter((text) => text !== "")).toEqual([
        expect.stringMatching(
          /^Its kept answer could not be taken, so it runs again: of `kept.txt`, the content/,
        ),
      ]);
      expect((await started(project)).names).toEqual(["shown"]);
    });

  it("is not what was made while its files were changed", async () => {
    const changing = flow.replace("cat src/*.txt", "echo 9 >> $FILE; cat src/*.txt");
    const { project } = planOf(changing, files);
    // A file of the project, which the command knows by its whole path.
    writeFileSync(
      join(project, "main.flow"),
      changing.replace('MODE: "fast"', `FILE: "${join(project, "src/a.txt")}"`),
    );
    expect((await started(project)).names).toEqual(all);
    const { names, events } = await started(project);
    expect(names).toContain("measure");
    expect(events.some((event) => event.type === "attempt.ended" && event.print !== undefined)).toBe(true);
  });
});

describe("a call", () => {
  const calling = `task twice(n: int) -> int {
  reads: []
  cache: true
  call "./code/twice.mjs#twice"
}

flow main() -> int {
  return twice(2)
}
`;
  const code = {
    "code/twice.mjs": 'import { factor } from "./factor.mjs";\nexport const twice = ({ n }) => n * factor;\n',
    "code/factor.mjs": "export const factor = 2;\n",
    "code/other.mjs": "export const other = 2;\n",
  };

  for (const [path, expected] of [
    ["code/twice.mjs", ["twice"]],
    ["code/factor.mjs", ["twice"]],
    ["code/other.mjs", []],
  ] as const)
    it(`runs ${expected.length === 0 ? "not " : ""}again after a change of ${path}`, async () => {
      const { project } = planOf(calling, code);
      expect((await started(project)).names).toEqual(["twice"]);
      expect((await started(project)).names).toEqual([]);
      writeFileSync(join(project, path), `${code[path]}// Another line.\n`);
      expect((await started(project)).names).toEqual(expected);
    });
});
