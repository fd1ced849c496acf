// Binds values to a command: they become arguments or environment variables, never text that a shell reads.

import type { Expr, TypedExpr } from "../compiler/plan-expr.ts";
import type { Command, ShellCommand, ShellHole } from "../compiler/plan-tasks.ts";

/** The text of a hole's value: one text, the texts of a list's items, or none. */
export type Texts = string | readonly string[] | null;

export interface BoundCommand {
  readonly argv: readonly string[];
  /** Variables the script mentions, to be added to the command's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** A script too long to be an argument: to be written to the path given to `bind`, which `argv` names. */
  readonly script: string | null;
}

/** Why values cannot be bound, for people, with the way out. */
export interface BindProblem {
  readonly problem: string;
}

/** The kernel takes 128 KB in one argument or variable; its name, and room to grow, go off. */
export const valueBytesMax = 100 * 1024;

/** Linux lets all arguments and variables have a quarter of the stack's bound, 2 MB as a rule; some is kept free. */
const totalBytesMax = 1_800_000;

/** So many arguments and variables; each costs a pointer besides its bytes. */
const pointerBytes = 8;

/**
 * Binds `texts` of each hole. `scriptPath`: where a script would be written that is longer than an argument may be.
 * `params`: names of the task's parameters, to name a hole in a problem.
 */
export function bind(
  command: Command,
  texts: (hole: TypedExpr) => Texts,
  scriptPath: string,
  params: readonly string[] = [],
): BoundCommand | BindProblem {
  try {
    const bound =
      command.kind === "argv"
        ? bindList(command.items, texts, params)
        : bindShell(command, texts, scriptPath, params);
    checkTotal(bound);
    return bound;
  } catch (error) {
    if (error instanceof Unbindable) return { problem: error.message };
    throw error;
  }
}

class Unbindable extends Error {}

function bindList(
  items: readonly TypedExpr[],
  texts: (hole: TypedExpr) => Texts,
  params: readonly string[],
): BoundCommand {
  const argv = items.flatMap((item) => {
    const text = texts(item);
    const words = text === null ? [] : typeof text === "string" ? [text] : text;
    for (const word of words) checkText(word, item, params);
    return words;
  });
  if (argv.length === 0 || argv[0] === "")
    throw new Unbindable("The command is empty: the first item of its list, the program, has no text.");
  return { argv, env: {}, script: null };
}

function bindShell(
  command: ShellCommand,
  texts: (hole: TypedExpr) => Texts,
  scriptPath: string,
  params: readonly string[],
): BoundCommand {
  if (command.words !== null) {
    const argv = command.words.flatMap((word) => wordsOf(word, texts, params));
    if (argv.length > 0 && argv[0] !== "") return { argv, env: {}, script: null };
  }
  const variables = new Variables();
  const script = command.pieces
    .map((piece) => (typeof piece === "string" ? piece : reference(piece, texts(piece), variables, params)))
    .join("");
  // `command` keeps a shell that does not know the option alive; everything stays on the script's first line.
  const strict = command.shell === "sh" ? "command set -o pipefail 2>/dev/null || :; " : "";
  const start = command.shell === "sh" ? ["/bin/sh", "-eu"] : ["bash", "--norc", "-eu", "-o", "pipefail"];
  const whole = strict + script;
  if (Buffer.byteLength(whole) < valueBytesMax)
    return { argv: [...start, "-c", "--", whole], env: variables.env, script: null };
  return { argv: [...start, "--", scriptPath], env: variables.env, script: whole };
}

/** One word of a command without a shell: a list that stands alone becomes many words. */
function wordsOf(
  word: readonly (string | ShellHole)[],
  texts: (hole: TypedExpr) => Texts,
  params: readonly string[],
): readonly string[] {
  const [only] = word;
  if (word.length === 1 && only !== undefined && typeof only !== "string" && only.place === "word") {
    const text = texts(only);
    const words = text === null ? [] : typeof text === "string" ? [text] : text;
    for (const each of words) checkText(each, only, params);
    return words;
  }
  const joined = word.map((piece) =>
    typeof piece === "string" ? piece : single(piece, texts(piece), params),
  );
  return [joined.join("")];
}

/** The environment of a script: equal texts share a variable. */
class Variables {
  readonly env: Record<string, string> = {};
  private readonly names = new Map<string, string>();
  private count = 0;

  /** `${FLOWC_1}`, or of a list's item `${FLOWC_1_2}`. */
  reference(text: string): string {
    let name = this.names.get(text);
    if (name === undefined) {
      name = `FLOWC_${++this.count}`;
      this.names.set(text, name);
      this.env[name] = text;
    }
    return `\${${name}}`;
  }
}

function reference(hole: ShellHole, texts: Texts, variables: Variables, params: readonly string[]): string {
  if (hole.place === "word") {
    const words = texts === null ? [] : typeof texts === "string" ? [texts] : texts;
    for (const word of words) checkText(word, hole, params);
    return words.map((word) => `"${variables.reference(word)}"`).join(" ");
  }
  const text = single(hole, texts, params);
  switch (hole.place) {
    case "part":
      return `"${variables.reference(text)}"`;
    case "single":
      return `'"${variables.reference(text)}"'`;
    case "double":
    case "here":
      return variables.reference(text);
    case "arithmetic":
      if (!/^-?\d+$/.test(text))
        throw new Unbindable(
          `${spell(hole.expr, params)} must be an int here: the shell calculates with it.`,
        );
      // With blanks, so that a minus sign stays one: `1-~{x}` with -1.
      return ` ${variables.reference(text)} `;
  }
}

/** The text of a hole that is not a word by itself; `none` is no text. */
function single(hole: TypedExpr, texts: Texts, params: readonly string[]): string {
  if (texts !== null && typeof texts !== "string")
    throw new Unbindable(`${spell(hole.expr, params)} is a list and stands where one text must.`);
  const text = texts ?? "";
  checkText(text, hole, params);
  return text;
}

function checkText(text: string, hole: TypedExpr, params: readonly string[]): void {
  if (text.includes("\0"))
    throw new Unbindable(
      `${spell(hole.expr, params)} holds a NUL character, which no command can be given. Pass it as a file.`,
    );
  if (/\p{Cs}/u.test(text))
    throw new Unbindable(
      `${spell(hole.expr, params)} holds half of a surrogate pair, which is no text in UTF-8. Pass it as JSON: to_json(…).`,
    );
  const bytes = text.length > valueBytesMax / 3 ? Buffer.byteLength(text) : 0;
  if (bytes > valueBytesMax)
    throw new Unbindable(
      `${spell(hole.expr, params)} is ${kilobytes(bytes)}, and a value in a command may be 100 KB at most. Pass it as a file: ` +
        "let a task write it and return file(…), and take a `file` here.",
    );
}

function checkTotal({ argv, env }: BoundCommand): void {
  let bytes = 0;
  for (const word of argv) bytes += Buffer.byteLength(word) + 1 + pointerBytes;
  for (const [name, text] of Object.entries(env))
    bytes += name.length + Buffer.byteLength(text) + 2 + pointerBytes;
  if (bytes > totalBytesMax)
    throw new Unbindable(
      `The command's values are ${kilobytes(bytes)} together, and this system starts none with more than ` +
        `${kilobytes(totalBytesMax)}. Pass what is large as a file.`,
    );
}

function kilobytes(bytes: number): string {
  return bytes < 10 * 1024 * 1024
    ? `${Math.ceil(bytes / 1024)} KB`
    : `${Math.ceil(bytes / (1024 * 1024))} MB`;
}

/** How a hole was written, as far as it is short: `~{crate.name}`. */
function spell(expr: Expr, params: readonly string[]): string {
  const text = path(expr, params);
  return text === null ? "A value of the command" : `\`~{${text}}\``;
}

function path(expr: Expr, params: readonly string[]): string | null {
  if (expr.k === "slot" && expr.up === 0) return params[expr.i] ?? null;
  if (expr.k !== "field") return null;
  const of = path(expr.of, params);
  return of === null ? null : `${of}${expr.maybe ? "?." : "."}${expr.name}`;
}
