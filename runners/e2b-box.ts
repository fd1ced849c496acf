// One sandbox: commands in it, how they ended, how they are stopped, its life while it is in use, and its own end.

import { CommandExitError, type CommandHandle, type Sandbox } from "@e2b/code-interpreter";
import { COOKIE, type ExecCommand, type Exit, type Output } from "../runtime/runner.ts";
import { Talk, type Told } from "./e2b-output.ts";
import { hintOf, lacking, messageOf, Trouble } from "./e2b-problems.ts";
import { followScript, type Order, orderScript, stopScript } from "./e2b-script.ts";
import { endOf, notStarted, tooLarge, whyNot } from "./shell-ends.ts";

export interface BoxTimes {
  /** How long processes have between TERM and KILL. */
  readonly graceMs: number;
  /** After so long without a word a stream is taken for lost. */
  readonly quietMs: number;
  /** So long a sandbox that cannot be reached is asked again. */
  readonly patienceMs: number;
}

export interface BoxSpec extends BoxTimes {
  readonly sandbox: Sandbox;
  /** For messages. */
  readonly template: string;
  readonly lifeMs: number;
  readonly user: string | null;
  isOurs(): boolean;
}

type NotBegun = Extract<Told, { kind: "not-started" }>;

/** All of ours in a sandbox. */
export const top = "/tmp/flowc";

/** A command's text is one word for the sandbox's bash: what is longer is sent as a file first. */
const wordBytesMax = 100_000;

export class Box {
  readonly spec: BoxSpec;
  /** Folders that nobody needs any more: removed by the next command. */
  readonly stale: string[] = [];
  /** We have ended it, or are about to. */
  ending = false;
  private readonly life: NodeJS.Timeout;
  private count = 0;
  /** How many commands it was given. */
  private served = 0;
  /** It has no room left. */
  private full = false;

  constructor(spec: BoxSpec) {
    this.spec = spec;
    const { sandbox, lifeMs } = spec;
    // One that could not be told lives on until the next time.
    this.life = setInterval(() => void sandbox.setTimeout(lifeMs).catch(() => {}), lifeMs / 3);
    this.life.unref();
  }

  get ref(): string {
    return this.spec.sandbox.sandboxId;
  }

  /** A number that no other thing in this sandbox has. */
  next(): number {
    return ++this.count;
  }

  async isWell(): Promise<boolean> {
    return !this.ending && !this.full && (await this.spec.sandbox.isRunning().catch(() => false));
  }

  /** Nothing is left of it after this; what cannot be told ends with its life. */
  async close(): Promise<void> {
    this.ending = true;
    clearInterval(this.life);
    await this.spec.sandbox.kill().catch(() => {});
  }

  async run(
    { argv, env }: ExecCommand,
    cwd: string,
    folders: readonly string[],
    io: Output,
    stop: AbortSignal,
  ): Promise<Exit> {
    if (stop.aborted) return notStarted("other", "It was stopped before it began.");
    if (!this.spec.isOurs()) return { kind: "lost", message: "Another flowc has the run now." };
    const [program = ""] = argv;
    if (program === "") return notStarted("other", "The command's name is empty.");
    const all = { ...env, [COOKIE]: this.ref };
    const large = tooLarge(argv, all);
    if (large !== null) return large;
    this.served++;
    const mark = this.next();
    const order: Order = {
      folder: `${top}/io-${mark}`,
      folders,
      stale: this.stale.splice(0),
      mark,
      graceMs: this.spec.graceMs,
      beatMs: this.spec.quietMs / 4,
      cwd,
      argv,
      env: all,
    };
    const talk = new Talk(io, (name, from, to) => this.bytes(`${order.folder}/${name}`, from, to), Date.now);
    const stopping = this.stopping(talk, order, stop);
    try {
      const told = await this.told(order, talk);
      await stopping.over();
      this.stale.push(order.folder);
      if (this.ending) return killed;
      if (told.kind === "not-started") return await this.notBegun(told, program, cwd);
      const { template } = this.spec;
      return endOf(told, told.code === 0 ? null : hintOf(told.without, talk.lastWords, template));
    } catch (error) {
      if (this.ending) return killed;
      return { kind: "lost", message: messageOf(error) };
    } finally {
      stopping.cancel();
      await talk.close();
    }
  }

  /** A short command of our own: what it prints, or null when its exit code is not 0. Throws Trouble. */
  async ask(script: string): Promise<string | null> {
    try {
      const { stdout } = await this.spec.sandbox.commands.run(await this.sent(script), {
        ...this.usual,
        timeoutMs: askMs,
      });
      return stdout;
    } catch (error) {
      if (error instanceof CommandExitError) return null;
      throw await this.gone(error);
    }
  }

  /** A part of a file, as it comes. */
  async *bytes(path: string, from: number, to: number): AsyncIterable<Buffer> {
    if (to <= from) return;
    const { sandbox } = this.spec;
    const url = await sandbox.downloadUrl(path, this.user);
    const headers = {
      "E2b-Sandbox-Id": sandbox.sandboxId,
      "E2b-Sandbox-Port": envdPort,
      Range: `bytes=${from}-${to - 1}`,
    };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(transferMs) });
    if (response.body === null || !response.ok)
      throw new Error(`${response.status} ${await response.text().catch(() => "")}`);
    // Who does not know ranges gives all.
    let skip = response.status === 206 ? 0 : from;
    let left = to - from;
    for await (const chunk of response.body) {
      const own = chunk.subarray(Math.min(skip, chunk.length)).subarray(0, left);
      skip -= Math.min(skip, chunk.length);
      left -= own.length;
      if (own.length > 0) yield Buffer.from(own.buffer, own.byteOffset, own.length);
      if (left === 0) break;
    }
  }

  /** There is no room: what others have left in a sandbox does not stand in the way in another one. */
  withoutRoom(): Trouble {
    this.full = true;
    return new Trouble(
      this.served > 1 ? "lost" : "refused",
      "The sandbox's disk has no room for its files: send fewer (`reads`), or take a template with more.",
    );
  }

  /** Why something failed that is no answer of the sandbox's: asked before it is called dead. */
  async gone(error: unknown): Promise<Error> {
    if (error instanceof Trouble || isFullHere(error)) return error;
    if (this.ending) return new Trouble("lost", "Its sandbox was ended.");
    const runs = await this.spec.sandbox.isRunning().catch(() => null);
    if (runs === false)
      return new Trouble(
        "lost",
        `Its sandbox ${this.ref} is not there any more: E2B has lost it, its account's longest life was over, or somebody ended it.`,
      );
    return new Trouble("lost", `Its sandbox ${this.ref} could not be reached: ${messageOf(error)}`);
  }

  private async notBegun({ why, what }: NotBegun, program: string, cwd: string): Promise<Exit> {
    // A sandbox on its way out has no room either.
    if (why === "disk" && !(await this.isWell())) throw await this.gone(why);
    if (why === "disk") {
      const { problem, message } = this.withoutRoom();
      return problem === "lost" ? { kind: problem, message } : notStarted("other", message);
    }
    if (why === "without") return notStarted("other", lacking(what));
    const known = whyNot(why, { program, cwd }, { place: "sandbox", origin: "template" });
    return known ?? { kind: "lost", message: "What ran it in the sandbox is gone." };
  }

  get user(): { readonly user?: string } {
    return this.spec.user === null ? {} : { user: this.spec.user };
  }

  private get usual() {
    return { ...this.user, cwd: "/" };
  }

  private async sent(script: string): Promise<string> {
    if (Buffer.byteLength(script) <= wordBytesMax) return script;
    const path = `${top}/script-${this.next()}`;
    await this.spec.sandbox.files.write(path, script, this.user);
    return `. ${path}; rm -f ${path}`;
  }

  /** A command's end, over as many streams as it takes. Throws when the sandbox is gone. */
  private async told(order: Order, talk: Talk) {
    let since = Date.now();
    let pause = firstPauseMs;
    for (let script = orderScript(order); ; script = followScript(order, talk.offsets)) {
      let problem: unknown = new Error("its stream ended before the command");
      try {
        await this.listened(await this.sent(script), talk);
        const told = await talk.done();
        if (told !== null) return told;
      } catch (error) {
        problem = error;
      }
      if (talk.heardAt > since) [since, pause] = [talk.heardAt, firstPauseMs];
      const runs = this.ending ? false : await this.spec.sandbox.isRunning().catch(() => null);
      if (runs === false || Date.now() - since > this.spec.patienceMs) throw await this.gone(problem);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, lastPauseMs);
      talk.again();
    }
  }

  /** Ends with the stream; one that says nothing for too long is given up. */
  private async listened(script: string, talk: Talk): Promise<void> {
    const { quietMs, sandbox } = this.spec;
    const controller = new AbortController();
    let handle: CommandHandle | null = null;
    const watchdog = setInterval(() => {
      if (Date.now() - talk.heardAt > quietMs) controller.abort(new Error("its stream fell silent"));
    }, quietMs / 4);
    try {
      handle = await sandbox.commands.run(script, {
        ...this.usual,
        background: true,
        // Else it ends the one process after a minute, and leaves its children.
        timeoutMs: 0,
        requestTimeoutMs: quietMs,
        signal: controller.signal,
        onStdout: (text) => talk.hear(text),
      });
      await handle.wait();
    } finally {
      clearInterval(watchdog);
    }
  }

  /** When `stop` fires: TERM for all that the command has started, KILL for what is there after the grace period. */
  private stopping(talk: Talk, order: Order, stop: AbortSignal) {
    let over: Promise<unknown> = Promise.resolve();
    const begin = () => {
      const unheard = new Promise<"unheard">((resolve) => setTimeout(resolve, unheardMs, "unheard").unref());
      over = Promise.race([talk.begun, unheard]).then(async (how) => {
        // All that it started carries its mark, whether or not anybody has heard that it began.
        if (talk.group === 0 && how !== "unheard") return;
        // What cannot be stopped ends with its sandbox.
        if ((await this.ask(stopScript(order, talk.group || noGroup)).catch(() => null)) === null)
          await this.close();
      });
    };
    if (stop.aborted) begin();
    else stop.addEventListener("abort", begin, { once: true });
    return { over: () => over, cancel: () => stop.removeEventListener("abort", begin) };
  }
}

/** What was wrong was this machine's disk. */
function isFullHere(error: unknown): error is Error {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}

const killed: Exit = { kind: "signalled", signal: "SIGKILL" };
/** So long a stop waits to hear that the command began. */
const unheardMs = 2_000;
const noGroup = -1;
const envdPort = "49983";
const askMs = 120_000;
const transferMs = 3_600_000;
const firstPauseMs = 200;
const lastPauseMs = 5_000;
