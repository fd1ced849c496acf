// What a person sees while a run goes on: the block on a terminal of any size, plain lines elsewhere.

import { describe, expect, it } from "vitest";
import { lit, Plans, planOf } from "../run-plans.ts";
import { Shown } from "./stage.ts";
import { Terminal } from "./terminal.ts";

const six = planOf((b) => {
  for (const name of ["lint", "compile", "test", "package", "upload"]) b.task(name, "t", [0]);
  return b.task("notify", "t", [0]);
});

const failing = { fail: "The script exited with 3." } as const;

describe("the block", () => {
  it("tells what runs, longest first, what is held and by what, how far it is and how long", () => {
    const shown = new Shown(six, { options: { jobs: 2 } }).wait(61_000).end("lint").wait(5_000);
    shown.left = { short: "about 4m left", whole: "about 4m left (±1m)" };
    shown.wait(1_000);
    expect(shown.lines).toEqual([
      "  compile  1m07s",
      "  test     6s",
      "  3 held by room on this machine (`--jobs 2`)",
      "1 of 6 done, 2 running, 1m07s, about 4m left (±1m)",
    ]);
  });

  it("keeps failures above it, with the reason, and leaves nothing of itself behind", () => {
    const shown = new Shown(six, { options: { jobs: 2 } }).wait(1_000).end("lint", failing).wait(2_000);
    expect(shown.lines).toEqual([
      "✗ lint failed: The script exited with 3.",
      "  compile  3s",
      "  test     2s",
      "  3 held by room on this machine (`--jobs 2`)",
      "1 of 6 done, 1 failed, 2 running, 3s",
    ]);
    shown.progress.say("stopping: waiting for 2 nodes to end");
    expect(shown.lines.slice(0, 3)).toEqual([
      "✗ lint failed: The script exited with 3.",
      "stopping: waiting for 2 nodes to end",
      "  compile  3s",
    ]);
    shown.progress.end();
    expect(shown.lines).toEqual([
      "✗ lint failed: The script exited with 3.",
      "stopping: waiting for 2 nodes to end",
    ]);
  });

  it("tells what agents do, as far as there is room, until their attempt has ended", () => {
    const shown = new Shown(six, { options: { jobs: 2 }, columns: 50 }).wait(61_000);
    const does = (name: string, text: string) => shown.progress.does(shown.world.run.find(name) ?? 0, text);
    does("lint", "reads the tickets");
    does("compile", "Bash npm run build -- --with everything that there is");
    shown.frame();
    expect(shown.lines.slice(0, 2)).toEqual([
      "  lint     1m01s: reads the tickets",
      "  compile  1m01s: Bash npm run build -- --with e…",
    ]);
    does("lint", "\u001b[2Jasks");
    shown.frame();
    expect(shown.lines[0]).toBe("  lint     1m01s: ␛[2Jasks");
    shown.end("lint").wait(1_000);
    expect(shown.lines.slice(0, 2)).toEqual([
      "  compile  1m02s: Bash npm run build -- --with e…",
      "  test     1s",
    ]);
  });

  it("tells what agents have spent of a budget, and once when that is all of it", () => {
    const plan = planOf((b) => {
      b.budget = lit(5);
      for (const name of ["lint", "compile", "test"]) b.task(name, "t", [0]);
      return b.task("upload", "t", [0]);
    });
    const shown = new Shown(plan, { options: { jobs: 2 }, columns: 80 }).wait(1_000);
    const used = (name: string, cost: number): void => {
      const n = shown.world.run.find(name) ?? 0;
      const counts = { requests: 1, input: 10, output: 10, cacheRead: 0, cacheWrite: 0 };
      shown.world.append({ type: "attempt.used", n, a: 1, usage: { ...counts, cost } });
    };
    used("lint", 1.5);
    shown.frame();
    expect(shown.lines.at(-1)).toBe("0 of 4 done, 2 running, 1.50USD of 5USD, 1s");
    used("compile", 3.5);
    shown.end("lint").wait(1_000);
    expect(shown.lines).toEqual([
      "? main: its budget is spent: 5USD of 5USD",
      "  compile  2s",
      "  2 held by the budget of main, which is spent",
      "1 of 4 done, 1 running, 5USD of 5USD, 2s",
    ]);
    shown.world.ask({ kind: "extend", n: 0, cost: 20, tokens: null });
    shown.starts().wait(1_000);
    expect(shown.lines).toEqual([
      "? main: its budget is spent: 5USD of 5USD",
      "· main: its budget was extended by 20USD by ada",
      "  compile  3s",
      "  test     1s",
      "  1 held by room on this machine (`--jobs 2`)",
      "1 of 4 done, 2 running, 5USD of 25USD, 3s",
    ]);
  });

  it("tells of limits how much is used, when there is more, and who waits", () => {
    const uses = [{ limit: "api", amounts: [{ unit: "requests", amount: lit(1) }] }];
    const plan = new Plans()
      .limit("api", { rates: [{ unit: "requests", amount: 2, perSeconds: 60 }] })
      .task("t", { params: ["x"], uses })
      .flow("main", [], (b) => {
        for (const name of ["lint", "compile", "test", "package"]) b.task(name, "t", [0]);
        return b.task("upload", "t", [0]);
      })
      .done();
    const shown = new Shown(plan, { options: { jobs: 4 } }).wait(1_000).end("lint").wait(5_000);
    expect(shown.lines).toEqual([
      "  compile  6s",
      "  limit api: 2 of 2 requests per 1m, more in 55s, 3 wait",
      "1 of 5 done, 1 running, 6s",
    ]);
  });

  it("tells what is to run again, and at which attempt it is", () => {
    const plan = new Plans()
      .task("t", { params: ["x"], retry: { times: 2, backoff: 20, factor: 1, max: 60 } })
      .flow("main", [], (b) => b.task("one", "t", [0]))
      .done();
    const shown = new Shown(plan).wait(1_000).end("one", failing).wait(5_000);
    expect(shown.lines).toEqual(["  one  again in 15s", "0 of 1 done, 6s"]);
    shown.wait(20_000).starts().wait(1_000);
    expect(shown.lines).toEqual(["  one  27s, attempt 2", "0 of 1 done, 1 running, 27s"]);
  });

  it("is not taller than the terminal, and says how many it leaves out", () => {
    const many = planOf((b) => {
      for (let i = 0; i < 30; i++) b.task(`n${i}`, "t", [0]);
      return b.task("last", "t", [0]);
    });
    const tall = new Shown(many, { options: { jobs: 100 } }).wait(1_000);
    expect(tall.lines).toHaveLength(10);
    expect(tall.lines.at(-2)).toBe("  … 23 more");
    for (const rows of [1, 2, 3, 4, 5, 8]) {
      const shown = new Shown(many, { options: { jobs: 20 }, rows }).wait(20_000).end("n3").wait(1_000);
      expect(shown.lines.length).toBeLessThanOrEqual(rows - 1);
      if (rows > 1) expect(shown.lines.at(-1)).toMatch(/^1 of 31 done/);
      shown.progress.end();
      expect(shown.lines).toEqual([]);
    }
  });

  it("writes nothing where nothing has changed", () => {
    const shown = new Shown(six).wait(1_000);
    const { writes } = shown;
    shown.wait(900);
    expect(shown.writes - writes).toBeLessThanOrEqual(1);
  });
});

describe("a terminal of another size", () => {
  const long = planOf((b) => {
    b.task("audit.each[very/long/package/name].dependencies.check", "t", [0]);
    return b.task("日本語の名前がここに", "t", [0]);
  });

  it("gets lines that fit it, with the ends of names", () => {
    const shown = new Shown(long, { columns: 30 }).wait(75_000);
    expect(shown.lines).toEqual([
      "  audit.…dencies.check  1m15s",
      "  日本語の名前がここに  1m15s",
      "0 of 2 done, 2 running, 1m15s",
    ]);
  });

  it.each([80, 40, 30, 20, 12, 5])("never breaks a line of its own: %d columns", (columns) => {
    const shown = new Shown(long, { columns }).wait(75_000);
    shown.end("日本語の名前がここに").wait(5_000);
    if (columns > 20) expect(shown.lines.every((line) => line.length < columns)).toBe(true);
    shown.progress.end();
    expect(shown.lines).toEqual([]);
  });

  it("may change while it is drawn: nothing of it stays behind, and nothing above it goes", () => {
    const shown = new Shown(long, { columns: 100 });
    shown.progress.say("before the change");
    for (const columns of [40, 25, 90, 33, 60, 21, 100]) {
      shown.terminal.resize(columns);
      shown.wait(1_100);
      expect(shown.lines[0]).toBe("before the change");
      expect(shown.lines).toHaveLength(4);
    }
    shown.progress.end();
    expect(shown.lines).toEqual(["before the change"]);
  });

  it("keeps what a shell wrote while it was stopped", () => {
    const shown = new Shown(long, { columns: 100 }).wait(1_000);
    shown.terminal.write("^Z\n[1]+  Stopped  flowc run\n$ fg\n");
    // The clock goes on meanwhile, and the signal is heard only after a timer has fired.
    shown.world.now += 60_000;
    shown.frame().end("日本語の名前がここに", failing).stoppedAndBack().wait(1_000);
    expect(shown.lines).toEqual([
      "  audit.each[very/long/package/name].dependencies.check  1s",
      "  日本語の名前がここに                                   1s",
      "0 of 2 done, 2 running, 1s",
      "^Z",
      "[1]+  Stopped  flowc run",
      "$ fg",
      "✗ 日本語の名前がここに failed: The script exited with 3.",
      "  audit.each[very/long/package/name].dependencies.check  1m02s",
      "1 of 2 done, 1 failed, 1 running, 1m02s",
    ]);
  });

  it("loses no failure that comes after a pause, right before the end", () => {
    const shown = new Shown(long, { columns: 100 }).wait(1_000);
    shown.world.now += 60_000;
    shown.end("日本語の名前がここに", failing);
    shown.progress.end();
    expect(shown.lines).toEqual(["✗ 日本語の名前がここに failed: The script exited with 3."]);
  });
});

describe("plain lines", () => {
  it("tell each end with its time, and are never silent for longer than 30 seconds", () => {
    const shown = new Shown(six, { ui: "plain", options: { jobs: 2 }, columns: 200 });
    shown.wait(45_000).end("lint").wait(10_000).end("compile", failing);
    shown.left = { short: "", whole: "about 2m left" };
    shown.wait(65_000);
    expect(shown.lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ""))).toEqual([
      "run r1: main",
      "· 0 of 6 done, 2 running, 30s: lint, compile; 4 held by room on this machine (`--jobs 2`)",
      "✓ lint 45s",
      "✗ compile failed: The script exited with 3.",
      "· 2 of 6 done, 1 failed, 2 running, 1m25s, about 2m left: test, package; 2 held by room on this machine (`--jobs 2`)",
      "· 2 of 6 done, 1 failed, 2 running, 1m55s, about 2m left: test, package; 2 held by room on this machine (`--jobs 2`)",
    ]);
    shown.progress.end();
    const { writes } = shown;
    shown.wait(100_000);
    expect(shown.writes).toBe(writes);
  });

  it("tell once what is to be known of nodes that are well", () => {
    const shown = new Shown(six, { ui: "plain", columns: 200 });
    const note = { value: "x", note: "Left out of the answer: `parent`." };
    shown.end("lint", note).end("compile", note);
    expect(shown.lines.map((line) => line.replace(/^\d\d:\d\d:\d\d /, ""))).toEqual([
      "run r1: main",
      "✓ lint 0ms",
      "· lint: Left out of the answer: `parent`",
      "✓ compile 0ms",
    ]);
  });
});

describe("the pretend terminal", () => {
  it("breaks lines, obeys codes, and keeps what scrolled away", () => {
    const terminal = new Terminal(4, 2);
    terminal.write("abcdef\nx\u001b[1A\r\u001b[KY\n");
    expect(terminal.text()).toBe("abcd\nY\nx\n");
    terminal.write("\u001b[9A\u001b[Jz");
    expect(terminal.text()).toBe("abcd\nz\n");
    expect(() => terminal.write("\u001b[2J")).toThrow("not known");
  });

  it("joins and breaks lines when it is resized, and the cursor stays in its text", () => {
    const terminal = new Terminal(8);
    terminal.write("abcdefgh\nij");
    terminal.resize(3);
    expect(terminal.text()).toBe("abc\ndef\ngh\nij\n");
    terminal.write("K");
    terminal.resize(8);
    expect(terminal.text()).toBe("abcdefgh\nijK\n");
  });
});
