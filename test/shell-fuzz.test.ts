// Whatever script the analysis accepts, no value in it is ever run: random scripts with hostile values in real shells.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { analyzeShell } from "../grammar/shell.ts";
import type { ShellPart, ShellScript } from "../grammar/shell-script.ts";
import { bind } from "../runtime/command.ts";
import { commandOf, partsOf, textsOf } from "./bound-commands.ts";
import { canaries, chance, randomScript } from "./shell-fuzz.ts";

/** More rounds, from another seed: FUZZ_ROUNDS=20000 FUZZ_SEED=7. */
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 800);
const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const places = new Map<string, string>();
function whereIs(name: string): string {
  const place =
    places.get(name) ??
    spawnSync("sh", ["-c", `command -v ${name}`])
      .stdout.toString()
      .trim();
  places.set(name, place);
  return place;
}
const shells = ["dash", "bash", "busybox"].filter((name) => whereIs(name) !== "");

let folder = "";
let env: Readonly<Record<string, string>> = {};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "flowc-fuzz-"));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  mkdirSync(join(folder, "work"));
  // Nothing else can be run by chance.
  for (const name of ["cat", "sh", "bash", "xargs", "env", "echo", "printf", "test"]) {
    const path = spawnSync("sh", ["-c", `command -v ${name}`])
      .stdout.toString()
      .trim();
    symlinkSync(path.startsWith("/") ? path : `/usr/bin/${name}`, join(bin, name));
  }
  writeFileSync(join(bin, "CANARY"), `#!/bin/sh\necho x >> "${join(folder, "canary")}"\n`);
  chmodSync(join(bin, "CANARY"), 0o755);
  env = { PATH: bin };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const accepted = (script: ShellScript) =>
  script.problems.length === 0 && !script.holes.some((hole) => hole.command);

/** The values of a script's holes: hostile, but an int where the shell calculates. */
function valuesOf(script: ShellScript, next: () => number): readonly string[] {
  return script.holes.map(({ place }) =>
    place === "arithmetic" ? "1" : (canaries[Math.floor(next() * canaries.length)] ?? ""),
  );
}

function run(script: ShellScript, values: readonly string[], shell: string): void {
  const bound = bind({ ...commandOf(script), words: null }, textsOf(values), "/nowhere");
  if ("problem" in bound) throw new Error(bound.problem);
  const program = shell === "busybox" ? [whereIs(shell), "sh"] : [whereIs(shell)];
  const code = bound.argv.at(-1) ?? "";
  spawnSync(program[0] ?? "", [...program.slice(1), "-c", "--", code], {
    cwd: join(folder, "work"),
    env: { ...env, ...bound.env },
    stdio: ["ignore", "ignore", "ignore"],
    timeout: 5_000,
    killSignal: "SIGKILL",
  });
}

function ranCanary(): boolean {
  try {
    return readFileSync(join(folder, "canary")).length > 0;
  } catch {
    return false;
  } finally {
    rmSync(join(folder, "canary"), { force: true });
  }
}

const withBash = (parts: readonly ShellPart[]): readonly ShellPart[] => [{ text: "#!/bin/bash\n" }, ...parts];

test("the canary sings when a value is run", () => {
  const script = analyzeShell(partsOf('v=~{}; eval "$v"'));
  expect(accepted(script)).toBe(true);
  run(script, ["CANARY"], "dash");
  expect(ranCanary()).toBe(true);
});

test("no value of an accepted script is run", { timeout: 3_600_000 }, () => {
  const next = chance(seed);
  let ran = 0;
  const found: unknown[] = [];
  for (let round = 0; round < rounds; round++) {
    const parts = randomScript(next);
    const forSh = analyzeShell(parts);
    const forBash = analyzeShell(withBash(parts));
    for (const [script, by] of [
      [forSh, shells],
      [forBash, ["bash"]],
    ] as const) {
      if (!accepted(script) || script.holes.length === 0) continue;
      const values = valuesOf(script, next);
      // What `sh` accepts, bash may be called by that name; the rest is only tried when sh refuses it.
      if (script === forBash && accepted(forSh)) continue;
      for (const shell of by) {
        run(script, values, shell);
        ran++;
        if (ranCanary())
          found.push({
            shell,
            script: parts.map((part) => ("hole" in part ? "~{}" : part.text)).join(""),
            values,
            pieces: script.pieces,
          });
      }
    }
  }
  expect(found).toEqual([]);
  // The test means something only if much is accepted.
  expect(ran).toBeGreaterThan(rounds / 2);
});

test("reading never throws, and every hole has its place, for any prefix of any script", () => {
  const next = chance(seed + 1);
  for (let round = 0; round < 300; round++) {
    const parts = randomScript(next);
    for (let length = 0; length <= parts.length; length++) {
      const some = parts.slice(0, length);
      const script = analyzeShell(some);
      const holes = some.flatMap((part) => ("hole" in part ? [part.hole] : []));
      expect(script.holes.map(({ hole }) => hole)).toEqual(holes);
      expect(script.pieces.flatMap((piece) => (typeof piece === "string" ? [] : [piece.hole]))).toEqual(
        holes,
      );
    }
  }
});
