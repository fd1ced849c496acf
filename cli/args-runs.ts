// Commands that look at runs and remove old ones, as they are typed: runs, show, logs, why, report, gc.

import { type Command, InvalidArgumentError, Option } from "commander";
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
  gc: `  flowc gc                           keeps the latest 20 runs, and what is younger than 30 days
  flowc gc --dry-run                 only says what would go
  flowc gc --keep 5 --older-than 2d  keeps less
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

export function gcCommand(root: Command, give: Give): void {
  stateOption(
    addCommand(root, "gc", "", "Removes old runs, and files and answers that only they need.", examples.gc),
  )
    .addOption(
      new Option("--keep <N>", "how many runs stay in any case, the latest").default(20).argParser(kept),
    )
    .addOption(
      new Option("--older-than <AGE>", "how long ago a run must have ended: 12h, 30d, 8w")
        .default(30 * dayMs, "30d")
        .argParser(age),
    )
    .option("--dry-run", "say what would be removed, remove nothing", false)
    .option("--json", "print one JSON object", false)
    .action((flags: { keep: number; olderThan: number; dryRun: boolean; json: boolean } & StateFlags) => {
      const { keep, olderThan: olderThanMs, dryRun, json } = flags;
      give({ command: "gc", keep, olderThanMs, dryRun, json, state: flags.state ?? null });
    });
}

function kept(text: string): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < 1)
    throw new InvalidArgumentError("It must be a whole number from 1: the last run always stays.");
  return n;
}

const dayMs = 86_400_000;
const unitMs: Readonly<Record<string, number>> = { h: dayMs / 24, d: dayMs, w: 7 * dayMs };

function age(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,5})([hdw])$/.exec(text) ?? [];
  if (digits === "")
    throw new InvalidArgumentError("It must be a number of hours, days or weeks: 12h, 30d, 8w.");
  return Number(digits) * (unitMs[unit] ?? dayMs);
}
