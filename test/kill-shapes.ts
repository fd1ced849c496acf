// Runs of nine shapes for the kill test: each node leaves two lines in a file outside, and a word that comes but once.

import type { Value } from "../compiler/types.ts";
import { layers } from "./layers.ts";

export interface Shape {
  readonly name: string;
  /** Its flow takes `trace`, the file, and answers a list of `KEY WORD`, one for each node that leaves a trace. */
  readonly flow: string;
  readonly inputs: Readonly<Record<string, Value>>;
  readonly nodes: number;
}

const task = `
task leave_trace(key: string, trace: string) -> string {
  run """
    echo start ~{key} >> ~{trace}
    od -An -N8 -tx1 /dev/urandom | tr -d ' \\n'
    echo end ~{key} >> ~{trace}
  """
  return "~{key} ~{stdout}"
}
`;

const listed = `type Node {
  key: string
  needs: string[]
}
${task}
flow main(nodes: Node[], trace: string) -> string[] {
  return for n in nodes by n.key after n.needs {
    leave_trace(key: n.key, trace)
  }
}
`;

const nested = `${task}
flow main(trace: string) -> string[] {
  rows = for row in range(5) {
    cells = for cell in range(12) {
      word = leave_trace(key: "r~{row}c~{cell}", trace)
      word
    }
    last = leave_trace(key: "r~{row}", trace) after cells
    cells + [last]
  }
  return flatten(rows)
}
`;

/** Every task that leaves a trace fails once, by chance of nothing but its own file; gates are evaluated anew. */
const gated = `${task}
task leave_trace_late(key: string, trace: string) -> string {
  retry: { times: 2, backoff: 5ms }
  run """
    if [ ! -e ~{trace}.~{key} ]; then : > ~{trace}.~{key}; exit 1; fi
    echo start ~{key} >> ~{trace}
    od -An -N8 -tx1 /dev/urandom | tr -d ' \\n'
    echo end ~{key} >> ~{trace}
  """
  return "~{key} ~{stdout}"
}

task holds() {
  run "true"
}

flow main(trace: string) -> string[] {
  phase one {
    first = for i in range(20) { leave_trace(key: "a~{i}", trace) }
  }
  gate between {
    check "It holds": holds()
    check "All are there": len(first) == 20
  }
  phase two {
    second = for i in range(20) { leave_trace_late(key: "b~{i}", trace) }
  }
  passes = repeat 4 {
    words = (last ?? []) + [leave_trace(key: "c~{len(last ?? [])}", trace)]
    words
  } until len(words) == 4
  return first + second + passes
}
`;

/** Each trace is followed by a `finally`; beside them, blocks that fail and are taken back. */
const handled = `${task}
task make(i: int) -> int {
  undo: "test $(cat $OUT) = ~{i}"
  run "echo ~{i}"
  return int(stdout)
}

task fail(after_all: int[]) {
  run "test ~{after_all} = none"
}

task quiet() {
  run "true"
}

flow traced(i: int, trace: string) -> string {
  deadline: 10m
  word = leave_trace(key: "t~{i}", trace)
  return word
  finally { quiet() }
}

flow doomed(i: int) -> string {
  made = for k in range(3) { make(i: i + k) }
  fail(made)
  return "done"
  on failure { rollback() }
  finally { quiet() }
}

flow main(trace: string) -> string[] {
  words = for i in range(24) { traced(i, trace) }
  ends = for i in range(6) { doomed(i) otherwise "taken back" }
  back = for end in ends if end == "taken back" { end }
  first_lost = if len(back) < 6 { leave_trace(key: "lost", trace) }
  return if first_lost == none { words } else { [] }
}
`;

const edges = (count: number, width: number): Readonly<Record<string, Value>> => ({
  nodes: layers(count, width, 7).map(({ key, needs }) => ({ key, needs })),
});

/** Each trace is left in an instance of a declared runner, of which there are two, and which are replaced again and again. */
const placed = `runner place {
  local: {}
  instances: 2
  spawn: 20 per 1s
  reuse: 3
}
${listed.replace("-> string {\n  run", "-> string {\n  runner: place\n  run")}`;

/** Answers are kept, and what the killed run had kept is taken by its resume. */
const kept = listed.replace("-> string {\n  run", "-> string {\n  reads: []\n  cache: true\n  run");

/** Each trace is left by an agent, two at a time by a limit; one that goes on is told the task at the end of its prompt. */
const asked = String.raw`limit seats { slots: ["one", "two"] }

agent writer {
  command: {
    run: ["sh", "-c", "set -- $(tail -n 1); echo start $1 >> $2; word=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \\n'); echo end $1 >> $2; printf '{\\042type\\042:\\042answer\\042,\\042value\\042:{\\042answer\\042:\\042%s %s\\042}}' $1 $word"]
  }
}

task leave_trace(key: string, trace: string) -> string {
  uses:  [seats]
  agent: writer
  ask "~{key} ~{trace}"
}

flow main(trace: string) -> string[] {
  words = for i in range(10) {
    first  = leave_trace(key: "a~{i}", trace)
    second = leave_trace(key: "b~{i}", trace) with { session: first }
    [first, second]
  }
  return flatten(words)
}
`;

export const shapes: readonly Shape[] = [
  { name: "layered", flow: listed, inputs: edges(120, 12), nodes: 120 },
  { name: "wide", flow: listed, inputs: { nodes: edges(120, 120)["nodes"] ?? [] }, nodes: 120 },
  { name: "chain", flow: listed, inputs: edges(50, 1), nodes: 50 },
  { name: "nested", flow: nested, inputs: {}, nodes: 65 },
  { name: "gated", flow: gated, inputs: {}, nodes: 44 },
  { name: "handled", flow: handled, inputs: {}, nodes: 24 },
  { name: "kept", flow: kept, inputs: edges(60, 6), nodes: 60 },
  { name: "placed", flow: placed, inputs: edges(60, 6), nodes: 60 },
  { name: "asked", flow: asked, inputs: {}, nodes: 20 },
];
