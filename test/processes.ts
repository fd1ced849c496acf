// Ends runs in three ways (cancel, timeout, SIGKILL of flowc and resume) while they hold processes of six kinds: none stays.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { flowc, start } from "./program.ts";

/** What one node leaves behind, each process as `hold N` with a number of its own that is looked for afterwards. */
const shapes: Readonly<Record<string, string>> = {
  background: "hold & hold & hold",
  session: 'setsid sh "$HOLD" < /dev/null > /dev/null 2>&1 & hold',
  "double fork": '( (setsid sh "$HOLD" > /dev/null 2>&1 &) & ) ; hold',
  deaf: 'trap "" TERM HUP INT; setsid sh "$HOLD" & hold & hold',
  bare: '(setsid env -i sh "$HOLD" > /dev/null 2>&1 &); (env -i setsid -f sh "$HOLD" > /dev/null 2>&1); hold',
  many: 'i=0; while [ $i -lt MANY ]; do sh "$HOLD" & i=$((i+1)); done; hold',
};
const ways = ["cancel", "timeout", "kill"] as const;

export interface Round {
  readonly shape: string;
  readonly way: (typeof ways)[number];
  /** Processes that were there when the end began. */
  readonly held: number;
  /** Of these, how many live after it. */
  readonly left: number;
  /** What flowc said at the end: of the resume, for `kill`. */
  readonly code: number | null;
}

/** Runs so many rounds, each of another shape and way. `many`: how many children the largest has. */
export async function processes(count: number, many: number, told: (round: Round) => void): Promise<void> {
  const names = Object.keys(shapes);
  for (let i = 0; i < count; i++) {
    const way = ways[i % ways.length] ?? "cancel";
    const shape = names[Math.floor(i / ways.length) % names.length] ?? "";
    told(await round({ shape, way, many, shells: i % 2 === 1 }));
  }
}

interface Asked extends Pick<Round, "shape" | "way"> {
  readonly many: number;
  /** Is it started by a shell that stays? The first few commands of a run are not. */
  readonly shells: boolean;
}

async function round({ shape, way, many, shells }: Asked): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), "flowc-processes-"));
  try {
    writeFileSync(join(folder, "hold.sh"), `cd ${folder}; : > "held.$$"; exec sleep 1000\n`);
    const script = (shapes[shape] ?? "").replace("MANY", String(many)).replaceAll(/\bhold\b/g, 'sh "$HOLD"');
    writeFileSync(
      join(folder, "main.flow"),
      `task leave() {\n  timeout: ${way === "timeout" ? "3s" : "10m"}\n\n  run """\n    HOLD=${folder}/hold.sh\n    if [ -e again ]; then exit 0; fi\n    ${script}\n    """\n}\n\ntask warm() {\n  run "echo"\n}\n\nflow main() {\n  warm = for i in range(${shells ? 6 : 0}) {\n    warm()\n  }\n  leave() after warm\n}\n`,
    );
    const run = start(["run", "main.flow", "--ui", "quiet"], { cwd: folder });
    await Promise.race([held(folder, shape === "many" ? many : 2), run.ended]);
    const pids = heldBy(folder);
    if (way === "cancel") run.process.kill("SIGINT");
    if (way === "kill") run.process.kill("SIGKILL");
    let { code } = await run.ended;
    if (way === "kill") {
      writeFileSync(join(folder, "again"), "");
      ({ code } = await flowc(["run", "--resume", "last", "--ui", "quiet"], { cwd: folder }));
    }
    // Also those that had not told yet when it began.
    const left = heldBy(folder).filter(lives);
    for (const pid of left) process.kill(pid, "SIGKILL");
    return { shape, way, held: pids.length, left: left.length, code };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function heldBy(folder: string): readonly number[] {
  return readdirSync(folder).flatMap((name) => (name.startsWith("held.") ? Number(name.slice(5)) : []));
}

async function held(folder: string, count: number): Promise<void> {
  while (heldBy(folder).length < count) await new Promise((resolve) => setTimeout(resolve, 5));
}

function lives(pid: number): boolean {
  const path = `/proc/${pid}/stat`;
  try {
    return existsSync(path) && !/^\d+ \(.*\) [ZX]/s.test(readFileSync(path, "latin1"));
  } catch {
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const count = Number(process.argv[2] ?? 54);
  let good = 0;
  await processes(count, 1_000, ({ shape, way, held, left, code }) => {
    if (left === 0) good++;
    const told = `${shape}, ${way}: ${held} held, ${left} left, exit ${code}`;
    process.stdout.write(`${left === 0 ? "✓" : "✗"} ${told}\n`);
  });
  process.stdout.write(`${good} of ${count} left nobody behind\n`);
  process.exitCode = good === count ? 0 : 1;
}
