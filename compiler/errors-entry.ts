// What the compiler says when it cannot tell which flow of a file is to run.

import type { Diagnostic } from "../grammar/diagnostic.ts";
import { type At, didYouMean, error, listed } from "./errors.ts";

export function noFlow(at: At): Diagnostic {
  return error("unknown-flow", at, "No flow to run", "this file declares no flow", {
    hint: "A flow says what runs: `flow main() { … }`.",
  });
}

export function unknownFlow(at: At, name: string, near: string | null, flows: readonly string[]): Diagnostic {
  return error(
    "unknown-flow",
    at,
    "Unknown flow",
    didYouMean(near, `there is no flow \`${name}\` in this file`),
    {
      hint: `${flows.length === 1 ? "Its only flow is" : "Its flows are"} ${listed(flows, "and", 20)}.`,
    },
  );
}

export function whichFlow(at: At, file: string, flows: readonly string[]): Diagnostic {
  return error("unknown-flow", at, "Which flow?", "more than one flow, and none is called `main`", {
    hint: `Name the one to run, such as \`flowc run ${file} ${flows[0] ?? ""}\`: ${listed(flows, "or", 20)}.`,
  });
}
