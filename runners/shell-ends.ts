// How a command ended that a shell ran for us elsewhere, from what that shell tells; and why one could not be started.

import { constants } from "node:os";
import type { Exit } from "../runtime/runner.ts";

export type NotStarted = Extract<Exit, { kind: "not-started" }>;

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

/** Shells do not say a word about these two: a code that means one is taken for it. */
const silent: ReadonlySet<number> = new Set([130, 141]);

const signals = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** `bySignal`: the shell has said that it was one. `hint`: why it may have failed. */
export function endOf(
  { code, bySignal }: { readonly code: number; readonly bySignal: boolean },
  hint: string | null = null,
): Exit {
  const more = hint === null ? {} : { hint };
  return bySignal || silent.has(code)
    ? { kind: "signalled", signal: signals.get(code - 128) ?? `SIG${code - 128}`, ...more }
    : { kind: "exited", code, ...more };
}

/** What people call the place, and what it was made from. */
export interface PlaceWords {
  readonly place: string;
  readonly origin: string;
}

/** Null: a reason that only the runner itself knows. */
export function whyNot(
  why: string,
  { program, cwd }: { readonly program: string; readonly cwd: string },
  { place, origin }: PlaceWords,
): NotStarted | null {
  switch (why) {
    case "ENOENT":
      return notStarted(
        "ENOENT",
        program.includes("/")
          ? `\`${program}\` does not exist in the ${place}.`
          : `\`${program}\` was not found on the PATH in the ${place}. Is it installed in the ${origin}?`,
      );
    case "EACCES":
      return notStarted("EACCES", `\`${program}\` may not be run. If it is yours: chmod +x ${program}`);
    case "interpreter":
      return notStarted(
        "ENOENT",
        `\`${program}\` is there, but the program that its first line (\`#!\`) asks for is not in the ${origin}.`,
      );
    case "cwd":
      return notStarted("ENOENT", `The directory to start in is not there: ${cwd}`);
    default:
      return null;
  }
}
