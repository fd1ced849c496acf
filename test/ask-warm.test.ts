// Agents that stay in an instance: who is asked in which process and session, and when that is replaced.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { localRunner } from "../runners/local.ts";
import type { AgentRequest, WarmKind, WarmReader } from "../runtime/agent.ts";
import { WarmAgents, type WarmRequest } from "../runtime/ask-warm.ts";
import type { Exit, Instance, Workspace } from "../runtime/runner.ts";
import { noUsage } from "../runtime/usage.ts";

/**
 * An agent of a few lines of shell. It answers each line by its process, its session and what it was asked in that, and
 * takes another session when it is to forget. `die` ends it, `hang` says nothing for ever.
 */
const script = `
session=$1
said=
echo "started $$" >> "$AGENT_LOG"
while IFS= read -r line; do
  case $line in
    forget) [ "$2" = deaf ] && sleep 600; session=\${session}x; said= ;;
    die) exit 3 ;;
    hang) sleep 600 ;;
    *) said="$said$line;" ;;
  esac
  echo "over $$ $session $said"
done
echo "ended $$" >> "$AGENT_LOG"
`;

class Lines implements WarmReader {
  isOver = false;
  session = "";
  answer = "";

  line(text: string) {
    const [, pid = "", session = "", said = ""] = /^over (\S+) (\S+) (.*)$/.exec(text) ?? [];
    this.session = session;
    this.answer = `${pid} ${session} ${said}`;
    this.isOver = true;
    return [];
  }

  end(_exit: Exit) {
    return { kind: "ended", answer: this.answer, text: "" } as const;
  }
}

const kind: WarmKind = {
  command: ({ session, settings }) => ({
    argv: ["sh", "-c", script, "agent", session.id, String(settings["model"] ?? "")],
    env: {},
    files: [],
  }),
  ask: (prompt) => prompt,
  forget: "forget",
  reader: () => new Lines(),
};

interface Given {
  readonly affinity?: string | null;
  readonly resumes?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly model?: string;
  readonly stop?: AbortSignal;
  /** It works in a directory of its own. */
  readonly elsewhere?: boolean;
}

/** What a crash leaves is looked for on the whole machine. */
const run = `warm${process.pid}`;

class Desk {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "flowc-warm-")));
  readonly project = join(this.root, "project");
  readonly log = join(this.root, "log");
  readonly found: string[] = [];
  readonly told: string[] = [];
  readonly warm = new WarmAgents({
    run,
    folder: this.root,
    isOurs: () => true,
    started: (ref) => this.found.push(ref),
  });
  private readonly runner = localRunner({ graceMs: 300 });
  private asks = 0;

  constructor() {
    mkdirSync(this.project);
  }

  async instance(): Promise<Instance> {
    const tag = { run, node: 1, attempt: 1 };
    const needs = { cpu: null, memoryBytes: null };
    const made = await this.runner.open({
      tag,
      settings: {},
      project: this.project,
      folder: this.root,
      needs,
    });
    if ("problem" in made) throw new Error(made.message);
    return this.warm.keptBy(made);
  }

  async workspace(instance: Instance, project = true): Promise<Workspace> {
    const scratch = join(this.root, `a${++this.asks}`);
    mkdirSync(scratch);
    const tag = { run, node: 1, attempt: this.asks };
    return instance.workspace({ tag, kind: project ? "project" : "scratch", scratch });
  }

  /** What came of it: the number of the process in order, its session, and all that it was told in that. */
  async ask(instance: Instance, prompt: string, given: Given = {}): Promise<string> {
    const { exit, answer } = await this.end(instance, prompt, given);
    if (answer === "") return JSON.stringify(exit);
    const [pid = "", session = "", said = ""] = answer.split(" ");
    return `${this.started.indexOf(pid) + 1} ${session} ${said}`;
  }

  async end(instance: Instance, prompt: string, given: Given = {}) {
    const workspace = await this.workspace(instance, given.elsewhere !== true);
    const request: AgentRequest = {
      settings: given.model === undefined ? {} : { model: given.model },
      prompt,
      schema: null,
      session: { id: given.resumes ?? `s${this.asks}`, resumes: given.resumes !== undefined, used: noUsage },
      temporary: workspace.temporary,
      budget: null,
    };
    const asked: WarmRequest = {
      kind,
      request,
      workspace,
      env: {
        PATH: process.env["PATH"] ?? "",
        AGENT_LOG: this.log,
        FLOWC_ATTEMPT: String(this.asks),
        ...given.env,
      },
      affinity: given.affinity ?? null,
      logs: { out: join(this.root, "out"), err: join(this.root, "err") },
      stop: given.stop ?? new AbortController().signal,
      opened: (reader) => () => ({
        push: (chunk) => {
          for (const line of Buffer.from(chunk).toString("utf8").split("\n"))
            if (line !== "") reader.line(line);
          return chunk;
        },
        end: () => new Uint8Array(0),
      }),
      inSession: async (id) => {
        this.told.push(id);
      },
    };
    const ended = await this.warm.ask(instance, asked);
    if (ended === null) return { exit: null, answer: "" };
    const { exit, reader } = ended;
    return { exit, answer: reader instanceof Lines ? reader.answer : "" };
  }

  private lines(word: string): readonly string[] {
    if (!existsSync(this.log)) return [];
    const all = readFileSync(this.log, "utf8").trimEnd().split("\n");
    return all.filter((line) => line.startsWith(word)).map((line) => line.slice(word.length + 1));
  }

  /** Processes, in the order in which they began. */
  get started(): readonly string[] {
    return this.lines("started");
  }

  alive(): number {
    return this.started.filter((pid) => existsSync(`/proc/${pid}`)).length;
  }
}

const desks: Desk[] = [];
const open: Instance[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((instance) => instance.close()));
  for (const desk of desks.splice(0)) rmSync(desk.root, { recursive: true, force: true });
});

async function set(): Promise<{ desk: Desk; place: Instance }> {
  const desk = new Desk();
  desks.push(desk);
  const place = await desk.instance();
  open.push(place);
  return { desk, place };
}

describe("an agent that stays", () => {
  it("serves strangers one after the other, and forgets between them", async () => {
    const { desk, place } = await set();
    expect(await desk.ask(place, "one")).toBe("1 s1 one;");
    await desk.warm.rest(place, false);
    expect(await desk.ask(place, "two")).toBe("1 s1x two;");
    await desk.warm.rest(place, false);
    expect(await desk.ask(place, "three")).toBe("1 s1xx three;");
    // What flowc writes down as the session, before anything is asked in it.
    expect(desk.told).toEqual(["s1", "s1x", "s1xx"]);
  });

  it("forgets also if nobody has told it to before the next one comes", async () => {
    const { desk, place } = await set();
    await desk.ask(place, "one");
    expect(await desk.ask(place, "two")).toBe("1 s1x two;");
  });

  it("remembers for an equal affinity, and for no other", async () => {
    const { desk, place } = await set();
    const ask = async (prompt: string, affinity: string | null) => {
      const answer = await desk.ask(place, prompt, { affinity });
      await desk.warm.rest(place, false);
      return answer;
    };
    expect(await ask("one", "a")).toBe("1 s1 one;");
    expect(await ask("two", "a")).toBe("1 s1 one;two;");
    expect(await ask("three", "b")).toBe("1 s1x three;");
    expect(await ask("four", null)).toBe("1 s1xx four;");
    expect(await ask("five", null)).toBe("1 s1xxx five;");
  });

  it("goes on in the session in which it is, and begins anew for another", async () => {
    const { desk, place } = await set();
    await desk.ask(place, "one");
    expect(await desk.ask(place, "two", { resumes: "s1" })).toBe("1 s1 one;two;");
    expect(await desk.ask(place, "three", { resumes: "s7" })).toBe("2 s7 three;");
    expect(desk.alive()).toBe(1);
  });

  it("is replaced where it was started in another way, and not for what differs between attempts", async () => {
    const { desk, place } = await set();
    await desk.ask(place, "one", { env: { OUT: "/a" } });
    expect(await desk.ask(place, "two", { env: { OUT: "/b" } })).toBe("1 s1x two;");
    expect(await desk.ask(place, "three", { env: { KEY: "k" } })).toBe("2 s3 three;");
    expect(await desk.ask(place, "four", { env: { KEY: "k" }, model: "m" })).toBe("3 s4 four;");
    expect(desk.alive()).toBe(1);
  });

  it("is replaced after a failure", async () => {
    const { desk, place } = await set();
    await desk.ask(place, "one");
    await desk.warm.rest(place, true);
    expect(desk.alive()).toBe(0);
    expect(await desk.ask(place, "two")).toBe("2 s2 two;");
  });

  it("which dies under a request ends that, and the next one gets another", async () => {
    const { desk, place } = await set();
    await desk.ask(place, "one");
    expect(await desk.ask(place, "die")).toBe('{"kind":"exited","code":3}');
    expect(await desk.ask(place, "two")).toBe("2 s3 two;");
  });

  it("which died while nobody asked it is replaced", async () => {
    const { desk, place } = await set();
    await desk.ask(place, "one");
    process.kill(Number(desk.started[0]), "SIGKILL");
    await expect.poll(() => desk.alive()).toBe(0);
    expect(await desk.ask(place, "two")).toBe("2 s2 two;");
  });

  it("ends when its request is stopped, with all that it runs", async () => {
    const { desk, place } = await set();
    const stop = new AbortController();
    const asked = desk.end(place, "hang", { stop: stop.signal });
    await expect.poll(() => desk.told.length).toBe(1);
    stop.abort();
    expect((await asked).answer).toBe("");
    expect(desk.alive()).toBe(0);
  });

  it("that forgets for ever is waited for no longer than who waits may", async () => {
    const { desk, place } = await set();
    await desk.ask(place, "one", { model: "deaf" });
    await desk.warm.rest(place, false);
    const stop = new AbortController();
    const asked = desk.end(place, "two", { model: "deaf", stop: stop.signal });
    stop.abort();
    expect((await asked).answer).toBe("");
    await desk.warm.rest(place, true);
    expect(desk.alive()).toBe(0);
  });

  it("that cannot be told to forget, since its place is gone, is not asked again", async () => {
    const { desk, place } = await set();
    let gone = false;
    const away: Instance = {
      ...place,
      workspace: async (spec) => {
        const here = await place.workspace(spec);
        const put: Workspace["put"] = async (files) => {
          if (gone) throw new Error("the place is gone");
          await here.put(files);
        };
        return Object.create(here, { here: { value: false }, put: { value: put } });
      },
    };
    expect(await desk.ask(away, "one")).toBe("1 s1 one;");
    gone = true;
    await desk.warm.rest(away, false);
    await expect.poll(() => desk.alive()).toBe(0);
    gone = false;
    expect(await desk.ask(away, "two")).toBe("2 s2 two;");
    await desk.warm.rest(away, true);
  });

  it("ends with its instance", async () => {
    const { desk, place } = await set();
    await desk.ask(place, "one");
    expect(desk.alive()).toBe(1);
    await place.close();
    expect(desk.alive()).toBe(0);
  });

  it("can be found by what a crash would leave of it", async () => {
    const { desk, place } = await set();
    await desk.ask(place, "one");
    expect(await localRunner().find(run)).toEqual(desk.found);
    expect(desk.found).toEqual([`${run}.0.1000001`]);
  });

  it("is none where each node works in a directory of its own", async () => {
    const { desk, place } = await set();
    expect(await desk.ask(place, "one", { elsewhere: true })).toBe("null");
    expect(desk.started).toEqual([]);
  });

  it("is one for each instance", async () => {
    const { desk, place } = await set();
    const other = await desk.instance();
    open.push(other);
    expect(await Promise.all([desk.ask(place, "one"), desk.ask(other, "two")])).toHaveLength(2);
    expect(desk.alive()).toBe(2);
  });
});
