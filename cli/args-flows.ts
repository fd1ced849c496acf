// Commands about the text of flows, as they are typed: check, explain, plan, fmt, list.

import { type Command, Option } from "commander";
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
import type { CheckFormat, PlanFormat } from "./request.ts";

const examples = {
  check: `  flowc check                 every .flow file here and below
  flowc check build.flow      one file, with all it imports
  flowc check --strict flows  warnings count as errors
  flowc check --on docker     can every runner run on docker?
  flowc check --format github annotations for GitHub Actions (there without asking)
`,
  explain: `  flowc explain maybe-none   why the rule exists, with a wrong and a right flow
  flowc explain              all codes, with one line each
`,
  plan: `  flowc plan build.flow                    a table, level by level
  flowc plan build.flow --format json      the plan itself; flowc run takes it too
  flowc plan build.flow --format mermaid   a graph for Markdown
  flowc plan build.flow --format dot       a graph for Graphviz
`,
  fmt: `  flowc fmt                   rewrite every .flow file here and below in the one style
  flowc fmt --check           only say which files would change
  flowc fmt --stdin <a.flow   print it formatted
`,
  list: `  flowc list build.flow   its flows and tasks, with their inputs
`,
} as const;

export function flowCommands(root: Command, give: Give): void {
  placeOptions(
    addCommand(
      root,
      "check",
      "[FILES...]",
      "Finds every mistake that can be found before a run.",
      examples.check,
    ),
  )
    .addOption(
      new Option("--format <FORMAT>", "how to tell them")
        .choices(["text", "json", "github"])
        .conflicts("json"),
    )
    .option("--json", "print one JSON object, as --format json", false)
    .option("--strict", "count warnings as errors", false)
    .action((files: string[], flags: { format?: CheckFormat; json: boolean; strict: boolean } & PlaceFlags) =>
      give({
        command: "check",
        files,
        format: flags.json ? "json" : (flags.format ?? null),
        strict: flags.strict,
        ...givenPlaces(flags),
      }),
    );
  addCommand(
    root,
    "explain",
    "[CODE]",
    "Tells why a rule exists, with a wrong and a right flow.",
    examples.explain,
  )
    .option("--json", "print one JSON object", false)
    .action((code: string | undefined, flags: { json: boolean }) =>
      give({ command: "explain", code: code ?? null, json: flags.json }),
    );
  const plan = addCommand(
    root,
    "plan",
    "FILE [FLOW]",
    "Shows what would run, and what waits for what.",
    examples.plan,
  );
  type PlanFlags = { format: PlanFormat; state?: string } & InputFlags & PlaceFlags;
  stateOption(placeOptions(inputOptions(plan)))
    .addOption(
      new Option("--format <FORMAT>", "how to show it")
        .choices(["table", "json", "mermaid", "dot", "svg"])
        .default("table"),
    )
    .action((file: string, flow: string | undefined, flags: PlanFlags) =>
      give({
        command: "plan",
        file,
        flow: flow ?? null,
        format: flags.format,
        state: flags.state ?? null,
        ...givenPlaces(flags),
        ...givenInputs(flags),
      }),
    );
  addCommand(root, "fmt", "[FILES...]", "Rewrites files in the one style.", examples.fmt)
    .option("--check", "change nothing, say what would change", false)
    .option("--stdin", "read from stdin, print to stdout", false)
    .action((files: string[], flags: { check: boolean; stdin: boolean }) =>
      give({ command: "fmt", files, check: flags.check, stdin: flags.stdin }),
    );
  addCommand(root, "list", "FILE", "Lists flows and tasks with their inputs and doc comments.", examples.list)
    .option("--json", "print one JSON object", false)
    .action((file: string, flags: { json: boolean }) => give({ command: "list", file, json: flags.json }));
}
