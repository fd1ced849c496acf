// Why the rules about early fields exist.

import type { Explanation } from "./explanation.ts";

export const early: readonly Explanation[] = [
  {
    code: "unwritten-early",
    says: "an early field that the command never writes",
    why: 'An early field is what the work writes to `$EARLY/<field>` while it goes on. A task that ends without having written it has failed, and who waits for it waits in vain. If a program that the command starts writes it, hand it the path: `./build.sh "$EARLY/api"`.',
    wrong: `task foundation() -> { early api: string, summary: string } {
  run """
    echo v1 > api.txt
    make all
  """
  return { summary: stdout }
}

flow main() -> string {
  base = foundation()
  return base.api
}
`,
    right: `task foundation() -> { early api: string, summary: string } {
  run """
    echo v1 > "$EARLY/api"
    make all
  """
  return { summary: stdout }
}

flow main() -> string {
  base = foundation()
  return base.api
}
`,
  },
  {
    code: "early-deadlock",
    says: "nodes that wait for each other through early fields",
    why: "An early field is there before its node has ended, but a node starts only when all its arguments are there. Two nodes that give each other early fields would both wait for the other's start. What both need is made above them, by a task of its own.",
    wrong: `task client(port: int) -> { early needs: string, done: string } {
  run """
    echo "calls ~{port}" > "$EARLY/needs"
    make client
  """
  return { done: stdout }
}

task server(needs: string) -> { early port: int, done: string } {
  run """
    echo 8080 > "$EARLY/port"
    ./serve ~{needs}
  """
  return { done: stdout }
}

flow main() -> string {
  left = client(port: right.port)
  right = server(needs: left.needs)
  return right.done
}
`,
    right: `task client(port: int) -> string {
  run "make client PORT=~{port}"
  return stdout
}

task server() -> { early port: int, done: string } {
  run """
    echo 8080 > "$EARLY/port"
    ./serve
  """
  return { done: stdout }
}

flow main() -> string {
  right = server()
  left = client(port: right.port)
  return "~{left} ~{right.done}"
}
`,
  },
];
