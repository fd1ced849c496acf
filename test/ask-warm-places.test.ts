// Agents that stay here, in a container and in a sandbox: a small program speaks as Claude Code does, and flowc asks it.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { docker, image } from "./docker-daemon.ts";
import { E2bServer } from "./e2b-server.ts";
import { isolates } from "./e2b-server-sandbox.ts";
import { type Ended, flowc } from "./program.ts";

/** `pid`: its process; `said`: how often it was asked in its session. `die` ends it in the middle of an answer. */
const standIn = `#!/bin/sh
session=s said=0
result() {
  printf '{"type":"result","subtype":"success","is_error":false,"num_turns":%s,"result":"","session_id":"%s","total_cost_usd":0,"modelUsage":{},"structured_output":{"pid":%s,"said":%s}}\\n' "$1" "$session" "$$" "$said"
}
while IFS= read -r line; do
  case $line in
    *'"content":"/clear"'*) session=\${session}x said=0; result 0; continue ;;
    *'"content":"die'*) echo "I am ill" >&2; exit 3 ;;
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
}

function flowOf(place: string, { path = "./claude.sh", prompt = "~{i}", task = "" }: Given): string {
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
}

runner box {
  ${place}
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

function stays(run: (given: Given) => Promise<Ended>): void {
  it("serves strangers, and forgets between them", async () => {
    const { code, stdout, stderr } = await run({});
    expect(code, stderr).toBe(0);
    const replies: { readonly pid: number; readonly said: number }[] = JSON.parse(stdout);
    expect(replies.map(({ said }) => said)).toEqual([1, 1, 1, 1]);
    expect(new Set(replies.map(({ pid }) => pid)).size).toBe(1);
  });

  it("remembers for an equal affinity", async () => {
    const { code, stdout, stderr } = await run({ task: 'affinity: "a"' });
    expect(code, stderr).toBe(0);
    const replies: { readonly said: number }[] = JSON.parse(stdout);
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

describe("an agent that stays on this machine", { timeout: 20_000 }, () => {
  stays((given) => flowc(["run", flowOf("local: {}", given)]));
});

describe("an agent that stays in a container", { skip: docker === null, timeout: 20_000 }, () => {
  stays((given) => flowc(["run", flowOf(`docker: { image: "${image}" }`, given)]));
});

describe("an agent that stays in a container to which files are copied", {
  skip: docker === null,
  timeout: 20_000,
}, () => {
  stays((given) => flowc(["run", flowOf(`docker: { image: "${image}", copy: true }`, given)]));
});

describe("an agent that stays in a sandbox", { skip: !isolates, timeout: 20_000 }, () => {
  let server: E2bServer | null = null;
  afterEach(async () => {
    expect(server?.sandboxes.length).toBe(0);
    await server?.close();
    server = null;
  });
  stays(async (given) => {
    server = await E2bServer.start({});
    const account = `template: "base", api_url: "${server.url}", sandbox_url: "${server.url}"`;
    return await flowc(["run", flowOf(`e2b: { ${account} }`, given)], { env: { E2B_API_KEY: "key" } });
  });
});
