// Why the rules about tasks, commands and files exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const tasks: readonly Explanation[] = [
  {
    code: "no-action",
    says: "a task that does nothing and returns nothing",
    why: "A task is one piece of work: it has an action, or at least a `return` with something to compute. One with neither was left unfinished.",
    wrong: `task build() {
  timeout: 5m
}

flow main() {
  build()
}
`,
    right: `task build() {
  timeout: 5m

  run "cargo build"
}

flow main() {
  build()
}
`,
  },
  {
    code: "missing-return",
    says: "a promised answer that is never returned",
    why: "The type behind `->` is a promise to everybody who calls. In a flow it is kept by `return`: the last line alone is not enough, so that nothing becomes an answer by accident.",
    wrong: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  shown = say(text: "hello")
  shown
}
`,
    right: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  shown = say(text: "hello")
  return shown
}
`,
  },
  {
    code: "unsafe-hole",
    says: "a value where it could become code",
    why: "flowc hands values to commands as data, so that no value can inject a command, whatever it holds. In a few places of a shell text that cannot be promised, and there a value is refused, or warned of inside another program.",
    wrong: `task greet(name: string) {
  run """
    sh -c "echo ~{name}"
  """
}

flow main() {
  greet(name: "you")
}
`,
    right: `task greet(name: string) {
  run """
    sh -c 'echo "$1"' sh ~{name}
  """
}

flow main() {
  greet(name: "you")
}
`,
  },
  {
    code: "bad-command",
    says: "a command that the shell could not read",
    why: "flowc reads the shell text to know where each value stands. What it cannot read, with a quote or a bracket left open, the shell would not run either.",
    wrong: `task greet(name: string) {
  run "echo 'hello ~{name}"
}

flow main() {
  greet(name: "you")
}
`,
    right: `task greet(name: string) {
  run "echo 'hello ~{name}'"
}

flow main() {
  greet(name: "you")
}
`,
  },
  {
    code: "shell-variable",
    says: "`${x}` where the flow's `~{x}` was probably meant",
    why: "`$` belongs to the shell and `~{…}` to the flow. A `${name}` with the name of a flow's value is most often a slip: for the shell that variable is empty.",
    wrong: `task build(crate: string) {
  run """
    cargo build -p \${crate}
  """
}

flow main() {
  build(crate: "core")
}
`,
    right: `task build(crate: string) {
  run """
    cargo build -p ~{crate}
  """
}

flow main() {
  build(crate: "core")
}
`,
  },
  {
    code: "secret-leak",
    says: "a secret where others could read it",
    why: "A secret in a command, a text or an answer ends up in logs, in the list of processes, in the journal. In `env` it reaches the process that needs it and nobody else, and it is blotted out of the output.",
    wrong: `task publish() {
  run "npm publish --token ~{secret("NPM_TOKEN")}"
}

flow main() {
  publish()
}
`,
    right: `task publish() {
  env: { NPM_TOKEN: secret("NPM_TOKEN") }

  run "npm publish"
}

flow main() {
  publish()
}
`,
  },
  {
    code: "missing-file",
    says: "a file that is not in the project",
    why: "A text in place of a `file` is a path from the `.flow` file, and its content becomes a part of the plan: so it must be there before the run. A file that comes from elsewhere is an input.",
    wrong: `task count(list: file) -> int {
  run "wc -l < ~{list}"
  return int(stdout)
}

flow main() -> int {
  return count(list: "lists/crates.txt")
}
`,
    right: `task count(list: file) -> int {
  run "wc -l < ~{list}"
  return int(stdout)
}

flow main(list: file) -> int {
  return count(list)
}
`,
  },
  {
    code: "unknown-function",
    says: "a function that the module does not export",
    why: '`call "./file.ts#name"` runs an exported function. flowc looks for its name without running the module, so a slip is found before the run.',
    wrong: {
      "main.flow": `task plan() -> string {
  call "./plans.js#read_plna"
}

flow main() -> string {
  return plan()
}
`,
      "plans.js": `export function read_plan() {
  return "plan";
}
`,
    },
    right: {
      "main.flow": `task plan() -> string {
  call "./plans.js#read_plan"
}

flow main() -> string {
  return plan()
}
`,
      "plans.js": `export function read_plan() {
  return "plan";
}
`,
    },
  },
  {
    code: "unsafe-retry",
    says: "a repeat of what may be done only once",
    why: 'A task with `effect: "once"` is never repeated by flowc: if nobody can say how an attempt ended, a person decides. A `retry`, also in a `with` far above it, would do it a second time, and so would a gate, which asks its checks anew on each resume.',
    wrong: `task pay(invoice: string) {
  effect: "once"
  retry: 2

  run "pay ~{invoice}"
}

flow main(invoice: string) {
  pay(invoice)
}
`,
    right: `task pay(invoice: string) {
  effect: "once"

  run "pay ~{invoice}"
}

flow main(invoice: string) {
  pay(invoice)
}
`,
  },
];
