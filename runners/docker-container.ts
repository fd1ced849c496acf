// One container: commands in it, how they ended, how they are stopped, and its own end.

import type Docker from "dockerode";
import { COOKIE, type ExecCommand, type Exit, type Output } from "../runtime/runner.ts";
import { type Connection, patience } from "./docker-connection.ts";
import type { Image } from "./docker-images.ts";
import { beginBeside, Line, newWord } from "./docker-line.ts";
import { type Bounds, hintOf, messageOf, statusOf, Unavailable } from "./docker-problems.ts";
import { type Order, orderArgv, orderLine, stopAllArgv, stopArgv } from "./docker-script.ts";
import { Talk, type Told } from "./docker-stream.ts";
import { endOf, notStarted, tooLarge, whyNot } from "./shell-ends.ts";

const noEnv = notStarted(
  "other",
  "The image has no program `env`, by which flowc sets a command's environment.",
);

export interface ContainerSpec {
  readonly ref: string;
  readonly connection: Connection;
  readonly container: Docker.Container;
  readonly image: Image;
  readonly graceMs: number;
  readonly bounds: Bounds;
  /** It shares this machine's network. */
  readonly reaches: boolean;
  /** In words: what it may have of memory; null: no limit. */
  readonly memory: string | null;
  isOurs(): boolean;
}

/** What Docker gives a process that is told nothing else. */
const usualPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** How long what should follow at once may take. */
const patienceMs = 10_000;

export class Container {
  readonly spec: ContainerSpec;
  /** We have ended it, or are about to. */
  ending = false;
  private readonly line: Line;
  private marks = 0;
  private outOfMemory = 0;

  private constructor(spec: ContainerSpec, line: Line) {
    this.spec = spec;
    this.line = line;
  }

  /** Starts it. Throws what the engine says, or why its shell does not answer. */
  static async start(spec: ContainerSpec): Promise<Container> {
    const line = await Line.open(spec.container);
    try {
      await spec.container.start(patience("much"));
      if (!(await line.greet())) {
        const why = line.said || "it ended at once";
        throw new Unavailable("lost", `The shell of a new container does not answer: ${why}`);
      }
      return new Container(spec, line);
    } catch (error) {
      line.close();
      throw error;
    }
  }

  /** Who those are that run in it. */
  get user(): { readonly uid: number; readonly gid: number } {
    return this.line.user;
  }

  /** Takes an archive apart in one of its folders. Throws Unavailable. */
  async bring(archive: NodeJS.ReadableStream, path: string): Promise<void> {
    try {
      await this.spec.container.putArchive(archive, { path });
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  /** An archive of what is at a path; null: there is nothing. Throws Unavailable. */
  async fetch(path: string): Promise<AsyncIterable<unknown> | null> {
    try {
      return await this.spec.container.getArchive({ path });
    } catch (error) {
      if (statusOf(error) === 404 && !/no such container/i.test(messageOf(error))) return null;
      throw this.unavailable(error);
    }
  }

  async isWell(): Promise<boolean> {
    return !this.ending && (await this.line.answers(patienceMs));
  }

  /** `io`: null where nobody wants to know what it prints. */
  async run(command: ExecCommand, cwd: string, io: Output | null, stop: AbortSignal): Promise<Exit> {
    const { argv, env, stays = false } = command;
    const { isOurs, image, ref, graceMs } = this.spec;
    if (stop.aborted) return notStarted("other", "It was stopped before it began.");
    if (!isOurs()) return { kind: "lost", message: "Another flowc has the run now." };
    if (argv[0] === undefined || argv[0] === "") return notStarted("other", "The command's name is empty.");
    const all = { PATH: usualPath, HOME: "/tmp", ...image.env, ...env, [COOKIE]: ref };
    const large = tooLarge(argv, all);
    if (large !== null) return large;
    const order = { word: newWord(), mark: ++this.marks, graceMs, cwd, argv, env: all };
    const talk = new Talk(order.word, io);
    let beside: Docker.Exec | null = null;
    try {
      // Its shell must hear that we are gone, and what stays would keep it from that.
      if (stays || !this.line.begin(talk, orderLine(order), order.word))
        beside = await beginBeside(this.spec.container, orderArgv(order), talk);
    } catch (error) {
      await talk.cut();
      return this.cutOff(error, null, talk);
    }
    const stopping = this.stopping(talk, order, stop);
    const told = await talk.ended;
    await stopping.over();
    return told === null ? this.cutOff(null, beside, talk) : this.exitOf(told, order, talk);
  }

  /** Carries out something of ours of which nobody needs to know how it went. */
  async quietly(argv: readonly string[]): Promise<void> {
    if (this.ending || this.line.isGone) return;
    await this.run({ argv, env: {}, cwd: "" }, "/", null, new AbortController().signal);
  }

  /** Nothing is left of it after this. */
  async remove(): Promise<void> {
    this.ending = true;
    try {
      await removed(this.spec.container);
    } finally {
      this.line.close();
    }
  }

  private exitOf(told: Told, order: Order, talk: Talk): Exit {
    const { bounds, memory } = this.spec;
    if (told.kind === "hello") return { kind: "lost", message: "Its shell was started anew." };
    if (told.kind === "not-started") {
      const [program = ""] = order.argv;
      const what = { program, cwd: order.cwd };
      return whyNot(told.why, what, { place: "container", origin: "image" }) ?? noEnv;
    }
    const starved = told.outOfMemory !== null && told.outOfMemory > this.outOfMemory;
    this.outOfMemory = told.outOfMemory ?? this.outOfMemory;
    const hint = starved ? outOfMemory(memory) : told.code === 0 ? null : hintOf(talk.lastWords, bounds);
    return endOf(told, hint);
  }

  /** Its streams have ended before it told its end. */
  private async cutOff(error: unknown, beside: Docker.Exec | null, talk: Talk): Promise<Exit> {
    const { container, memory } = this.spec;
    if (this.ending) return { kind: "signalled", signal: "SIGKILL" };
    try {
      // What was killed from inside has ended before the engine says so.
      if (this.line.isGone) await within(container.wait(), patienceMs);
      const { State: state } = await container.inspect(patience());
      if (state.Running) return await this.cutOffBeside(error, beside, talk);
      if (state.OOMKilled) return { kind: "signalled", signal: "SIGKILL", hint: outOfMemory(memory) };
      return {
        kind: "lost",
        message: `Its container was ended from outside (exit code ${state.ExitCode}).`,
      };
    } catch (problem) {
      return { kind: "lost", message: this.unavailable(problem).message };
    }
  }

  /** What the engine's answer means for who works there. */
  private unavailable(error: unknown): Unavailable {
    const { ref, connection } = this.spec;
    const [message, status] = [messageOf(error), statusOf(error)];
    if (status === 404) return new Unavailable("lost", "Its container was removed from outside.");
    if (/no space left on device/i.test(message))
      return new Unavailable(
        "refused",
        `The disk of the Docker engine at ${connection.where} is full. See what takes it: docker system df`,
      );
    return new Unavailable(
      "lost",
      status === 0
        ? `The Docker engine at ${connection.where} does not answer any more: ${message}`
        : `Docker could not do its part in the container ${ref}: ${message}`,
    );
  }

  private async cutOffBeside(error: unknown, beside: Docker.Exec | null, talk: Talk): Promise<Exit> {
    const code = (await beside?.inspect(patience()))?.ExitCode ?? 0;
    if (code === 137) return { kind: "signalled", signal: "SIGKILL" };
    const why = error === null ? talk.noise : messageOf(error);
    return { kind: "lost", message: `Docker could not carry out a command in its container: ${why}` };
  }

  /** When `stop` fires: TERM for all that the command has started, KILL for what is there after the grace period. */
  private stopping(talk: Talk, order: Order, stop: AbortSignal): { over(): Promise<void> } {
    let done: Promise<void> = Promise.resolve();
    const begin = () => {
      done = this.halt(talk, order);
    };
    if (stop.aborted) begin();
    else stop.addEventListener("abort", begin, { once: true });
    return {
      over: async () => {
        stop.removeEventListener("abort", begin);
        await done;
      },
    };
  }

  private async halt(talk: Talk, { mark, graceMs }: Order): Promise<void> {
    const group = await talk.started;
    if (group === null || !this.spec.isOurs()) return;
    const calmed = await carriedOut(this.spec.container, stopArgv(mark, graceMs, group), graceMs).catch(
      () => false,
    );
    if (calmed && (await within(talk.ended, patienceMs))) return;
    // No process can be started there any more, or one that cannot be ended: the container ends with all that it has.
    await this.remove().catch(() => {});
  }
}

/** Ends all that commands have started in a container, in order as far as it goes: TERM, and as much time as one has. */
export async function calmed(container: Docker.Container, graceMs: number): Promise<void> {
  await carriedOut(container, stopAllArgv(graceMs), graceMs).catch(() => {});
}

/** A command of ours. False: it could not do what it should. */
async function carriedOut(
  container: Docker.Container,
  argv: readonly string[],
  graceMs: number,
): Promise<boolean> {
  const talk = new Talk(newWord(), null);
  const exec = await beginBeside(container, argv, talk);
  if (!(await within(talk.ended, graceMs + 2 * patienceMs))) return false;
  return (await exec.inspect(patience())).ExitCode === 0;
}

function outOfMemory(memory: string | null): string {
  return memory === null
    ? "The machine had no memory left for it."
    : `It needed more memory than its container may have (${memory}): say \`memory: …\` in the runner's settings.`;
}

/** False: it took longer. */
async function within(what: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const done = await Promise.race([what.then(() => true), late]);
  clearTimeout(timer);
  return done;
}

/** Removes a container with all that runs in it; one that is not there is removed. */
export async function removed(container: Docker.Container): Promise<void> {
  for (let tries = 0; ; tries++)
    try {
      await container.remove({ force: true, v: true, ...patience() });
      return;
    } catch (error) {
      const status = statusOf(error);
      if (status === 404) return;
      // Somebody else removes it right now, or it could not be killed in time.
      if (tries === 40 || (status !== 409 && status !== 500)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
