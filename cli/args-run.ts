// `flowc run` as it is typed.

import { availableParallelism } from "node:os";
import { type Command, InvalidArgumentError, Option } from "commander";
import {
  addCommand,
  type Give,
  givenInputs,
  givenPlaces,
  type InputFlags,
  inputOptions,
  type PlaceFlags,
  placeOptions,
  stateOption,
} from "./args-common.ts";
import type { Ui } from "./request.ts";

const examples = {
  run: `  flowc run build.flow                        the flow main, or the only one
  flowc run build.flow release                another flow of the file
  flowc run build.flow --input crate=core     an input, typed by the flow's parameter
  flowc run build.flow --input plan=@plan.json   its value is the JSON in a file
  flowc run build.flow --on docker            declared runners on another kind of place
  flowc run build.flow --set rust.instances=5 a setting of a runner
  flowc run --resume last                     go on where the last run stopped
  flowc run --resume last --again publish     run a node again that may be done only once
`,
} as const;

interface RunFlags extends InputFlags, PlaceFlags {
  jobs: number;
  resume?: string;
  stored: boolean;
  takeOver: boolean;
  again: string[];
  only: string[];
  failFast: boolean;
  dryRun: boolean;
  ui: Ui;
  json: boolean;
  report?: string;
  state?: string;
  wait: boolean;
}

export function runCommand(root: Command, give: Give): void {
  stateOption(
    placeOptions(inputOptions(addCommand(root, "run", "[FILE] [FLOW]", "Runs a flow.", examples.run))),
  )
    .option("-j, --jobs <N>", "how much may compute at once on this machine", jobs, availableParallelism())
    .option("--resume <RUN>", "go on with a run: its id, or `last`")
    .option("--stored", "with --resume: use the recorded plan, even if the file has changed", false)
    .option(
      "--take-over",
      "with --resume: also from a flowc that still has the run, which is ended first",
      false,
    )
    .option(
      "--again <NODE>",
      "with --resume: run this node again, though it may be done only once",
      collect,
      [],
    )
    .option("--only <NODE>", "run this node and what it needs (repeatable)", collect, [])
    .option("--fail-fast", "start nothing more after the first failure", false)
    .option("--dry-run", "show what would run, start nothing", false)
    .addOption(
      new Option("--ui <UI>", "how to show progress")
        .choices(["auto", "plain", "json", "quiet"])
        .default("auto"),
    )
    .option("--json", "print one JSON object at the end", false)
    .option("--report <FILE>", "write a report: Markdown, or by the name's end .html, .json, .xml (JUnit)")
    .option("--no-wait", "do not wait for a person: exit 3")
    .action((file: string | undefined, flow: string | undefined, flags: RunFlags, command: Command) => {
      if (file === undefined && flags.resume === undefined)
        command.error("missing required argument 'FILE'", { code: "flowc.missingFile" });
      if (flags.takeOver && flags.resume === undefined)
        command.error("--take-over goes with --resume RUN", { code: "flowc.takeOverWithoutResume" });
      if (flags.again.length > 0 && flags.resume === undefined)
        command.error("--again goes with --resume RUN", { code: "flowc.againWithoutResume" });
      give({
        command: "run",
        file: file ?? null,
        flow: flow ?? null,
        ...givenInputs(flags),
        jobs: flags.jobs,
        resume: flags.resume ?? null,
        stored: flags.stored,
        takeOver: flags.takeOver,
        again: flags.again,
        only: flags.only,
        ...givenPlaces(flags),
        failFast: flags.failFast,
        dryRun: flags.dryRun,
        ui: flags.ui,
        json: flags.json,
        report: flags.report ?? null,
        state: flags.state ?? null,
        wait: flags.wait,
      });
    });
}

function jobs(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < 1 || n > 10_000)
    throw new InvalidArgumentError("It must be a whole number from 1 to 10000");
  return n;
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}
