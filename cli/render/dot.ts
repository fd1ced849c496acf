// The graph of a plan as Graphviz reads it.

import type { Graph } from "./graph.ts";
import { visible } from "./text.ts";

/** A `digraph`; names cannot leave their labels. Order without data is dashed and says its kind. */
export function dot(name: string, graph: Graph): string {
  const lines = [`digraph ${quoted(name)} {`, '  node [shape=box, fontname="sans-serif"];'];
  graph.vertices.forEach(({ kind, shown, why }, i) => {
    const style = {
      node: "",
      whole: ", shape=ellipse",
      template: ", style=dashed",
      handler: ", style=dotted",
    }[kind];
    // `\n` between two escaped texts is Graphviz's own sign for a new line.
    const text = why === null ? escaped(shown) : `${escaped(shown)}\\n${escaped(why)}`;
    lines.push(`  n${i} [label="${text}"${style}];`);
  });
  for (const { from, to, kind } of graph.edges)
    lines.push(`  n${from} -> n${to}${kind === "data" ? "" : ` [style=dashed, label=${quoted(kind)}]`};`);
  return `${lines.join("\n")}\n}\n`;
}

function quoted(text: string): string {
  return `"${escaped(text)}"`;
}

function escaped(text: string): string {
  return visible(text).replace(/["\\]/g, "\\$&");
}
