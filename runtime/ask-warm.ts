// Agents that stay: one process in an instance, asked by one node after the other, as long as that can be told apart.

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AgentRequest, WarmKind, WarmReader } from "./agent.ts";
import { Log, Pipe } from "./ask-pipe.ts";
import { attemptNames } from "./environment.ts";
import type { Exit, Instance, OutputFilter, Workspace } from "./runner.ts";
import { noUsage } from "./usage.ts";

/** What is to be asked, and where what comes of it goes. */
export interface WarmRequest {
  readonly kind: WarmKind;
  readonly request: AgentRequest;
  readonly workspace: Workspace;
  /** All variables of the attempt. */
  readonly env: Readonly<Record<string, string>>;
  /** It goes on in what was said for an equal key; null: nothing is known of what was said before. */
  readonly affinity: string | null;
  readonly logs: { readonly out: string; readonly err: string };
  /** Where output goes that the reader reads. */
  opened(reader: WarmReader): (stream: "stdout" | "stderr") => OutputFilter;
  readonly stop: AbortSignal;
  /** Told in which session it will be asked, before it is. */
  inSession(id: string): Promise<void>;
}

/** `reader`: has read all that came; of a process that could not be started too. */
export interface WarmEnd {
  readonly exit: Exit;
  readonly reader: WarmReader;
}

export interface WarmOf {
  readonly run: string;
  /** Absolute: directories of processes that stay are made below it. */
  readonly folder: string;
  isOurs(): boolean;
  /** Told by what such a process is found, before it is started. */
  started(ref: string): void;
}

/** Attempts of processes that stay are counted from here: they are of no node. */
const tagFrom = 1_000_000;
/** What the shell says when it can be written to. */
const ready = "flowc: ready";

/**
 * Here flowc holds the end that is written to: when it dies, the agent hears the end of its input and ends, too. Elsewhere
 * whoever writes comes and goes, and the place ends the agent.
 */
const scriptHere = `mkfifo "$0" && echo "${ready}" && exec "$@" < "$0"`;
const scriptElsewhere = `mkfifo "$0" && exec 3<>"$0" && echo "${ready}" && exec "$@" <&3 3<&-`;

export class WarmAgents {
  private readonly of: WarmOf;
  private readonly staying = new Map<Instance, Staying>();
  private made = 0;

  constructor(of: WarmOf) {
    this.of = of;
  }

  /** The same instance; what stays in it ends before it. */
  keptBy(instance: Instance): Instance {
    const kept: Instance = {
      ref: instance.ref,
      workspace: (spec) => instance.workspace(spec),
      isWell: () => instance.isWell(),
      close: async () => {
        await this.end(kept);
        await instance.close();
      },
    };
    return kept;
  }

  /**
   * Asks the process that stays in the instance, or a new one where that is of another kind, or in another session. Null:
   * where the request works none can stay.
   */
  async ask(instance: Instance, asked: WarmRequest): Promise<WarmEnd | null> {
    const key = keyOf(asked);
    let staying = this.staying.get(instance) ?? null;
    const { session } = asked.request;
    if (staying !== null) {
      await staying.until(staying.calm(), asked.stop);
      const fits = staying.key === key && !staying.isOver;
      if (!fits || (session.resumes && staying.session !== session.id)) {
        await this.end(instance);
        staying = null;
      }
    }
    if (staying === null) {
      const made = asked.stop.aborted ? neverAsked : await this.start(instance, asked, key);
      if (made === null) return null;
      if ("kind" in made) {
        const reader = asked.kind.reader(asked.request, null);
        asked.opened(reader);
        return { exit: made, reader };
      }
      staying = made;
      this.staying.set(instance, staying);
    } else if (!session.resumes && (asked.affinity === null || staying.affinity !== asked.affinity))
      await staying.until(staying.forget(), asked.stop);
    return staying.ask(asked);
  }

  /** The attempt is over. One that failed may have left anything in its agent: the next one gets another. */
  async rest(instance: Instance, failed: boolean): Promise<void> {
    if (failed) await this.end(instance);
    else this.staying.get(instance)?.rest();
  }

  async end(instance: Instance): Promise<void> {
    const staying = this.staying.get(instance);
    this.staying.delete(instance);
    await staying?.end();
  }

  private async start(instance: Instance, asked: WarmRequest, key: string): Promise<Staying | Exit | null> {
    const number = ++this.made;
    const scratch = join(this.of.folder, `agent${number}`);
    await mkdir(join(scratch, "tmp"), { recursive: true });
    const tag = { run: this.of.run, node: 0, attempt: tagFrom + number };
    const workspace = await instance.workspace({ tag, kind: "project", scratch });
    if (workspace.path !== asked.workspace.path) {
      await workspace.close();
      return null;
    }
    this.of.started(workspace.ref);
    return Staying.start(workspace, scratch, asked, key);
  }
}

/** By which it is known whether a process can serve a request: all that it was started with. */
function keyOf({ kind, request, workspace, env }: WarmRequest): string {
  const { argv, env: own } = kind.command({ ...unbound(request), temporary: "" });
  const { files } = kind.command({ ...unbound(request), temporary: "" });
  return JSON.stringify([argv, own, files, workspace.path, lasting(env)]);
}

/** What one request may spend is no matter of the process. */
function unbound(request: AgentRequest): AgentRequest {
  return { ...request, budget: null, session: { id: "", resumes: false, used: noUsage } };
}

/** Variables that hold for more than one attempt. */
function lasting(env: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !attemptNames.has(name)));
}

/** Whoever was told to stop knows why. */
const neverAsked: Exit = { kind: "lost", message: "It was told to end before it was asked." };

function lostBy(error: unknown): Exit {
  return { kind: "lost", message: error instanceof Error ? error.message : String(error) };
}

interface Listener {
  readonly out: (chunk: Uint8Array) => void;
  readonly err: (chunk: Uint8Array) => void;
}

/** One process that stays. */
class Staying {
  readonly key: string;
  session: string;
  affinity: string | null = null;
  private readonly workspace: Workspace;
  private readonly scratch: string;
  private readonly fifo: string;
  private readonly stopped = new AbortController();
  /** How it ended, or why nothing can be said to it any more. */
  private readonly exit: Promise<Exit>;
  /** Fires with `exit`: what is being said to it then need not be said. */
  private readonly gone = new AbortController();
  /** Resolves when nothing of it runs any more. */
  private ended: Promise<void> = Promise.resolve();
  private listener: Listener | null = null;
  private before: { readonly kind: WarmKind; readonly request: AgentRequest; reader: WarmReader | null };
  private pipe: Pipe | null = null;
  private forgetting: Promise<void> | null = null;
  private asked = false;
  private written = 0;
  isOver = false;

  static async start(
    workspace: Workspace,
    scratch: string,
    asked: WarmRequest,
    key: string,
  ): Promise<Staying | Exit> {
    const staying = new Staying(workspace, scratch, asked, key);
    const exit = await staying.begin(asked);
    if (exit === null) return staying;
    await staying.end();
    return exit;
  }

  private constructor(workspace: Workspace, scratch: string, asked: WarmRequest, key: string) {
    this.workspace = workspace;
    this.scratch = scratch;
    this.key = key;
    this.fifo = `${workspace.temporary}/asked`;
    this.session = asked.request.session.id;
    this.before = { kind: asked.kind, request: asked.request, reader: null };
    this.exit = new Promise((resolve) => {
      this.over = (exit) => {
        this.isOver = true;
        resolve(exit);
        this.gone.abort();
      };
    });
  }

  private over: (exit: Exit) => void = () => {};

  /** Null: it runs, and can be written to. */
  private async begin(asked: WarmRequest): Promise<Exit | null> {
    const { workspace, fifo } = this;
    const request = { ...asked.request, budget: null, temporary: workspace.temporary };
    const { argv, env, files } = asked.kind.command(request);
    await this.put(files.map(({ path, text }) => ({ path: `${workspace.temporary}/${path}`, text })));
    const isReady = new Promise<null>((resolve) => {
      let said = "";
      this.listener = {
        out: (chunk) => {
          said += Buffer.from(chunk).toString("latin1");
          if (said.includes(ready)) resolve(null);
        },
        err: () => {},
      };
    });
    const script = workspace.here ? scriptHere : scriptElsewhere;
    const through = (stream: "out" | "err") => ({
      push: (chunk: Uint8Array) => {
        this.listener?.[stream](Uint8Array.from(chunk));
        return new Uint8Array(0);
      },
      end: () => new Uint8Array(0),
    });
    const ended = workspace.exec(
      {
        argv: ["sh", "-c", script, fifo, ...argv],
        env: { ...env, ...lasting(asked.env), TMPDIR: workspace.temporary },
        cwd: "",
        stays: true,
      },
      {
        stdoutPath: join(this.scratch, "out"),
        stderrPath: join(this.scratch, "err"),
        filter: (stream) => through(stream === "stdout" ? "out" : "err"),
      },
      this.stopped.signal,
    );
    this.ended = ended.catch(lostBy).then((exit) => this.over(exit));
    const cut = () => this.stopped.abort();
    asked.stop.addEventListener("abort", cut, { once: true });
    const exit = await Promise.race([isReady, this.exit]);
    asked.stop.removeEventListener("abort", cut);
    if (exit === null && workspace.here) this.pipe = Pipe.open(fifo);
    return exit;
  }

  /** Ends when what was asked is answered, or the process has ended. */
  async ask(asked: WarmRequest): Promise<WarmEnd> {
    const reader = asked.kind.reader(asked.request, this.before.reader);
    this.before = { kind: asked.kind, request: asked.request, reader };
    this.asked = true;
    this.affinity = asked.affinity;
    await asked.inSession(this.session);
    const filter = asked.opened(reader);
    const out = filter("stdout");
    const err = filter("stderr");
    const log = new Log();
    const cut = () => this.stopped.abort();
    asked.stop.addEventListener("abort", cut, { once: true });
    if (asked.stop.aborted) cut();
    const answered = new Promise<Exit>((resolve) => {
      this.listener = {
        out: (chunk) => {
          log.add(asked.logs.out, out.push(chunk));
          if (reader.isOver) resolve({ kind: "exited", code: 0 });
        },
        err: (chunk) => log.add(asked.logs.err, err.push(chunk)),
      };
    });
    await this.write(asked.kind.ask(asked.request.prompt));
    const exit = await Promise.race([answered, this.exit]);
    this.listener = null;
    asked.stop.removeEventListener("abort", cut);
    log.add(asked.logs.out, out.end());
    log.add(asked.logs.err, err.end());
    await log.written;
    this.session = reader.session || this.session;
    return { exit, reader };
  }

  /** It is asked no more for this node. Where nobody will go on in what was said, it forgets that now. */
  rest(): void {
    if (this.affinity === null) void this.forget();
  }

  /** Resolves when it remembers nothing. */
  forget(): Promise<void> {
    if (!this.asked || this.isOver) return this.calm();
    this.asked = false;
    this.affinity = null;
    const { kind, request } = this.before;
    const reader = kind.reader(request, this.before.reader);
    this.before = { kind, request, reader };
    let line = "";
    const forgotten = new Promise<null>((resolve) => {
      this.listener = {
        out: (chunk) => {
          line += Buffer.from(chunk).toString("utf8");
          const lines = line.split("\n");
          line = lines.pop() ?? "";
          for (const each of lines) reader.line(each);
          if (reader.isOver) resolve(null);
        },
        err: () => {},
      };
    });
    this.forgetting = (async () => {
      await this.write(kind.forget);
      await Promise.race([forgotten, this.exit]);
      this.listener = null;
      this.session = reader.session || this.session;
      this.forgetting = null;
    })();
    return this.forgetting;
  }

  /** Waits for what never rejects; whoever is told to stop meanwhile does not wait for one that says nothing. */
  async until(done: Promise<void>, stop: AbortSignal): Promise<void> {
    const cut = () => this.stopped.abort();
    stop.addEventListener("abort", cut, { once: true });
    if (stop.aborted) cut();
    await done;
    stop.removeEventListener("abort", cut);
  }

  /** Resolves when nothing is under way in it. */
  async calm(): Promise<void> {
    await this.forgetting;
  }

  async end(): Promise<void> {
    this.stopped.abort();
    await this.ended;
    this.pipe?.close();
    await this.workspace.close();
    await rm(this.scratch, { recursive: true, force: true }).catch(() => {});
  }

  /** Resolves when it is said, or need not be: how it ended then says why. */
  private async write(line: string): Promise<void> {
    if (this.isOver) return;
    if (this.pipe !== null) return Promise.race([this.pipe.write(`${line}\n`), this.exit.then(() => {})]);
    const exit = await this.writeElsewhere(line).catch(lostBy);
    if (this.isOver || (exit.kind === "exited" && exit.code === 0)) return;
    const why = "message" in exit ? `: ${exit.message}` : ".";
    this.over({ kind: "lost", message: `Nothing could be said to the agent in its place${why}` });
    this.stopped.abort();
  }

  private async writeElsewhere(line: string): Promise<Exit> {
    const path = `${this.workspace.temporary}/line${++this.written}`;
    await this.put([{ path, text: `${line}\n` }]);
    return this.workspace.exec(
      { argv: ["sh", "-c", 'cat "$0" > "$1" && rm "$0"', path, this.fifo], env: {}, cwd: "" },
      { stdoutPath: join(this.scratch, "out"), stderrPath: join(this.scratch, "err"), filter: null },
      this.gone.signal,
    );
  }

  private async put(files: readonly { readonly path: string; readonly text: string }[]): Promise<void> {
    for (const { path, text } of files) {
      const from = join(this.scratch, `put${++this.written}`);
      await writeFile(from, text, { mode: 0o600 });
      await this.workspace.put([{ from, to: path }]);
    }
  }
}
