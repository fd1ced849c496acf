// Commands that look at runs, as they are typed: runs, show, logs, why, report.

import { type Command, Option } from "commander";
import { addCommand, type Give, type StateFlags, stateOption } from "./args-common.ts";
import type { ReportFormat } from "./request.ts";

const examples = {
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
  why: `  flowc why last 'built[core]'   why it ran, was reused, waits, or failed
  flowc why r3f2 ship --json    the same for programs
`,
  report: `  flowc report last                 Markdown
  flowc report last --format html   one page that opens offline; also json, junit
`,
} as const;

export function recordCommands(root: Command, give: Give): void {
  stateOption(addCommand(root, "runs", "", "Lists the runs of this project.", examples.runs))
    .option("--json", "print one JSON object", false)
    .action((flags: { json: boolean } & StateFlags) =>
      give({ command: "runs", json: flags.json, state: flags.state ?? null }),
    );
  stateOption(
    addCommand(
      root,
      "show",
      "RUN",
      "Shows one run with its nodes. RUN is an id, its start, or `last`.",
      examples.show,
    ),
  )
    .option("--json", "print one JSON object", false)
    .action((run: string, flags: { json: boolean } & StateFlags) =>
      give({ command: "show", run, json: flags.json, state: flags.state ?? null }),
    );
  stateOption(
    addCommand(root, "logs", "RUN [NODE]", "Prints what the nodes of a run printed.", examples.logs),
  )
    .option("-f, --follow", "go on printing as it comes", false)
    .action((run: string, node: string | undefined, flags: { follow: boolean } & StateFlags) =>
      give({ command: "logs", run, node: node ?? null, follow: flags.follow, state: flags.state ?? null }),
    );
  stateOption(
    addCommand(
      root,
      "why",
      "RUN NODE",
      "Tells why a node ran, was reused, waits, was skipped or failed.",
      examples.why,
    ),
  )
    .option("--json", "print one JSON object", false)
    .action((run: string, node: string, flags: { json: boolean } & StateFlags) =>
      give({ command: "why", run, node, json: flags.json, state: flags.state ?? null }),
    );
  stateOption(
    addCommand(
      root,
      "report",
      "RUN",
      "Reports on one run: counts, times, artifacts, failures.",
      examples.report,
    ),
  )
    .addOption(
      new Option("--format <FORMAT>", "how to write it")
        .choices(["md", "html", "json", "junit"])
        .default("md"),
    )
    .action((run: string, flags: { format: ReportFormat } & StateFlags) =>
      give({ command: "report", run, format: flags.format, state: flags.state ?? null }),
    );
}
