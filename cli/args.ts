// The command line as typed becomes a Request: every flag checked, every default filled in.

import { Command, CommanderError } from "commander";
import type { Give } from "./args-common.ts";
import { flowCommands } from "./args-flows.ts";
import { peopleCommands } from "./args-people.ts";
import { runCommand } from "./args-run.ts";
import { gcCommand, recordCommands } from "./args-runs.ts";
import { shellCommand } from "./args-shell.ts";
import type { Request } from "./request.ts";
import { shellWord, usage } from "./stop.ts";

const overview = `flowc runs plans that are written in .flow files.

  flowc check build.flow                    find every mistake before anything runs
  flowc plan build.flow                     show what would run, and in which order
  flowc run build.flow --input name=Ada     run it
  flowc run --resume last                   go on where the last run stopped
  flowc logs last                           what its nodes printed
`;

interface Found {
  request: Request | null;
}

/** What was typed after `flowc`. Throws a Stop with exit 64 for what cannot be understood. */
export function parseArgs(argv: readonly string[], version: string): Request {
  const found: Found = { request: null };
  let text = "";
  const [shell, ...words] = argv.slice(1);
  if (argv[0] === "__complete" && (shell === "bash" || shell === "zsh" || shell === "fish"))
    return { command: "complete", shell, words };
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

/** All commands, with nothing typed. */
export function commandTree(version: string): Command {
  return build(version, { request: null });
}

function build(version: string, found: Found): Command {
  const root = new Command("flowc")
    .version(version, "-v, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .usage("COMMAND …")
    .addHelpText("before", overview)
    .addHelpText("after", "\nflowc COMMAND --help tells about one of them.");
  const give: Give = (request) => {
    found.request = request;
  };
  flowCommands(root, give);
  runCommand(root, give);
  recordCommands(root, give);
  gcCommand(root, give);
  peopleCommands(root, give);
  shellCommand(root, give);
  return root;
}
