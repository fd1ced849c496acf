// Why the rules about names and declarations exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const names: readonly Explanation[] = [
  {
    code: "name-case",
    says: "a name in the wrong case",
    why: "Types are written like `BuildPlan`, everything else like `build_plan`. So each use of a name shows at a glance what it is, and a type and a value never fight over one name.",
    wrong: `task BuildAll(crate: string) -> string {
  run "cargo build -p ~{crate}"
  return stdout
}

flow main() -> string {
  first_one = BuildAll(crate: "core")
  return BuildAll(crate: first_one)
}
`,
    right: `task build_all(crate: string) -> string {
  run "cargo build -p ~{crate}"
  return stdout
}

flow main() -> string {
  first_one = build_all(crate: "core")
  return build_all(crate: first_one)
}
`,
  },
  {
    code: "unknown-name",
    says: "a name that nothing here defines",
    why: "Every name must be a parameter, a constant, an import, a loop variable, or made by a line above. A misspelt name is found before anything runs, not in the third hour.",
    wrong: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main(crate: string) -> string {
  return say(text: crte)
}
`,
    right: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main(crate: string) -> string {
  return say(text: crate)
}
`,
  },
  {
    code: "unknown-type",
    says: "a type that is not declared or imported",
    why: "A type is built in, declared in this file, or imported by name. There is no `any` to fall back to: what is not known could not be checked.",
    wrong: `type Crate { name: string }

flow main(crate: Craet) -> string {
  return crate.name
}
`,
    right: `type Crate { name: string }

flow main(crate: Crate) -> string {
  return crate.name
}
`,
  },
  {
    code: "used-before-definition",
    says: "a name used above the line that makes it",
    why: "Inside a block things are read from top to bottom: a name can be used only below its line. So a plan reads in the order in which its values come to be, and no value can need itself.",
    wrong: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  shown = say(text: greeting)
  greeting = "hello"
  return shown
}
`,
    right: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  greeting = "hello"
  shown = say(text: greeting)
  return shown
}
`,
  },
  {
    code: "duplicate-name",
    says: "two things with one name",
    why: "A name means one thing wherever it can be seen; nothing hides anything else. Otherwise moving a line could silently change what it talks about.",
    wrong: `task build() {
  run "cargo build"
}

task build() {
  run "cargo build --release"
}

flow main() {
  build()
}
`,
    right: `task build() {
  run "cargo build"
}

task build_release() {
  run "cargo build --release"
}

flow main() {
  build()
  build_release()
}
`,
  },
  {
    code: "unused-binding",
    says: "a value with a name that nobody uses",
    why: "A name promises that something below needs it. When nothing does, the wrong name was probably used there, as in this example; if it is meant to stay, begin it with `_`.",
    wrong: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  greeting = "hello"
  return say(text: "hi")
}
`,
    right: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

flow main() -> string {
  greeting = "hello"
  return say(text: greeting)
}
`,
  },
  {
    code: "unused-parameter",
    says: "a parameter that the body never mentions",
    why: "Every caller has to give a parameter. If the body never mentions it, callers work for nothing, or the command lacks something that its author thought was there.",
    wrong: `task build(crate: string, release: bool) -> string {
  run "cargo build -p ~{crate}"
  return stdout
}

flow main() -> string {
  return build(crate: "core", release: true)
}
`,
    right: `task build(crate: string, profile: string) -> string {
  run "cargo build -p ~{crate} --profile ~{profile}"
  return stdout
}

flow main() -> string {
  return build(crate: "core", profile: "release")
}
`,
  },
  {
    code: "unused-loop-variable",
    says: "a loop whose body never looks at its item",
    why: "If the body of a `for` does not mention its item, every item does the same work. That is rarely meant; if it is, begin the variable with `_`.",
    wrong: `task ping() {
  run "ping -c 1 localhost"
}

flow main(hosts: string[]) {
  for host in hosts {
    ping()
  }
}
`,
    right: `task ping(host: string) {
  run "ping -c 1 ~{host}"
}

flow main(hosts: string[]) {
  for host in hosts {
    ping(host)
  }
}
`,
  },
  {
    code: "unused-declaration",
    says: "a declaration that no flow uses",
    why: "What nothing uses still has to be read, and is no longer tested by any run. In a file that others import, a declaration counts as used.",
    wrong: `task say(text: string) -> string {
  run "echo ~{text}"
  return stdout
}

type Crate { name: string }

flow main() -> string {
  return say(text: "hello")
}
`,
    right: `type Greeting { text: string }

task say(greeting: Greeting) -> string {
  run "echo ~{greeting.text}"
  return stdout
}

flow main() -> string {
  return say(greeting: { text: "hello" })
}
`,
  },
  {
    code: "recursive-type",
    says: "a type that contains itself without an end",
    why: "If every value of a type needs another one inside, no value can ever be complete. A `?`, a list or a map in between lets it end.",
    wrong: `type Tree { left: Branch, right: Branch }

type Branch { size: int, tree: Tree }

flow main(tree: Tree) -> int {
  return tree.left.size
}
`,
    right: `type Tree { left: Branch, right: Branch }

type Branch { size: int, tree: Tree? }

flow main(tree: Tree) -> int {
  return tree.left.size
}
`,
  },
  {
    code: "recursive-constant",
    says: "constants that need each other in a circle",
    why: "Constants are computed before the run, each from those that it mentions. In a circle none of them can be first.",
    wrong: `first_dir = "~{second_dir}/a"
second_dir = "~{first_dir}/b"

flow main() -> string {
  return first_dir + second_dir
}
`,
    right: `first_dir = "a"
second_dir = "~{first_dir}/b"

flow main() -> string {
  return first_dir + second_dir
}
`,
  },
];
