// Why the rules about the text of a flow exist, with a wrong and a right flow for each.

import type { Explanation } from "./explanation.ts";

export const text: readonly Explanation[] = [
  {
    code: "syntax",
    says: "something that is no flow text",
    why: "The text does not follow the grammar at this place. The message says what could stand there, and where it looks like another language, how that is written here.",
    wrong: `flow main(name: string) -> string {
  greeting = "hello " + name;
  return greeting
}
`,
    right: `flow main(name: string) -> string {
  greeting = "hello " + name
  return greeting
}
`,
  },
  {
    code: "unterminated-string",
    says: "a string that is not closed",
    why: 'A string in `"…"` ends on its line, so that one forgotten quote cannot swallow the rest of the file. Text of several lines stands between `"""` and `"""`.',
    wrong: `flow main() -> string {
  return "hello
}
`,
    right: `flow main() -> string {
  return "hello"
}
`,
  },
  {
    code: "bad-escape",
    says: "a backslash before something that needs none",
    why: 'A few escapes are known in `"…"`; an unknown one is told instead of guessed at. In a text block between `"""` a backslash is just a backslash, which suits patterns and scripts.',
    wrong: `flow main() -> string {
  return "C:\\projects"
}
`,
    right: `flow main() -> string {
  return "C:\\\\projects"
}
`,
  },
  {
    code: "bad-literal",
    says: "a number that cannot be read",
    why: "A number takes the letters behind it as its unit, such as `30s`, `4MB`, `30%` or `5USD`. What is no unit makes it a number that nobody can read.",
    wrong: `flow main() -> duration {
  return 5min
}
`,
    right: `flow main() -> duration {
  return 5m
}
`,
  },
];
