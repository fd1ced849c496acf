// The command line as typed becomes a Request: every flag checked, every default filled in.

import { availableParallelism } from "node:os";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { shellWord, usage } from "./stop.ts";

/** `--input name=value`; `name=@file.json` reads the file. */
export interface GivenInput {
  readonly name: string;
  readonly text: string;
}

export type Ui = "auto" | "plain" | "json" | "quiet";

export interface RunRequest {
  readonly command: "run";
  /** Null: only with `resume`, then the run's own. */
  readonly file: string | null;
  readonly flow: string | null;
  readonly input: readonly GivenInput[];
  /** A JSON file with an object of inputs. */
  readonly inputs: string | null;
  readonly jobs: number;
  /** A run's id, or `last`. */
  readonly resume: string | null;
  /** Go on with the plan as recorded, even if the file gives another one now. */
  readonly stored: boolean;
  readonly only: readonly string[];
  readonly failFast: boolean;
  readonly dryRun: boolean;
  readonly ui: Ui;
  readonly json: boolean;
  readonly report: string | null;
  readonly state: string | null;
  /** False with `--no-wait`: exit 3 instead of waiting for a person. */
  readonly wait: boolean;
}

export type PlanFormat = "table" | "json" | "mermaid" | "dot";

export type CheckFormat = "text" | "json" | "github";

export type Request =
  | { readonly command: "text"; readonly text: string; readonly exit: number }
  | {
      readonly command: "check";
      readonly files: readonly string[];
      /** Null: not asked for, so what suits the place. */
      readonly format: CheckFormat | null;
      readonly strict: boolean;
    }
  | { readonly command: "explain"; readonly code: string | null; readonly json: boolean }
  | RunRequest
  | {
      readonly command: "plan";
      readonly file: string;
      readonly flow: string | null;
      readonly format: PlanFormat;
      readonly input: readonly GivenInput[];
      readonly inputs: string | null;
    }
  | {
      readonly command: "fmt";
      readonly files: readonly string[];
      readonly check: boolean;
      readonly stdin: boolean;
    }
  | { readonly command: "list"; readonly file: string; readonly json: boolean }
  | { readonly command: "runs"; readonly json: boolean; readonly state: string | null }
  | { readonly command: "show"; readonly run: string; readonly json: boolean; readonly state: string | null }
  | {
      readonly command: "logs";
      readonly run: string;
      readonly node: string | null;
      readonly follow: boolean;
      readonly state: string | null;
    }
  | {
      readonly command: "report";
      readonly run: string;
      readonly format: "md" | "json";
      readonly state: string | null;
    };

export type RequestOf<C extends Request["command"]> = Extract<Request, { command: C }>;

const overview = `flowc runs plans that are written in .flow files.

  flowc check build.flow                    find every mistake before anything runs
  flowc plan build.flow                     show what would run, and in which order
  flowc run build.flow --input name=Ada     run it
  flowc run --resume last                   go on where the last run stopped
  flowc logs last                           what its nodes printed
`;

const examples: Readonly<Record<string, string>> = {
  check: `  flowc check                 every .flow file here and below
  flowc check build.flow      one file, with all it imports
  flowc check --strict flows  warnings count as errors
  flowc check --format github annotations for GitHub Actions (there without asking)
`,
  explain: `  flowc explain maybe-none   why the rule exists, with a wrong and a right flow
  flowc explain              all codes, with one line each
`,
  run: `  flowc run build.flow                        the flow main, or the only one
  flowc run build.flow release                another flow of the file
  flowc run build.flow --input crate=core     an input, typed by the flow's parameter
  flowc run build.flow --input plan=@plan.json   its value is the JSON in a file
  flowc run --resume last                     go on where the last run stopped
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
  runs: `  flowc runs          newest last
  flowc runs --json   the same for programs
`,
  show: `  flowc show last         one run with its nodes
  flowc show r3f2 --json  the same for programs
`,
  logs: `  flowc logs last                  what all nodes printed
  flowc logs last 'built[core]'    one node
  flowc logs last --follow         as it comes
`,
  report: `  flowc report last                 Markdown
  flowc report last --format json   the same for programs
`,
};

interface Found {
  request: Request | null;
}

/** What was typed after `flowc`. Throws a Stop with exit 64 for what cannot be understood. */
export function parseArgs(argv: readonly string[], version: string): Request {
  const found: Found = { request: null };
  let text = "";
  const root = build(version, found);
  for (const command of [root, ...root.commands])
    command
      .exitOverride()
      .configureOutput({ writeOut: (piece) => (text += piece), writeErr: () => {} })
      .configureHelp({ subcommandTerm: (one) => one.name() });
  const help = (): Request => {
    root.outputHelp();
    return { command: "text", text, exit: 64 };
  };
  if (argv.length === 0) return help();
  try {
    root.parse([...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { command: "text", text, exit: 0 };
    throw misread(error, argv, root);
  }
  return found.request ?? help();
}

function misread(error: CommanderError, argv: readonly string[], root: Command) {
  const [first = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const command = root.commands.find((one) => one.name() === argv[0]);
  const nearest = /Did you mean (?:one of )?([^\s,?]+)/.exec(more.join("\n"))?.[1];
  const sentence = `${first.charAt(0).toUpperCase()}${first.slice(1)}.`.replace(/\.\.$/, ".");
  if (command === undefined)
    return usage(
      nearest === undefined ? sentence : `${sentence} Did you mean \`${nearest}\`?`,
      nearest === undefined ? "flowc --help" : ["flowc", nearest, ...argv.slice(1).map(shellWord)].join(" "),
    );
  if (nearest === undefined) return usage(sentence, `flowc ${command.name()} --help`);
  const typed = argv.map((word) => shellWord(word));
  const wrong = /'(-[^']*)'/.exec(first)?.[1] ?? "";
  const mended = typed.map((word) =>
    word === wrong || word.startsWith(`${wrong}=`) ? nearest + word.slice(wrong.length) : word,
  );
  return usage(`${sentence} Did you mean \`${nearest}\`?`, `flowc ${mended.join(" ")}`);
}

function build(version: string, found: Found): Command {
  const root = new Command("flowc")
    .version(version, "-v, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .usage("COMMAND …")
    .addHelpText("before", overview)
    .addHelpText("after", "\nflowc COMMAND --help tells about one of them.");
  const give = (request: Request): void => {
    found.request = request;
  };
  compileCommands(root, give);
  runCommand(root, give);
  recordCommands(root, give);
  return root;
}

type Give = (request: Request) => void;

function add(root: Command, name: string, args: string, description: string): Command {
  return root
    .command(`${name} ${args}`.trim())
    .description(description)
    .helpOption("-h, --help", "print help")
    .addHelpText("before", examples[name] ?? "");
}

function compileCommands(root: Command, give: Give): void {
  add(root, "check", "[FILES...]", "Finds every mistake that can be found before a run.")
    .addOption(
      new Option("--format <FORMAT>", "how to tell them")
        .choices(["text", "json", "github"])
        .conflicts("json"),
    )
    .option("--json", "print one JSON object, as --format json", false)
    .option("--strict", "count warnings as errors", false)
    .action((files: string[], flags: { format?: CheckFormat; json: boolean; strict: boolean }) =>
      give({
        command: "check",
        files,
        format: flags.json ? "json" : (flags.format ?? null),
        strict: flags.strict,
      }),
    );
  add(root, "explain", "[CODE]", "Tells why a rule exists, with a wrong and a right flow.")
    .option("--json", "print one JSON object", false)
    .action((code: string | undefined, flags: { json: boolean }) =>
      give({ command: "explain", code: code ?? null, json: flags.json }),
    );
  inputs(add(root, "plan", "FILE [FLOW]", "Shows what would run, and what waits for what."))
    .addOption(
      new Option("--format <FORMAT>", "how to show it")
        .choices(["table", "json", "mermaid", "dot"])
        .default("table"),
    )
    .action((file: string, flow: string | undefined, flags: { format: PlanFormat } & InputFlags) =>
      give({ command: "plan", file, flow: flow ?? null, format: flags.format, ...givenInputs(flags) }),
    );
  add(root, "fmt", "[FILES...]", "Rewrites files in the one style.")
    .option("--check", "change nothing, say what would change", false)
    .option("--stdin", "read from stdin, print to stdout", false)
    .action((files: string[], flags: { check: boolean; stdin: boolean }) =>
      give({ command: "fmt", files, check: flags.check, stdin: flags.stdin }),
    );
  add(root, "list", "FILE", "Lists flows and tasks with their inputs and doc comments.")
    .option("--json", "print one JSON object", false)
    .action((file: string, flags: { json: boolean }) => give({ command: "list", file, json: flags.json }));
}

interface InputFlags {
  input: GivenInput[];
  inputs?: string;
}

function inputs(command: Command): Command {
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

function givenInputs(flags: InputFlags) {
  return { input: flags.input, inputs: flags.inputs ?? null };
}

interface RunFlags extends InputFlags {
  jobs: number;
  resume?: string;
  stored: boolean;
  only: string[];
  failFast: boolean;
  dryRun: boolean;
  ui: Ui;
  json: boolean;
  report?: string;
  state?: string;
  wait: boolean;
}

function runCommand(root: Command, give: Give): void {
  inputs(add(root, "run", "[FILE] [FLOW]", "Runs a flow."))
    .option("-j, --jobs <N>", "how much may compute at once on this machine", jobs, availableParallelism())
    .option("--resume <RUN>", "go on with a run: its id, or `last`")
    .option("--stored", "with --resume: use the recorded plan, even if the file has changed", false)
    .option("--only <NODE>", "run this node and what it needs (repeatable)", collect, [])
    .option("--fail-fast", "start nothing more after the first failure", false)
    .option("--dry-run", "show what would run, start nothing", false)
    .addOption(
      new Option("--ui <UI>", "how to show progress")
        .choices(["auto", "plain", "json", "quiet"])
        .default("auto"),
    )
    .option("--json", "print one JSON object at the end", false)
    .option("--report <FILE>", "write a Markdown report (JSON if the name ends in .json)")
    .option("--state <DIR>", "where runs are kept (default: .flowc in the project)", folder)
    .option("--no-wait", "do not wait for a person: exit 3")
    .action((file: string | undefined, flow: string | undefined, flags: RunFlags, command: Command) => {
      if (file === undefined && flags.resume === undefined)
        command.error("missing required argument 'FILE'", { code: "flowc.missingFile" });
      give({
        command: "run",
        file: file ?? null,
        flow: flow ?? null,
        ...givenInputs(flags),
        jobs: flags.jobs,
        resume: flags.resume ?? null,
        stored: flags.stored,
        only: flags.only,
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

function folder(text: string): string {
  if (text === "") throw new InvalidArgumentError("It must name a folder.");
  return text;
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

function recordCommands(root: Command, give: Give): void {
  const state = (command: Command): Command =>
    command.option("--state <DIR>", "where runs are kept (default: .flowc in the project)", folder);
  state(add(root, "runs", "", "Lists the runs of this project."))
    .option("--json", "print one JSON object", false)
    .action((flags: { json: boolean; state?: string }) =>
      give({ command: "runs", json: flags.json, state: flags.state ?? null }),
    );
  state(add(root, "show", "RUN", "Shows one run with its nodes. RUN is an id, its start, or `last`."))
    .option("--json", "print one JSON object", false)
    .action((run: string, flags: { json: boolean; state?: string }) =>
      give({ command: "show", run, json: flags.json, state: flags.state ?? null }),
    );
  state(add(root, "logs", "RUN [NODE]", "Prints what the nodes of a run printed."))
    .option("-f, --follow", "go on printing as it comes", false)
    .action((run: string, node: string | undefined, flags: { follow: boolean; state?: string }) =>
      give({ command: "logs", run, node: node ?? null, follow: flags.follow, state: flags.state ?? null }),
    );
  state(add(root, "report", "RUN", "Reports on one run: counts, times, artifacts, failures."))
    .addOption(new Option("--format <FORMAT>", "how to write it").choices(["md", "json"]).default("md"))
    .action((run: string, flags: { format: "md" | "json"; state?: string }) =>
      give({ command: "report", run, format: flags.format, state: flags.state ?? null }),
    );
}
