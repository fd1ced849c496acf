// Why the rules about limits, runners, agents and caches exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const places: readonly Explanation[] = [
  {
    code: "unknown-agent",
    says: "a task that asks an agent which is not declared",
    why: "An agent is declared once, with its program, its model and what it may spend, and is used by name. A misspelt name is told before anything is paid for.",
    wrong: `agent coder {
  claude: { model: "sonnet" }
}

task review(change: string) -> string {
  agent: codr
  ask "Review this change: ~{change}"
}

flow main(change: string) -> string {
  return review(change)
}
`,
    right: `agent coder {
  claude: { model: "sonnet" }
}

task review(change: string) -> string {
  agent: coder

  ask "Review this change: ~{change}"
}

flow main(change: string) -> string {
  return review(change)
}
`,
  },
  {
    code: "missing-agent",
    says: "a prompt that does not say whom it asks",
    why: "Which program answers a prompt, and what it may cost, is never guessed: a task with `ask` names its agent.",
    wrong: `agent coder {
  claude: { model: "sonnet" }
}

task review(change: string) -> string {
  ask "Review this change: ~{change}"
}

flow main(change: string) -> string {
  return review(change)
}
`,
    right: `agent coder {
  claude: { model: "sonnet" }
}

task review(change: string) -> string {
  agent: coder

  ask "Review this change: ~{change}"
}

flow main(change: string) -> string {
  return review(change)
}
`,
  },
  {
    code: "untold-cost",
    says: "a budget in money for an agent that never tells what it costs",
    why: "Some agents tell how many tokens they used, and not what these cost. Of a budget in money nothing is ever spent then, and it would stop nobody. Tokens are counted for every agent.",
    wrong: `agent coder {
  codex: { model: "gpt-5" }
}

task review(change: string) -> string {
  agent:  coder
  budget: 5USD

  ask "Review this change: ~{change}"
}

flow main(change: string) -> string {
  return review(change)
}
`,
    right: `agent coder {
  codex: { model: "gpt-5" }
}

task review(change: string) -> string {
  agent:  coder
  budget: { tokens: 2_000_000 }

  ask "Review this change: ~{change}"
}

flow main(change: string) -> string {
  return review(change)
}
`,
  },
  {
    code: "unknown-limit",
    says: "a task that uses a limit which is not declared",
    why: "A limit that does not exist would bound nothing. Limits are declared once, for all tasks that share a service, and are used by name.",
    wrong: `limit registry { requests: 100 per 1m }

task fetch(name: string) {
  uses: [regsitry]
  run "npm pack ~{name}"
}

flow main(name: string) {
  fetch(name)
}
`,
    right: `limit registry { requests: 100 per 1m }

task fetch(name: string) {
  uses: [registry]

  run "npm pack ~{name}"
}

flow main(name: string) {
  fetch(name)
}
`,
  },
  {
    code: "missing-setting",
    says: "a limit, runner or agent without what it cannot do without",
    why: "A limit bounds something, a container has an image, a sandbox a template. Without that, nothing of it could be made, and the first node would find out.",
    wrong: `limit registry { reserve: 10% }

task fetch(name: string) {
  uses: [registry]
  run "npm pack ~{name}"
}

flow main(name: string) {
  fetch(name)
}
`,
    right: `limit registry { requests: 100 per 1m, reserve: 10% }

task fetch(name: string) {
  uses: [registry]

  run "npm pack ~{name}"
}

flow main(name: string) {
  fetch(name)
}
`,
  },
  {
    code: "no-back-end",
    says: "a runner or agent that nothing here can make",
    why: "A runner says how its places are made, one kind beside the other, and an agent which program it is. A kind is built in or brought by a package, `flowc-runner-NAME`; `local: {}` is this machine. With `--on KIND` each runner must have that kind.",
    wrong: `runner rust {
  dokcer: { image: "rust:1.75" }
}

task build() {
  runner: rust
  run "cargo build"
}

flow main() {
  build()
}
`,
    right: `runner rust {
  local:  {}
  docker: { image: "rust:1.75" }
}

task build() {
  runner: rust

  run "cargo build"
}

flow main() {
  build()
}
`,
  },
  {
    code: "beyond-quota",
    says: "a runner that asks for more than its account gives",
    why: "Whoever makes the instances bounds them: an account of E2B has so many at one time, and so many new ones in a second. The run keeps to that by itself, but more slowly than the file says. `account` says what the account has, if it is more.",
    wrong: `runner sandbox {
  e2b: { template: "base" }
  instances: 100
}

task build() {
  runner: sandbox
  run "make"
}

flow main() {
  build()
}
`,
    right: `runner sandbox {
  e2b:       { template: "base", account: "pro" }
  instances: 100
}

task build() {
  runner: sandbox

  run "make"
}

flow main() {
  build()
}
`,
  },
  {
    code: "impossible-need",
    says: "a task that needs more than there is",
    why: "A node starts when there is room for it. One that asks for more than a limit, a runner or the machine ever has would wait for ever, so it is told before the run.",
    wrong: `limit registry { requests: 100 per 1m }

task mirror() {
  uses: [registry(requests: 500)]
  run "./mirror.sh"
}

flow main() {
  mirror()
}
`,
    right: `limit registry { requests: 100 per 1m }

task mirror() {
  uses: [registry(requests: 50)]

  run "./mirror.sh"
}

flow main() {
  mirror()
}
`,
  },
  {
    code: "unsound-cache",
    says: "a cache that could give a wrong answer",
    why: "A cached answer stands for the work only if everything the work saw is part of its key, and if the answer is all that the work was for. So the task says what it reads, and has no effect that a cached answer would leave out.",
    wrong: `task build() -> file {
  cache: true
  run "make app"
  return file("app")
}

flow main() -> file {
  return build()
}
`,
    right: {
      "main.flow": `task build() -> file {
  reads: ["src/**", "Makefile"]
  cache: true

  run "make app"
  return file("app")
}

flow main() -> file {
  return build()
}
`,
      Makefile: "app: src/app.c\n",
      "src/app.c": "int main(void) { return 0; }\n",
    },
  },
  {
    code: "branch-collision",
    says: "nodes that work on the same branch at the same time",
    why: "A branch is the workplace of one node at a time: two of them on the same one would overwrite each other's commits. Items of a `for` put their item into the branch's name; other nodes have branches of their own, or wait for each other.",
    wrong: `task fix(file: string) {
  workspace: worktree(branch: "fix", into: "main")
  run "npx lint --fix ~{file}"
}

flow main(files: string[]) {
  for file in files {
    fix(file)
  }
}
`,
    right: `task fix(file: string) {
  workspace: worktree(branch: "fix/~{slug(file)}", into: "main")

  run "npx lint --fix ~{file}"
}

flow main(files: string[]) {
  for file in files {
    fix(file)
  }
}
`,
  },
];
