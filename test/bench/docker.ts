// `npm run bench -- docker`: a command in a fresh container and in a warm one, against dockerode by hand.

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { dockerRunner } from "../../runners/docker.ts";
import type { Instance, NoInstance, Runner } from "../../runtime/runner.ts";
import { docker, image } from "../docker-daemon.ts";

const ROUNDS = 21;
const TOGETHER = 8;

/** In each round both, in turn the one and the other first: what disturbs the machine for a while disturbs both. */
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
    console.log(
      `\nDocker, one command in a container: medians of ${ROUNDS} rounds, ms, and of their quotients`,
    );
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
  const hand: number[] = [];
  const flowc: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    if (i % 2 === 0) hand.push(await timed(theirs));
    flowc.push(await timed(ours));
    if (i % 2 === 1) hand.push(await timed(theirs));
  }
  const quotients = flowc.map((ms, i) => (ms / (hand[i] ?? ms) - 1) * 100);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => percent(quantile(quotients, part)));
  const ms = (times: readonly number[]) => quantile(times, 0.5).toFixed(0).padStart(5);
  console.log(
    `  ${name.padEnd(28)} by hand ${ms(hand)}   flowc ${ms(flowc)}   ${middle} (half of them ${low} to ${high})`,
  );
}

function percent(more: number): string {
  return `${more > 0 ? "+" : ""}${more.toFixed(0)} %`;
}

async function together(what: () => Promise<unknown>): Promise<void> {
  await Promise.all(Array.from({ length: TOGETHER }, what));
}

async function timed(what: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await what();
  return performance.now() - begin;
}

function quantile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.round((values.length - 1) * part)] ?? 0;
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
