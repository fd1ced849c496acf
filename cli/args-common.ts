// What commands of the command line have in common: how one is made, and options that several take.

import { type Command, InvalidArgumentError } from "commander";
import type { GivenInput, Request } from "./request.ts";
import { settingOf } from "./set.ts";

/** Where a command that was understood goes. */
export type Give = (request: Request) => void;

/** A command of `root`; `examples` stand before its help. */
export function addCommand(
  root: Command,
  name: string,
  args: string,
  description: string,
  examples: string,
): Command {
  return root
    .command(`${name} ${args}`.trim())
    .description(description)
    .helpOption("-h, --help", "print help")
    .addHelpText("before", examples);
}

export interface InputFlags {
  input: GivenInput[];
  inputs?: string;
}

export function inputOptions(command: Command): Command {
  return command
    .option(
      "-i, --input <NAME=VALUE>",
      "an input of the flow; NAME=@FILE reads JSON (repeatable)",
      oneInput,
      [],
    )
    .option("--inputs <FILE>", "a JSON file with an object of inputs");
}

function oneInput(text: string, before: readonly GivenInput[]): readonly GivenInput[] {
  const at = text.indexOf("=");
  if (at < 1)
    throw new InvalidArgumentError(`Write it as --input NAME=VALUE, for example --input ${text || "name"}=…`);
  const name = text.slice(0, at);
  if (before.some((one) => one.name === name)) throw new InvalidArgumentError(`\`${name}\` is given twice.`);
  return [...before, { name, text: text.slice(at + 1) }];
}

export interface PlaceFlags {
  on?: string;
  set: string[];
}

export function placeOptions(command: Command): Command {
  return command
    .option(
      "--on <KIND>",
      "run declared runners on this kind of place: local, docker, e2b or an installed one",
    )
    .option(
      "--set <RUNNER.KEY=VALUE>",
      "a setting of a runner, limit or agent, in place of the file's; NAME=KIND: another of its kinds (repeatable)",
      oneSetting,
      [],
    );
}

function oneSetting(text: string, before: readonly string[]): readonly string[] {
  const given = settingOf(text);
  if (given === null)
    throw new InvalidArgumentError(
      "Write it as --set RUNNER.KEY=VALUE, for example --set rust.instances=5, or as --set NAME=KIND, for example --set coder=codex",
    );
  const path = given.path.join(".");
  if (before.some((one) => one.startsWith(`${path}=`)))
    throw new InvalidArgumentError(`\`${path}\` is set twice.`);
  return [...before, text];
}

export function givenPlaces({ on, set }: PlaceFlags) {
  return { on: on ?? null, set };
}

export function givenInputs(flags: InputFlags) {
  return { input: flags.input, inputs: flags.inputs ?? null };
}

export interface StateFlags {
  state?: string;
}

export function stateOption(command: Command): Command {
  return command.option("--state <DIR>", "where runs are kept (default: .flowc in the project)", folder);
}

export function folder(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must name a folder.");
  return text;
}
