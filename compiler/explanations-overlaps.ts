// Explanations about the files of the project that several nodes change or give out.

import type { Explanation } from "./explanation.ts";

export const overlaps: readonly Explanation[] = [
  {
    code: "write-overlap",
    says: "nodes that may write the same files at the same time",
    why: "Nodes run side by side unless something orders them. If two of them write the same files, what is there in the end depends on who was last. `writes` says what a task may change, so flowc can tell before the run: order the nodes, give each its own files, or let the items of a loop run one at a time.",
    wrong: `task build(crate: string) {
  writes: ["dist/**"]
  run "make ~{crate}"
}

flow main(crates: string[]) {
  for crate in crates {
    build(crate)
  }
}
`,
    right: `task build(crate: string) {
  writes: ["dist/~{crate}/**"]

  run "make ~{crate}"
}

flow main(crates: string[]) {
  for crate in crates {
    build(crate)
  }
}
`,
  },
  {
    code: "shared-output",
    says: "nodes that may return the same file of the project",
    why: "Without `reads`, tasks work in the project itself, all in the same folders. Two that run side by side and return the same path could each return what the other has made. Name the files apart, order the nodes, or give the task a fresh folder with `reads`.",
    wrong: `task pack(crate: string) -> file {
  run "tar -cf out.tgz ~{crate}"
  return file("out.tgz")
}

flow main() -> file[] {
  return for crate in ["core", "cli"] {
    pack(crate)
  }
}
`,
    right: `task pack(crate: string) -> file {
  run "tar -cf ~{crate}.tgz ~{crate}"

  return file("~{crate}.tgz")
}

flow main() -> file[] {
  return for crate in ["core", "cli"] {
    pack(crate)
  }
}
`,
  },
  {
    code: "bad-glob",
    says: "a pattern that cannot be used",
    why: "Patterns of `reads`, `writes`, `files(…)` and `glob(…)` are paths inside the project, with `*`, `**`, `?`, `[abc]` or `{a,b}` in them. A path that is absolute or leaves the project means something else on every machine, and would never match.",
    wrong: `task clean() {
  writes: ["../cache/**"]
  run "make clean"
}

flow main() {
  clean()
}
`,
    right: `task clean() {
  writes: ["cache/**"]

  run "make clean"
}

flow main() {
  clean()
}
`,
  },
];
