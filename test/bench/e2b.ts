// `npm run bench -- e2b`: a hundred sandboxes of the test server at once, against the SDK by hand.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "@e2b/code-interpreter";
import { e2bRunner } from "../../runners/e2b.ts";
import { isolates } from "../e2b-server-sandbox.ts";
import { root } from "../program.ts";
import { benchE2bRun } from "./e2b-run.ts";

const ROUNDS = 5;
const TOGETHER = 100;
/** So short that what is around it counts. */
const WORK = "sleep 2; echo done";

interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Medians of rounds in turn, so that what disturbs one disturbs the other, too. The server is a process of its own. */
export async function benchE2b(folder: string): Promise<void> {
  if (!isolates) {
    console.log("\nE2B: the test server needs root's rights on Linux, nothing is measured.");
    return;
  }
  const main = join(root, "test/e2b-server-main.ts");
  const server = spawn(process.execPath, ["--import", "tsx", main, "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [url] = await once(server.stdout, "data");
    const where = String(url).trim();
    const ours = flowc(folder, where);
    const theirs = () => byHand(where);
    await Promise.all([theirs(), ours()]);
    for (const together of [1, TOGETHER]) {
      const costs: { readonly hand: Cost[]; readonly flowc: Cost[] } = { hand: [], flowc: [] };
      for (let i = 0; i < ROUNDS; i++) {
        costs.hand.push(await measured(together, theirs));
        costs.flowc.push(await measured(together, ours));
      }
      tell(together, costs.hand, costs.flowc);
    }
    await benchE2bRun(folder, where);
  } finally {
    server.kill();
  }
}

function tell(together: number, hand: readonly Cost[], flowc: readonly Cost[]): void {
  const [theirs, ours] = [median(hand.map(wall)), median(flowc.map(wall))];
  const more = Math.round((ours / theirs - 1) * 100);
  console.log(
    `\nE2B, \`${WORK}\` in ${together} fresh sandbox${together === 1 ? "" : "es"}, ms, median of ${ROUNDS}
  by hand ${theirs.toFixed(0)}   flowc ${ours.toFixed(0)}   ${more > 0 ? "+" : ""}${more} %
  of the controller's processor: by hand ${median(hand.map(cpu)).toFixed(0)}   flowc ${median(flowc.map(cpu)).toFixed(0)}`,
  );
}

const wall = ({ wallMs }: Cost): number => wallMs;
const cpu = ({ cpuMs }: Cost): number => cpuMs;

async function measured(together: number, work: () => Promise<void>): Promise<Cost> {
  const [begin, before] = [performance.now(), process.cpuUsage()];
  await Promise.all(Array.from({ length: together }, work));
  const { user, system } = process.cpuUsage(before);
  return { wallMs: performance.now() - begin, cpuMs: (user + system) / 1000 };
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] ?? 0;
}

/** What somebody would write who does it without us: found again by its metadata, no bound of a minute, ended at last. */
async function byHand(url: string): Promise<void> {
  const account = { apiKey: "key", apiUrl: url, sandboxUrl: url };
  const metadata = { run: "bench" };
  const sandbox = await Sandbox.create("base", { ...account, timeoutMs: 300_000, metadata });
  try {
    const { stdout } = await sandbox.commands.run(WORK, { timeoutMs: 0 });
    if (stdout !== "done\n") throw new Error(stdout);
  } finally {
    await sandbox.kill();
  }
}

function flowc(folder: string, url: string): () => Promise<void> {
  const runner = e2bRunner({ env: {} });
  const settings = { template: "base", api_key: "key", api_url: url, sandbox_url: url };
  let node = 0;
  return async () => {
    const tag = { run: "bench", node: ++node, attempt: 1 };
    const scratch = join(folder, "e2b", String(node));
    mkdirSync(scratch, { recursive: true });
    const needs = { cpu: null, memoryBytes: null };
    const instance = await runner.open({ tag, settings, project: folder, folder, needs });
    if ("problem" in instance) throw new Error(instance.message);
    const workspace = await instance.workspace({ tag, kind: "scratch", scratch });
    const io = { stdoutPath: join(scratch, "out"), stderrPath: join(scratch, "err"), filter: null };
    const never = new AbortController().signal;
    const exit = await workspace.exec({ argv: ["sh", "-c", WORK], env: {}, cwd: "" }, io, never);
    if (exit.kind !== "exited" || exit.code !== 0) throw new Error(JSON.stringify(exit));
    await workspace.close();
    await instance.close();
  };
}
