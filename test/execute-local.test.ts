// The loop with real commands: what they answer, what they leave, and what is found and ended after a kill.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openRunner } from "../runners/registry.ts";
import { executeRun } from "../runtime/execute.ts";
import { logPaths } from "../runtime/log-paths.ts";
import { options, planOf, removeFolders } from "./pretend.ts";
import { realWorld } from "./real-world.ts";

afterAll(removeFolders);

it("carries values, files and failures of real commands into the journal", async () => {
  const { project, plan } = planOf(`
task write(text: string) -> file {
  run "printf %s ~{text} > made.txt"
  return file("made.txt")
}
task show(from: file) -> string {
  run "cat ~{from}; echo seen >&2"
  return stdout
}
task broken() -> string {
  run "echo this is why >&2; exit 3"
  return stdout
}
flow main(text: string) -> string {
  made = write(text)
  shown = show(made)
  word = broken() otherwise "no word"
  return "~{shown} and ~{word}"
}
`);
  const world = await realWorld(project);
  const text = "it's $(not) `code`";
  const { status, output, run, view } = await executeRun(world, { plan, inputs: { text }, options });
  expect([status, output]).toEqual(["succeeded", `${text} and no word`]);
  const shown = view.find("shown") ?? 0;
  expect(readFileSync(logPaths(world.journal.folderOf(run), shown, 1).err, "utf8")).toBe("seen\n");
  const artifacts = world.journal.database.prepare("SELECT node, name, size FROM artifacts").all();
  expect(artifacts).toMatchObject([{ node: "made", name: "made.txt", size: text.length }]);
  const [broken] = world.journal.database.prepare("SELECT * FROM attempts WHERE outcome = 'failed'").all();
  expect(broken).toMatchObject({ attempt: 1, reason: "exit", exit_code: 3 });
  await world.close();
});

it("stops real commands when it is interrupted, and goes on afterwards", async () => {
  const { project, plan } = planOf(`
task wait() -> string {
  run "if [ -e go ]; then echo done; else touch waiting; sleep 600; fi"
  return stdout
}
flow main() -> string {
  w = wait()
  return w
}
`);
  const world = await realWorld(project);
  const stop = new AbortController();
  const ask = { plan, inputs: {}, options };
  const first = await executeRun(world, {
    ...ask,
    stop: stop.signal,
    watch: ({ events }) => {
      if (events.some((event) => event.type === "attempt.started")) stop.abort("interrupt");
    },
  });
  expect(first.status).toBe("cancelled");
  expect(await (await localRunner()).find(first.run)).toEqual([]);
  writeFileSync(join(project, "go"), "");
  const second = await executeRun(world, { ...ask, resume: { run: first.run, stored: false } });
  expect(second).toMatchObject({ run: first.run, status: "succeeded", output: "done" });
  await world.close();
});

it("evaluates all checks of a gate that has not passed anew when the run is resumed", async () => {
  const { project, plan } = planOf(`
task build() -> string {
  run "echo built"
  return stdout
}
task tests() {
  run "test -e fixed"
}
task deploy(app: string) -> string {
  run "echo deployed ~{app}"
  return stdout
}
flow main() -> string {
  phase compile {
    app = build()
  }
  gate ship {
    check "Tests pass": tests()
    check "It is short": len(app) < 30
  }
  return deploy(app)
}
`);
  const world = await realWorld(project);
  const { database } = world.journal;
  const gates = () => database.prepare("SELECT gate, item, held, note FROM gates ORDER BY item").all();
  const first = await executeRun(world, { plan, inputs: {}, options });
  expect(first.status).toBe("failed");
  expect(gates()).toEqual([
    { gate: "ship", item: "It is short", held: 1, note: null },
    { gate: "ship", item: "Tests pass", held: 0, note: expect.stringContaining("`ship.tests_pass` failed") },
  ]);
  writeFileSync(join(project, "fixed"), "");
  const second = await executeRun(world, {
    plan,
    inputs: {},
    options,
    resume: { run: first.run, stored: false },
  });
  expect(second).toMatchObject({ run: first.run, status: "succeeded", output: "deployed built" });
  expect(gates().map((row) => row["held"])).toEqual([1, 1]);
  const checked = database.prepare("SELECT count(*) AS count FROM events WHERE type = 'gate.checked'").get();
  expect(checked).toEqual({ count: 4 });
  const edges = database.prepare("SELECT from_node, to_node, kind FROM dependencies ORDER BY 1, 2").all();
  expect(edges).toEqual([
    { from_node: "compile", to_node: "ship.tests_pass", kind: "gate" },
    { from_node: "compile.app", to_node: "deploy", kind: "data" },
    { from_node: "ship", to_node: "deploy", kind: "gate" },
  ]);
  await world.close();
});

async function localRunner() {
  const runner = await openRunner("local");
  if ("problem" in runner) throw new Error(runner.problem);
  return runner;
}

it("repeats until it holds, and ends what runs when others were enough", async () => {
  const { project, plan } = planOf(`
task longer(text: string) -> string {
  run "printf %s ~{text}x"
  return stdout
}
task race(lane: string) -> string {
  run """
    if [ ~{lane} = slow ]; then exec tail -f /dev/null; fi
    echo ~{lane}
  """
  return stdout
}
flow main() -> { text: string, lanes: string[] } {
  text = repeat 4 {
    grown = longer(text: last ?? "")
    grown
  } until len(grown) == 3
  lanes = for lane in ["slow", "fast"] {
    enough: 1
    race(lane)
  }
  return { text, lanes }
}
`);
  const world = await realWorld(project);
  const { status, output, view, run } = await executeRun(world, { plan, inputs: {}, options });
  expect({ status, output }).toEqual({ status: "succeeded", output: { text: "xxx", lanes: ["fast"] } });
  expect(view.find("text#3.grown")).not.toBeNull();
  expect(view.state(view.find("lanes[slow].race") ?? 0)).toBe("cancelled");
  const events = [...world.journal.events(run)];
  expect(events.flatMap((event) => (event.type === "grown" ? [event.pass ?? null] : []))).toEqual([
    null,
    2,
    3,
  ]);
  expect(events.find((event) => event.type === "node.cancelled")).toMatchObject({ why: "enough" });
  await world.close();
});

it("makes instances of a declared runner, and gives a key the one that it had", async () => {
  const { project, plan } = planOf(`
runner place {
  local: {}
  instances: 2
  reuse: 9
}
task work(key: string) -> string {
  runner: place
  affinity: key
  run "sleep 0.1; echo ~{key}"
  return trim(stdout)
}
flow main() -> string[] {
  first = for key in ["x", "y"] { work(key) }
  then = for key in ["y", "x"] { work(key) } after first
  return first + then
}
`);
  const world = await realWorld(project);
  const { status, view } = await executeRun(world, { plan, inputs: {}, options });
  expect(status).toBe("succeeded");
  const { database } = world.journal;
  const nodes = database.prepare("SELECT node, runner, instance FROM nodes ORDER BY node").all();
  const instanceOf = (name: string): unknown => nodes.find(({ node }) => node === name)?.["instance"];
  expect(nodes.map(({ runner }) => runner)).toEqual(["place", "place", "place", "place"]);
  expect(instanceOf("then[x].work")).toBe(instanceOf("first[x].work"));
  expect(instanceOf("then[y].work")).toBe(instanceOf("first[y].work"));
  expect(view.instanceUse(0)).toMatchObject([{ created: 2, served: 4, reused: 2, lost: 0, open: 0 }]);
  // Each is in the journal before anything is said to run there.
  const events = database.prepare("SELECT type, body ->> '$.i' AS i FROM events ORDER BY seq").all();
  for (const i of [1, 2]) {
    const about = events.filter((event) => event["i"] === i).map(({ type }) => type);
    expect(about.slice(0, 2)).toEqual(["instance.opened", "attempt.placed"]);
  }
  await world.close();
});
