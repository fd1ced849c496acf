// Whether a value is known without any node having run.

import { type AnyNode, walk } from "../grammar/walk.ts";
import type { Check } from "./check-state.ts";

/** Does a value depend on what a node does: by calling one, or by a name that came from one? */
export function comesFromNode(check: Check, node: AnyNode): boolean {
  const seen = new Set<object>();
  const open: AnyNode[] = [node];
  let found = false;
  for (let next = open.pop(); next !== undefined && !found; next = open.pop())
    walk(next, (part) => {
      if (part.kind === "call-of" && check.pass.makesNode.has(part)) found = true;
      if (part.kind !== "name") return;
      const ref = check.pass.refs.get(part);
      if (ref?.kind !== "binding" || seen.has(ref.binding)) return;
      seen.add(ref.binding);
      open.push(ref.binding.value);
    });
  return found;
}
