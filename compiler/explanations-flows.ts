// Why the rules about the blocks of flows and their items exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const flows: readonly Explanation[] = [
  {
    code: "misplaced",
    says: "something that belongs elsewhere",
    why: "`after`, `with` and `otherwise` belong to a call, which is a node that can wait, have settings and fail; `return` stands once, at the end of a block. Anywhere else they would have no effect.",
    wrong: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  first_one = say(text: "a")
  rest = "b" after first_one
  return say(text: rest)
}
`,
    right: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  first_one = say(text: "a")
  rest = say(text: "b") after first_one
  return rest
}
`,
  },
  {
    code: "lost-value",
    says: "a value that is computed and thrown away",
    why: "Only the last line of a block is its value. A value on another line reaches nobody: it wants a name, or it can go.",
    wrong: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  1 + 2
  return say(text: "hello")
}
`,
    right: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  sum = 1 + 2
  return say(text: "~{sum}")
}
`,
  },
  {
    code: "dead-node",
    says: "a pure task whose answer nobody uses",
    why: 'A task with `effect: "pure"` promises to do nothing but answer. If nobody needs the answer, it runs for nothing, or it is not as pure as it says.',
    wrong: `task lint(crate: string) -> int {
  effect: "pure"
  run "cargo clippy -p ~{crate}"
  return exit_code
}

flow main() {
  lint(crate: "core")
}
`,
    right: `task lint(crate: string) -> int {
  effect: "pure"
  run "cargo clippy -p ~{crate}"
  return exit_code
}

flow main() -> int {
  return lint(crate: "core")
}
`,
  },
  {
    code: "matrix-size",
    says: "a `for` with more items than its `max`",
    why: "Lists multiply: three crates on three platforms are nine builds. `max` is the number that you had in mind, and flowc tells before the run when there are more.",
    wrong: `type Platform = "linux" | "macos" | "windows"

task build(crate: string, platform: Platform) {
  run "cargo build -p ~{crate} --target ~{platform}"
}

flow main() {
  for crate in ["core", "cli", "web"], platform in Platform {
    max: 8
    build(crate, platform)
  }
}
`,
    right: `type Platform = "linux" | "macos" | "windows"

task build(crate: string, platform: Platform) {
  run "cargo build -p ~{crate} --target ~{platform}"
}

flow main() {
  for crate in ["core", "cli", "web"], platform in Platform {
    max: 9
    build(crate, platform)
  }
}
`,
  },
  {
    code: "duplicate-key",
    says: "two items of a `for` with the same key",
    why: "The key of an item names its nodes, in the report, in the logs and on resume. With the same key twice, one result could be taken for the other.",
    wrong: `task build(name: string, mode: string) {
  run "make ~{name}-~{mode}"
}

flow main() {
  for part in [{ name: "core", mode: "fast" }, { name: "core", mode: "slow" }] by part.name {
    build(name: part.name, mode: part.mode)
  }
}
`,
    right: `task build(name: string, mode: string) {
  run "make ~{name}-~{mode}"
}

flow main() {
  for part in [
    { name: "core", mode: "fast" },
    { name: "core", mode: "slow" },
  ] by "~{part.name}-~{part.mode}" {
    build(name: part.name, mode: part.mode)
  }
}
`,
  },
  {
    code: "unknown-key",
    says: "an item that waits for a key that no item has",
    why: "With `after`, items of a `for` wait for other items by key. A key that no item has would be waited for in vain, or silently be ignored.",
    wrong: `parts = [{ name: "core", needs: [] }, { name: "cli", needs: ["cor"] }]

task build(name: string) {
  run "make ~{name}"
}

flow main() {
  for part in parts by part.name after part.needs {
    build(name: part.name)
  }
}
`,
    right: `parts = [{ name: "core", needs: [] }, { name: "cli", needs: ["core"] }]

task build(name: string) {
  run "make ~{name}"
}

flow main() {
  for part in parts by part.name after part.needs {
    build(name: part.name)
  }
}
`,
  },
  {
    code: "dependency-cycle",
    says: "items that wait for each other in a circle",
    why: "If each waits for the next and the last one for the first, none can start. flowc shows the whole circle: one of these dependencies is wrong.",
    wrong: `task build(name: string) {
  run "make ~{name}"
}

flow main() {
  for part in [
    { name: "core", needs: ["web"] },
    { name: "cli", needs: ["core"] },
    { name: "web", needs: ["cli"] },
  ] by part.name after part.needs {
    build(name: part.name)
  }
}
`,
    right: `task build(name: string) {
  run "make ~{name}"
}

flow main() {
  for part in [
    { name: "core", needs: [] },
    { name: "cli", needs: ["core"] },
    { name: "web", needs: ["cli"] },
  ] by part.name after part.needs {
    build(name: part.name)
  }
}
`,
  },
  {
    code: "unguarded-effect",
    says: "an effect above the gate that should guard it",
    why: "A gate holds back what stands below it. A task above it that is called for its effect alone, with what the gate has yet to check, has done its work before anybody looked. If that task is itself a test, it belongs into the gate as a check.",
    wrong: `task build() -> file {
  run "make app"
  return file("app")
}

task deploy(app: file) {
  run "scp ~{app} server:"
}

flow main() {
  app = build()
  deploy(app)

  gate ship {
    check "It is small": app.size < 10MB
  }
}
`,
    right: `task build() -> file {
  run "make app"
  return file("app")
}

task deploy(app: file) {
  run "scp ~{app} server:"
}

flow main() {
  app = build()

  gate ship {
    check "It is small": app.size < 10MB
  }

  deploy(app)
}
`,
  },
  {
    code: "empty-gate",
    says: "a gate that asks nothing of the work above it",
    why: "A gate stops what is below it until the work above is good enough. One whose checks look at none of that work lets everything pass, and only looks like a safeguard.",
    wrong: `task build() -> file {
  run "make"
  return file("app")
}

task deploy(app: file) {
  run "scp ~{app} host:"
}

flow main(sure: bool) {
  app = build()
  wanted = sure
  gate ship {
    check "Somebody wants it": wanted
  }
  deploy(app)
}
`,
    right: `task build() -> file {
  run "make"
  return file("app")
}

task deploy(app: file) {
  run "scp ~{app} host:"
}

flow main() {
  app = build()

  gate ship {
    check "It is small": app.size < 10MB
  }

  deploy(app)
}
`,
  },
  {
    code: "no-passes",
    says: "a `repeat` that may not run even once",
    why: "The number behind `repeat` says how many passes it may take at most. With none there is no value and nothing to judge.",
    wrong: `task try_it() -> bool {
  run "make test"
  return exit_code == 0
}

flow main() -> bool {
  well = repeat 0 {
    try_it()
  } until last ?? false
  return well
}
`,
    right: `task try_it() -> bool {
  run "make test"
  return exit_code == 0
}

flow main() -> bool {
  well = repeat 3 {
    try_it()
  } until last ?? false
  return well
}
`,
  },
  {
    code: "recursive-flow",
    says: "a flow that calls itself without a bound",
    why: "A plan says before the run how much there is to do at most. A flow that calls itself has no such bound, until its `depth` says how many calls may stand on top of each other. In a circle of several flows one of them needs it.",
    wrong: `task parts(folder: string) -> string[] {
  run "ls ~{folder} >$OUT"
}

flow walk(folder: string) -> int {
  found = parts(folder)
  sizes = for part in found {
    walk(folder: part)
  }
  return len(sizes)
}
`,
    right: `task parts(folder: string) -> string[] {
  run "ls ~{folder} >$OUT"
}

flow walk(folder: string) -> int {
  depth: 5

  found = parts(folder)
  sizes = for part in found {
    walk(folder: part)
  }
  return len(sizes)
}
`,
  },
  {
    code: "endless-recursion",
    says: "a flow that always calls itself",
    why: "What a flow writes, runs. A call of itself that stands in no `if` and no `for` is always made, so the recursion goes to its `depth` and fails there, each time. It needs a way that ends it.",
    wrong: `task half(n: int) -> int {
  run "expr ~{n} / 2"
  return int(stdout)
}

flow halve(n: int) -> int {
  depth: 10

  rest = half(n)
  return halve(n: rest)
}
`,
    right: `task half(n: int) -> int {
  run "expr ~{n} / 2"
  return int(stdout)
}

flow halve(n: int) -> int {
  depth: 10

  rest = half(n)
  return if rest > 1 { halve(n: rest) } else { rest }
}
`,
  },
  {
    code: "needless-depth",
    says: "a `depth` of a flow that never calls itself",
    why: "`depth` bounds a recursion. Where there is none, it makes readers look for a call that does not exist.",
    wrong: `flow double(n: int) -> int {
  depth: 3

  return n * 2
}
`,
    right: `flow double(n: int) -> int {
  return n * 2
}
`,
  },
];
