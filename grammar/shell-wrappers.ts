// Commands that run other commands: shells, and wrappers such as `env`, `sudo` and `xargs`.

import type { Word } from "./shell-findings.ts";

/** Names of shells. */
export const shells = new Set(["sh", "bash", "dash", "ash", "ksh", "mksh", "zsh", "fish", "rbash", "yash"]);

export interface Wrapper {
  readonly values: string;
  readonly operands: number;
}

/** Commands that run the command behind them: the options that take a value, and how many operands come before. */
const wrappers: Readonly<Record<string, Wrapper>> = {
  builtin: { values: "", operands: 0 },
  chroot: { values: "", operands: 1 },
  chrt: { values: "TPD", operands: 1 },
  command: { values: "", operands: 0 },
  doas: { values: "uC", operands: 0 },
  env: { values: "uC", operands: 0 },
  exec: { values: "a", operands: 0 },
  flock: { values: "wE", operands: 1 },
  ionice: { values: "cnpPu", operands: 0 },
  nice: { values: "n", operands: 0 },
  nohup: { values: "", operands: 0 },
  setsid: { values: "", operands: 0 },
  stdbuf: { values: "ioe", operands: 0 },
  strace: { values: "aeoOpPsSuEX", operands: 0 },
  sudo: { values: "CDghpRTuU", operands: 0 },
  taskset: { values: "", operands: 1 },
  time: { values: "fo", operands: 0 },
  timeout: { values: "ks", operands: 1 },
  unshare: { values: "", operands: 0 },
  xargs: { values: "adEIlLnPs", operands: 0 },
  busybox: { values: "", operands: 0 },
};

/** What is known of a wrapper; null if the command is none. */
export function wrapperOf(name: string): Wrapper | null {
  return Object.hasOwn(wrappers, name) ? (wrappers[name] ?? null) : null;
}

/** How many words stand between a wrapper and the command it runs. */
export function wrapped(name: string, args: readonly Word[], { values, operands }: Wrapper): number {
  let at = 0;
  for (let left = operands; at < args.length; at++) {
    const text = args[at]?.text ?? "";
    if (text === "--" || text.startsWith("--") || (name === "env" && text.includes("="))) continue;
    if (/^-[^-]/.test(text)) {
      if (text.length === 2 && values.includes(text[1] ?? " ")) at++;
    } else if (left-- <= 0) break;
  }
  return at;
}

/** A command's name without its folders. */
export function basename(text: string): string {
  return text.slice(text.lastIndexOf("/") + 1);
}
