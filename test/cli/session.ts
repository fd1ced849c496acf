// Sessions: what a person types and sees, as a text file. `$ flowc …` is run for real; what follows it is what comes.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bin } from "../program.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Files that every session finds in its folder. */
const files = join(here, "files");

/** What differs from run to run gets a word instead. */
export function steady(text: string): string {
  const runs: string[] = [];
  return (
    text
      .replace(/\b\d{6}-[2-9a-z]{5}\b/g, (id) => {
        if (!runs.includes(id)) runs.push(id);
        return `RUN-${runs.indexOf(id) + 1}`;
      })
      .replace(/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, "MOMENT")
      .replace(/\b\d\d:\d\d:\d\d\b/g, "CLOCK")
      .replace(/\bbusy [\d.]+ %/g, "busy SHARE")
      .replace(/\b\d+(?:ms|\.\ds)(?![\w"])/g, "TIME")
      // A machine that has much to do may take longer than ten seconds.
      .replace(/(?<=\b(?:took|path) |^CLOCK ✓ .* )\d+(?:s|m\d\ds)\b/gm, "TIME")
      .split("\n")
      // What is told in one line was found in one turn, and how much that is depends on the machine.
      .flatMap((line) => {
        const [, names = null] = /^CLOCK ✓ (.* and .*) cached$/.exec(line) ?? [];
        return names === null ? [line] : names.split(/, | and /).map((name) => `CLOCK ✓ ${name} cached`);
      })
      // Columns are as wide as the longest time in them.
      .map((line) =>
        /\bTIME\b|\btook\b| {2}(?:skipped|ready|waiting)|not started/.test(line)
          ? line.replace(/(?<=\S) {2,}/g, "  ")
          : line,
      )
      .join("\n")
  );
}

/**
 * Plays a session in a fresh folder: the text as it really is. Lines: `$ COMMAND` (a shell line in which `flowc` is the
 * program under test), then its output, both streams in one, then `exit N` unless that is 0.
 */
export function play(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "flowc-session-"));
  try {
    cpSync(files, folder, { recursive: true });
    const commands = join(folder, ".commands");
    mkdirSync(commands);
    const program = join(commands, "flowc");
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`, { mode: 0o755 });
    const path = `${commands}:${process.env["PATH"]}`;
    const env = {
      ...process.env,
      PATH: path,
      NO_COLOR: "1",
      TZ: "UTC",
      GITHUB_ACTIONS: "",
      GITHUB_STEP_SUMMARY: "",
    };
    const lines = text.split("\n");
    const head = lines.slice(
      0,
      lines.findIndex((line) => line.startsWith("$ ")),
    );
    const played = lines
      .filter((line) => line.startsWith("$ "))
      .map((line) => {
        const { stdout, status } = spawnSync("sh", ["-c", `{ ${line.slice(2)}\n} 2>&1`], {
          cwd: folder,
          env,
          encoding: "utf8",
          timeout: 60_000,
        });
        const exit = status === 0 ? "" : `exit ${status}\n`;
        return `${line}\n${steady(stdout)}${exit}`;
      });
    return [...head.map((line) => `${line}\n`), ...played].join("");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compares with what is kept; `BLESS=1` keeps what came. */
export function expected(name: string, actual: string): string {
  const path = join(here, name);
  if (process.env["BLESS"] === "1" || !existsSync(path)) {
    if (process.env["BLESS"] !== "1") return `${name} is missing: bless it`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
  }
  return readFileSync(path, "utf8");
}
