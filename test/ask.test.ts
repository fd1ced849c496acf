// One attempt of a task that asks: real programs as agents, from the prompt to an answer or to a sentence why not.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AskOrder } from "../runtime/asked.ts";
import { noUsage } from "../runtime/usage.ts";
import { openTestWorld, optional, record, string, type TestTask, type TestWorld } from "./attempts.ts";

let world: TestWorld;
beforeAll(() => {
  world = openTestWorld({ secrets: { KEY: "s3cr3t-of-the-agent" } });
});
afterAll(() => world.close());

const fresh: AskOrder = {
  session: "11111111-1111-4111-8111-111111111111",
  used: noUsage,
  resumes: null,
  anew: null,
  before: null,
  home: 1,
  left: null,
};

/** A task that asks the program of this script. */
function asking(script: string, more: Partial<TestTask> = {}): TestTask {
  const run = ["sh", "-c", script];
  const asked = { name: "coder", kind: "command", settings: { run }, proxy: null };
  return {
    ask: "Say hello.",
    answer: string,
    session: fresh,
    ...more,
    settings: { asked, ...more.settings },
  };
}

const says = (value: unknown): string => `echo '${JSON.stringify({ type: "answer", value })}'`;
const hello = says({ answer: "hello" });

describe("an answer", () => {
  it("is what fits the type; what is no object stands in a field of one", async () => {
    expect(await world.attempt(asking(hello))).toEqual({ outcome: "succeeded", value: "hello" });
    const answer = record({ approved: { kind: "bool" }, note: optional(string) });
    const report = await world.attempt(asking(says({ approved: true, more: 1 }), { answer }));
    expect(report).toEqual({
      outcome: "succeeded",
      value: { approved: true, note: null },
      message: "Left out of the answer, as its type does not have them: `more`.",
    });
  });

  it("comes from a prompt on standard input, and a schema in a file", async () => {
    const script = 'cat >&2; cat "$FLOWC_SCHEMA" >&2; exit 1';
    await world.attempt(asking(script, { answer: record({ ok: { kind: "bool" } }) }));
    const { err } = world.printed();
    expect(err.startsWith("Say hello.{")).toBe(true);
    expect(JSON.parse(err.slice("Say hello.".length))).toMatchObject({
      type: "object",
      properties: { ok: { type: "boolean" } },
      required: ["ok"],
    });
  });

  it("is not asked for where the task has none", async () => {
    const script = '[ -z "$FLOWC_SCHEMA" ]';
    const { answer: _, ...task } = asking(script);
    expect(await world.attempt(task)).toEqual({ outcome: "succeeded" });
  });

  it("may name a file that the agent left", async () => {
    const answer = record({ patch: { kind: "file" } });
    const report = await world.attempt(
      asking(`echo x > fix.patch; ${says({ patch: "fix.patch" })}`, { answer }),
    );
    expect(report).toMatchObject({ outcome: "succeeded", value: { patch: { name: "fix.patch", size: 2 } } });
  });

  it("that is wrong goes back into the session, and a right one is taken", async () => {
    const script = `prompt=$(cat); echo '{"type":"session","id":"mine"}'
      case "$FLOWC_RESUME $prompt" in
        "1 "*"expected a string, got 7"*) ${hello} ;;
        *) ${says({ answer: 7 })} ;;
      esac`;
    expect(await world.attempt(asking(script))).toEqual({ outcome: "succeeded", value: "hello" });
    expect(world.sessions.slice(-2)).toEqual([fresh.session, "mine"]);
  });

  it("that is wrong three times is a failure that shows it", async () => {
    expect(await world.attempt(asking(says({ answer: 7 })))).toEqual({
      outcome: "failed",
      why: "invalid",
      message:
        "The agent's answer does not fit its type at `answer`: expected a string, got 7. It was told so twice, in its session.",
      tail: 'answer: {"answer":7}',
    });
  });

  it("goes back with the prompt to who told no session", async () => {
    const script = `prompt=$(cat); case "$prompt" in *got*Say?hello.*) ${hello} ;; *) ${says({ answer: 7 })} ;; esac`;
    expect(await world.attempt(asking(script))).toMatchObject({ outcome: "succeeded" });
  });
});

describe("an agent that fails", () => {
  it.each<[string, string, object]>([
    [
      "without an answer",
      "true",
      { why: "invalid", message: "The agent ended without an answer. It was told so twice, in its session." },
    ],
    [
      "and is not there",
      "exec no-such-agent",
      {
        why: "launch",
        message:
          "There is no `sh` where it is to run. It is named by `run` of the agent: a path from where the task works, or a program on its PATH.",
      },
    ],
    [
      "by itself",
      'echo \'{"type":"failed","why":"denied","message":"no `Bash`"}\'',
      { why: "exit", message: "No `Bash`." },
    ],
    ["for good", 'echo \'{"type":"failed","why":"key"}\'', { why: "launch", message: "It failed." }],
    [
      "with an exit code",
      `${hello}; echo oops >&2; exit 3`,
      { why: "exit", message: "It exited with 3. It said: oops." },
    ],
    ["by a signal", "kill -9 $$", { why: "exit", message: "It was ended by SIGKILL." }],
  ])("%s", async (_, script, end) => {
    expect(await world.attempt(asking(script))).toMatchObject({ outcome: "failed", ...end });
  });

  it("because its model gives nothing now has made no attempt", async () => {
    const script = 'echo \'{"type":"limited","message":"429","after":30}\'; exit 1';
    expect(await world.attempt(asking(script))).toEqual({
      outcome: "lost",
      why: "limited",
      message: "429.",
      after_ms: 30_000,
    });
    expect(world.pauses).toEqual([30_000]);
  });

  it("with numbers that cannot be true is believed as far as they can", async () => {
    const week = 7 * 24 * 3_600_000;
    const usage = '{"type":"usage","requests":1e308,"input":1e17,"output":1.4,"cost":1e300}';
    const script = `echo '${usage}'; echo '{"type":"limited","message":"429","after":1e13}'`;
    expect(await world.attempt(asking(script))).toMatchObject({ why: "limited", after_ms: week });
    expect(world.pauses.at(-1)).toBe(week);
    expect(world.used.at(-1)).toEqual({
      requests: 1e12,
      input: 1e12,
      output: 1,
      cacheRead: 0,
      cacheWrite: 0,
      cost: 1e9,
    });
  });

  it("because its model is away is not at fault", async () => {
    expect(await world.attempt(asking('echo \'{"type":"lost"}\''))).toMatchObject({
      outcome: "lost",
      why: "away",
    });
  });

  it("to end is ended at its timeout", async () => {
    const report = await world.attempt(asking("sleep 30", { settings: { timeoutSeconds: 0.2 } }));
    expect(report).toMatchObject({ outcome: "failed", why: "timeout" });
  });

  it("to say anything is ended as one that hangs", async () => {
    const report = await world.attempt(asking("sleep 30", { settings: { stallSeconds: 0.2 } }));
    expect(report).toMatchObject({ outcome: "failed", why: "stall" });
  });
});

describe("a session", () => {
  const goesOn: AskOrder = { ...fresh, resumes: "attempt", before: "It exited with 3." };

  it("is told before the agent starts, and to the agent", async () => {
    const script = `[ -z "$FLOWC_RESUME" ] && echo "{\\"type\\":\\"answer\\",\\"value\\":{\\"answer\\":\\"$FLOWC_SESSION\\"}}"`;
    expect(await world.attempt(asking(script))).toMatchObject({ value: fresh.session });
  });

  it("goes on after a break, with why there was one and the whole task", async () => {
    const script = `prompt=$(cat); case "$FLOWC_RESUME $prompt" in 1*interrupted*"It exited with 3."*"Say hello.") ${hello} ;; esac`;
    expect(await world.attempt(asking(script, { session: goesOn }))).toMatchObject({ value: "hello" });
  });

  it("of an earlier node goes on with what is asked now", async () => {
    const script = `prompt=$(cat); [ "$FLOWC_RESUME $prompt" = "1 Say hello." ] && ${hello}`;
    const report = await world.attempt(asking(script, { session: { ...fresh, resumes: "node" } }));
    expect(report).toMatchObject({ value: "hello" });
  });

  it("that is not there any more is begun anew", async () => {
    const script = `if [ -n "$FLOWC_RESUME" ]; then echo '{"type":"failed","why":"session"}'; else ${hello}; fi`;
    const report = await world.attempt(asking(script, { session: goesOn }));
    expect(report).toMatchObject({ outcome: "succeeded" });
    const [before, after] = world.sessions.slice(-2);
    expect(before).toBe(fresh.session);
    expect(after).not.toBe(before);
  });

  it("of an earlier node that is gone is begun anew, and that is told to people", async () => {
    const script = `if [ -n "$FLOWC_RESUME" ]; then echo '{"type":"failed","why":"session"}'; else ${hello}; fi`;
    expect(await world.attempt(asking(script, { session: { ...fresh, resumes: "node" } }))).toEqual({
      outcome: "succeeded",
      value: "hello",
      message: "It began a new session: the one that it was to go on in is gone.",
    });
    const told = "It began a new session: `first` was reused and has asked nobody in this run.";
    const anew = { session: { ...fresh, anew: told } };
    expect(await world.attempt(asking(hello, anew))).toMatchObject({ value: "hello", message: told });
    expect(await world.attempt(asking("exit 3", anew))).toMatchObject({ outcome: "failed", tail: told });
  });

  it("that fails without files of its own that the project has is told which", async () => {
    world.write("agents/agent.sh", hello);
    world.write("notes.txt", "first\n");
    const run = ["sh", "./agents/agent.sh", "no/such.txt"];
    const asked = { name: "coder", kind: "command", settings: { run }, proxy: null };
    const task = (...reads: string[]) => asking("", { settings: { asked, reads } });
    expect(await world.attempt(task("notes.txt"))).toMatchObject({
      outcome: "failed",
      message: expect.stringMatching(
        /\. `agents\/agent\.sh` of the project is not where it works: name it in the `reads` of the task\.$/,
      ),
    });
    expect(await world.attempt(task("notes.txt", "agents/*"))).toEqual({
      outcome: "succeeded",
      value: "hello",
    });
  });

  it("keeps its directory until the node has succeeded, and what is changed there", async () => {
    world.write("notes.txt", "first\n");
    const reads = { settings: { reads: ["notes.txt"] } };
    const homes = join(world.world.runFolder, "asks");
    expect(await world.attempt(asking("echo more >> notes.txt; exit 1", reads))).toMatchObject({
      outcome: "failed",
    });
    expect(readdirSync(homes)).toEqual(["1"]);
    world.write("notes.txt", "changed meanwhile\n");
    const script = `[ "$(cat notes.txt)" = "$(printf 'first\\nmore')" ] && ${hello}`;
    expect(await world.attempt(asking(script, { ...reads, session: goesOn }))).toMatchObject({
      value: "hello",
    });
    expect(existsSync(join(homes, "1"))).toBe(false);
    expect(readFileSync(join(world.project, "notes.txt"), "utf8")).toBe("changed meanwhile\n");
  });
});

describe("what it uses", () => {
  const used = (cost: number): string =>
    `echo '{"type":"usage","requests":1,"input":10,"output":5,"cost":${cost}}'`;

  it("is added up over all its commands, also of those that failed", async () => {
    const before = world.used.length;
    await world.attempt(asking(`${used(0.25)}; ${says({ answer: 7 })}`));
    expect(world.used.length).toBeGreaterThan(before);
    expect(world.used.at(-1)).toEqual({
      requests: 3,
      input: 30,
      output: 15,
      cacheRead: 0,
      cacheWrite: 0,
      cost: 0.75,
    });
  });

  it("is bounded by the budgets around it", async () => {
    const bounded = `${used(0.5)}; echo "{\\"type\\":\\"answer\\",\\"value\\":{\\"answer\\":\\"$FLOWC_BUDGET\\"}}"`;
    expect(await world.attempt(asking(bounded, { session: { ...fresh, left: 1 } }))).toMatchObject({
      value: "1",
    });
    expect(await world.attempt(asking(bounded, { session: { ...fresh, left: 0 } }))).toMatchObject({
      outcome: "failed",
      why: "budget",
    });
    const wrong = `${used(0.5)}; ${says({ answer: 7 })}`;
    expect(await world.attempt(asking(wrong, { session: { ...fresh, left: 1 } }))).toEqual({
      outcome: "failed",
      why: "budget",
      message: "It has spent 1USD, all that its budget still allowed.",
    });
  });

  it("and does is told without secrets", async () => {
    const script = `echo '{"type":"does","text":"logs in with s3cr3t-of-the-agent"}'; ${hello}`;
    const report = await world.attempt(
      asking(script, { settings: { env: [{ name: "KEY", secret: "KEY" }] } }),
    );
    expect(report).toMatchObject({ outcome: "succeeded" });
    expect(world.does.at(-1)).toBe("logs in with ***");
    expect(world.printed().out).not.toContain("s3cr3t");
  });
});
