// How a command in a sandbox ended, from what its shell tells.

import { constants } from "node:os";
import type { Exit } from "../runtime/runner.ts";
import type { Told } from "./e2b-output.ts";

type NotStarted = Extract<Exit, { kind: "not-started" }>;

/** Linux: no word may have more, nor all together. */
const wordBytesMax = 128 * 1024 - 1;
const allBytesMax = 2 * 1024 * 1024 - 64 * 1024;

export function notStarted(code: NotStarted["code"], message: string): NotStarted {
  return { kind: "not-started", code, message };
}

/** Told before it is tried: the shell that starts it could not tell. */
export function tooLarge(argv: readonly string[], env: Readonly<Record<string, string>>): NotStarted | null {
  const sizes = [...argv, ...Object.entries(env).map(([name, text]) => `${name}=${text}`)].map(
    (word) => Buffer.byteLength(word) + 1,
  );
  const all = sizes.reduce((sum, size) => sum + size + 8, 0);
  if (all <= allBytesMax && sizes.every((size) => size <= wordBytesMax)) return null;
  const bytes = argv.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
  return notStarted(
    "E2BIG",
    `\`${argv[0]}\` was given more than a system lets a command have (${bytes} bytes of arguments). Pass what is large as a file.`,
  );
}

/** bash does not say a word about these two: a code that means one is taken for it. */
const silent: ReadonlySet<number> = new Set([130, 141]);

export function endOf(told: Told, program: string, cwd: string): Exit {
  if (told.kind === "not-started") return whyNot(told.why, program, cwd);
  const { code, bySignal } = told;
  return bySignal || silent.has(code)
    ? { kind: "signalled", signal: signals.get(code - 128) ?? `SIG${code - 128}` }
    : { kind: "exited", code };
}

function whyNot(why: string, program: string, cwd: string): Exit {
  switch (why) {
    case "ENOENT":
      return notStarted(
        "ENOENT",
        program.includes("/")
          ? `\`${program}\` does not exist in the sandbox.`
          : `\`${program}\` was not found on the PATH in the sandbox. Is it installed in the template?`,
      );
    case "EACCES":
      return notStarted("EACCES", `\`${program}\` may not be run. If it is yours: chmod +x ${program}`);
    case "interpreter":
      return notStarted(
        "ENOENT",
        `\`${program}\` is there, but the program that its first line (\`#!\`) asks for is not in the template.`,
      );
    case "cwd":
      return notStarted("ENOENT", `The directory to start in is not there: ${cwd}`);
    case "disk":
      return notStarted("other", "Its folders could not be made in the sandbox: is its disk full?");
    default:
      return { kind: "lost", message: "What ran it in the sandbox is gone." };
  }
}

const signals = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
