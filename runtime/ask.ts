// One attempt of a task that asks an agent: from the prompt to an answer that fits, or a sentence why there is none.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { endAnswer } from "../compiler/types.ts";
import type {
  AgentEnd,
  AgentFault,
  AgentKind,
  AgentNews,
  AgentReader,
  AgentRequest,
  Usage,
  WarmKind,
} from "./agent.ts";
import type { Answer } from "./answer.ts";
import { type AskedFor, answerOfAgent, askedFor } from "./answer-asked.ts";
import { withFilesMissed } from "./ask-files.ts";
import { stopped } from "./ask-home.ts";
import { AskOutput } from "./ask-output.ts";
import { afterBreak, goBack } from "./ask-prompts.ts";
import { seatOf } from "./ask-proxy.ts";
import { AskUsage, overBudget } from "./ask-usage.ts";
import { type AskOrder, freshId } from "./asked.ts";
import type { AttemptOrder, AttemptWorld } from "./attempt-order.ts";
import { type AttemptReport, cancelled, failed, neverBegan } from "./attempt-report.ts";
import type { Deadline } from "./deadline.ts";
import { endedBy, exited, noProgram } from "./endings.ts";
import type { Why } from "./events.ts";
import type { Lent } from "./instances.ts";
import type { Left } from "./left.ts";
import type { LogPaths } from "./log-paths.ts";
import { readTail } from "./output.ts";
import { withSecrets } from "./places.ts";
import { redactor, redactText } from "./redact.ts";
import type { Exit, Instance, Workspace } from "./runner.ts";
import { noUsage, plus, soundPatience, soundUsage } from "./usage.ts";

/** So many of the things that it did are shown when it failed, each in so many characters. */
const doingMax = 5;
const shownMax = 200;

/** A wrong answer goes back so often in one attempt. */
const backMax = 2;

/** Which failure of an attempt a fault of an agent is; `launch`: to try again as it is cannot help. */
const whys: Readonly<Record<AgentFault, Why>> = {
  "no-answer": "invalid",
  denied: "exit",
  turns: "exit",
  budget: "budget",
  key: "launch",
  model: "launch",
  prompt: "launch",
  schema: "launch",
  session: "exit",
  command: "exit",
  api: "exit",
  other: "exit",
};

export interface AskPlace {
  readonly order: AttemptOrder;
  readonly ask: AskOrder;
  readonly world: AttemptWorld;
  readonly workspace: Workspace;
  readonly instance: Instance;
  readonly of: Lent["of"];
  /** As told to the run: what the attempt is found by. */
  readonly ref: string;
  readonly scratch: string;
  readonly logs: LogPaths;
  readonly secrets: readonly Buffer[];
  /** All variables of the attempt. */
  readonly env: Readonly<Record<string, string>>;
  readonly deadline: Deadline;
  readonly stop: AbortSignal;
  readonly left: Left;
}

/** `answer`: null if nothing is asked for. `note`: what people should know of one that is well, as a sentence. */
export type Asked =
  | { readonly report: AttemptReport }
  | { readonly answer: Answer | null; readonly note?: string };

/** How one command of the agent ended. */
type Heard = { readonly end: AgentEnd } | { readonly report: AttemptReport };

/** Asks, and asks again where the answer does not fit. */
export async function askAgent(place: AskPlace, prompt: string): Promise<Asked> {
  const { asked } = place.order.settings;
  if (asked === null) return { report: failed("launch", "The plan does not say who is asked.") };
  const kind = await place.world.agent(asked.kind);
  if ("problem" in kind) return { report: failed("launch", kind.problem) };
  let isWell = false;
  try {
    const answered = await new Asking(place, kind, prompt).answer();
    isWell = "answer" in answered;
    if (!("report" in answered)) return answered;
    const { order, workspace, world } = place;
    return { report: await withFilesMissed(answered.report, { order, workspace, project: world.project }) };
  } finally {
    await place.world.warm.rest(place.instance, !isWell);
  }
}

class Asking {
  private readonly place: AskPlace;
  private readonly kind: AgentKind;
  private readonly prompt: string;
  private readonly wanted: AskedFor | null;
  private readonly usage: AskUsage;
  private session: string;
  private env: Readonly<Record<string, string>>;
  /** In it, by attempts before. */
  private usedBefore: Usage;
  /** The session of which the run knows. */
  private told: string | null = null;
  /** The agent has told in which session it works: it remembers. */
  private remembers = false;
  private commands = 0;
  private speaks = false;
  /** What it did last, each as one line. */
  private doing: readonly string[] = [];
  /** Why it does not remember what it was to go on from; null: it does, or was not to. */
  private anew: string | null;
  /** Its last answer. */
  private given: unknown;

  constructor(place: AskPlace, kind: AgentKind, prompt: string) {
    const { order, world, ask } = place;
    this.place = place;
    this.kind = kind;
    this.prompt = prompt;
    this.session = ask.session;
    this.usedBefore = ask.used;
    this.anew = ask.anew;
    this.env = place.env;
    const type = order.task.result === null ? endAnswer(order.task.answer) : null;
    this.wanted = type === null ? null : askedFor(type, order.types, order.task.doc);
    this.usage = new AskUsage(world, (usage) => world.used(order.n, order.a, usage));
  }

  async answer(): Promise<Asked> {
    const seated = await seatOf(this.place, this.kind, (usage) => this.usage.serve(usage));
    if (seated !== null && "problem" in seated) return { report: failed("launch", seated.problem) };
    this.env = seated?.env ?? this.env;
    try {
      const asked = await this.untilItFits();
      const { anew } = this;
      return anew === null || "report" in asked ? asked : { ...asked, note: anew };
    } finally {
      seated?.leave();
      this.usage.end();
    }
  }

  private async untilItFits(): Promise<Asked> {
    const { ask } = this.place;
    let resumes = ask.resumes !== null;
    let text = ask.resumes === "attempt" ? afterBreak(this.prompt, ask.before) : this.prompt;
    let anew = false;
    let back = 0;
    for (;;) {
      const heard = await this.command(text, resumes);
      if ("report" in heard) return heard;
      const { end } = heard;
      if (end.kind === "failed" && end.fault === "session" && !anew) {
        // It was never begun, or is gone with the place where it was.
        anew = true;
        if (ask.resumes === "node")
          this.anew = "It began a new session: the one that it was to go on in is gone.";
        resumes = false;
        this.session = freshId(this.session);
        this.usedBefore = noUsage;
        continue;
      }
      const judged = await this.judge(end);
      if (!("problem" in judged)) return judged;
      if (back++ === backMax) {
        const message = `${judged.problem} It was told so ${backMax === 2 ? "twice" : `${backMax} times`}, in its session.`;
        return { report: await this.printed(failed("invalid", message)) };
      }
      resumes = true;
      text = goBack(judged.problem, this.remembers ? null : this.prompt);
    }
  }

  private async judge(end: AgentEnd): Promise<Asked | { readonly problem: string }> {
    switch (end.kind) {
      case "ended":
        return this.wanted === null ? { answer: null } : this.fits(this.wanted, end.answer, end.text);
      case "lost":
        return { report: { outcome: "lost", why: "away", message: end.message } };
      case "limited": {
        const { order, world } = this.place;
        const afterMs = end.afterMs === null ? null : soundPatience(end.afterMs);
        if (afterMs !== null) world.limited(order.n, order.a, afterMs);
        const after = afterMs === null ? {} : { after_ms: afterMs };
        return { report: { outcome: "lost", why: "limited", message: end.message, ...after } };
      }
      case "failed":
        if (end.fault === "no-answer" && this.wanted !== null) return { problem: end.message };
        return { report: await this.printed(failed(whys[end.fault], end.message)) };
    }
  }

  private async fits(
    wanted: AskedFor,
    given: unknown,
    text: string,
  ): Promise<Asked | { readonly problem: string }> {
    this.given = given;
    if (given === undefined) {
      const words = text.trim().replace(/\s+/g, " ");
      const last = words === "" ? "" : ` Its last words: ${shortened(words).replace(/[^.!?…]$/, "$&.")}`;
      return { problem: `The agent ended without an answer.${last}` };
    }
    const { order, left } = this.place;
    const answer = await left.settled(() => answerOfAgent(given, wanted, order.types, left));
    return "why" in answer ? { problem: answer.message } : { answer };
  }

  /** With what people would want to see of it: what it did last, what it gave, and what it complained of. */
  private async printed(report: AttemptReport): Promise<AttemptReport> {
    const { given, place } = this;
    const answer = given === undefined ? [] : [`answer: ${shortened(JSON.stringify(given))}`];
    const errors = await readTail(place.logs.err, place.logs.err);
    const anew = this.anew === null ? [] : [this.anew];
    const tail = [...anew, ...this.doing, ...answer, ...(errors === "" ? [] : [errors])].join("\n");
    return tail === "" ? report : { ...report, tail };
  }

  /** One command of the agent, to its end. */
  private async command(text: string, resumes: boolean): Promise<Heard> {
    const { place, kind, wanted, session } = this;
    const { order, world, workspace, ask } = place;
    const { asked } = order.settings;
    const here = this.usage.total.cost ?? 0;
    const left = ask.left === null ? null : Math.max(0, ask.left - here);
    if (left === 0) return { report: failed("budget", overBudget(here)) };
    const request: AgentRequest = {
      settings: withSecrets(asked?.settings ?? {}, world.secrets),
      prompt: text,
      schema: wanted?.schema ?? null,
      session: { id: session, resumes, used: resumes ? plus(this.usedBefore, this.usage.total) : noUsage },
      temporary: `${workspace.temporary}/ask${++this.commands}`,
      budget: left,
    };
    const warm = place.of === null ? null : (kind.warm?.(request.settings) ?? null);
    const stayed = warm === null ? null : await this.stayed(warm, request);
    if (stayed !== null) return stayed;
    const made = await attempted(async () => ({
      command: kind.command(request),
      reader: kind.reader(request),
    }));
    if ("report" in made) return made;
    const { command, reader } = made;
    const prompt = `${request.temporary}/prompt`;
    await this.put([{ path: "prompt", text: command.stdin }, ...command.files], request.temporary);
    // Whoever writes it down may be gone, and an attempt that is told to end must end.
    if (session !== this.told) await Promise.race([this.tellSession(session), stopped(place.stop)]);
    if (place.stop.aborted) return { report: this.commands === 1 ? neverBegan : cancelled };
    const output = this.output(reader, () => {});
    const exit = await workspace.exec(
      {
        argv: ["sh", "-c", 'exec "$0" "$@" < "$FLOWC_PROMPT"', ...command.argv],
        env: { ...command.env, ...this.env, FLOWC_PROMPT: prompt },
        cwd: "",
      },
      { stdoutPath: place.logs.out, stderrPath: place.logs.err, filter: output.filter },
      place.deadline.signal,
    );
    this.usage.next();
    return this.ended(exit, output, command.argv[0] ?? "", () => reader.end(exit, output.said));
  }

  /** As `command` does, of an agent that stays in the instance. */
  private async stayed(kind: WarmKind, request: AgentRequest): Promise<Heard | null> {
    const { place } = this;
    const { order, world, workspace, deadline } = place;
    const { env } = this;
    const { budget } = request;
    const dear = new AbortController();
    let heard: AskOutput | null = null;
    const ended = await world.warm.ask(place.instance, {
      ...{ kind, request, workspace, env, logs: place.logs },
      affinity: order.settings.affinity,
      stop: AbortSignal.any([deadline.signal, dear.signal]),
      opened: (read) => {
        heard = this.output(read, (usage) => {
          if (budget !== null && usage.cost !== null && usage.cost > budget && !read.isOver) dear.abort();
        });
        return heard.filter;
      },
      inSession: async (id) => {
        this.session = id;
        if (id !== this.told) await Promise.race([this.tellSession(id), stopped(place.stop)]);
      },
    });
    if (ended === null) return null;
    const { exit, reader } = ended;
    const output: AskOutput = heard ?? this.output(reader, () => {});
    this.usage.next();
    if (dear.signal.aborted && !deadline.signal.aborted) {
      const spent = this.usage.total.cost ?? 0;
      return { report: await this.printed(failed("budget", overBudget(spent))) };
    }
    const [program = ""] = kind.command(request).argv;
    return this.ended(exit, output, program, () => reader.end(exit, output.said));
  }

  private output(reader: AgentReader, used: (usage: Usage) => void): AskOutput {
    const { secrets } = this.place;
    return new AskOutput(reader, secrets.length === 0 ? null : () => redactor(secrets), (news) => {
      this.hear(news);
      for (const each of news) if (each.kind === "usage") used(each.usage);
    });
  }

  private async ended(exit: Exit, output: AskOutput, program: string, judge: () => AgentEnd): Promise<Heard> {
    const { stop, deadline, order } = this.place;
    if (stop.aborted) return { report: cancelled };
    const { passed } = deadline;
    if (passed !== null)
      return { report: await this.printed(failed(passed, endedBy(passed, order.settings))) };
    if (exit.kind === "lost") return { report: { outcome: "lost", message: exit.message } };
    if (exit.kind === "not-started") return { report: failed("launch", exit.message) };
    if (exit.kind === "exited" && output.count === 0 && (exit.code === 127 || exit.code === 126)) {
      const why = exit.code === 127 ? noProgram(program) : exited(`\`${program}\``, 126);
      return { report: failed("launch", `${why} ${this.kind.install}`) };
    }
    const { broken } = output;
    if (broken !== null) return { report: failed("launch", messageOf(broken)) };
    return attempted(async () => ({ end: judge() }));
  }

  private hear(news: readonly AgentNews[]): void {
    const { order, world, secrets } = this.place;
    if (!this.speaks) world.speaks(order.n, order.a);
    this.speaks = true;
    for (const each of news) {
      if (each.kind === "usage") this.usage.hear(soundUsage(each.usage));
      else if (each.kind === "waits") world.limited(order.n, order.a, soundPatience(each.afterMs));
      else if (each.kind === "does") {
        const did = shortened(each.text);
        if (did !== this.doing.at(-1)) this.doing = [...this.doing, did].slice(-doingMax);
        world.does(order.n, shortened(redactText(each.text, secrets)));
      } else if (each.kind === "session") {
        this.remembers = true;
        if (each.id === this.session) continue;
        this.session = each.id;
        void this.tellSession(each.id);
      }
    }
  }

  private tellSession(session: string): Promise<void> {
    const { order, world, ref, of } = this.place;
    this.told = session;
    return world.inSession(order.n, order.a, { ref, of, session });
  }

  private async put(
    files: readonly { readonly path: string; readonly text: string }[],
    temporary: string,
  ): Promise<void> {
    const folder = join(this.place.scratch, "asked");
    await mkdir(folder, { recursive: true });
    const put: { from: string; to: string }[] = [];
    for (const [i, { path, text }] of files.entries()) {
      const from = join(folder, `${this.commands}.${i}`);
      await writeFile(from, text, { mode: 0o600 });
      put.push({ from, to: `${temporary}/${path}` });
    }
    await this.place.workspace.put(put);
  }
}

/** What a third party's kind throws is the agent's fault, and no bug of ours. */
async function attempted<T>(work: () => Promise<T>): Promise<T | { readonly report: AttemptReport }> {
  try {
    return await work();
  } catch (error) {
    return { report: failed("launch", messageOf(error)) };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function shortened(text: string): string {
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text;
}
