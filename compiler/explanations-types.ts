// Why the rules about types exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const types: readonly Explanation[] = [
  {
    code: "constant-condition",
    says: "a condition whose answer is known from the text",
    why: "A condition that always or never holds makes one way dead, mostly by a slip: a value compared with itself, a second branch that asks what the first has asked, `none` where there is never none. A constant by name is a switch, and is left alone.",
    wrong: `task say(text: string) {
  run "echo ~{text}"
}

flow main(name: string) {
  if name != none {
    say(name)
  }
}
`,
    right: `task say(text: string) {
  run "echo ~{text}"
}

flow main(name: string?) {
  if name != none {
    say(name)
  }
}
`,
  },
  {
    code: "type-mismatch",
    says: "a value of one type where another is needed",
    why: "Values are changed into another type only where nothing can get lost (`int` to `float`, a union to `string`). Whether a bare `30` means seconds or minutes nobody can know, so the program has to say it.",
    wrong: `task sleep(time: duration) {
  run "sleep ~{time}"
}

flow main() {
  sleep(time: 30)
}
`,
    right: `task sleep(time: duration) {
  run "sleep ~{time}"
}

flow main() {
  sleep(time: 30s)
}
`,
  },
  {
    code: "maybe-none",
    says: "a value that may be `none` where one is needed",
    why: "A `T?` may hold nothing. Say what happens then, with `??`, `?.` or `if x != none`, and no run will stop in the middle because a value was missing.",
    wrong: `type Crate { name: string, owner: string? }

task notify(owner: string) {
  run "notify ~{owner}"
}

flow main(crate: Crate) {
  notify(owner: crate.owner)
}
`,
    right: `type Crate { name: string, owner: string? }

task notify(owner: string) {
  run "notify ~{owner}"
}

flow main(crate: Crate) {
  notify(owner: crate.owner ?? "nobody")
}
`,
  },
  {
    code: "undecoded-json",
    says: "JSON used before it was given a type",
    why: "JSON from outside can hold anything. `as` says what it should hold; the run checks that once, with the path and the reason if it does not fit, and from there on it is an ordinary typed value.",
    wrong: `flow main(text: string) -> string {
  crate = parse_json(text)
  return crate.name
}
`,
    right: `type Crate { name: string }

flow main(text: string) -> string {
  crate = parse_json(text) as Crate
  return crate.name
}
`,
  },
  {
    code: "not-a-list",
    says: "something else where a list is needed",
    why: "A `for` and the functions for lists go through items in order. A number, a record or a map is no list, but there is often one close by: `range(n)`, `keys(m)`, `values(m)`.",
    wrong: `flow main(count: int) -> int[] {
  numbers = for n in count {
    n * 2
  }
  return numbers
}
`,
    right: `flow main(count: int) -> int[] {
  numbers = for n in range(count) {
    n * 2
  }
  return numbers
}
`,
  },
  {
    code: "not-callable",
    says: "a call of something that cannot be called",
    why: "Only tasks, flows and built-in functions are called. Values have no methods: `len(x)`, not `x.len()`.",
    wrong: `flow main(crate: string) -> string {
  return crate("core")
}
`,
    right: `flow main(crate: string) -> string {
  return replace(crate, "-", "_")
}
`,
  },
  {
    code: "bad-operands",
    says: "an operator between values that it cannot combine",
    why: "Operators work on values of one kind: a duration plus a size has no meaning, and a text plus a number has two. Nothing is converted behind your back.",
    wrong: `flow main(timeout: duration, size: size) -> duration {
  return timeout + size
}
`,
    right: `flow main(timeout: duration, grace: duration) -> duration {
  return timeout + grace
}
`,
  },
  {
    code: "needless-default",
    says: "a default for a value that is always there",
    why: "What stands behind `??` is used only for `none`. Where there can be no `none`, it is dead text that makes readers look for a case that does not exist.",
    wrong: `flow main(crate: string) -> string {
  return crate ?? "core"
}
`,
    right: `flow main(crate: string?) -> string {
  return crate ?? "core"
}
`,
  },
  {
    code: "unknown-field",
    says: "a field that the type does not have",
    why: "The fields of a record are known from its type, so a misspelt one is found before the run. For names that are known only later there is `map<T>`, and `m[key]`.",
    wrong: `type Crate { name: string, version: string }

flow main(crate: Crate) -> string {
  return crate.nmae
}
`,
    right: `type Crate { name: string, version: string }

flow main(crate: Crate) -> string {
  return crate.name
}
`,
  },
  {
    code: "missing-field",
    says: "a record without one of its fields",
    why: "Who gets a record may rely on all of its fields. Only a field with a default, or one whose type ends in `?`, may be left out.",
    wrong: `type Crate { name: string, version: string, features: string[]? }

task build(crate: Crate) {
  run "cargo build -p ~{crate.name}@~{crate.version} ~{crate.features}"
}

flow main() {
  build(crate: { name: "core" })
}
`,
    right: `type Crate { name: string, version: string, features: string[]? }

task build(crate: Crate) {
  run "cargo build -p ~{crate.name}@~{crate.version} ~{crate.features}"
}

flow main() {
  build(crate: { name: "core", version: "1.2.0" })
}
`,
  },
  {
    code: "duplicate-field",
    says: "a record with the same field twice",
    why: "One of the two values would be lost in silence, and which one is a matter of taste. Keep the one that is meant.",
    wrong: `flow main() -> int {
  limits = { cpu: 2, memory: 4, cpu: 3 }
  return limits.cpu + limits.memory
}
`,
    right: `flow main() -> int {
  limits = { cpu: 2, memory: 4 }
  return limits.cpu + limits.memory
}
`,
  },
  {
    code: "bad-default",
    says: "a default that is not a fixed value",
    why: "The default of a field belongs to its type, and stands in its JSON Schema too. So it is a literal, a constant, or a list or record of these; what has to be computed is computed in a flow.",
    wrong: `type Options { level: int = len("abc") }

flow main(options: Options) -> int {
  return options.level
}
`,
    right: `type Options { level: int = 3 }

flow main(options: Options) -> int {
  return options.level
}
`,
  },
];
