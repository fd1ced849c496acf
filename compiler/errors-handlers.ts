// What the checker says about how blocks end: deadlines that cannot be met.

import type { Diagnostic } from "../grammar/diagnostic.ts";
import { type At, error } from "./errors.ts";
import { spellSeconds } from "./spell.ts";

/** So many nodes of a chain are written out. */
const nodesShownMax = 6;

export function lateDeadline(
  at: At,
  block: string,
  deadline: number,
  most: number,
  nodes: readonly { readonly words: string; readonly seconds: number }[],
): Diagnostic {
  const [first] = nodes;
  const shown = nodes
    .slice(0, nodesShownMax)
    .map(({ words, seconds }) => `${words} ${spellSeconds(seconds)}`);
  const more = nodes.length > nodesShownMax ? ` → … ${nodes.length - nodesShownMax} more` : "";
  const chain = `${shown.join(" → ")}${more}`;
  const what = nodes.length === 1 && first !== undefined ? `${first.words} alone` : chain;
  return error(
    "late-deadline",
    at,
    "A deadline that cannot be kept",
    `${block} has ${spellSeconds(deadline)}, and ${what} may take ${spellSeconds(most)}`,
    {
      hint: "Timeouts and repeats of a chain of nodes must fit into the deadline around it: raise it, or lower a `timeout` or `retry` on the way.",
    },
  );
}
