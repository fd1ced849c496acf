// The loop with a real journal and a pretend machine: what is recorded, performed, cancelled, refused and told.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Event } from "../runtime/events.ts";
import { executeRun } from "../runtime/execute.ts";
import { JournalError } from "../runtime/journal-errors.ts";
import { LeaseLost, RunHeld } from "../runtime/lease.ts";
import { ResumeRefused } from "../runtime/resume-refused.ts";
import type { Attempts } from "../runtime/world.ts";
import {
  failed,
  machine,
  options,
  planOf,
  pretendWorld,
  recompiled,
  removeFolders,
  type Script,
  succeeded,
} from "./pretend.ts";

afterAll(removeFolders);

const chain = `
task step(name: string, after_it: string?) -> string {
  retry: 2
  run "echo ~{name}"
  return stdout
}
flow main(first: string) -> string {
  a = step(name: first, after_it: none)
  b = step(name: "b", after_it: a)
  c = step(name: "c", after_it: b)
  return c
}
`;

const echo: Script = ({ values }) => succeeded(values[0] ?? null);

describe("a run", () => {
  it("comes to its end, and each event is committed before it is told", async () => {
    const { project, plan } = planOf(chain);
    const attempts = machine(echo);
    const world = await pretendWorld(project, attempts);
    const told: Event[] = [];
    const result = await executeRun(world, {
      plan,
      inputs: { first: "x" },
      options,
      watch: ({ events, run }) => {
        told.push(...events);
        expect([...world.journal.events(run.id)]).toEqual(told);
      },
    });
    expect(result).toMatchObject({ status: "succeeded", output: "c", already: false });
    expect(attempts.started).toEqual(["a.1", "b.1", "c.1"]);
    expect(told.map((event) => event.type)).toEqual([
      "run.started",
      "run.opened",
      "grown",
      ...["a", "b", "c"].flatMap(() => ["attempt.started", "attempt.placed", "attempt.ended"]),
      "run.ended",
    ]);
    expect(told.map((event) => event.seq)).toEqual(told.map((_, i) => i + 1));
    expect(told.every((event, i) => event.at >= (told[i - 1]?.at ?? 0))).toBe(true);
    await world.journal.close();
  });

  it("repeats what may be repeated, after its backoff, and then fails", async () => {
    const { project, plan } = planOf(chain);
    const attempts = machine((order) => (order.name === "b" ? failed("no luck") : succeeded("v")));
    const world = await pretendWorld(project, attempts);
    const { status, view, run } = await executeRun(world, { plan, inputs: { first: "x" }, options });
    expect(status).toBe("failed");
    expect(attempts.started).toEqual(["a.1", "b.1", "b.2", "b.3"]);
    const ends = [...world.journal.events(run)].filter((event) => event.type === "attempt.ended");
    const waits = ends.map((event) => (event.again_at === undefined ? null : event.again_at - event.at));
    expect(waits[0]).toBeNull();
    expect(waits[1]).toBeGreaterThanOrEqual(1000);
    expect(waits[2]).toBeGreaterThanOrEqual(2000);
    expect(waits[3]).toBeNull();
    expect(view.state(view.find("c") ?? 0)).toBe("skipped");
    await world.journal.close();
  });

  it("that is cancelled stops what runs, waits for it, and can be gone on with", async () => {
    const { project, plan } = planOf(chain);
    const stop = new AbortController();
    const attempts = machine((order) => {
      if (order.name !== "b" || attempts.started.includes("b.2")) return succeeded(order.name);
      stop.abort("interrupt");
      return null;
    });
    const world = await pretendWorld(project, attempts);
    const ask = { plan, inputs: { first: "x" }, options };
    const first = await executeRun(world, { ...ask, stop: stop.signal });
    expect(first).toMatchObject({ status: "cancelled" });
    expect(first.view.cancelled).toBe("interrupt");
    expect(attempts.swept).toEqual([first.run]);
    const second = await executeRun(world, { ...ask, resume: { run: first.run, stored: false } });
    expect(second).toMatchObject({ run: first.run, status: "succeeded", output: "c" });
    expect(attempts.started).toEqual(["a.1", "b.1", "b.2", "c.1"]);
    await world.journal.close();
  });

  it("that is told twice to end does not wait for what does not stop", async () => {
    const { project, plan } = planOf(chain);
    const [stop, stopNow] = [new AbortController(), new AbortController()];
    const attempts = machine(
      () =>
        new Promise(() => {
          stop.abort("terminate");
          stopNow.abort();
        }),
    );
    const world = await pretendWorld(project, attempts);
    const result = await executeRun(world, {
      plan,
      inputs: { first: "x" },
      options,
      stop: stop.signal,
      stopNow: stopNow.signal,
    });
    expect(result.status).toBe("cancelled");
    expect(result.view.cancelled).toBe("terminate");
    expect(attempts.swept).toEqual([result.run]);
    await world.journal.close();
  });

  it("that had succeeded says so, and does nothing", async () => {
    const { project, plan } = planOf(chain);
    const attempts = machine(echo);
    const world = await pretendWorld(project, attempts);
    const ask = { plan, inputs: { first: "x" }, options };
    const { run } = await executeRun(world, ask);
    const before = [...world.journal.events(run)];
    const again = await executeRun(world, { ...ask, resume: { run, stored: false } });
    expect(again).toMatchObject({ run, status: "succeeded", output: "c", already: true });
    expect([...world.journal.events(run)]).toEqual(before);
    await world.journal.close();
  });
});

describe("trouble of the disk", () => {
  it("that an attempt meets ends the run, which can be gone on with", async () => {
    const { project, plan } = planOf(chain);
    let full = true;
    const attempts = machine((order, stop) => {
      if (full && order.name === "b")
        return Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC", syscall: "write" }));
      return echo(order, stop);
    });
    const world = await pretendWorld(project, attempts);
    const ask = { plan, inputs: { first: "x" }, options };
    const error: unknown = await executeRun(world, ask).catch((thrown: unknown) => thrown);
    const [row] = world.journal.runs();
    expect(error).toBeInstanceOf(JournalError);
    expect(error).toMatchObject({ kind: "full", run: row?.id });
    full = false;
    const resumed = await executeRun(world, { ...ask, resume: { run: row?.id ?? "", stored: false } });
    expect(resumed).toMatchObject({ status: "succeeded", output: "c" });
    expect(attempts.started).toEqual(["a.1", "b.1", "b.2", "c.1"]);
    await world.journal.close();
  });

  it("that stands in the way of a run's folder is told before anything starts", async () => {
    const { project, plan } = planOf(chain);
    const attempts = machine(echo);
    const world = await pretendWorld(project, attempts);
    writeFileSync(join(project, ".flowc/runs"), "a file");
    await expect(executeRun(world, { plan, inputs: { first: "x" }, options })).rejects.toMatchObject({
      kind: "cannot-open",
      run: null,
    });
    expect([attempts.started, world.journal.runs()]).toEqual([[], []]);
    await world.journal.close();
  });
});

describe("a resume", () => {
  it("goes on if what was left cannot be looked for a second time", async () => {
    const { project, plan } = planOf(chain);
    const attempts = machine(() => null);
    let looked = 0;
    const open: Attempts["open"] = (of) => ({
      ...attempts.open(of),
      sweepLeft: async () => {
        looked++;
        throw new Error("too many open files");
      },
    });
    const world = await pretendWorld(project, { open });
    const stop = new AbortController();
    const ask = { plan, inputs: { first: "x" }, options };
    const stopped = await executeRun(world, { ...ask, stop: stop.signal, watch: () => stop.abort() });
    const going = new AbortController();
    const resumed = executeRun(world, {
      ...ask,
      resume: { run: stopped.run, stored: false },
      stop: going.signal,
    });
    await expect.poll(() => looked).toBe(1);
    going.abort();
    expect(await resumed).toMatchObject({ status: "cancelled" });
  });

  it("of another text is refused with what changed, and goes on with the stored plan if asked to", async () => {
    const { project, plan } = planOf(chain);
    let broken = true;
    const attempts = machine((order) => (order.name === "c" && broken ? failed("x") : succeeded(order.name)));
    const world = await pretendWorld(project, attempts);
    const ask = { plan, inputs: { first: "x" }, options };
    const { run } = await executeRun(world, ask);
    broken = false;
    writeFileSync(join(project, "main.flow"), chain.replace("echo", "printf").replace('"c"', '"d"'));
    const edited = recompiled(project);
    const refused = executeRun(world, { ...ask, plan: edited, resume: { run, stored: false } });
    await expect(refused).rejects.toThrow(ResumeRefused);
    await expect(refused).rejects.toMatchObject({ changed: ["task step", "flow main"] });
    const result = await executeRun(world, { ...ask, plan: edited, resume: { run, stored: true } });
    expect(result).toMatchObject({ status: "succeeded", output: "c" });
    await world.journal.close();
  });

  it("sees the files that the run saw when it began", async () => {
    const flow = `
task show(text: string) -> string {
  run "echo ~{text}"
  return stdout
}
flow main() -> string {
  a = show("first")
  b = show(read("note.txt")) after a
  return b
}
`;
    const { project, plan } = planOf(flow, { "note.txt": "as it was" });
    const stop = new AbortController();
    const attempts = machine((order) => {
      if (order.name === "a" && order.a === 1) stop.abort("interrupt");
      return order.name === "a" && order.a === 1 ? null : succeeded(order.values[0] ?? null);
    });
    const world = await pretendWorld(project, attempts);
    const ask = { plan, inputs: {}, options };
    const { run } = await executeRun(world, { ...ask, stop: stop.signal });
    writeFileSync(join(project, "note.txt"), "as it is now");
    const result = await executeRun(world, {
      ...ask,
      plan: recompiled(project),
      resume: { run, stored: false },
    });
    expect(result.output).toBe("as it was");
    await world.journal.close();
  });

  it("ends what was left behind, records it, and makes lost attempts again without spending a repeat", async () => {
    const { project, plan } = planOf(chain);
    const attempts = machine(echo);
    const world = await pretendWorld(project, attempts);
    const ask = { plan, inputs: { first: "x" }, options };
    const halted = executeRun(world, {
      ...ask,
      watch: ({ events }) => {
        if (events.some((event) => event.type === "attempt.started" && event.a === 1))
          throw new Error("halt");
      },
    });
    await expect(halted).rejects.toThrow("halt");
    const [left] = world.journal.runs();
    expect(left?.status).toBe("running");
    attempts.left = ["4711"];
    const result = await executeRun(world, { ...ask, resume: { run: left?.id ?? "", stored: false } });
    expect(result.status).toBe("succeeded");
    expect(attempts.started).toEqual(["a.2", "b.1", "c.1"]);
    const events = [...world.journal.events(result.run)];
    expect(events.find((event) => event.type === "swept")).toMatchObject({ refs: ["4711"] });
    expect(events.find((event) => event.type === "attempt.ended")).toMatchObject({ a: 1, outcome: "lost" });
    expect(events.filter((event) => event.type === "run.opened").map((event) => event.epoch)).toEqual([1, 2]);
    await world.journal.close();
  });
});

describe("two of them", () => {
  it("the second is refused at once, by name", async () => {
    const { project, plan } = planOf(chain);
    const ask = { plan, inputs: { first: "x" }, options };
    const attempts = machine(async (order) => {
      if (order.name === "b") {
        const second = executeRun(world, { ...ask, resume: { run: order.run, stored: false } });
        await expect(second).rejects.toThrow(RunHeld);
        await expect(second).rejects.toThrow(`process ${process.pid} on`);
      }
      return succeeded("v");
    });
    const world = await pretendWorld(project, attempts);
    expect(await executeRun(world, ask)).toMatchObject({ status: "succeeded" });
    await world.journal.close();
  });

  it("who finds another epoch stops at once, and touches nothing", async () => {
    const { project, plan } = planOf(chain);
    let stopped = false;
    const attempts = machine((order, stop) => {
      if (order.name !== "b") return succeeded("v");
      stop.addEventListener("abort", () => {
        stopped = true;
      });
      world.journal.database.exec("UPDATE lease SET epoch = epoch + 1");
      return succeeded("late");
    });
    const world = await pretendWorld(project, attempts);
    await expect(executeRun(world, { plan, inputs: { first: "x" }, options })).rejects.toThrow(LeaseLost);
    expect(stopped).toBe(false);
    expect(attempts.swept).toEqual([]);
    const [run] = world.journal.runs();
    const types = [...world.journal.events(run?.id ?? "")].map((event) => event.type);
    expect(types.filter((type) => type === "attempt.ended")).toHaveLength(1);
    await world.journal.close();
  });
});

it("a full disk ends the run cleanly, and says how to go on", async () => {
  const { project, plan } = planOf(chain);
  const attempts = machine((order) => {
    if (order.name === "b" && order.a === 1) {
      world.journal.database.exec("PRAGMA max_page_count = 1");
      return succeeded("y".repeat(60_000));
    }
    return succeeded(order.name);
  });
  const world = await pretendWorld(project, attempts);
  const ask = { plan, inputs: { first: "x" }, options };
  const run = executeRun(world, ask);
  await expect(run).rejects.toThrow(JournalError);
  await expect(run).rejects.toMatchObject({ kind: "full" });
  const [left] = world.journal.runs();
  await expect(run).rejects.toMatchObject({ run: left?.id });
  world.journal.database.exec("PRAGMA max_page_count = 1000000");
  const result = await executeRun(world, { ...ask, resume: { run: left?.id ?? "", stored: false } });
  expect(result).toMatchObject({ status: "succeeded", output: "c" });
  expect(attempts.started).toEqual(["a.1", "b.1", "b.2", "c.1"]);
  await world.journal.close();
});
