// Two ways to have a command carried out in a container: by its own shell, one at a time, or by a process beside it.

import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import type Docker from "dockerode";
import { answered, patience } from "./docker-connection.ts";
import { greeting } from "./docker-script.ts";
import { Frames, type Piece, Talk, type Told } from "./docker-stream.ts";

/** A word that begins and ends a command's output. Nobody who does not look for it knows it. */
export function newWord(): string {
  return randomBytes(16).toString("hex");
}

type Stream = NodeJS.ReadWriteStream;

/** An engine on another machine that has gone without a word is noticed by this. */
const keepAliveMs = 15_000;

/**
 * The container's own shell. It reads its orders from what we hold open: when this process ends, however that happens, the
 * shell reads the end of them, and the container ends with it.
 */
export class Line {
  /** When nothing more comes from there: the container or the engine has ended. */
  readonly gone: Promise<void>;
  isGone = false;
  /** Of the user that commands run as. */
  user = { uid: 0, gid: 0 };
  private readonly stream: Stream;
  private talk: Talk | null = null;
  private setsid = false;
  private noise = "";

  /** Attached before the container starts, so that nothing is missed. */
  static async open(container: Docker.Container): Promise<Line> {
    const options = { stream: true, stdin: true, stdout: true, stderr: true, hijack: true };
    const stream = await answered(container.attach(options));
    return new Line(stream);
  }

  private constructor(stream: Stream) {
    this.stream = stream;
    this.gone = this.listen();
  }

  /** False: the container has ended, and why is not known here. */
  async greet(): Promise<boolean> {
    const told = await this.asked(greeting);
    if (told?.kind !== "hello") return false;
    this.setsid = told.setsid;
    this.user = { uid: told.user, gid: told.group };
    return true;
  }

  /** Does it answer? Busy is well. */
  async answers(timeoutMs: number): Promise<boolean> {
    if (this.isGone) return false;
    if (this.talk !== null) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), timeoutMs).unref();
    });
    const told = await Promise.race([
      this.asked((word) => `printf '%s e\\n' ${word} >&2; printf '%s e 0 - -\\n' ${word}\n`),
      late,
    ]);
    clearTimeout(timer);
    return told !== null;
  }

  /** False: it has another command, or cannot keep this one's processes apart from itself. */
  begin(talk: Talk, order: string, word: string): boolean {
    if (this.isGone || this.talk !== null || !this.setsid) return false;
    this.talk = talk;
    this.stream.write(order);
    // Should what runs it be killed, the shell itself still tells the end.
    this.stream.write(`printf '%s e\\n' ${word} >&2; printf '%s e 137 s -\\n' ${word}\n`);
    void talk.ended.then(() => {
      this.talk = null;
    });
    return true;
  }

  /** What it printed outside of any command: why it could not begin, when it could not. */
  get said(): string {
    return this.noise.trim();
  }

  close(): void {
    if (this.stream instanceof Socket) this.stream.destroy();
    else this.stream.end();
  }

  private async asked(text: (word: string) => string): Promise<Told | null> {
    const word = newWord();
    const talk = new Talk(word, null);
    this.talk = talk;
    this.stream.write(text(word));
    const told = await talk.ended;
    this.talk = null;
    return told;
  }

  private async listen(): Promise<void> {
    await listen(this.stream, async (pieces) => {
      if (this.talk !== null) await this.talk.take(pieces);
      else this.noise = (this.noise + pieces.map(({ bytes }) => bytes.toString()).join("")).slice(-2000);
    });
    this.isGone = true;
    this.noise += this.talk?.noise ?? "";
    await this.talk?.cut();
  }
}

/** Carries out a command beside the shell; its talk ends when its stream does. */
export async function beginBeside(
  container: Docker.Container,
  argv: readonly string[],
  talk: Talk,
): Promise<Docker.Exec> {
  const options = { Cmd: [...argv], AttachStdout: true, AttachStderr: true, ...patience() };
  const exec = await container.exec(options);
  const stream = await answered(exec.start({ hijack: true, stdin: false }));
  void listen(stream, (pieces) => talk.take(pieces)).then(() => talk.cut());
  return exec;
}

/** Takes a stream apart, and waits for who takes the pieces: what comes faster is held back where it is made. */
async function listen(stream: Stream, take: (pieces: readonly Piece[]) => Promise<void>): Promise<void> {
  if (stream instanceof Socket) stream.setKeepAlive(true, keepAliveMs);
  stream.on("error", () => {});
  const frames = new Frames();
  try {
    for await (const chunk of stream)
      await take([...frames.of(typeof chunk === "string" ? Buffer.from(chunk) : chunk)]);
  } catch {
    // Cut off: who waits for more is told that nothing comes.
  }
}
