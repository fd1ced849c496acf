// Agents that stay here, in a container and in a sandbox: a small program speaks as Claude Code does, and flowc asks it.

import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { docker, image } from "./docker-daemon.ts";
import { E2bServer } from "./e2b-server.ts";
import { isolates } from "./e2b-server-sandbox.ts";
import { type Ended, flowc, start } from "./program.ts";

/**
 * `pid`: its process; `said`: how often it was asked in its session. `die` ends it in the middle of an answer, `hang` is
 * silent for long, once in a place or, with `go`, until the project has a file of that name; `eat` takes much memory.
 */
const standIn = `#!/bin/sh
session=s said=0
result() {
  printf '{"type":"result","subtype":"success","is_error":false,"num_turns":%s,"result":"","session_id":"%s","total_cost_usd":0,"modelUsage":{},"structured_output":{"pid":%s,"said":%s}}\\n' "$1" "$session" "$$" "$said"
}
while IFS= read -r line; do
  case $line in
    *'"content":"/clear"'*) session=\${session}x said=0; result 0; continue ;;
    *'"content":"die'*) echo "I am ill" >&2; exit 3 ;;
    *'"content":"hang'*) mkdir hung 2>/dev/null && sleep 600 ;;
    *'"content":"go'*) [ -e go ] || sleep 600 ;;
    *'"content":"eat'*) all=$(head -c 400000000 /dev/zero | tr '\\0' x) ;;
  esac
  said=$((said + 1))
  printf '{"type":"system","subtype":"init","session_id":"%s","tools":["StructuredOutput"]}\\n' "$session"
  result 1
done
`;

const large = `~{i}${"word ".repeat(40_000)}`;

const folder = mkdtempSync(join(tmpdir(), "flowc-warm-places-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Given {
  readonly path?: string;
  readonly prompt?: string;
  readonly task?: string;
  /** All that the agent starts carries it. */
  readonly mark?: string;
}

function flowOf(
  place: string,
  { path = "./claude.sh", prompt = "~{i}", task = "", mark = "" }: Given,
): string {
  const project = mkdtempSync(join(folder, "project-"));
  writeFileSync(join(project, "package.json"), "{}");
  writeFileSync(join(project, "claude.sh"), standIn);
  chmodSync(join(project, "claude.sh"), 0o755);
  const flow = join(project, "main.flow");
  writeFileSync(
    flow,
    `type Reply {
  pid: int
  said: int
}

agent coder {
  claude: { path: "${path}" }
  env: { WARM_MARK: "${mark}" }
}

runner box {
  ${place.replace("MEMORY", "")}
  instances: 1
  reuse: 10
}

task one(i: int) -> Reply {
  agent: coder
  runner: box
  ${task}

  ask "${prompt}"
}

flow main() -> Reply[] {
  all = for i in range(4) { one(i) }
  return all
}
`,
  );
  return flow;
}

/** How many processes carry a mark: those of containers and sandboxes are processes of this machine, too. */
function alive(mark: string): number {
  return readdirSync("/proc").filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(`WARM_MARK=${mark}\0`);
    } catch {
      return false;
    }
  }).length;
}

interface Place {
  /** In the flow. */
  readonly written: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Does it end by itself when flowc is killed? */
  readonly endsAlone: boolean;
}

interface Reply {
  readonly pid: number;
  readonly said: number;
}

let marks = 0;

function answers(place: () => Place): void {
  const run = (given: Given): Promise<Ended> => {
    const { written, env = {} } = place();
    return flowc(["run", flowOf(written, given)], { env });
  };

  it("serves strangers, and forgets between them", async () => {
    const { code, stdout, stderr } = await run({});
    expect(code, stderr).toBe(0);
    const replies: readonly Reply[] = JSON.parse(stdout);
    expect(replies.map(({ said }) => said)).toEqual([1, 1, 1, 1]);
    expect(new Set(replies.map(({ pid }) => pid)).size).toBe(1);
  });

  it("remembers for an equal affinity", async () => {
    const { code, stdout, stderr } = await run({ task: 'affinity: "a"' });
    expect(code, stderr).toBe(0);
    const replies: readonly Reply[] = JSON.parse(stdout);
    expect(replies.map(({ said }) => said).sort()).toEqual([1, 2, 3, 4]);
  });

  it("which is not there is named, with how to get it", async () => {
    const { code, stderr } = await run({ path: "no-such-claude" });
    expect(code).toBe(1);
    expect(stderr).toContain("There is no `no-such-claude` where it is to run.");
    expect(stderr).toContain("npm install -g @anthropic-ai/claude-code");
  });

  it("which dies under a request fails that, with its last words", async () => {
    const { code, stderr } = await run({ prompt: "die ~{i}" });
    expect(code).toBe(1);
    expect(stderr).toContain("It exited with 3. It said: I am ill");
  });

  it("which is not there when a prompt comes that no pipe can hold is named, too", async () => {
    const { code, stderr } = await run({ path: "no-such-claude", prompt: large });
    expect(code).toBe(1);
    expect(stderr).toContain("There is no `no-such-claude` where it is to run.");
  });

  it("takes a prompt that no pipe can hold", async () => {
    const { code, stdout, stderr } = await run({ prompt: large });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(4);
  });
}

function ends(place: () => Place): void {
  it.each(["timeout: 3s, retry: 5", "stall: 3s"])(
    "is ended with its attempt, and replaced: %s",
    async (task) => {
      const mark = `${process.pid}.${++marks}`;
      const { written, env = {} } = place();
      const flow = flowOf(written, { prompt: "hang ~{i}", task, mark });
      const { code, stdout, stderr } = await flowc(["run", flow], { env });
      expect(code, stderr).toBe(0);
      const replies: readonly Reply[] = JSON.parse(stdout);
      expect(replies.map(({ said }) => said)).toEqual([1, 1, 1, 1]);
      expect(alive(mark)).toBe(0);
    },
  );

  it("ends with a run that is cancelled", async () => {
    const { written, env = {} } = place();
    const mark = `${process.pid}.${++marks}`;
    const started = start(["run", flowOf(written, { prompt: "go ~{i}", mark })], { env });
    await expect.poll(() => alive(mark), { timeout: 60_000 }).toBeGreaterThan(0);
    started.process.kill("SIGINT");
    const { code, stderr } = await started.ended;
    expect(code, stderr).toBe(130);
    expect(alive(mark)).toBe(0);
  });

  it("ends with a flowc that is killed, or before the run goes on", async () => {
    const { written, env = {}, endsAlone } = place();
    const mark = `${process.pid}.${++marks}`;
    const flow = flowOf(written, { prompt: "go ~{i}", mark });
    const cwd = dirname(flow);
    const started = start(["run", "main.flow"], { cwd, env });
    await expect.poll(() => alive(mark), { timeout: 60_000 }).toBeGreaterThan(0);
    started.process.kill("SIGKILL");
    await started.ended;
    if (endsAlone) await expect.poll(() => alive(mark), { timeout: 60_000 }).toBe(0);
    writeFileSync(join(cwd, "go"), "");
    const { code, stdout, stderr } = await flowc(["run", "--resume", "last"], { cwd, env });
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(4);
    expect(alive(mark)).toBe(0);
  });
}

/** Where somebody bounds its memory; of a sandbox that is its template. `written`, `task`: so that an instance has 64 MB. */
function holds(written: string, task: string, told: string): void {
  it("has no more memory than its instance", async () => {
    const { code, stderr } = await flowc(["run", flowOf(written, { prompt: "eat ~{i}", task })]);
    expect(code).toBe(1);
    expect(stderr).toContain(told);
  });
}

const timeout = 120_000;

describe("an agent that stays on this machine", { timeout }, () => {
  const here: Place = { written: "local: {}", endsAlone: false };
  answers(() => here);
  ends(() => here);
  holds(here.written, "needs: { memory: 64MB }", "more than its `needs.memory` of 64MB, and was ended");
});

describe("an agent that stays in a container", { skip: docker === null, timeout }, () => {
  const container: Place = { written: `docker: { image: "${image}" }`, endsAlone: true };
  answers(() => container);
  ends(() => container);
  holds(`docker: { image: "${image}", memory: 64MB }`, "", "more memory than its container may have (64MB)");
});

describe("an agent that stays in a container with files of its own", {
  skip: docker === null,
  timeout,
}, () => {
  answers(() => ({ written: `docker: { image: "${image}", copy: true }`, endsAlone: true }));
});

describe("an agent that stays in a sandbox", { skip: !isolates, timeout }, () => {
  let server: E2bServer | null = null;
  beforeEach(async () => {
    server = await E2bServer.start({});
  });
  afterEach(async () => {
    expect(server?.sandboxes.length).toBe(0);
    await server?.close();
  });
  const sandbox = (): Place => ({
    written: `e2b: { template: "base", api_url: "${server?.url}", sandbox_url: "${server?.url}" }`,
    env: { E2B_API_KEY: "key" },
    endsAlone: false,
  });
  answers(sandbox);
  ends(sandbox);
});
