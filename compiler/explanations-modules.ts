// Why the rules about files that import each other exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const modules: readonly Explanation[] = [
  {
    code: "unknown-module",
    says: "an import of a file that is not there",
    why: "An import names its file by a path from the importing file, extension included. A guess at what was meant could bring in the wrong tasks, so the file must be there under exactly that name.",
    wrong: {
      "main.flow": `import { Crate } from "./cratse.flow"

flow main(crate: Crate) -> string {
  return crate.name
}
`,
      "crates.flow": `type Crate { name: string }
`,
    },
    right: {
      "main.flow": `import { Crate } from "./crates.flow"

flow main(crate: Crate) -> string {
  return crate.name
}
`,
      "crates.flow": `type Crate { name: string }
`,
    },
  },
  {
    code: "unknown-export",
    says: "an import of a name that the file does not declare",
    why: "What an import brings must be declared in the other file itself: files do not hand on what they import. So one look into that file shows where a name comes from.",
    wrong: {
      "main.flow": `import { biuld } from "./tasks.flow"

flow main() -> string {
  return biuld(crate: "core")
}
`,
      "tasks.flow": `task build(crate: string) -> string {
  run "cargo build -p ~{crate}"
  return stdout
}
`,
    },
    right: {
      "main.flow": `import { build } from "./tasks.flow"

flow main() -> string {
  return build(crate: "core")
}
`,
      "tasks.flow": `task build(crate: string) -> string {
  run "cargo build -p ~{crate}"
  return stdout
}
`,
    },
  },
  {
    code: "import-cycle",
    says: "files that import each other in a circle",
    why: "With files that import each other, none can be understood without all others, and none can be moved or tested alone. What both need belongs in a third file that imports neither.",
    wrong: {
      "main.flow": `import { build } from "./build.flow"

name = "core"

flow main() -> string {
  return build()
}
`,
      "build.flow": `import { name } from "./main.flow"

task build() -> string {
  run "make ~{name}"
  return stdout
}
`,
    },
    right: {
      "main.flow": `import { build } from "./build.flow"

flow main() -> string {
  return build()
}
`,
      "build.flow": `import { name } from "./names.flow"

task build() -> string {
  run "make ~{name}"
  return stdout
}
`,
      "names.flow": `name = "core"
`,
    },
  },
  {
    code: "unused-import",
    says: "an import that the file does not use",
    why: "The imports are the list of what a file needs from elsewhere, and readers trust it. A name that nobody uses is left over, or a call was forgotten.",
    wrong: {
      "main.flow": `import { build, check } from "./tasks.flow"

flow main() -> string {
  return build(crate: "core")
}
`,
      "tasks.flow": `task build(crate: string) -> string {
  run "cargo build -p ~{crate}"
  return stdout
}

task check(crate: string) {
  run "cargo check -p ~{crate}"
}
`,
    },
    right: {
      "main.flow": `import { build } from "./tasks.flow"

flow main() -> string {
  return build(crate: "core")
}
`,
      "tasks.flow": `task build(crate: string) -> string {
  run "cargo build -p ~{crate}"
  return stdout
}

task check(crate: string) {
  run "cargo check -p ~{crate}"
}
`,
    },
  },
  {
    code: "unknown-flow",
    says: "a file without the flow that was asked for",
    why: "`flowc run FILE` runs the flow `main`, or the only one there is. If a file has several and none is called `main`, flowc does not guess: name one on the command line, or call one `main`.",
    wrong: `flow build() -> string {
  return "built"
}

flow release() -> string {
  return "released"
}
`,
    right: `flow main() -> string {
  return "built"
}

flow release() -> string {
  return "released"
}
`,
  },
];
