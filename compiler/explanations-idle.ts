// Why the rules about what does nothing or can only fail exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const idle: readonly Explanation[] = [
  {
    code: "always-fails",
    says: "an expression that fails whenever it is evaluated",
    why: "Some expressions may fail while a flow runs, such as an index behind the end of a list, and then fail what they stand in. Where the text alone tells that it must happen, it is told before anything has run.",
    wrong: `crates = ["core", "cli"]

task build(crate: string) {
  run "cargo build -p ~{crate}"
}

flow main() {
  build(crate: crates[2])
}
`,
    right: `crates = ["core", "cli"]

task build(crate: string) {
  run "cargo build -p ~{crate}"
}

flow main() {
  build(crate: last(crates))
}
`,
  },
  {
    code: "empty-block",
    says: "a block without a statement",
    why: "A flow, a phase or a `for` without anything inside succeeds at once, which looks as if the work had been done. It was left unfinished, or is no longer needed.",
    wrong: `task build() {
  run "cargo build"
}

flow main() {
  phase prepare {}
  build()
}
`,
    right: `task fetch() {
  run "cargo fetch"
}

task build() {
  run "cargo build"
}

flow main() {
  phase prepare {
    fetch()
  }
  build()
}
`,
  },
  {
    code: "needless-setting",
    says: "a setting that holds for nothing",
    why: "A timeout, a retry or an environment is for the attempts of an action. Where there are none, or where what a setting speaks of cannot happen, its reader is promised something that flowc does not do.",
    wrong: `task total(sizes: size[]) -> size {
  timeout: 5m

  return sum(sizes)
}

flow main(sizes: size[]) -> size {
  return total(sizes)
}
`,
    right: `task total(sizes: size[]) -> size {
  return sum(sizes)
}

flow main(sizes: size[]) -> size {
  return total(sizes)
}
`,
  },
  {
    code: "unwritten-answer",
    says: "an answer that the command only prints",
    why: "Without `return`, the answer of a task is what its command writes to the file `$OUT`; what it prints is only shown. `return stdout` takes what was printed as the answer.",
    wrong: `task version() -> string {
  run "cat VERSION"
}

flow main() -> string {
  return version()
}
`,
    right: `task version() -> string {
  run "cat VERSION"
  return stdout
}

flow main() -> string {
  return version()
}
`,
  },
];
