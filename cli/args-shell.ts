// `flowc completion` as it is typed.

import { Argument, type Command } from "commander";
import { addCommand, type Give } from "./args-common.ts";
import type { Shell } from "./request.ts";

const examples = `  eval "$(flowc completion bash)"     in ~/.bashrc
  eval "$(flowc completion zsh)"      in ~/.zshrc, behind compinit
  flowc completion fish | source      in ~/.config/fish/config.fish
`;

export function shellCommand(root: Command, give: Give): void {
  addCommand(root, "completion", "", "Prints a script by which a shell completes what is typed.", examples)
    .addArgument(new Argument("SHELL", "the shell").choices(["bash", "zsh", "fish"]))
    .action((shell: Shell) => give({ command: "completion", shell }));
}
