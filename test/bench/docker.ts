// `npm run bench -- docker`: a command in a fresh container and in a warm one, against dockerode by hand.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { dockerRunner } from "../../runners/docker.ts";
import type { Instance, NoInstance, Runner } from "../../runtime/runner.ts";
import { docker, image } from "../docker-daemon.ts";

const ROUNDS = 15;
const TOGETHER = 8;

/** Medians of rounds in turn, so that what disturbs one disturbs the other, too. */
export async function benchDocker(folder: string): Promise<void> {
  if (docker === null) {
    console.log("\nDocker: no engine is reached, nothing is measured.");
    return;
  }
  const engine = docker;
  const runner = dockerRunner();
  const place = new Place(runner, folder);
  const warm = await place.open();
  const hand = await engine.createContainer({
    Image: image,
    Cmd: ["sleep", "1000"],
    HostConfig: { NetworkMode: "none", Init: true },
  });
  await hand.start();
  try {
    const rows: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
      ["fresh container", () => byHand(engine), () => place.fresh()],
      [
        `${TOGETHER} fresh ones together`,
        () => together(() => byHand(engine)),
        () => together(() => place.fresh()),
      ],
      ["warm container", () => execByHand(hand), () => place.work(warm)],
      [
        `${TOGETHER} in one warm container`,
        () => together(() => execByHand(hand)),
        () => together(() => place.work(warm)),
      ],
    ];
    console.log(`\nDocker, \`true\` in a container, ms, median of ${ROUNDS}`);
    for (const [name, theirs, ours] of rows) await row(name, theirs, ours);
  } finally {
    await warm.close();
    await hand.remove({ force: true });
  }
}

async function row(
  name: string,
  theirs: () => Promise<unknown>,
  ours: () => Promise<unknown>,
): Promise<void> {
  await theirs();
  await ours();
  const times: { readonly hand: number[]; readonly flowc: number[] } = { hand: [], flowc: [] };
  for (let i = 0; i < ROUNDS; i++) {
    times.hand.push(await timed(theirs));
    times.flowc.push(await timed(ours));
  }
  const [hand, flowc] = [median(times.hand), median(times.flowc)];
  const more = Math.round((flowc / hand - 1) * 100);
  console.log(
    `  ${name.padEnd(28)} by hand ${hand.toFixed(0).padStart(5)}   flowc ${flowc.toFixed(0).padStart(5)}   ${more > 0 ? "+" : ""}${more} %`,
  );
}

async function together(what: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: TOGETHER }, what));
}

async function timed(what: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await what();
  return performance.now() - begin;
}

function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[times.length >> 1] ?? 0;
}

/** What somebody would write who does it without us: nothing printed is lost, and the exit code is known. */
async function byHand(engine: Docker): Promise<void> {
  const container = await engine.createContainer({
    Image: image,
    Cmd: ["true"],
    HostConfig: { NetworkMode: "none", Init: true },
  });
  const stream = await container.attach({ stream: true, stdout: true, stderr: true });
  container.modem.demuxStream(stream, new PassThrough().resume(), new PassThrough().resume());
  await container.start();
  const { StatusCode: code } = await container.wait();
  if (code !== 0) throw new Error(`exit code ${code}`);
  await container.remove();
}

async function execByHand(container: Docker.Container) {
  const exec = await container.exec({ Cmd: ["true"], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  for await (const _ of stream);
  const { ExitCode: code } = await exec.inspect();
  if (code !== 0) throw new Error(`exit code ${code}`);
}

class Place {
  private readonly runner: Runner;
  private readonly folder: string;
  private count = 0;

  constructor(runner: Runner, folder: string) {
    this.runner = runner;
    this.folder = folder;
  }

  async open(): Promise<Instance> {
    const tag = { run: `bench${process.pid}`, node: ++this.count, attempt: 1 };
    const project = join(this.folder, "docker-project");
    mkdirSync(project, { recursive: true });
    const instance: Instance | NoInstance = await this.runner.open({
      tag,
      settings: { image },
      project,
      folder: join(this.folder, "docker"),
      needs: { cpu: null, memoryBytes: null },
    });
    if ("problem" in instance) throw new Error(instance.message);
    return instance;
  }

  async fresh(): Promise<void> {
    const instance = await this.open();
    await this.work(instance);
    await instance.close();
  }

  async work(instance: Instance): Promise<void> {
    const node = ++this.count;
    const scratch = join(this.folder, "docker", String(node));
    mkdirSync(scratch, { recursive: true });
    const tag = { run: "bench", node, attempt: 1 };
    const workspace = await instance.workspace({ tag, kind: "scratch", scratch });
    const io = { stdoutPath: join(scratch, "out"), stderrPath: join(scratch, "err"), filter: null };
    const exit = await workspace.exec({ argv: ["true"], env: {}, cwd: "" }, io, new AbortController().signal);
    if (exit.kind !== "exited" || exit.code !== 0) throw new Error(JSON.stringify(exit));
    await workspace.close();
  }
}
