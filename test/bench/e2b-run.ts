// What a run of a hundred sandboxes costs flowc's own process, and how soon nothing is left of them after a cancel and after a kill.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "@e2b/code-interpreter";
import { type Started, start } from "../program.ts";
import { usedBy } from "./used-by.ts";

const TOGETHER = 100;
const tickMs = 10;

/** `url`: of a test server that is a process of its own. */
export async function benchE2bRun(folder: string, url: string): Promise<void> {
  const bench = new RunBench(folder, url);
  const whole = await bench.whole();
  console.log(`
E2B, a run of ${TOGETHER} nodes at once, each in a fresh sandbox, \`sleep 2; echo done\`
  ${whole.wallMs.toFixed(0)} ms   flowc's processor ${whole.cpuMs.toFixed(0)} ms   its memory ${whole.memoryMb.toFixed(0)} MB
  from \`flowc cancel\` to no sandbox: ${(await bench.cancelled()).toFixed(0)} ms
  killed; from the next start to none of the old: ${(await bench.killed()).toFixed(0)} ms`);
}

class RunBench {
  private readonly folder: string;
  private readonly url: string;
  private states = 0;

  constructor(folder: string, url: string) {
    this.folder = folder;
    this.url = url;
  }

  async whole() {
    const begin = performance.now();
    const run = this.act(this.flow("sleep 2; echo done"));
    let seen = { cpuMs: 0, memoryMb: 0 };
    const look = setInterval(() => {
      seen = usedBy(run.process.pid ?? 0) ?? seen;
    }, tickMs);
    const { code, stderr } = await run.ended;
    clearInterval(look);
    if (code !== 0) throw new Error(stderr);
    return { wallMs: performance.now() - begin, ...seen };
  }

  async cancelled(): Promise<number> {
    const run = this.act(this.flow("sleep 1000"));
    await this.until((ids) => ids.size === TOGETHER);
    const begin = performance.now();
    this.act(["cancel", "last"]);
    await this.until((ids) => ids.size === 0);
    const took = performance.now() - begin;
    await run.ended;
    return took;
  }

  async killed(): Promise<number> {
    const run = this.act(this.flow("sleep 1000"));
    const old = await this.until((ids) => ids.size === TOGETHER);
    run.process.kill("SIGKILL");
    await run.ended;
    const begin = performance.now();
    const next = this.act(["run", "--resume", "last"]);
    await this.until((ids) => [...old].every((id) => !ids.has(id)));
    const took = performance.now() - begin;
    this.act(["cancel", "last"]);
    await next.ended;
    return took;
  }

  private flow(command: string): readonly string[] {
    const path = join(this.folder, "hundred.flow");
    const urls = `api_url: "${this.url}", sandbox_url: "${this.url}"`;
    const account = `{ instances: ${TOGETHER}, per_second: 1000 }`;
    writeFileSync(
      path,
      `runner far {
  e2b: { template: "base", api_key: secret("E2B_API_KEY"), ${urls}, account: ${account} }
  instances: ${TOGETHER}
  spawn: 1000 per 1s
}
task one(n: int) -> string {
  runner: far
  reads: []
  run "${command}; echo ~{n} >&2"
  return stdout
}
flow main() -> string[] {
  said = for n in range(${TOGETHER}) { one(n) }
  return said
}
`,
    );
    this.states++;
    return ["run", path];
  }

  private act(args: readonly string[]): Started {
    const state = join(this.folder, `hundred-${this.states}`);
    return start([...args, "--state", state], { cwd: this.folder, env: { E2B_API_KEY: "key" } });
  }

  /** The sandboxes of the server, when it is so. */
  private async until(holds: (ids: ReadonlySet<string>) => boolean): Promise<ReadonlySet<string>> {
    const account = { apiKey: "key", apiUrl: this.url };
    for (;;) {
      const ids = new Set<string>();
      const pages = Sandbox.list({ ...account });
      while (pages.hasNext) for (const { sandboxId } of await pages.nextItems()) ids.add(sandboxId);
      if (holds(ids)) return ids;
      await new Promise((resolve) => setTimeout(resolve, tickMs));
    }
  }
}
