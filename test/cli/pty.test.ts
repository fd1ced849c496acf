// The program on a terminal of the system, and without one: what is on the screen while it runs, and what is left.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bin } from "../program.ts";
import { steady } from "./session.ts";
import { Terminal } from "./terminal.ts";

/** `script` of util-linux gives a command a terminal; elsewhere that is left to the pretend terminal. */
const hasScript = /util-linux/.test(spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "");

/** Each task waits until the screen, which `script` writes to a file, shows what it is there for. */
const flow = `
task seen(words: string) { timeout: 30s run "until grep -q -e ~{words} screen; do sleep 0.05; done" }
task narrower(tty: string) { run "stty -F ~{tty} cols 30" }
task broken() { run "echo first; echo 'no such header' >&2; exit 3" }
flow main(tty: string) {
  a_name_of_forty_letters_and_more_in_full = seen("a_name_of_forty_letters_and_more_in_full")
  narrow = narrower(tty) after a_name_of_forty_letters_and_more_in_full
  a_name_of_forty_letters_and_more_in_part = seen("a_name.*….*part") after narrow
  failing = broken() after a_name_of_forty_letters_and_more_in_part
  never = broken() after failing
}
`;

/** Runs a line of a shell; gives all that was written to its terminal, or to its pipe. */
function written(line: string, env: Readonly<Record<string, string>>, terminal: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), "flowc-pty-"));
  try {
    writeFileSync(join(folder, "a.flow"), flow);
    writeFileSync(join(folder, "b.flow"), 'task broken() { run "exit 3" }\nflow main() { broken() }\n');
    writeFileSync(join(folder, "package.json"), "{}\n");
    const [program, ...args] = terminal
      ? ["script", "-qfec", `stty cols 60 rows 20; ${line}`, "screen"]
      : ["sh", "-c", `{ ${line}; } 2>&1`];
    const { stdout } = spawnSync(program ?? "", args, {
      cwd: folder,
      encoding: "utf8",
      timeout: 60_000,
      env: { PATH: process.env["PATH"] ?? "", TERM: "xterm", TZ: "UTC", LANG: "C.UTF-8", ...env },
    });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const run = (file: string): string => `'${process.execPath}' '${bin}' run ${file} --jobs 1`;
const redraws = /\u001b\[\d*[AJK]/;
const colours = /\u001b\[[0-9;]*m/;

describe("a run on a terminal", () => {
  it("follows its width, and leaves nothing of the block (by script)", { skip: !hasScript }, () => {
    const text = written(`${run("a.flow")} --input tty="$(tty)"`, { NO_COLOR: "1" }, true);
    const terminal = new Terminal(60, 20);
    terminal.write(text);
    expect(steady(terminal.text()).split("\n")).toEqual([
      "✗ failing failed: The script exited with 3.",
      "    no such header",
      "✗ failing failed: The script exited with 3.",
      "  log: .flowc/runs/RUN-1/logs/0/5.1.err",
      "  not run because of it: never",
      "✗ main failed, run RUN-1",
      "  5 nodes: 3 succeeded, 1 failed, 1 skipped",
      expect.stringMatching(/^ {2}took TIME/),
      "next: flowc run --resume RUN-1",
      "",
    ]);
  });

  it.each([{ CI: "true" }, { TERM: "dumb" }, {}])(
    "redraws as suits %j (by script)",
    { skip: !hasScript },
    (env) => {
      const text = written(run("b.flow"), env, true);
      expect(redraws.test(text)).toBe(Object.keys(env).length === 0);
      expect(colours.test(text)).toBe(!("TERM" in env));
    },
  );
});

describe("a run that takes a while", () => {
  it("tells how long it will still take, by an earlier run (by script)", { skip: !hasScript }, () => {
    const folder = mkdtempSync(join(tmpdir(), "flowc-left-"));
    const env = { PATH: process.env["PATH"] ?? "", TERM: "xterm", NO_COLOR: "1", LANG: "C.UTF-8" };
    const file = `
task seen(words: string) { timeout: 30s run "until grep -q -e ~{words} screen; do sleep 0.05; done" }
flow main() { seen("left") }
`;
    try {
      writeFileSync(join(folder, "a.flow"), file);
      writeFileSync(join(folder, "package.json"), "{}\n");
      writeFileSync(join(folder, "screen"), "left");
      const first = spawnSync(process.execPath, [bin, "run", "a.flow"], {
        cwd: folder,
        env,
        encoding: "utf8",
      });
      expect(first.status).toBe(0);
      // It took no time before; so all that can be said now is that it is nearly done.
      writeFileSync(join(folder, "a.flow"), file.replace("left", "nearly"));
      const line = `stty cols 90; ${run("a.flow")}`;
      const { stdout } = spawnSync("script", ["-qfec", line, "screen"], {
        cwd: folder,
        env,
        encoding: "utf8",
      });
      expect(stdout).toMatch(/0 of 1 done, 1 running, \d+s, nearly done/);
      expect(stdout).toContain("✓ main succeeded");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("a run without a terminal", () => {
  it.each([
    [{}, false],
    [{ FORCE_COLOR: "1" }, true],
    [{ FORCE_COLOR: "1", NO_COLOR: "1" }, true],
    [{ GITHUB_ACTIONS: "true" }, false],
  ])("has plain lines with a time: %j", (env, colour) => {
    const text = written(run("b.flow"), env, false);
    expect(text).not.toMatch(redraws);
    expect(colours.test(text)).toBe(colour);
    expect(steady(text.replace(new RegExp(colours, "g"), ""))).toContain("CLOCK ✗ broken failed:");
  });
});
