// Commands by which a person acts on a run, as they are typed: approve, reject, retry, pause, resume, skip, cancel.

import { type Command, InvalidArgumentError } from "commander";
import { addCommand, type Give, type StateFlags, stateOption } from "./args-common.ts";

const examples = {
  approve: `  flowc approve last ship                          its only open question
  flowc approve last ship "Release notes are good" -m "read them twice"
  flowc approve last ship --all --as ada           every open question of the gate
  flowc approve last main --by 20USD               agents may spend so much more
  flowc approve last publish --value '"1.2.0"'     a node of effect "once" has happened
`,
  reject: `  flowc reject last ship "Release notes are good" -m "the dates are wrong"
`,
  retry: `  flowc retry last deploy       run a failed node anew, with what was skipped because of it
`,
  skip: `  flowc skip last notify        settle a node without running it
  flowc skip last deploy -m "done by hand"
`,
  pause: `  flowc pause last deploy       start it only when somebody resumes it
  flowc pause last built        the same for all of a \`for\`, phase, gate or flow
`,
  resume: `  flowc resume last deploy      let what was paused start
`,
  cancel: `  flowc cancel last            end a run in order, from another terminal
  flowc cancel last -m "wrong branch"
`,
} as const;

interface AskFlags extends StateFlags {
  as?: string;
  message?: string;
  json: boolean;
}

/** Who asks, why, and how it is told. */
function asked(command: Command): Command {
  return stateOption(command)
    .option("--as <NAME>", "who asks (default: your login name)", name)
    .option("-m, --message <TEXT>", "why: it is recorded and shown")
    .option("--json", "print one JSON object", false);
}

function name(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("It must be a name.");
  return text;
}

function asking(run: string, flags: AskFlags) {
  const { as = null, message = null, json, state = null } = flags;
  return { run, as, note: message, json, state };
}

interface AnswerFlags extends AskFlags {
  all: boolean;
  value?: string;
  by?: string;
}

export function peopleCommands(root: Command, give: Give): void {
  for (const [command, says] of [
    ["approve", "Says yes to what a gate asks (ITEM is the question), or that a node has happened."],
    ["reject", "Says no to what a gate asks, which has then not passed, or that a node has failed."],
  ] as const)
    asked(addCommand(root, command, "RUN NAME [ITEM]", says, examples[command]))
      .option("--all", "all open questions of the gate", false)
      .option("--value <JSON>", "the answer of a node that has happened")
      .option("--by <AMOUNT>", "extend the budget of a flow, phase or node: 20USD, or tokens")
      .action((run: string, gate: string, item: string | undefined, flags: AnswerFlags) => {
        const { all, value = null, by = null } = flags;
        give({ command, gate, item: item ?? null, all, value, by, ...asking(run, flags) });
      });
  for (const [command, says] of [
    ["retry", "Runs a failed node anew."],
    ["skip", "Settles a node without running it."],
    ["pause", "Keeps what has not started from starting."],
    ["resume", "Lets go what was paused. (To go on with a run: flowc run --resume.)"],
  ] as const)
    asked(addCommand(root, command, "RUN NODE", says, examples[command])).action(
      (run: string, node: string, flags: AskFlags) => give({ command, node, ...asking(run, flags) }),
    );
  asked(addCommand(root, "cancel", "RUN", "Ends a run in order.", examples.cancel)).action(
    (run: string, flags: AskFlags) => give({ command: "cancel", ...asking(run, flags) }),
  );
}
