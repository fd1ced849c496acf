// Where what one part of a script prints becomes the program, or the words, of another.

import type { Findings, Range, ShellCommandRead, Word } from "./shell-findings.ts";
import { inputLanguage, operandAt } from "./shell-programs.ts";
import { basename, shells, wrapped, wrapperOf } from "./shell-wrappers.ts";

/** What a command gets on its standard input: refused if it is a shell, told if it is another interpreter. */
export function judgeInput(found: Findings, command: ShellCommandRead): void {
  const shell = readsProgram(command.words) ?? takesProgram(command.words);
  if (shell !== null)
    for (const { inputs, piped } of feeders(found, command))
      for (const input of [...inputs, ...(piped === null ? [] : [piped])])
        found.troubleAll("code", input, shell);
  if (command.compound) return;
  const language = inputLanguage(basename(command.words[0]?.text ?? ""), command.words.slice(1));
  if (language !== null)
    for (const input of command.inputs)
      found.warn(input, language.language, basename(command.words[0]?.text ?? ""), language.instead);
}

/** The command itself if it says where its input comes from, else the compound commands around it, too. */
function feeders(found: Findings, command: ShellCommandRead): readonly ShellCommandRead[] {
  if (command.inputs.length > 0 || command.piped !== null || command.fromFile) return [command];
  const { start, end } = command.range;
  return found.commands.filter(
    (other) => other === command || (other.compound && other.range.start <= start && other.range.end >= end),
  );
}

/** True for a shell that would read its program from the standard input. */
function readsProgram(words: readonly Word[]): string | null {
  for (let at = 0; at < words.length; ) {
    const name = basename(words[at]?.text ?? "");
    const args = words.slice(at + 1);
    if (shells.has(name)) return shellReadsInput(args) ? name : null;
    if (name === "ssh") return operandAt(args, "BbcDEeFIiJLlmOopQRSWw") + 1 >= args.length ? name : null;
    if (name === "at" || name === "batch" || name === "parallel") return name;
    if ((name === "." || name === "source") && /^\/dev\/(stdin|fd\/0)$/.test(args[0]?.text ?? ""))
      return name;
    const wrapper = wrapperOf(name);
    const inside = args.findIndex((word) => shells.has(basename(word.text)));
    if (wrapper === null && inside !== -1 && !/^(echo|printf|grep|cat|tee)$/.test(name))
      return shellReadsInput(args.slice(inside + 1)) ? basename(args[inside]?.text ?? "") : null;
    if (wrapper === null) return null;
    if (name === "xargs") return null;
    at += 1 + wrapped(name, args, wrapper);
  }
  return null;
}

function shellReadsInput(args: readonly Word[]): boolean {
  for (let at = 0; at < args.length; at++) {
    const text = args[at]?.text ?? "";
    if (/^-[A-Za-z]*s[A-Za-z]*$/.test(text) && !text.includes("c")) return true;
    if (/^-[A-Za-z]*c/.test(text)) return false;
    if (/^[-+][A-Za-z]*[oO]$/.test(text) || /^--(rcfile|init-file)$/.test(text)) at++;
    else if (!/^[-+]./.test(text)) return /^(-|\/dev\/stdin|\/dev\/fd\/0|\/proc\/self\/fd\/0)$/.test(text);
  }
  return true;
}

/** `xargs` whose own words leave open what is run: `xargs sudo`, `xargs sh -c`, `xargs -I{} sh -c "… {} …"`. */
function takesProgram(words: readonly Word[]): string | null {
  const at = words.findIndex((word) => basename(word.text) === "xargs");
  if (at === -1) return null;
  const args = words.slice(at + 1);
  let left = args.slice(wrapped("xargs", args, { values: "adEIlLnPs", operands: 0 }));
  if (left.length === 0) return null;
  for (;;) {
    const [first] = left;
    const name = basename(first?.text ?? "");
    const rest = left.slice(1);
    if (first === undefined || name === "eval" || name === "find") return "xargs";
    if (shells.has(name)) return shellTakesProgram(rest, replaced(args)) ? `xargs ${name}` : null;
    const wrapper = wrapperOf(name);
    if (wrapper === null) return first.text === replaced(args) ? "xargs" : null;
    left = rest.slice(wrapped(name, rest, wrapper));
  }
}

/** What `xargs` puts its input in place of. */
function replaced(args: readonly Word[]): string | null {
  const at = args.findIndex(({ text }) => /^(-I|-i|--replace)/.test(text));
  const text = args[at]?.text ?? "";
  if (text === "-I") return args[at + 1]?.text ?? null;
  if (text === "") return null;
  return text.replace(/^(-I|-i|--replace=?)/, "") || "{}";
}

/** Would the next word that is added be the shell's program, or does the program hold what is replaced? */
function shellTakesProgram(args: readonly Word[], mark: string | null): boolean {
  const operand = args.find(({ text }) => !/^[-+]/.test(text));
  return operand === undefined || (mark !== null && operand.text.includes(mark));
}

/**
 * What is printed inside `$(…)` becomes words that nothing quotes: where these are a command, or the options of one
 * that runs others, a value would choose what is run.
 */
export function judgeSplitting(found: Findings, command: Word, args: readonly Word[]): void {
  const name = basename(command.text);
  if (nested(found, command)) found.troubleAll("code", command, "$(…)");
  const wrapper = wrapperOf(name);
  let open: readonly Word[] = [];
  if (wrapper !== null) open = args.slice(0, wrapped(name, args, wrapper) + 1);
  else if (shells.has(name)) open = args.slice(0, operandAt(args, "oO") + 1);
  else if (/^(find|fd|ssh|su|runuser|script|git|tar|rsync)$/.test(name)) open = args;
  for (const word of open) if (word.splits && nested(found, word)) found.troubleAll("code", word, name);
}

/** Does a substitution in the word hold a hole? */
function nested(found: Findings, word: Range): boolean {
  return found.hasHole(word) && /[$<>]\(|`/.test(found.code.slice(word.start, word.end));
}
