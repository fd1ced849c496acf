// A bracket that was never opened is noticed twice: where it should stand, and at its partner. It is told once.

import type { Diagnostic } from "./diagnostic.ts";
import { closesNothing, missingOpener, openerLeftOut } from "./errors-brackets.ts";

const opener: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** A declaration begins: what is before it and what is behind it are no parts of one mistake. */
const boundary = /\n(?:task|flow|type|runner|agent|limit|test|import)\b/;

const isBlank = (text: string): boolean => text.trim() === "" && !text.includes("\n");

/** `found` in order of place; a closing bracket without a partner joins the first mistake of its declaration before it. */
export function joined(found: readonly Diagnostic[]): readonly Diagnostic[] {
  let all = found;
  for (const lone of found) {
    if (!closesNothing(lone)) continue;
    const { text } = lone.source;
    const before = all.filter(
      (one) =>
        one.span.start < lone.span.start &&
        !closesNothing(one) &&
        !boundary.test(text.slice(one.span.start, lone.span.start)),
    );
    const [first] = before;
    const sign = opener[text.slice(lone.span.start, lone.span.end)];
    if (sign === undefined) continue;
    if (first === undefined) {
      const behind = all.find(
        ({ span }) => span.start >= lone.span.end && isBlank(text.slice(lone.span.end, span.start)),
      );
      if (behind !== undefined)
        all = all.flatMap((one) =>
          one === lone ? [openerLeftOut(lone, sign)] : one === behind ? [] : [one],
        );
      continue;
    }
    const whole = missingOpener(first, lone.span, sign);
    // Between the two nothing was read as it was meant.
    all = all.flatMap((one) => (one === first ? [whole] : one === lone || before.includes(one) ? [] : [one]));
  }
  return all;
}
