// Why the rules about calls and settings exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const calls: readonly Explanation[] = [
  {
    code: "missing-argument",
    says: "a call without one of its arguments",
    why: "A task or flow gets all of its parameters, except those with a default. A command that runs with a gap in it does the wrong thing quietly.",
    wrong: `task build(crate: string, platform: string) {
  run "cargo build -p ~{crate} --target ~{platform}"
}

flow main() {
  build(crate: "core")
}
`,
    right: `task build(crate: string, platform: string) {
  run "cargo build -p ~{crate} --target ~{platform}"
}

flow main() {
  build(crate: "core", platform: "linux")
}
`,
  },
  {
    code: "unknown-argument",
    says: "an argument that the task or flow does not take",
    why: "Each argument goes to the parameter of its name. One without a parameter would be ignored, so it is told instead.",
    wrong: `task build(crate: string, platform: string) {
  run "cargo build -p ~{crate} --target ~{platform}"
}

flow main() {
  build(crate: "core", platfrom: "linux")
}
`,
    right: `task build(crate: string, platform: string) {
  run "cargo build -p ~{crate} --target ~{platform}"
}

flow main() {
  build(crate: "core", platform: "linux")
}
`,
  },
  {
    code: "duplicate-argument",
    says: "the same argument twice",
    why: "A bare name `crate` already gives the parameter `crate`. A second value for it would have to win or lose in silence.",
    wrong: `task build(crate: string) {
  run "cargo build -p ~{crate}"
}

flow main(crate: string) {
  build(crate, crate: "core")
}
`,
    right: `task build(crate: string) {
  run "cargo build -p ~{crate}"
}

flow main(crate: string) {
  build(crate)
}
`,
  },
  {
    code: "swapped-arguments",
    says: "two arguments in each other's place",
    why: "Two values that fit only in each other's place, or that stand each under the name of the other, were most likely mixed up. Where the types are the same nothing else would tell, and a copy goes the wrong way.",
    wrong: `task copy(from: string, to: string) {
  run "cp ~{from} ~{to}"
}

flow main(from: string, to: string) {
  copy(from: to, to: from)
}
`,
    right: `task copy(from: string, to: string) {
  run "cp ~{from} ~{to}"
}

flow main(from: string, to: string) {
  copy(from, to)
}
`,
  },
  {
    code: "unnamed-argument",
    says: "an argument without its parameter's name",
    why: "Arguments are named, so that a call can be read without looking up the task, and two texts cannot change places unnoticed. A bare name that is a parameter's, and a lone argument, need no other name.",
    wrong: `task build(crate: string, jobs: int) {
  run "cargo build -p ~{crate} -j ~{jobs}"
}

flow main() {
  build(crate: "core", 4)
}
`,
    right: `task build(crate: string, jobs: int) {
  run "cargo build -p ~{crate} -j ~{jobs}"
}

flow main() {
  build(crate: "core", jobs: 4)
}
`,
  },
  {
    code: "misplaced-call",
    says: "a task or flow called where no node can be",
    why: "Each call of a task is a node of the graph, with a name, a state and a line in the report. So it stands by itself in the block of a flow, not inside a text, a setting, a default or a task.",
    wrong: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  shown = "it said: ~{say(text: "hello")}"
  return shown
}
`,
    right: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  said = say(text: "hello")
  return "it said: ~{said}"
}
`,
  },
  {
    code: "unknown-setting",
    says: "a setting that does not exist here",
    why: "A misspelt `timeout` that is ignored is worse than none, because everybody believes it is there. So every setting must be one that this place knows.",
    wrong: `task build() {
  timout: 5m
  run "cargo build"
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
    code: "bad-setting",
    says: "a setting with a value that it cannot have",
    why: "Settings are checked like everything else, with their types and bounds, and most must be known before the run: they decide how the plan is carried out.",
    wrong: `task build() {
  timeout: 30
  run "cargo build"
}

flow main() {
  build()
}
`,
    right: `task build() {
  timeout: 30s
  run "cargo build"
}

flow main() {
  build()
}
`,
  },
  {
    code: "duplicate-setting",
    says: "a setting given twice",
    why: "The second value would silently replace the first, or not. Keep the one that is meant.",
    wrong: `task build() {
  retry: 1
  timeout: 5m
  retry: 2
  run "cargo build"
}

flow main() {
  build()
}
`,
    right: `task build() {
  timeout: 5m
  retry:   2

  run "cargo build"
}

flow main() {
  build()
}
`,
  },
  {
    code: "misplaced-setting",
    says: "a setting below the action",
    why: "A task reads in one order: settings, what it does, what it returns. So the limits of a task are always found at its top.",
    wrong: `task build() {
  run "cargo build"
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
    code: "unknown-runner",
    says: "a runner that is not declared",
    why: "A runner says where a task runs. It must be `local`, which is this machine and also the default, or declared by name: work should never land in a place that nobody chose.",
    wrong: `task build() {
  runner: locale
  run "cargo build"
}

flow main() {
  build()
}
`,
    right: `task build() {
  runner: local
  run "cargo build"
}

flow main() {
  build()
}
`,
  },
  {
    code: "not-yet",
    says: "a part of the language that this version cannot run",
    why: "The whole language is read and formatted, but this version of flowc does not carry out all of it. It says so before the run, because a setting that is ignored would be a broken promise.",
    wrong: `task build() {
  run "cargo build"
}

flow main() {
  build()
}

test "it builds" {
  main()
}
`,
    right: `task build() {
  run "cargo build"
}

flow main() {
  build()
}
`,
  },
];
