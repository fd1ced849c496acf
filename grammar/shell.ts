// Analyses a shell script with holes: where each hole stands, what may not stand there, and whether a shell is needed.

import { Findings, HOLE, type Word } from "./shell-findings.ts";
import { readScript } from "./shell-reader.ts";
import { judgeCommands, judgeWords } from "./shell-rules.ts";
import type {
  HolePlace,
  ShellPart,
  ShellPiece,
  ShellProblem,
  ShellScript,
  ShellWarning,
} from "./shell-script.ts";

/**
 * Reads a script far enough to know the place of each hole. Never throws: what cannot be read is a problem. Values
 * are safe in every place without a problem, as long as each hole is written as its place asks.
 */
export function analyzeShell(parts: readonly ShellPart[]): ShellScript {
  const found = new Findings(parts);
  const shell = shellOf(found);
  readScript(found, shell === "bash");
  judgeCommands(found);
  const holes = found.holePlaces();
  const problems = found.located();
  return {
    shell,
    holes,
    pieces: piecesOf(found, holes, { start: 0, end: found.code.length }),
    words: problems.length === 0 ? plainWords(found, holes) : null,
    problems,
    warnings: found.warnings,
    variables: found.variables.map(({ name, braces, start, end }) => ({
      name,
      braces,
      ...found.locate(start, end),
    })),
    assigned: [...found.assigned].filter((name) => !name.includes(HOLE)),
  };
}

/**
 * Judges an argument list: each item is the parts of its text (of an expression, one hole). No shell reads these, but
 * the program may be one: `["sh", "-c", x]`. Parts are counted through all items.
 */
export function analyzeArgv(items: readonly (readonly ShellPart[])[]): {
  readonly holes: readonly HolePlace[];
  readonly problems: readonly ShellProblem[];
  readonly warnings: readonly ShellWarning[];
} {
  const found = new Findings(items.flat());
  let at = 0;
  const words = items.map((parts): Word => {
    const start = at;
    at += parts.reduce((length, part) => length + ("hole" in part ? 1 : part.text.length), 0);
    const text = found.code.slice(start, at);
    if (text === HOLE) found.place(start, "word");
    return { start, end: at, text, splits: false };
  });
  judgeWords(found, words, new Set());
  return { holes: found.holePlaces(), problems: found.located(), warnings: found.warnings };
}

/** What the `#!` line asks for. */
function shellOf(found: Findings): "sh" | "bash" {
  const line = /^#![ \t]*([^\n]*)/.exec(found.code);
  if (line === null) return "sh";
  const words = (line[1] ?? "").trim().split(/\s+/);
  const names = words
    .map((word) => word.slice(word.lastIndexOf("/") + 1))
    .filter((word) => !word.startsWith("-"));
  const name = names[0] === "env" ? names[1] : names[0];
  if (name === "bash") return "bash";
  if (name !== "sh" && name !== "dash" && name !== "ash")
    found.trouble("interpreter", null, name ?? "", 0, line[0].length);
  return "sh";
}

/** The pieces of a range of the script, with the texts that the reading asked to put in. */
function piecesOf(
  found: Findings,
  holes: readonly HolePlace[],
  range: { readonly start: number; readonly end: number },
): readonly ShellPiece[] {
  const pieces: ShellPiece[] = [];
  let text = "";
  let [hole] = found.holesIn(range);
  for (let at = range.start; at < range.end; at++) {
    const char = found.code[at] ?? "";
    const place = char === HOLE && hole !== undefined ? holes[hole] : undefined;
    if (place === undefined || hole === undefined) text += char;
    else {
      const [before, after] = found.around.get(hole) ?? ["", ""];
      if (text + before !== "") pieces.push(text + before);
      pieces.push(place);
      text = after;
      hole++;
    }
  }
  if (text !== "") pieces.push(text);
  return pieces;
}

/** Builtins without a program of their own, or whose program is another one; words that the grammar keeps. */
const shellOnly = new Set(
  (
    "! . : [ [[ alias bg bind break builtin caller case cd command compgen complete continue coproc declare dirs disown " +
    "do done elif else enable esac eval exec exit export fc fg fi for function getopts hash help history if in jobs " +
    "kill let local logout mapfile popd pushd pwd read readarray readonly return select set shift shopt source " +
    "suspend test then time times trap type typeset ulimit umask unalias unset until wait while { }"
  ).split(" "),
);

/** The words of a script that is one command without any feature of a shell; null for all others. */
function plainWords(found: Findings, holes: readonly HolePlace[]): readonly (readonly ShellPiece[])[] | null {
  const [command, second] = found.commands;
  if (command === undefined || second !== undefined || command.compound) return null;
  if (command.assignments.length + command.redirects.length + command.inputs.length > 0) return null;
  const [name] = command.words;
  if (name === undefined || shellOnly.has(name.text) || name.text.includes(HOLE)) return null;
  // All that stands beside the words must be blank: no `&`, no comment, no second line.
  let rest = "";
  let at = 0;
  for (const word of command.words) {
    rest += found.code.slice(at, word.start);
    at = word.end;
  }
  rest += found.code.slice(at);
  if (!/^(?:[ \t\n]|\\\n)*$/.test(rest)) return null;
  const words: (readonly ShellPiece[])[] = [];
  for (const word of command.words) {
    const pieces = plainWord(found, holes, word);
    if (pieces === null) return null;
    words.push(pieces);
  }
  return words;
}

/** A word without its quotes, if it has nothing that a shell would expand. */
function plainWord(found: Findings, holes: readonly HolePlace[], word: Word): readonly ShellPiece[] | null {
  const written = found.code.slice(word.start, word.end);
  if (!/^(?:[\w\0@%+=:,./-]|'[^']*'|"[^"$`\\]*")+$/.test(written)) return null;
  const pieces: ShellPiece[] = [];
  let [hole] = found.holesIn(word);
  word.text.split(HOLE).forEach((text, i) => {
    const place = i > 0 && hole !== undefined ? holes[hole++] : undefined;
    if (place !== undefined) pieces.push(place);
    if (text !== "") pieces.push(text);
  });
  return pieces;
}
