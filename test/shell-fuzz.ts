// Random scripts with holes, from a seed: structured ones and a soup of the shell's own tokens.

import type { ShellPart } from "../grammar/shell-script.ts";
import { partsOf } from "./bound-commands.ts";

/** A small generator of chance: the same numbers for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const soup = [
  "~{}",
  "~{}",
  "~{}",
  "~{}",
  "~{}",
  " ",
  " ",
  " ",
  "\n",
  "\n",
  "\t",
  "'",
  "'",
  '"',
  '"',
  "\\",
  "`",
  "$",
  "$(",
  "$((",
  "((",
  "))",
  "(",
  ")",
  "${y:-",
  "${y-",
  "${y#",
  "${y%%",
  "${y/",
  "${y:",
  "${#y}",
  "${",
  "}",
  "{ ",
  "; }",
  ";",
  ";;",
  "&",
  "&&",
  "|",
  "||",
  "<<E",
  "<<-E",
  "<<'E'",
  '<<"E"',
  "<<<",
  "\nE\n",
  "\n\tE\n",
  "E",
  "#",
  " # ",
  "<",
  "> out",
  ">> out",
  "2>&1",
  "<(",
  "case ",
  " in ",
  "esac",
  "a)",
  "*)",
  "if ",
  "then ",
  "else ",
  "fi",
  "for i in ",
  "do ",
  "done",
  "[[ ",
  " ]]",
  "[ ",
  " ]",
  " = ",
  " -eq ",
  " == ",
  "=",
  "x=",
  "a[",
  "]",
  "a=(",
  "f() ",
  "!",
  "time ",
  "echo ",
  "cat ",
  ": ",
  "printf %s ",
  "eval ",
  "sh -c ",
  "bash -c ",
  "| sh",
  "sh ",
  "env ",
  "xargs ",
  "trap ",
  "let ",
  "export ",
  "read ",
  "$'",
  '$"',
  "$y",
  "${y}",
  "$[",
  "~",
  "*",
  "?",
  "@(",
  "-",
  "--",
  "a",
  "b",
  "1",
  "+",
  "\\\n",
  "^",
  "%",
  ",",
] as const;

/** One random script as parts. */
export function randomScript(next: () => number): readonly ShellPart[] {
  return partsOf(next() < 0.45 ? soupOf(next) : list(next, 0));
}

function pick<T>(next: () => number, from: readonly T[]): T {
  const one = from[Math.floor(next() * from.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
}

function soupOf(next: () => number): string {
  let text = "";
  for (let left = 2 + Math.floor(next() * 14); left > 0; left--) text += pick(next, soup);
  return text;
}

function list(next: () => number, depth: number): string {
  const lines: string[] = [];
  for (let left = 1 + Math.floor(next() * 2.5); left > 0; left--) lines.push(command(next, depth));
  return lines.join(pick(next, ["\n", "; ", " && ", " | ", " || ", " &\n", " # it's ~\n"]));
}

type Maker = (next: () => number, depth: number) => string;

const simple: readonly Maker[] = [
  (next, depth) => `echo ${words(next, depth)}`,
  (next, depth) => `printf '%s\\n' ${words(next, depth)}`,
  (next, depth) => `x=${word(next, depth)}`,
  (next, depth) => `x=${word(next, depth)} y=${word(next, depth)} cat`,
  (next, depth) => `cat <<E ${word(next, depth)}\n${text(next, depth)}\nE\n`,
  (next, depth) => `cat <<-E\n\t${text(next, depth)}\n\tE\n`,
  (next, depth) => `cat <<E; cat <<F\n${text(next, depth)}\nE\n${text(next, depth)}\nF\n`,
  (next, depth) => `export x=${word(next, depth)}`,
  (next, depth) => `[ ${word(next, depth)} = ${word(next, depth)} ]`,
  (next, depth) => `test -n ${word(next, depth)}`,
  (next, depth) => `env A=${word(next, depth)} cat`,
  (next, depth) => `sh -c 'echo "$1"' ${words(next, depth)}`,
  (next, depth) => `echo ${word(next, depth)} > out`,
  (next, depth) =>
    `echo $((1 + ${pick(next, ["~{}", "2 * ~{}", "$((~{}))", "${#y}"])})) ${word(next, depth)}`,
  (next, depth) => `echo "\${y:-${text(next, depth)}}"`,
  (next, depth) => `command echo ${words(next, depth)}`,
  (next, depth) => `echo ${words(next, depth)} | xargs -n1 echo`,
];

const compound: readonly Maker[] = [
  (next, depth) => `if ${list(next, depth)}; then ${list(next, depth)}\nelse ${list(next, depth)}\nfi`,
  (next, depth) => `for i in ${words(next, depth)}; do ${list(next, depth)}\ndone`,
  (next, depth) =>
    `case ${word(next, depth)} in ${word(next, depth)}|b) ${list(next, depth)}\n;; *) ${list(next, depth)}\nesac`,
  (next, depth) => `{ ${list(next, depth)}\n}`,
  (next, depth) => `( ${list(next, depth)}\n)`,
  (next, depth) => `f() { ${list(next, depth)}\n}\nf ${words(next, depth)}`,
  (next, depth) => `while read -r l; do ${list(next, depth)}\ndone <<E\n${text(next, depth)}\nE\n`,
  (next, depth) => `! ${list(next, depth)}`,
];

function command(next: () => number, depth: number): string {
  return pick(next, depth < 2 && next() < 0.35 ? compound : simple)(next, depth + 1);
}

function words(next: () => number, depth: number): string {
  return Array.from({ length: 1 + Math.floor(next() * 2) }, () => word(next, depth)).join(" ");
}

const pieces: readonly Maker[] = [
  () => "~{}",
  () => "~{}",
  () => "abc",
  () => "--a=",
  () => "$y",
  () => "${y}",
  () => "\\'",
  () => '\\"',
  () => "\\ ",
  (next, depth) => `"${text(next, depth)}"`,
  (next) => `'${text(next, 9).replaceAll("'", "")}'`,
  (next, depth) => `$(${list(next, depth)}\n)`,
  (next, depth) => `"$(${list(next, depth)}\n)"`,
  (next, depth) => `\${y:-${word(next, depth)}}`,
  (next, depth) => `\${x%${word(next, depth)}}`,
  (next, depth) => `"\${x#${word(next, depth)}}"`,
];

function word(next: () => number, depth: number): string {
  if (depth > 4) return pick(next, ["~{}", '"~{}"', "a~{}b"]);
  return Array.from({ length: 1 + Math.floor(next() * 2) }, () => pick(next, pieces)(next, depth + 1)).join(
    "",
  );
}

function text(next: () => number, depth: number): string {
  const parts = [
    "~{}",
    " ",
    "it is",
    "$y",
    "\\$",
    "#",
    "*",
    ";",
    ...(depth < 4 ? [`$(echo ${word(next, depth + 1)})`, `\${y:-~{}}`] : []),
  ];
  return Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(next, parts)).join("");
}

/** Values that would run `CANARY` if any shell read them as code. */
export const canaries: readonly string[] = [
  "$(CANARY)",
  "`CANARY`",
  "; CANARY;",
  "\nCANARY\n",
  "'; CANARY; '",
  '"; CANARY; "',
  "| CANARY |",
  "&& CANARY",
  ") CANARY ;; *",
  "} ; CANARY ; {",
  "))$(CANARY)((",
  "a[$(CANARY)]",
  "x$(CANARY)y",
  "\nE\nCANARY\nE\n",
  "\n\tE\nCANARY\n",
  "${x:-$(CANARY)}",
  "'\"$(CANARY)\"'",
  "\\$(CANARY)",
  "\\",
  "'",
  '"',
  "\\'",
  "#",
  "# $(CANARY)",
  "",
  " ",
  "*",
  "-e",
  "a b",
  "1",
];
