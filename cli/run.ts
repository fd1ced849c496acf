// `flowc run`: compiles, reads the inputs, runs the flow, shows how it goes, and says how it ended.

import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { openArtifacts } from "../runtime/artifacts.ts";
import type { RunResult } from "../runtime/execute.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { logPaths } from "../runtime/log-paths.ts";
import { secretsNeeded } from "../runtime/places.ts";
import { answerFiles, printAnswer } from "./answer.ts";
import { type Forecasting, forecasting, noForecast } from "./forecast.ts";
import { drawForetold } from "./foretold.ts";
import { leaveOnGithub, onGithub } from "./github.ts";
import { differences } from "./go-on.ts";
import { warnOfGone } from "./gone.ts";
import { type LookAt, readInputs } from "./inputs.ts";
import { loadPlan } from "./load-plan.ts";
import { keepIn, lookOnly } from "./look.ts";
import { absentNodes, knownNode } from "./only.ts";
import { tellEnd } from "./outcome.ts";
import { type Audience, performed, secretsOf } from "./perform.ts";
import { drawPlan, outlined, refuseProblems } from "./plan.ts";
import { type Project, projectOf, shownPath } from "./project.ts";
import { criticalPath, recordOf } from "./record.ts";
import { blockProgress } from "./render/block.ts";
import { graphOf } from "./render/graph.ts";
import { jsonProgress, noProgress, type Progress, plainProgress } from "./render/progress.ts";
import { visible } from "./render/text.ts";
import { notWritten } from "./report.ts";
import type { RunRequest } from "./request.ts";
import { type Resumed, resumed } from "./resume.ts";
import { setWords } from "./set.ts";
import { recordJson } from "./show.ts";
import { exits, type Stop, shellWord, usage } from "./stop.ts";
import { stopSignals } from "./stop-signals.ts";
import { openKept } from "./stored.ts";
import { keptTree, refuseTrees } from "./trees.ts";
import { waitingTeller } from "./waiting.ts";
import type { World } from "./world.ts";

/** Above so many cells the critical path is only looked for in reports. */
const criticalCellsMax = 5_000;

/** `perform`: who runs it in another way than on a terminal. */
export async function run(request: RunRequest, world: World, perform: Perform = onTerminal): Promise<number> {
  const project = projectOf(world, request.file, request.state);
  if (request.report !== null) mayBeWritten(resolve(world.cwd, request.report), request.report);
  if (request.resume === null) return fresh(request, project, world, perform);
  const { resume } = request;
  await (await openKept(project, world)).close();
  return opened(project, async (journal) => {
    const start = await resumed(request, resume, project, journal, world);
    if (start.from !== null || request.dryRun) {
      const lines = await differences(start, request, project, journal, world);
      const channel = request.dryRun ? world.out : world.err;
      if (request.dryRun || request.ui === "auto" || request.ui === "plain")
        for (const line of lines) channel.write(`${line}\n`);
    }
    return request.dryRun ? exits.well : perform(request, project, journal, start, world);
  });
}

async function fresh(request: RunRequest, project: Project, world: World, perform: Perform): Promise<number> {
  const plan = loadPlan(
    { file: request.file ?? "", flow: request.flow, on: request.on, set: request.set, command: "run" },
    world,
  );
  const command = commandOf(request, project);
  const given = async (look: LookAt) => readInputs(plan, request, world, { missing: "error", command, look });
  const lookAt = lookOnly(world.cwd, project.root);
  let files = false;
  // All that can be wrong is looked for before the state directory is touched.
  const inputs = await given((kind, path) => {
    files = true;
    return lookAt(kind, path);
  });
  // Who wants to see or name no node is spared the outline.
  const asked = request.dryRun || request.only.length > 0;
  const found = asked ? outlined(plan, inputs, project, command) : null;
  if (found === null) refuseProblems(plan, inputs, project, command);
  // Of a part of the flow it is not known what starts at once.
  if (request.only.length === 0) await refuseTrees(plan, inputs, project, command, world);
  if (!request.dryRun) secretsOf(secretsNeeded(plan, request.on), world, command);
  if (found !== null) for (const name of request.only) knownNode(name, found, command);
  if (found !== null && request.dryRun) {
    await drawPlan(plan, found, graphOf(found), project, request.on, world);
    const only = request.only.length > 0 ? request.only : null;
    await drawForetold({ plan, inputs, only, on: request.on }, project, world);
    return exits.well;
  }
  return opened(project, async (journal) => {
    // Only files are still to be kept.
    const kept = files ? await given(keepIn(openArtifacts(project.state), world.cwd, project.root)) : inputs;
    const { on, set } = request;
    const only = request.only.length > 0 ? request.only : null;
    const start = { plan, inputs: kept, same: null, from: null, changed: [], only, on, set };
    return perform(request, project, journal, start, world);
  });
}

/** What was typed, as far as it says what to run. */
function commandOf({ file, flow, on, set }: RunRequest, { flag }: Project): string {
  const words = [file, flow].flatMap((word) => word ?? []);
  const places = [...(on === null ? [] : ["--on", on]), ...setWords(set)];
  return ["flowc run", ...words.map(shellWord), ...places].join(" ") + flag;
}

/** Told before the run, and not after hours of it. */
function mayBeWritten(path: string, shown: string): void {
  const refused = (why: string): Stop =>
    usage(`The report cannot be written to ${visible(shown)}: ${why}.`, "flowc run --help");
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw refused("it is a folder");
  if (!statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory())
    throw refused(`there is no folder ${visible(dirname(shown))}`);
}

async function opened(project: Project, work: (journal: Journal) => Promise<number>): Promise<number> {
  const journal = await openJournal(project.state);
  try {
    return await work(journal);
  } finally {
    await journal.close();
  }
}

/** What runs a run that is ready to begin or to go on; the answer is the exit code. */
export type Perform = (
  request: RunRequest,
  project: Project,
  journal: Journal,
  start: Resumed,
  world: World,
) => Promise<number>;

/** With what a person sees of it, and their signals. */
async function onTerminal(
  request: RunRequest,
  project: Project,
  journal: Journal,
  start: Resumed,
  world: World,
): Promise<number> {
  const shown = request.ui === "auto" || request.ui === "plain";
  const ahead = shown ? forecasting(journal, world) : noForecast;
  const progress = progressOf(request, ahead, world);
  const signals = stopSignals(world, (text) => say(text));
  const say = (text: string): void => {
    if (progress === noProgress || request.ui === "json") world.err.write(`${text}\n`);
    else progress.say(text);
  };
  const tell = (text: string): void => {
    if (shown) say(text);
  };
  const tellWaiting = waitingTeller(tell, project.flag);
  const audience: Audience = {
    stop: signals.stop,
    stopNow: signals.stopNow,
    gone: (gone, view) => warnOfGone(gone, view, world),
    tell,
    does: (n, text) => progress.does(n, text),
    watch: (news) => {
      signals.know(news.run);
      waits.watch(news.waits);
      ahead.watch(news);
      progress.watch(news);
      if (request.wait) tellWaiting(news.run, news.waits);
    },
  };
  const began = performance.now();
  const waits = waitingClock();
  try {
    return await performed(request, project, journal, start, audience, world, async (result) => {
      progress.end();
      const elapsedMs = performance.now() - began;
      const measured = { elapsedMs, waitedMs: waits.ms(), reused: result.before };
      return ended(result, request, project, journal, measured, world);
    });
  } finally {
    progress.end();
    ahead.end();
    signals.end();
  }
}

/** How long only a person could have moved the run on. */
function waitingClock(): { watch(waits: boolean): void; ms(): number } {
  let since: number | null = null;
  let sum = 0;
  const watch = (waits: boolean): void => {
    const now = performance.now();
    if (since !== null) sum += now - since;
    since = waits ? now : null;
  };
  return {
    watch,
    ms: () => {
      watch(since !== null);
      return sum;
    },
  };
}

function progressOf(request: RunRequest, ahead: Forecasting, world: World): Progress {
  const stage = {
    channel: world.err,
    now: () => world.now(),
    every: world.every,
    onContinue: (then: () => void) => world.onSignal("SIGCONT", then),
    left: () => ahead.left(),
  };
  switch (request.ui) {
    case "quiet":
      return noProgress;
    case "json":
      return jsonProgress(
        (text) => world.out.write(text),
        () => world.now(),
      );
    case "plain":
      return plainProgress(stage);
    case "auto":
      return redraws(world) ? blockProgress(stage) : plainProgress(stage);
  }
}

/** A terminal that somebody looks at: the lines of a build server are kept, even if it calls itself a terminal. */
function redraws({ err, env }: World): boolean {
  const ci = env["CI"] ?? "";
  return err.terminal && env["TERM"] !== "dumb" && (ci === "" || ci === "0" || ci === "false");
}

async function ended(
  result: RunResult,
  request: RunRequest,
  project: Project,
  journal: Journal,
  measured: { readonly elapsedMs: number; readonly waitedMs: number; readonly reused: number },
  world: World,
): Promise<number> {
  const { view } = result;
  if (result.already)
    world.err.write(`The run ${result.run} had succeeded already; there was nothing left to do.\n`);
  // The events are read back only for those who asked for all of them.
  const github = onGithub(world);
  const record =
    request.json || request.report !== null || github
      ? await recordOf(view, journal.events(result.run), true, world.now())
      : null;
  const unwritten =
    request.report !== null && record !== null
      ? await notWritten(request.report, record, view, project, world)
      : null;
  if (request.json && record !== null) world.out.write(`${JSON.stringify(recordJson(record), null, 2)}\n`);
  else if (request.ui !== "json" && result.status === "succeeded") printAnswer(result.output, world);
  if (github && record !== null) await leaveOnGithub(record, view, project, world);
  const absent = absentNodes(view, request.resume === null ? commandOf(request, project) : null);
  if (request.ui !== "quiet" || result.status !== "succeeded")
    tellEnd(
      {
        view,
        ...measured,
        critical: record?.critical ?? (view.size <= criticalCellsMax ? await criticalPath(view) : null),
        logOf: (n) => logOf(journal, result.run, view.attempts(n), n, world),
        treeOf: (n) => keptTree(journal, result.run, n, world),
        report: unwritten === null ? request.report : null,
        files: answerFiles(result.output, openArtifacts(project.state)).map(({ name, path }) => ({
          name,
          path: shownPath(world, path),
        })),
        tailsShown: request.ui === "auto" || request.ui === "plain",
        flag: project.flag,
        absent,
      },
      world,
    );
  if (unwritten !== null) throw unwritten;
  if (absent !== null) return exits.wrong;
  if (result.status === "succeeded") return exits.well;
  if (result.status === "waiting") return exits.waiting;
  if (view.cancelled === "interrupt") return exits.interrupted;
  if (view.cancelled === "terminate") return exits.terminated;
  return exits.failed;
}

function logOf(journal: Journal, id: string, attempts: number, n: number, world: World): string | null {
  if (attempts === 0) return null;
  const { err, out } = logPaths(journal.folderOf(id), n, attempts);
  // What printed nothing left no file.
  const printed = (one: string): boolean => (statSync(one, { throwIfNoEntry: false })?.size ?? 0) > 0;
  const path = [err, out].find(printed) ?? [err, out].find((one) => existsSync(one));
  return path === undefined ? null : shownPath(world, path);
}
