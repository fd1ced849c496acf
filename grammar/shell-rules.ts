// Where a command reads its arguments as a program: `eval`, `trap`, `sh -c`, `ssh`, and the text of awk, SQL, Python.

import { type Findings, HOLE, type Word } from "./shell-findings.ts";
import { judgeInput, judgeSplitting } from "./shell-flows.ts";
import { operandAt, optionValueAt, programText } from "./shell-programs.ts";
import { basename, shells, wrapped, wrapperOf } from "./shell-wrappers.ts";

/** Builtins whose operands name variables; `name=value` is as safe as an assignment. */
const naming = new Set(["export", "readonly", "declare", "typeset", "local", "unset", "read", "getopts"]);
const namingBash = new Set(["mapfile", "readarray"]);

/** Variables whose value the shell expands or runs by itself. */
const expanded = new Set(["PS0", "PS1", "PS2", "PS4", "PROMPT_COMMAND", "BASH_ENV", "ENV"]);

/** Judges every command of a script that was read. */
export function judgeCommands(found: Findings): void {
  const whole = new Set<string>();
  for (const command of found.commands) {
    for (const assignment of command.assignments) judgeAssignment(found, assignment, whole);
    judgeWords(found, command.words, whole);
    judgeInput(found, command);
  }
}

/** Judges an argument list, or the words of one command. `whole` collects the names of variables that are integers. */
export function judgeWords(found: Findings, words: readonly Word[], whole: Set<string>): void {
  for (let at = 0; at < words.length; ) {
    const word = words[at];
    if (word === undefined) return;
    const name = basename(word.text);
    const args = words.slice(at + 1);
    mark(found, word);
    judgeSplitting(found, word, args);
    judgeCommand(found, name, args, whole);
    const wrapper = wrapperOf(name);
    if (wrapper === null) return;
    at += 1 + wrapped(name, args, wrapper);
  }
}

/** `env -S "…"` splits a text into words. */
function judgeSplit(found: Findings, args: readonly Word[]): void {
  args.forEach((word, i) => {
    if (!/^(--split-string|-[a-zA-Z]*S)/.test(word.text)) return;
    refuse(found, args.slice(i, i + 2), "env -S");
  });
}

function judgeCommand(found: Findings, name: string, args: readonly Word[], whole: Set<string>): void {
  const first = operandAt(args, "");
  if (name === "eval" || name === "alias" || name === "watch" || name === "parallel")
    refuse(found, args, name);
  else if (name === "trap") refuse(found, args.slice(first, first + 1), name);
  else if (name === "." || name === "source") mark(found, args[first]);
  else if (name === "env") judgeSplit(found, args);
  else if (name === "let") for (const word of args) found.calculated(word);
  else if (name === "ssh") refuse(found, args.slice(operandAt(args, "BbcDEeFIiJLlmOopQRSWw") + 1), name);
  else if (name === "su" || name === "runuser" || name === "script" || name === "flock")
    refuse(found, valueGiven(args, "c"), `${name} -c`);
  else if (name === "find" || name === "fd") judgeExec(found, args, whole);
  else if (naming.has(name) || namingBash.has(name)) judgeNames(found, name, args, whole);
  else if (name === "printf" || name === "wait" || name === "test" || name === "[")
    judgeNamingOption(found, name, args);
  if (shells.has(name)) judgeShell(found, name, args);
  else if (name !== "echo" && name !== "printf") judgeShellInside(found, args);
  const program = programText(name, args);
  for (const range of program.ranges) found.warn(range, program.language, name, program.instead);
}

/** `docker exec c sh -c "…"`: a shell with `-c` anywhere among the words. */
function judgeShellInside(found: Findings, args: readonly Word[]): void {
  args.forEach((word, i) => {
    const next = args[i + 1]?.text ?? "";
    if (shells.has(basename(word.text)) && /^[-+]/.test(next))
      judgeShell(found, basename(word.text), args.slice(i + 1));
  });
}

/** The words behind a shell: options, then with `-c` a program, else the file of one. */
function judgeShell(found: Findings, name: string, args: readonly Word[]): void {
  let code = false;
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    const text = word?.text ?? "";
    if (word === undefined) return;
    if (text === "--") continue;
    if (/^[-+][A-Za-z]+$/.test(text)) {
      if (text.includes("c") && text.startsWith("-")) code = true;
      if (/[oO]$/.test(text)) at++;
    } else if (/^--(rcfile|init-file)$/.test(text)) at++;
    else if (!text.startsWith("--") || text.includes(HOLE)) {
      if (code) found.troubleAll("code", word, `${name} -c`);
      else mark(found, word);
      return;
    }
  }
}

function judgeExec(found: Findings, args: readonly Word[], whole: Set<string>): void {
  args.forEach((word, i) => {
    if (/^-(exec|execdir|ok|okdir|x|X)$/.test(word.text)) judgeWords(found, args.slice(i + 1), whole);
  });
}

function judgeNames(found: Findings, name: string, args: readonly Word[], whole: Set<string>): void {
  const options = args.filter((word) => /^[-+]/.test(word.text)).map((word) => word.text);
  const integer = options.some((text) => /^-[a-zA-Z]*i/.test(text)) && name !== "read";
  args.forEach((word, i) => {
    const equals = word.text.indexOf("=");
    const before = equals === -1 ? word.text : word.text.slice(0, equals);
    const valued = name === "read" && /^-[a-zA-Z]*[dinNptu]$/.test(args[i - 1]?.text ?? "");
    if (valued || (name === "getopts" && i !== 1)) return;
    if (before.includes(HOLE)) found.troubleAll("variable-name", word, name);
    else if (!word.text.startsWith("-")) found.assigned.add(before.replace(/\+$/, ""));
    if (integer) {
      whole.add(before);
      found.calculated(word);
    }
  });
}

function judgeNamingOption(found: Findings, name: string, args: readonly Word[]): void {
  const option = name === "printf" ? /^-v$/ : name === "wait" ? /^-p$/ : /^-[vR]$/;
  args.forEach((word, i) => {
    const next = args[i + 1];
    if (!option.test(word.text) || next === undefined) return;
    if (next.text.includes(HOLE)) found.troubleAll("variable-name", next, `${name} ${word.text}`);
    else if (name === "printf") found.assigned.add(next.text);
  });
}

function judgeAssignment(found: Findings, word: Word, whole: Set<string>): void {
  const name = /^\w+/.exec(word.text)?.[0] ?? "";
  found.assigned.add(name);
  if (expanded.has(name)) found.troubleAll("code", word, `${name}=`);
  if (whole.has(name)) found.calculated(word);
}

function valueGiven(args: readonly Word[], letter: string): readonly Word[] {
  const at = optionValueAt(args, letter, ["--command", "--session-command"]);
  return args.slice(at, at + 1);
}

function refuse(found: Findings, words: readonly Word[], detail: string): void {
  for (const word of words) found.troubleAll("code", word, detail);
}

function mark(found: Findings, word: Word | undefined): void {
  // A path chooses among files; a bare word could be any command, or none.
  if (word?.text.includes(HOLE) && !word.text.includes("/")) found.markCommand(word);
}
