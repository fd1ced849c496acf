// `flowc completion` and `flowc doctor` as they are typed: what is between flowc and the machine.

import { Argument, type Command } from "commander";
import { addCommand, type Give } from "./args-common.ts";
import type { Shell } from "./request.ts";

const examples = `  eval "$(flowc completion bash)"     in ~/.bashrc
  eval "$(flowc completion zsh)"      in ~/.zshrc, behind compinit
  flowc completion fish | source      in ~/.config/fish/config.fish
`;

const doctorExamples = `  flowc doctor          what flows may need and is there, and how to get the rest
  flowc doctor --json   the same for programs
`;

export function shellCommand(root: Command, give: Give): void {
  addCommand(root, "completion", "", "Prints a script by which a shell completes what is typed.", examples)
    .addArgument(new Argument("SHELL", "the shell").choices(["bash", "zsh", "fish"]))
    .action((shell: Shell) => give({ command: "completion", shell }));
  addCommand(root, "doctor", "", "Looks for what flows may need: git, Docker, E2B, agents.", doctorExamples)
    .option("--json", "print one JSON object", false)
    .action((flags: { json: boolean }) => give({ command: "doctor", json: flags.json }));
}
