// Why the rules about handlers and deadlines exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const handlers: readonly Explanation[] = [
  {
    code: "no-undo",
    says: "`rollback()` where nothing could be taken back",
    why: "`rollback()` runs the `undo` of every task that has succeeded in the block. Where no task has one it would do nothing, and somebody would rely on it.",
    wrong: `task deploy(version: string) {
  run "echo ~{version} > live"
}

flow main() {
  deploy("2")

  on failure {
    rollback()
  }
}
`,
    right: `task deploy(version: string) {
  undo: "rm -f live"

  run "echo ~{version} > live"
}

flow main() {
  deploy("2")

  on failure {
    rollback()
  }
}
`,
  },
  {
    code: "late-deadline",
    says: "a deadline that the work in it may miss by design",
    why: "A timeout says how long an attempt may take, a retry how often. Where those of nodes that wait for each other add up to more than the deadline around them, the run is ended though nothing went wrong. Nodes without a timeout count nothing, nor does the time in which a person is asked.",
    wrong: `task build() -> string {
  timeout: 30m
  retry:   1

  run "make"
  return stdout
}

task test_it(log: string) {
  timeout: 20m

  run "make test > ~{log}"
}

flow main() {
  deadline: 1h

  log = build()
  test_it(log)
}
`,
    right: `task build() -> string {
  timeout: 30m
  retry:   1

  run "make"
  return stdout
}

task test_it(log: string) {
  timeout: 20m

  run "make test > ~{log}"
}

flow main() {
  deadline: 2h

  log = build()
  test_it(log)
}
`,
  },
];
