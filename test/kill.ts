// Kills the real program with SIGKILL at random moments of runs of nine shapes, resumes them, and compares with the record.

import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { openJournal } from "../runtime/journal.ts";
import { type Shape, shapes } from "./kill-shapes.ts";
import { random } from "./layers.ts";
import { flowc, start } from "./program.ts";

/** So that the kill does not always come just behind a written line. */
const DELAY_MS_MAX = 15;

export interface KillResult {
  readonly shape: string;
  /** It was killed when its nodes had written so many lines, two for each, or a moment later. */
  readonly killedAfterLines: number;
  /** Whether the kill came before the run's end. */
  readonly inTime: boolean;
  /** Nodes whose success was recorded when it was killed. */
  readonly recorded: number;
  /** Of these: whose answer was gone or different at the end. */
  readonly lost: number;
  /** Of these: started again after the kill. */
  readonly startedAgain: number;
  /** Nodes that were running when it was killed and ran again, which is allowed. */
  readonly ranAgain: number;
  /** Exit code of the resume. */
  readonly resumed: number | null;
}

/** One kill and one resume for each result, at moments that follow from the seed. */
export async function kills(count: number, seed: number, told: (result: KillResult) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "flowc-kill-"));
  try {
    writeFileSync(join(folder, "package.json"), "{}\n");
    for (const { name, flow } of shapes) writeFileSync(join(folder, `${name}.flow`), flow);
    const next = random(seed);
    for (let round = 0; round < count; round++) {
      const shape = shapes[round % shapes.length];
      if (shape === undefined) throw new Error("there are shapes");
      const place = prepare(folder, `round-${round}`, shape);
      // Counted in what the run has done, not in time: a busy machine must not make the kill miss the run.
      told(await killOnce(folder, place, Math.floor(next() * 2 * shape.nodes * 0.95), next() * DELAY_MS_MAX));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Place {
  readonly shape: Shape;
  readonly state: string;
  readonly trace: string;
  readonly args: readonly string[];
}

function prepare(folder: string, name: string, shape: Shape): Place {
  mkdirSync(join(folder, name));
  const trace = join(folder, name, "trace");
  const inputs = join(folder, name, "inputs.json");
  const state = join(folder, name, "state");
  writeFileSync(trace, "");
  writeFileSync(inputs, JSON.stringify({ ...shape.inputs, trace }));
  return {
    shape,
    state,
    trace,
    args: ["run", `${shape.name}.flow`, "--inputs", inputs, "--jobs", "2", "--json", "--state", state],
  };
}

/** Resolves when the trace has so many lines, or the process is gone. */
async function traced(process: ChildProcess, trace: string, lines: number): Promise<void> {
  await new Promise<void>((done) => {
    const look = setInterval(() => {
      const gone = process.exitCode !== null || process.signalCode !== null;
      if (!gone && readFileSync(trace, "utf8").split("\n").length <= lines) return;
      clearInterval(look);
      done();
    }, 3);
  });
}

async function killOnce(folder: string, place: Place, lines: number, delayMs: number): Promise<KillResult> {
  const first = start(place.args, { cwd: folder });
  await traced(first.process, place.trace, lines);
  const timer = setTimeout(() => first.process.kill("SIGKILL"), delayMs);
  const ended = await first.ended;
  clearTimeout(timer);
  const before = await recorded(place.state);
  const traceBefore = readFileSync(place.trace, "utf8").split("\n");
  const resume = [
    "run",
    `${place.shape.name}.flow`,
    "--resume",
    "last",
    "--json",
    "--jobs",
    "2",
    "--state",
    place.state,
  ];
  // Killed before there was a run, nothing is there to go on with.
  const again = before === null ? place.args : resume;
  const second = ended.signal === "SIGKILL" ? await flowc(again, { cwd: folder }) : ended;
  const output: readonly string[] = second.code === 0 ? JSON.parse(second.stdout).output : [];
  const startsAfter = startsIn(
    readFileSync(place.trace, "utf8")
      .split("\n")
      .slice(traceBefore.length - 1),
  );
  const startsBefore = new Set(startsIn(traceBefore));
  const keys = [...(before?.keys() ?? [])];
  return {
    shape: place.shape.name,
    killedAfterLines: lines,
    inTime: ended.signal === "SIGKILL",
    recorded: keys.length,
    lost:
      [...(before?.values() ?? [])].filter((value) => !output.includes(value)).length +
      (place.shape.nodes - output.length),
    startedAgain: keys.filter((key) => startsAfter.includes(key)).length,
    ranAgain: startsAfter.filter((key) => startsBefore.has(key)).length,
    resumed: second.code,
  };
}

/** Keys and answers of the nodes whose success is in the journal; null without a run. */
async function recorded(state: string): Promise<ReadonlyMap<string, string> | null> {
  if (!existsSync(join(state, "journal.db"))) return null;
  const journal = await openJournal(state, { readOnly: true });
  try {
    const run = journal.runs()[0];
    if (run === undefined) return null;
    const answers = new Map<string, string>();
    for (const event of journal.events(run.id))
      if (
        event.type === "attempt.ended" &&
        event.outcome === "succeeded" &&
        typeof event.value === "string" &&
        event.value.includes(" ")
      )
        answers.set(event.value.split(" ")[0] ?? "", event.value);
    return answers;
  } finally {
    journal.close();
  }
}

function startsIn(lines: readonly string[]): string[] {
  return lines.filter((line) => line.startsWith("start ")).map((line) => line.slice("start ".length));
}

async function main(): Promise<void> {
  const [count = "20", seed = "1"] = process.argv.slice(2);
  console.log(
    `${count} kills of runs of ${shapes.map(({ name, nodes }) => `${name} (${nodes})`).join(", ")} nodes, seed ${seed}`,
  );
  console.log("shape    killed after  recorded  lost  started again  ran again (allowed)  resume");
  const all: KillResult[] = [];
  await kills(Number(count), Number(seed), (one) => {
    all.push(one);
    const when = one.inTime ? `${one.killedAfterLines} lines` : "not in time";
    const columns = [
      one.shape.padEnd(8),
      when.padStart(12),
      `${one.recorded}`.padStart(9),
      `${one.lost}`.padStart(5),
    ];
    const more = [
      `${one.startedAgain}`.padStart(14),
      `${one.ranAgain}`.padStart(20),
      `exit ${one.resumed}`.padStart(7),
    ];
    console.log([...columns, ...more].join(" "));
  });
  const sum = (pick: (one: KillResult) => number): number => all.reduce((total, one) => total + pick(one), 0);
  const inTime = all.filter((one) => one.inTime).length;
  console.log(
    `${inTime} kills in time; results lost ${sum((one) => one.lost)}, ` +
      `started again after their success was recorded ${sum((one) => one.startedAgain)}`,
  );
  process.exitCode = all.every((one) => one.lost + one.startedAgain === 0 && one.resumed === 0) ? 0 : 1;
}

const program = process.argv[1];
if (program !== undefined && import.meta.url === pathToFileURL(program).href) await main();
