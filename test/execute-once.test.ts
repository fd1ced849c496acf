// The loop with nodes that may be done only once: synced before they start, undecided after an end by us, asked for again.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { executeRun } from "../runtime/execute.ts";
import type { RunRequest } from "../runtime/execute-open.ts";
import { ask } from "../runtime/requests.ts";
import { ResumeRefused } from "../runtime/resume-refused.ts";
import type { Attempts } from "../runtime/world.ts";
import {
  failed,
  machine,
  options,
  planOf,
  pretendWorld,
  removeFolders,
  type Script,
  succeeded,
} from "./pretend.ts";

afterAll(removeFolders);

const flow = `
task pay(invoice: string) -> string {
  effect: "once"
  run "echo ~{invoice}"
  return stdout
}
task note(text: string) -> string {
  run "echo ~{text}"
  return stdout
}
flow main() -> string {
  paid = pay(invoice: "A1")
  return note(text: paid)
}
`;

const echo: Script = ({ values }) => succeeded(values[0] ?? null);

/** What there is to write of the graph is written while the first node runs: then each commit is one of the run's own. */
const second = flow.replace(
  'paid = pay(invoice: "A1")',
  'first = note(text: "A1")\n  paid = pay(invoice: first)',
);

/** A world whose attempts answer by a script that can be changed. */
async function worldOf(script: Script, text: string = flow) {
  const { project, plan } = planOf(text);
  const now = { script };
  const attempts = machine((order, stop) => now.script(order, stop));
  const world = await pretendWorld(project, attempts);
  const run = (more: Partial<RunRequest> = {}) =>
    executeRun(world, { plan, inputs: {}, options, wait: false, ...more });
  const resume = (id: string, more: Partial<RunRequest> = {}) =>
    run({ resume: { run: id, stored: false }, ...more });
  return { world, attempts, now, run, resume };
}

const again = { names: ["paid"], by: "ada" };

describe("a node that may be done only once", () => {
  it("starts when that it does is on the disk", async () => {
    const synced: boolean[] = [];
    const { world, run } = await worldOf(async ({ name, values }) => {
      if (name === "first") await new Promise((resolve) => setTimeout(resolve, 20));
      let done = false;
      void world.journal.sync.synced().then(() => {
        done = true;
      });
      await null;
      if (name === "paid") synced.push(done);
      return succeeded(values[0] ?? null);
    }, second);
    expect((await run()).status).toBe("succeeded");
    expect(synced).toEqual([true]);
  });

  it("is undecided when its machine is lost, and the run is left to a person", async () => {
    const { world, run, resume, attempts } = await worldOf(() => ({ outcome: "lost", message: "gone" }));
    const left = await run();
    expect(left.status).toBe("waiting");
    expect(world.journal.run(left.run)?.status).toBe("waiting");
    expect((await resume(left.run)).status).toBe("waiting");
    expect(attempts.started).toEqual(["paid.1"]);
  });

  it("goes on from what a person said while nobody was at work on the run", async () => {
    const { world, run, resume, attempts, now } = await worldOf(() => ({ outcome: "lost", message: "gone" }));
    const left = await run();
    const n = left.view.find("paid") ?? 0;
    const settled = { kind: "settle", n, as: "succeeded", value: "by hand" } as const;
    await ask(world.journal, left.run, { ask: settled, by: "ada", note: "I looked", at: 1 });
    now.script = echo;
    const result = await resume(left.run);
    expect(result).toMatchObject({ status: "succeeded", output: "by hand" });
    expect(attempts.started).toEqual(["paid.1", "note.1"]);
    expect([...world.journal.events(left.run)].find(({ type }) => type === "node.decided")).toMatchObject({
      n,
      as: "succeeded",
      value: "by hand",
      by: "ada",
      note: "I looked",
    });
  });

  it.each(["in order", "at once"])("is undecided after a cancel %s", async (how) => {
    const stop = new AbortController();
    const stopNow = new AbortController();
    const { run, resume, attempts, now } = await worldOf(() => {
      stop.abort();
      if (how === "at once") stopNow.abort();
      return null;
    });
    const ended = await run({ stop: stop.signal, stopNow: stopNow.signal });
    expect(ended.status).toBe("cancelled");
    expect(ended.view.state(ended.view.find("paid") ?? 0)).toBe("unknown");
    now.script = echo;
    expect((await resume(ended.run)).status).toBe("waiting");
    expect((await resume(ended.run, { again })).status).toBe("succeeded");
    expect(attempts.started).toEqual(["paid.1", "paid.2", "note.1"]);
  });

  it("runs again after a failure only if it is named", async () => {
    const { world, run, resume, attempts, now } = await worldOf(() => failed("no money"));
    const { run: id, status } = await run();
    expect(status).toBe("failed");
    now.script = echo;
    const before = [...world.journal.events(id)].length;
    await expect(resume(id)).rejects.toThrow(ResumeRefused);
    await expect(resume(id)).rejects.toMatchObject({ again: ["paid"] });
    await expect(resume(id, { again: { names: ["pay"], by: "ada" } })).rejects.toThrow(
      "There is no node `pay`",
    );
    await expect(resume(id, { again: { names: ["paid", "note"], by: "ada" } })).rejects.toThrow(
      "`note` may run as often as it has to",
    );
    expect([...world.journal.events(id)]).toHaveLength(before);
    expect(world.journal.run(id)?.status).toBe("failed");
    expect((await resume(id, { again })).status).toBe("succeeded");
    expect(attempts.started).toEqual(["paid.1", "paid.2", "note.1"]);
    await expect(resume(id, { again })).rejects.toThrow("has succeeded");
  });
});

describe("an instance that costs money", () => {
  it("is used when it is known on the disk; what cannot be written there ends the run", async () => {
    const { project, plan } = planOf(`runner rust { local: {} }
task build() { runner: rust, run "true" }
flow main() { build() }
`);
    let used = false;
    const attempts: Attempts = {
      open: ({ instances }) => ({
        start: async () => {
          await world.journal.sync.close();
          rmSync(join(project, ".flowc/journal.db-wal"));
          await instances.opened({ runner: "rust", kind: "pretend", ref: "box", paid: true });
          used = true;
          return succeeded(null);
        },
        sweep: async () => [],
        sweepLeft: async () => [],
        close: async () => {},
      }),
    };
    const world = await pretendWorld(project, attempts);
    await expect(executeRun(world, { plan, inputs: {}, options })).rejects.toThrow(/journal/);
    expect(used).toBe(false);
  });
});
