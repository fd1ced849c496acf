// What the checker says about early fields: where none can be, what nobody writes, and who waits for whom.

import type { Diagnostic, Fix } from "../grammar/diagnostic.ts";
import { type At, error, listed, related, warning } from "./errors.ts";

export function misplacedEarly(at: At, label: string, hint: string, fix: Fix | null): Diagnostic {
  return error("misplaced", at, "Not in its place", label, { hint, fix });
}

/** `others`: further fields of the task that nothing writes either; `near`: what the command writes instead. */
export function unwrittenEarly(
  at: At,
  field: string,
  others: readonly string[],
  near: string | null,
  command: At,
): Diagnostic {
  const more = others.length === 0 ? "" : `, nor ${listed(others.map((other) => `$EARLY/${other}`))}`;
  const label =
    near === null
      ? `nothing in the command writes \`$EARLY/${field}\`${more}`
      : `the command writes \`$EARLY/${near}\`, but not \`$EARLY/${field}\``;
  return warning("unwritten-early", at, "An early field that nothing writes", label, {
    related: [related(command, "this does the work")],
    hint: `The work writes it while it goes on: \`… > "$EARLY/${field}"\`. If a program that it starts does so, name the path for it: \`./build.sh "$EARLY/${field}"\`.`,
  });
}

/** `chain` begins and ends with the same name; `made` is where the other node is made, null if it is itself. */
export function earlyDeadlock(at: At, chain: readonly string[], made: At | null): Diagnostic {
  const [first = ""] = chain;
  const label =
    chain.length === 2 ? `\`${first}\` would start with what it writes itself` : chain.join(" → ");
  return error("early-deadlock", at, "Nodes that wait for each other", label, {
    related: [related(made, "it is made here")],
    hint: "An early field is there before its node has ended, but never before it has started, and a node starts when all its arguments are there. Make what the others need in a task of its own, above them.",
  });
}
