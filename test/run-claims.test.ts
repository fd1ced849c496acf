// What nodes claim of the project: clashes among new nodes are found before any starts, and none runs beside its rival.

import { afterAll, describe, expect, it } from "vitest";
import type { Plan } from "../compiler/plan.ts";
import type { Value } from "../compiler/types.ts";
import { outline } from "../runtime/outline.ts";
import { planOf, removeFolders } from "./pretend.ts";
import { resumesAnywhere } from "./run-resumes.ts";
import { chanceOf, noFiles, ran, World, type WorldOptions } from "./run-world.ts";

afterAll(removeFolders);

const tasks = `
task list() -> string[] {
  run "list"
}
task name(of: string) -> string {
  run "echo ~{of}"
}
task build(part: string) {
  writes: ["out/~{part}/**"]
  run "make ~{part}"
}
task pack(part: string) -> file {
  run "pack ~{part}"
  return file("~{part}.tgz")
}
`;

const planned = (main: string): Plan => planOf(`${tasks}\n${main}`).plan;

/** `list` gives these; `name` what it is asked for. */
function world(names: readonly string[], options: WorldOptions = {}): WorldOptions {
  return {
    end: (name) => ({ value: name === "parts" ? names : name.startsWith("n") ? "same" : null }),
    ...options,
  };
}

const late = (body: string, settings = "") => `
flow main() {
  parts = list()
  for part in parts { ${settings}
    ${body}
  }
}
`;

describe("branches of git", () => {
  const fix = `
task fix(branch: string) {
  workspace: worktree(branch: "fix/~{branch}", into: "next")
  run "fix"
}`;

  it("of items that came late are each used by one, before any starts", () => {
    const plan = planOf(`${tasks}${fix}\n${late("fix(branch: name(of: part))")}`).plan;
    const { run, started } = ran(
      plan,
      world(["a", "b"], { end: (name) => ({ value: name === "parts" ? ["a", "b"] : "same" }) }),
    );
    // What is not known before the names are is kept apart: the second waits for the first.
    expect(run.status).toBe("succeeded");
    expect(started.filter((name) => name.endsWith("fix"))).toHaveLength(2);
    const known = planOf(`${tasks}${fix}\n${late("fix(branch: slug(part))")}`).plan;
    const clash = ran(known, world(["a b", "a-b"]));
    expect(clash.started).toEqual(["parts"]);
    expect(clash.run.error(clash.run.find("for") ?? 0).at(-1)?.message).toBe(
      "`for[a b].fix` and `for[a-b].fix` may work on the branch `fix/a-b` at the same time; give each a branch of its own, or let one wait for the other",
    );
  });
});

describe("items of a list that came late", () => {
  it("fail as a whole when two would write the same files, before any starts", () => {
    const plan = planned(late("build(part)"));
    const config = world(["a", "b", "a/b"]);
    const { run, started } = ran(plan, config);
    expect(started).toEqual(["parts"]);
    expect(run.status).toBe("failed");
    expect(run.error(run.find("for") ?? 0).at(-1)?.message).toBe(
      "`for[a].build` and `for[a/b].build` may write `out/a/b/x` at the same time; let one wait for the other, or give each files of its own",
    );
    resumesAnywhere(plan, config);
  });

  it("fail so again when the run is opened again", () => {
    const again = ran(planned(late("build(part)")), world(["a", "a/b"]));
    again.open().go();
    expect([again.run.status, again.started]).toEqual(["failed", ["parts"]]);
  });

  it("fail when two would give out the same file", () => {
    const { run, started } = ran(
      planned(
        late('pack(part: "x") with { timeout: 1m }', "parallel: 2")
          .replace("part in parts", "_part in parts")
          .replace('pack(part: "x")', "pack(part: first(parts))"),
      ),
      world(["a", "b"]),
    );
    expect(started).toEqual(["parts"]);
    expect(run.error(run.find("for") ?? 0).at(-1)?.message).toMatch(
      /^`for\[a\]\.pack` and `for\[b\]\.pack` may return `a\.tgz`/,
    );
  });

  it.each([
    ["files of their own", late("build(part)"), ["a", "b", "ab"]],
    ["one at a time", late("build(part)", "parallel: 1"), ["a", "a/b"]],
    [
      "one behind the other",
      late("build(part)").replace(
        "part in parts",
        'part in parts after if part == "a" { [] } else { ["a"] }',
      ),
      ["a", "a/b"],
    ],
    [
      "in branches of which one is taken",
      late('if part == "a" { build(part) } else { build(part) }'),
      ["a", "b"],
    ],
    ["one behind the other inside of an item", late("x = build(part)\n build(part) after x"), ["a", "b"]],
  ])("run with %s", (_, flow, names) => {
    const plan = planned(flow);
    const config = world(names);
    expect(ran(plan, config).run.status).toBe("succeeded");
    resumesAnywhere(plan, config);
  });

  it("a thousand cost no long look", () => {
    const names = Array.from({ length: 900 }, (_, i) => `part-${i}`);
    const before = performance.now();
    expect(ran(planned(late("build(part)")), world(names)).run.status).toBe("succeeded");
    expect(performance.now() - before).toBeLessThan(20_000);
  });
});

describe("what is known before the run", () => {
  it("is told with the plan", () => {
    const plan = planned("flow main(parts: string[]) { for part in parts { build(part) } }");
    const problems = (parts: Value) => outline(plan, { parts }, noFiles).problems;
    expect(problems(["a", "b"])).toEqual([]);
    expect(problems(["a", "a/b"])).toMatchObject([{ name: "main" }]);
    expect(ran(plan, { inputs: { parts: ["a", "a/b"] } }).started).toEqual([]);
  });
});

describe("values that only nodes give", () => {
  const flow = `
flow main() {
  n1 = name(of: "x")
  n2 = name(of: "y")
  build(part: n1)
  build(part: n2)
  build(part: "other")
}
`;

  it("let one wait while the other runs, and say so", () => {
    const config = world([], { options: { jobs: 8 } });
    const life = new World(planned(flow), config).start();
    let held: string | null = null;
    life.check = (run) => {
      const running = new Set([...run.running()].map((n) => run.name(n)));
      expect(running.has("build") && running.has("build~2")).toBe(false);
      for (const n of run.nodes())
        if (running.has("build")) held ??= run.name(n) === "build~2" ? run.heldBy(n, life.now) : null;
    };
    life.go();
    expect(life.run.status).toBe("succeeded");
    expect(held).toBe("files that build has claimed");
  });

  it("whatever ends first", () => {
    const plan = planned(flow);
    for (let seed = 1; seed < 60; seed++) {
      const chance = chanceOf(seed);
      const pick = (running: readonly number[]) => running[Math.floor(chance() * running.length)] ?? 0;
      const config = world([], { options: { jobs: 8 }, pick });
      const life = new World(plan, config).start();
      life.check = (run) => {
        const names = [...run.running()].map((n) => run.name(n));
        expect(names.includes("build") && names.includes("build~2")).toBe(false);
      };
      expect(life.go().run.status).toBe("succeeded");
    }
    resumesAnywhere(plan, world([], { options: { jobs: 8 } }));
  });
});
