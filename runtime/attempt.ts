// One attempt of a node, from its values to a report: never throws, every failure becomes a sentence.

import { rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Expr } from "../compiler/plan-expr.ts";
import type { Action, Command } from "../compiler/plan-tasks.ts";
import { endAnswer, type Value } from "../compiler/types.ts";
import { type Answer, answerOfCall, answerOfOut, answerOfReturn, type Work } from "./answer.ts";
import { type AskPlace, askAgent } from "./ask.ts";
import { bringHome, openHome } from "./ask-home.ts";
import { atPlace, mayBegin } from "./attempt-lent.ts";
import type { AttemptOrder, AttemptWorld } from "./attempt-order.ts";
import { type AttemptReport, cancelled, failed, neverBegan, redacted, reportOf } from "./attempt-report.ts";
import { AttemptTree, finished, reverted } from "./attempt-tree.ts";
import { bind } from "./command.ts";
import { Deadline } from "./deadline.ts";
import { Early, type EarlyEnd, wholeAnswer } from "./early.ts";
import { endedBy, exited, programOf, signalled } from "./endings.ts";
import { environmentOf } from "./environment.ts";
import { evaluate, paramScope } from "./evaluate.ts";
import { textsOf } from "./hole-texts.ts";
import type { Lent } from "./instances.ts";
import { isFull } from "./journal-errors.ts";
import { Left } from "./left.ts";
import { type LogPaths, logPaths } from "./log-paths.ts";
import { readTail } from "./output.ts";
import { secretNamesIn } from "./places.ts";
import { redactor, secretForms } from "./redact.ts";
import { COOKIE, type Exit, type Output, type Runner, type Tag, type Workspace } from "./runner.ts";
import { Silence } from "./silence.ts";
import { asString, textOf } from "./values.ts";
import { bringReads, Inputs } from "./workspace.ts";

/** Carries out one attempt. `stop` ends it; its outcome is then `cancelled`. Rejects only when the disk is full. */
export async function runAttempt(
  order: AttemptOrder,
  world: AttemptWorld,
  stop: AbortSignal,
): Promise<AttemptReport> {
  const secrets = secretForms(secretsOf(order, world));
  const { ask, settings } = order;
  const turn = ask === null ? null : await world.turns.take(ask.home, stop);
  if (ask !== null && turn === null) return neverBegan;
  const keeps = ask !== null && (settings.reads !== null || settings.workspace === "scratch");
  let scratch: string | null = null;
  let report: AttemptReport;
  try {
    scratch = keeps ? await openHome(world.runFolder, ask) : await world.scratch.take();
    report = await new Attempt(order, world, stop, secrets, scratch).report();
  } catch (error) {
    // Without room nothing can be kept, whoever runs next: that is the run's end, and no fault of this node.
    if (isFull(error)) throw error;
    report = reportOf(error);
  } finally {
    if (scratch !== null && !keeps) world.scratch.giveBack(scratch);
    turn?.();
  }
  if (keeps && scratch !== null && report.outcome === "succeeded" && !world.keepsHomes)
    await rm(scratch, { recursive: true, force: true }).catch(() => {});
  return redacted(report, secrets);
}

function secretsOf({ settings }: AttemptOrder, world: AttemptWorld): readonly string[] {
  const names = settings.env.flatMap((entry) => ("secret" in entry ? [entry.secret] : []));
  return [...names, ...secretNamesIn(settings.asked?.settings ?? {})].map(
    (name) => world.secrets.get(name) ?? "",
  );
}

class Attempt {
  private readonly order: AttemptOrder;
  private readonly world: AttemptWorld;
  private readonly stop: AbortSignal;
  private readonly secrets: readonly Buffer[];
  private readonly scratch: string;
  private readonly logs: LogPaths;
  private tree: AttemptTree | null = null;

  constructor(
    order: AttemptOrder,
    world: AttemptWorld,
    stop: AbortSignal,
    secrets: readonly Buffer[],
    scratch: string,
  ) {
    this.order = order;
    this.world = world;
    this.stop = stop;
    this.secrets = secrets;
    this.scratch = scratch;
    this.logs = logPaths(world.runFolder, order.n, order.a);
  }

  async report(): Promise<AttemptReport> {
    const { order, world } = this;
    if (order.answered !== undefined) return finished(order, world, order.answered);
    if (this.stop.aborted) return neverBegan;
    if (order.revert !== undefined && order.task.action === null) return reverted(order, world, order.revert);
    world.logs.make(this.logs.folder);
    const place = { take: world.take, folder: dirname(this.scratch), stop: this.stop };
    return atPlace(order, place, (lent, tag) => this.served(lent, tag));
  }

  private async served(lent: Lent, tag: Tag): Promise<AttemptReport> {
    const { order, world, stop } = this;
    const { instance, of } = lent;
    const { reads, workspace: where } = order.settings;
    const kind = reads === null && where === "project" ? "project" : "scratch";
    this.tree = await AttemptTree.open(order, world, this.scratch);
    const workspace = await instance.workspace({ tag, kind, scratch: this.scratch, ...this.tree?.place });
    let report: AttemptReport;
    try {
      const seen = this.tree === null ? workspace : await this.tree.bring(workspace, stop);
      const ref = of === null ? workspace.ref : instance.ref;
      // A call is made in this process: nobody has to look for it anywhere. An agent is told of with its session.
      const told = order.task.action?.kind === "call" || order.ask !== null;
      const begins = told || (await mayBegin(order, world, { ref, of, stop }));
      report = begins ? await this.work(seen, lent, ref) : neverBegan;
      await this.tree?.fetch(workspace, report);
    } finally {
      await workspace.close();
    }
    if (this.tree !== null) return this.tree.ended(report, this.stop);
    const revert = report.outcome === "succeeded" ? order.revert : undefined;
    return revert === undefined ? report : reverted(order, world, revert);
  }

  private async work(workspace: Workspace, lent: Lent, ref: string): Promise<AttemptReport> {
    const { task, values, settings, types } = this.order;
    const { action } = task;
    if (action === null) return failed("launch", `The task \`${task.name}\` has no action to carry out.`);
    if (settings.reads !== null && this.tree === null) {
      if (this.order.ask === null) await bringReads(workspace, this.world.project, settings.reads);
      else await bringHome(workspace, this.scratch, this.world.project, settings.reads);
    }
    const inputs = new Inputs(workspace, this.scratch, this.world.project, this.world.artifacts, types);
    const local: Value[] = [];
    for (const [i, param] of task.params.entries())
      local.push(await inputs.local(values[i] ?? null, param.type));
    const environment = environmentOf(this.order, this.world, workspace);
    if ("problem" in environment) return failed("launch", environment.problem);
    const { undone } = this.order;
    if (undone !== undefined) {
      const text = textOf(await inputs.local(undone.value, undone.type), undone.type);
      await this.put(workspace, text, environment.env["OUT"] ?? "");
    }
    const place = { workspace, inputs, scratch: this.scratch, secrets: this.secrets };
    const early = await Early.open(this.order, this.world, place);
    const own = early === null ? environment.env : { ...environment.env, ...early.env };
    const env = this.tree === null ? own : await this.tree.env(own);
    const deadline = new Deadline(this.stop, settings);
    const { stallSeconds } = settings;
    const silence =
      stallSeconds === null ? null : new Silence(this.logs, stallSeconds, deadline, () => this.world.now());
    try {
      // What happens in a worktree is looked at there.
      const where = this.tree === null ? settings : { reads: [], writes: null };
      return await this.world.changes.during(where, () =>
        action.kind === "run"
          ? this.run(action.command, workspace, local, env, deadline, early)
          : action.kind === "ask"
            ? this.ask(
                action.prompt,
                { workspace, instance: lent.instance, of: lent.of, ref, env, deadline },
                local,
                early,
              )
            : this.call(action, workspace, lent.runner, local, env, deadline, early),
      );
    } finally {
      deadline.clear();
      silence?.clear();
      await early?.close();
    }
  }

  private async run(
    command: Command,
    workspace: Workspace,
    local: readonly Value[],
    env: Readonly<Record<string, string>>,
    deadline: Deadline,
    early: Early | null,
  ): Promise<AttemptReport> {
    const { task, types } = this.order;
    const scope = paramScope(local, types, this.world.files);
    const scriptPath = join(workspace.temporary, "script");
    const names = task.params.map((param) => param.name);
    const bound = bind(
      command,
      (hole) => textsOf(hole, evaluate(hole.expr, scope), types),
      scriptPath,
      names,
    );
    if ("problem" in bound) return failed("value", bound.problem);
    if (bound.script !== null) await this.put(workspace, bound.script, scriptPath);
    const started = this.world.now();
    const exit = await workspace.exec(
      { argv: bound.argv, env: { ...env, ...bound.env }, cwd: "" },
      this.output(),
      deadline.signal,
    );
    const elapsedMs = this.world.now() - started;
    const end = await this.judge(exit, deadline, programOf(command, bound.argv));
    if (end !== null) return end;
    const exitCode = exit.kind === "exited" ? exit.code : 0;
    const left = new Left(workspace, this.scratch, this.world.artifacts);
    const given = (await early?.atEnd()) ?? null;
    const answer = await this.answer(workspace, left, env["OUT"] ?? "", exitCode, elapsedMs);
    return this.answered(answer, left, exitCode, given);
  }

  private async put(workspace: Workspace, script: string, path: string): Promise<void> {
    const from = join(this.scratch, "script");
    await writeFile(from, script);
    await workspace.put([{ from, to: path }]);
  }

  private output(): Output {
    const { secrets } = this;
    const filter = secrets.length === 0 ? null : () => redactor(secrets);
    return { stdoutPath: this.logs.out, stderrPath: this.logs.err, filter };
  }

  /** Null if the command has ended as it should. */
  private async judge(exit: Exit, deadline: Deadline, program: string): Promise<AttemptReport | null> {
    const { settings } = this.order;
    if (this.stop.aborted) return cancelled;
    if (exit.kind === "lost") return { outcome: "lost", message: exit.message };
    if (exit.kind === "not-started") return failed("launch", exit.message);
    const good =
      exit.kind === "exited" && (settings.exitCodes === "any" || settings.exitCodes.includes(exit.code));
    const { passed } = deadline;
    if (good && passed === null) return null;
    const tail = await readTail(this.logs.out, this.logs.err);
    const printed = tail === "" ? {} : { tail };
    if (passed !== null) return { ...failed(passed, endedBy(passed, settings)), ...printed };
    const { hint } = exit;
    if (exit.kind === "signalled")
      return { ...failed("exit", signalled(program, exit.signal, hint)), signal: exit.signal, ...printed };
    return { ...failed("exit", exited(program, exit.code, hint)), exit: exit.code, ...printed };
  }

  private async answer(
    workspace: Workspace,
    left: Left,
    outPath: string,
    exitCode: number,
    elapsedMs: number,
  ): Promise<Answer | null> {
    const { task, values, types } = this.order;
    const work: Work = {
      task,
      values,
      types,
      files: this.world.files,
      left,
      stdoutPath: this.logs.out,
      stderrPath: this.logs.err,
      exitCode,
      elapsedMs,
    };
    if (task.result !== null) return answerOfReturn(task.result, work);
    const type = endAnswer(task.answer);
    return type === null ? null : answerOfOut(workspace, outPath, type, types, left);
  }

  private async answered(
    answer: Answer | null,
    left: Left,
    exitCode: number | null,
    early: EarlyEnd | null,
  ): Promise<AttemptReport> {
    const exit = exitCode === null ? {} : { exit: exitCode };
    const problem = early !== null && "why" in early ? early : answer;
    if (problem !== null && "why" in problem) {
      const tail = await readTail(this.logs.out, this.logs.err);
      return { ...failed(problem.why, problem.message), ...exit, ...(tail === "" ? {} : { tail }) };
    }
    const end = answer !== null && "value" in answer ? answer : null;
    const given = early !== null && "values" in early ? early : null;
    const files = [...left.kept.values(), ...(given?.files ?? [])];
    const value =
      given === null
        ? end === null
          ? {}
          : { value: end.value }
        : { value: wholeAnswer(this.order.task.answer, given.values, end?.value ?? null) };
    return {
      outcome: "succeeded",
      ...exit,
      ...value,
      ...(end === null || end.note === null ? {} : { message: end.note }),
      ...(files.length === 0 ? {} : { files }),
    };
  }

  private async ask(
    prompt: Expr,
    at: Pick<AskPlace, "workspace" | "instance" | "of" | "ref" | "env" | "deadline">,
    local: readonly Value[],
    early: Early | null,
  ): Promise<AttemptReport> {
    const { order, world, scratch, logs, secrets, stop } = this;
    const { ask } = order;
    if (ask === null) return failed("launch", "The plan does not say who is asked.");
    const text = asString(evaluate(prompt, paramScope(local, order.types, world.files)));
    const left = new Left(at.workspace, scratch, world.artifacts);
    const started = world.now();
    const asked = await askAgent({ ...at, order, ask, world, scratch, logs, secrets, stop, left }, text);
    if ("report" in asked) return asked.report;
    const given = (await early?.atEnd()) ?? null;
    const elapsedMs = world.now() - started;
    const answer =
      order.task.result === null ? asked.answer : await this.answer(at.workspace, left, "", 0, elapsedMs);
    const report = await this.answered(answer, left, null, given);
    if (asked.note === undefined || report.outcome !== "succeeded") return report;
    return { ...report, message: [asked.note, report.message].filter((one) => one !== undefined).join(" ") };
  }

  private async call(
    action: Extract<Action, { kind: "call" }>,
    workspace: Workspace,
    runner: Runner,
    local: readonly Value[],
    env: Readonly<Record<string, string>>,
    deadline: Deadline,
    early: Early | null,
  ): Promise<AttemptReport> {
    const { task, types, settings } = this.order;
    const started = this.world.now();
    const result = await this.world.calls.call(
      {
        file: join(this.world.project, action.file),
        shown: action.file,
        name: action.export,
        folder: workspace.path,
        args: Object.fromEntries(task.params.map((param, i) => [param.name, local[i] ?? null])),
        env: { ...env, [COOKIE]: workspace.ref },
        stdoutPath: this.logs.out,
        stderrPath: this.logs.err,
        secrets: secretsOf(this.order, this.world),
      },
      deadline.signal,
    );
    if (deadline.signal.aborted) await runner.end([workspace.ref], this.world);
    if (this.stop.aborted) return cancelled;
    const tail = "value" in result ? "" : await readTail(this.logs.out, this.logs.err);
    const printed = tail === "" ? {} : { tail };
    const { passed } = deadline;
    if (passed !== null) return { ...failed(passed, endedBy(passed, settings)), ...printed };
    if (!("value" in result)) return { ...failed(result.why, result.message), ...printed };
    const left = new Left(workspace, this.scratch, this.world.artifacts);
    const elapsedMs = this.world.now() - started;
    const given = (await early?.atEnd()) ?? null;
    const type = endAnswer(task.answer);
    const answer =
      task.result === null && type !== null
        ? await answerOfCall(result.value, type, types, left)
        : await this.answer(workspace, left, "", 0, elapsedMs);
    return this.answered(answer, left, null, given);
  }
}
