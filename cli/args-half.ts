// A half-typed command line: what may stand at its end, read from the same definitions that read a whole one.

import type { Argument, Command, Option } from "commander";
import { commandTree } from "./args.ts";

/** Something to choose, and one line about it. */
export interface Choice {
  readonly text: string;
  readonly says: string;
}

/** What may stand at the end: one of these, or what a placeholder of the help stands for, such as `RUN`. */
export type Wanted =
  | { readonly kind: "choices"; readonly choices: readonly Choice[] }
  | { readonly kind: "placeholder"; readonly name: string; readonly of: "argument" | "option" };

export interface HalfTyped {
  readonly wanted: Wanted;
  /** The word at the end as far as it was typed, or of `--option=value` the value. */
  readonly typed: string;
  /** `--option=` if it was typed in that way. */
  readonly before: string;
  readonly command: string;
  /** Positional arguments by their placeholders, options by their flags: `--resume`. */
  readonly given: ReadonlyMap<string, string>;
}

/** `words`: what was typed after `flowc`, without quotes; the last one is being typed, and may be empty. */
export function halfTyped(words: readonly string[], version: string): HalfTyped {
  const root = commandTree(version);
  const typed = words.at(-1) ?? "";
  const [name = "", ...between] = words.slice(0, -1);
  const command = root.commands.find((one) => one.name() === name);
  if (command !== undefined) return inCommand(command, between, typed);
  const wanted: Wanted =
    words.length > 1
      ? nothing
      : typed.startsWith("-")
        ? { kind: "choices", choices: optionsOf(root, new Set()) }
        : {
            kind: "choices",
            choices: root.commands.map((one) => ({ text: one.name(), says: one.description() })),
          };
  return { wanted, typed, before: "", command: "", given: new Map() };
}

const nothing: Wanted = { kind: "choices", choices: [] };

function inCommand(command: Command, words: readonly string[], typed: string): HalfTyped {
  const given = new Map<string, string>();
  const positional: string[] = [];
  let open: Option | null = null;
  let onlyPositional = false;
  for (const word of words) {
    const [flag = "", ...value] = word.split("=");
    const option: Option | null = onlyPositional || open !== null ? null : optionOf(command, flag);
    if (open !== null) {
      given.set(flagOf(open), word);
      open = null;
    } else if (word === "--" && !onlyPositional) onlyPositional = true;
    else if (option === null) {
      if (onlyPositional || !word.startsWith("-")) positional.push(word);
    } else if (option.required && value.length === 0) open = option;
    else given.set(flagOf(option), value.join("="));
  }
  const taken = command.registeredArguments;
  positional.forEach((word, i) => {
    given.set(taken[i]?.name() ?? "", word);
  });
  const half = { command: command.name(), given, typed, before: "" };
  if (open !== null) return { ...half, wanted: wantedBy(open) };
  const at = typed.indexOf("=");
  const option = at < 0 || onlyPositional ? null : optionOf(command, typed.slice(0, at));
  if (option?.required === true)
    return { ...half, typed: typed.slice(at + 1), before: typed.slice(0, at + 1), wanted: wantedBy(option) };
  if (typed.startsWith("-") && !onlyPositional)
    return { ...half, wanted: { kind: "choices", choices: optionsOf(command, new Set(given.keys())) } };
  const next = taken[positional.length] ?? (taken.at(-1)?.variadic === true ? taken.at(-1) : undefined);
  return { ...half, wanted: next === undefined ? nothing : argumentOf(next) };
}

function argumentOf(argument: Argument): Wanted {
  return argument.argChoices === undefined
    ? { kind: "placeholder", name: argument.name(), of: "argument" }
    : chosenFrom(argument.argChoices);
}

/** The value of an option: its choices, or `FILE` of `--report <FILE>`. */
function wantedBy({ argChoices, flags }: Option): Wanted {
  return argChoices === undefined
    ? { kind: "placeholder", name: /<([^>]*)>/.exec(flags)?.[1] ?? "", of: "option" }
    : chosenFrom(argChoices);
}

function chosenFrom(choices: readonly string[]): Wanted {
  return { kind: "choices", choices: choices.map((text) => ({ text, says: "" })) };
}

function optionOf(command: Command, flag: string): Option | null {
  return command.options.find(({ long, short }) => flag !== "" && (long === flag || short === flag)) ?? null;
}

function flagOf({ long, short }: Option): string {
  return long ?? short ?? "";
}

/** Those that were not given yet; what may be given again starts as a list. */
function optionsOf(command: Command, given: ReadonlySet<string>): readonly Choice[] {
  return [
    ...command.options
      .filter((option) => Array.isArray(option.defaultValue) || !given.has(flagOf(option)))
      .map((option) => ({ text: flagOf(option), says: option.description })),
    { text: "--help", says: "print help" },
  ];
}
