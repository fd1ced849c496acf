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
];
