// What the checker says about tasks, commands and the blocks of flows.

import type { Diagnostic, Fix } from "../grammar/diagnostic.ts";
import { type At, didYouMean, error, insert, listed, related, renameFix, warning } from "./errors.ts";
import { badSetting } from "./errors-calls.ts";

export function missingReturn(
  at: At,
  owner: string,
  type: string,
  fix: Fix | null,
  hint: string,
): Diagnostic {
  return error(
    "missing-return",
    at,
    "Missing return",
    `${owner} promises a \`${type}\`, but returns nothing`,
    { hint, fix },
  );
}

/** The last line has a value, and only `return` is missing. */
export function forgottenReturn(
  at: At,
  answer: At,
  owner: string,
  type: string,
  fix: Fix | null,
): Diagnostic {
  const hint =
    fix === null ? "Its last line is `return` and the value." : "Put `return` before the last line.";
  return error("missing-return", at, "Missing return", "this is computed, and not returned", {
    hint,
    fix,
    related: [related(answer, `${owner} answers with \`${type}\``)],
  });
}

export function noAction(at: At, name: string): Diagnostic {
  return error("no-action", at, "A task without work", `\`${name}\` neither does nor returns anything`, {
    hint: 'Give it an action (`run "…"` or `call "./file.ts#name"`), or a `return` for a task that only computes.',
  });
}

export function unsafeHole(at: At, label: string, hint: string | null, fix: Fix | null = null): Diagnostic {
  return error("unsafe-hole", at, "A value cannot stand here in a command", label, { hint, fix });
}

export function riskyHole(at: At, label: string, hint: string | null): Diagnostic {
  return warning("unsafe-hole", at, "A value becomes part of a program", label, { hint });
}

export function badCommand(at: At, label: string, hint: string | null): Diagnostic {
  return error("bad-command", at, "The command cannot be read", label, { hint });
}

/** A list is a program and its arguments. */
export function noShell(at: At, label: string, fix: Fix | null): Diagnostic {
  return warning("bad-command", at, "A list is no shell", label, {
    hint: "A list is a program and its arguments, as they are. For pipes and the like write the command as one string.",
    fix,
  });
}

export function shellVariable(at: At, name: string): Diagnostic {
  return warning(
    "shell-variable",
    at,
    "A shell variable with the name of a value",
    `did you mean \`~{${name}}\`?`,
    {
      hint: `\`\${${name}}\` belongs to the shell, which knows nothing of the flow's \`${name}\`.`,
      fix: { title: `Write \`~{${name}}\``, edits: [{ span: at.span, text: `~{${name}}` }] },
    },
  );
}

/** The work can only print, and the answer is what it writes to `$OUT`. */
export function unwrittenAnswer(
  at: At,
  task: string,
  type: string,
  fix: { readonly insertAt: number; readonly text: string; readonly wanted: string } | null,
): Diagnostic {
  const print = fix === null ? "" : `\`return ${fix.wanted}\` takes what it prints; or `;
  return warning(
    "unwritten-answer",
    at,
    "An answer that nothing writes",
    `\`${task}\` promises ${type}, and this only prints`,
    {
      hint: `${print}${print === "" ? "The" : "the"} command writes the answer to \`"$OUT"\`, as JSON where it is no text.`,
      fix: fix === null ? null : insert("Return what it prints", fix.insertAt, fix.text),
    },
  );
}

/** Written as in another language, where the parameter is not used otherwise. */
export function foreignHole(at: At, written: string, name: string): Diagnostic {
  return warning("shell-variable", at, "A value that is not put in", `did you mean \`~{${name}}\`?`, {
    hint: `Values go into strings and commands with \`~{…}\`; \`${written}\` stays as it is.`,
    fix: { title: `Write \`~{${name}}\``, edits: [{ span: at.span, text: `~{${name}}` }] },
  });
}

/** In a string that no shell reads. */
export function dollarHole(at: At, name: string): Diagnostic {
  return warning("shell-variable", at, "A value that is not put in", `did you mean \`~{${name}}\`?`, {
    hint: `A string takes values with \`~{…}\`; \`\${${name}}\` stays as it is.`,
    fix: { title: `Write \`~{${name}}\``, edits: [{ span: at.span, text: `~{${name}}` }] },
  });
}

/** `sink` is where the value would end up, if it goes anywhere; `way` the place where it gets there. */
export function secretLeak(
  at: At,
  sink: { readonly kind: string; readonly words: string } | null,
  way: At | null,
  name: string,
  fix: Fix | null,
): Diagnostic {
  const own = `\`env: { ${name}: secret("${name}") }\``;
  const hints: Readonly<Record<string, string>> = {
    argument: `Arguments are recorded. Let the task ask for it: ${own}.`,
    answer: "Answers are recorded and shown. A task that needs it asks for it in its own `env`.",
    cache:
      "What a secret lets a task see belongs into its inputs; the secret itself is never a part of a key.",
    prompt: "A prompt is sent away and recorded. An agent gets secrets by `env` in its declaration.",
    check: "What a gate checks is recorded and shown.",
  };
  const label = sink === null ? "a secret may not stand here" : `this would be in ${sink.words}`;
  return error("secret-leak", at, "A secret would leak", label, {
    related: [related(way, "it gets there here")],
    hint:
      hints[sink?.kind ?? ""] ??
      `A secret stands by itself in ${own}; a command then reads it as "$${name}".`,
    fix,
  });
}

export function missingFile(at: At, label: string, hint: string | null): Diagnostic {
  return error("missing-file", at, "File not found", label, { hint });
}

export function unknownFunction(
  at: At,
  name: string,
  file: string,
  near: string | null,
  has: readonly string[],
): Diagnostic {
  return error(
    "unknown-function",
    at,
    "Unknown function",
    didYouMean(near, `\`${file}\` exports no \`${name}\``),
    {
      hint:
        near !== null
          ? null
          : has.length === 0
            ? "That module exports nothing."
            : `It exports ${listed(has)}.`,
      fix: near === null ? null : { title: `Call \`${near}\``, edits: [{ span: at.span, text: near }] },
    },
  );
}

export function badCallTarget(at: At, label: string): Diagnostic {
  return error("unknown-function", at, "Unknown function", label, {
    hint: 'Write the module and what it exports: `call "./plans.ts#read_plan"`.',
  });
}

export function misplaced(at: At, label: string, hint: string | null, fix: Fix | null = null): Diagnostic {
  return error("misplaced", at, "Not in its place", label, { hint, fix });
}

export function lostValue(at: At, hint: string | null): Diagnostic {
  return warning("lost-value", at, "A value that nobody gets", "computed, then thrown away", {
    hint: hint ?? "Give it a name with `name = …`, or remove it. Only the last line of a block is its value.",
  });
}

/** `what` has no effect; `computes`: it is a task without an action. */
export function deadNode(at: At, what: string, computes: boolean, fix: Fix | null): Diagnostic {
  return warning(
    "dead-node",
    at,
    "Work that nobody uses",
    `${what} has no effect, and nothing needs the answer`,
    {
      hint: computes
        ? "Use the answer, or remove the call."
        : 'Use the answer, remove the call, or say `effect: "idempotent"` if the task does change something.',
      fix,
    },
  );
}

export function matrixSize(at: At, label: string, max: At): Diagnostic {
  return error("matrix-size", at, "More items than allowed", label, {
    related: [related(max, "the bound")],
    hint: "Raise `max`, or shorten the lists.",
  });
}

/** No bound is passed; but the number was perhaps not meant. */
export function largeMatrix(at: At, label: string, inner: At | null, total: number): Diagnostic {
  return warning("matrix-size", at, "A large matrix", label, {
    related: [related(inner, "and these for each of them")],
    hint: `If that is meant, say so: \`max: ${total}\` as a setting of the \`for\`.`,
  });
}

export function duplicateKey(at: At, key: string, first: At | null): Diagnostic {
  return error(
    "duplicate-key",
    at,
    "Two items with the same key",
    `\`${key}\` is already the key of another item`,
    {
      related: [related(first, "the other one")],
      hint: "A key names an item's nodes, so each needs its own: say which with `by`.",
    },
  );
}

export function unknownKey(
  at: At,
  key: string,
  item: string,
  near: string | null,
  keys: readonly string[],
  place: At | null,
): Diagnostic {
  return error(
    "unknown-key",
    at,
    "Unknown key",
    near === null
      ? `\`${item}\` waits for \`${key}\`, which is no item's key`
      : `\`${item}\` waits for \`${key}\`; did you mean \`${near}\`?`,
    {
      related: [related(place, "this item")],
      hint: near === null ? `The keys are ${listed(keys)}.` : null,
    },
  );
}

export function dependencyCycle(at: At, chain: readonly string[], place: At | null): Diagnostic {
  return error("dependency-cycle", at, "Items wait for each other in a circle", chain.join(" → "), {
    related: [related(place, "the circle starts at this item")],
    hint: "None of them could ever start: take one of these keys out.",
  });
}

export function emptyGate(at: At, name: string, bare: boolean): Diagnostic {
  return error(
    "empty-gate",
    at,
    "A gate that asks nothing of the work above it",
    bare ? `\`${name}\` has no check` : `no check of \`${name}\` depends on a node`,
    {
      hint: 'A check calls a task, or looks at what a node above has given: `check "it is small": app.size < 10MB`.',
    },
  );
}

/** Its checks call nodes, but none that could see the work above. */
export function blindGate(at: At, name: string): Diagnostic {
  return warning(
    "empty-gate",
    at,
    "A gate that looks at nothing made above it",
    `no check of \`${name}\` can see the work above it`,
    {
      hint: "Its tasks only compute, with values that were there before: give them what a node above has made.",
    },
  );
}

export function unguardedEffect(at: At, task: string, value: string, gate: string, asked: At): Diagnostic {
  const label = `\`${task}\` gets \`${value}\` before \`${gate}\` has checked it`;
  return warning("unguarded-effect", at, "An effect above the gate that should guard it", label, {
    related: [related(asked, "checked here")],
    hint: `If it changes something, move it below the gate; if it tests \`${value}\`, make it a check.`,
  });
}

export function unknownAfter(at: At, label: string, near: string | null, hint: string | null): Diagnostic {
  return error("misplaced", at, "Not in its place", label, { hint, fix: renameFix(near, at.span) });
}

export function noPasses(at: At, times: number): Diagnostic {
  return error("no-passes", at, "A `repeat` without a pass", `it would run its block ${times} times`, {
    hint: "Say how many passes it may take at most, 1 or more: `repeat 3 { … } until …`.",
  });
}

/** `endless`: there is nothing in it that could end it, either. */
export function recursiveFlow(
  at: At,
  chain: readonly string[],
  first: At | null,
  endless: boolean,
): Diagnostic {
  return error("recursive-flow", at, "A flow calls itself without an end in sight", chain.join(" → "), {
    related: [related(first, "the circle begins with this flow")],
    hint: endless
      ? "Leave it a way without the call, by an `if` or a `for`, and say how deep it may go at most: `depth: 5` at its top."
      : `Say how deep it may go at most, with \`depth: 5\` at the top of ${chain.length === 2 ? "the flow" : "one of these flows"}; or use \`for\` or \`repeat\`.`,
  });
}

export function endlessRecursion(at: At, chain: readonly string[], first: At | null): Diagnostic {
  return error("endless-recursion", at, "A recursion that nothing ends", `always ${chain.join(" → ")}`, {
    related: [related(first, "the circle begins with this flow")],
    hint: "It would fail at its `depth` each time. Leave it a way without the call: a branch of an `if`, a `for`, or an `otherwise`.",
  });
}

export function needlessDepth(at: At, name: string, fix: Fix | null): Diagnostic {
  return warning("needless-depth", at, "A `depth` that bounds nothing", `\`${name}\` never calls itself`, {
    hint: "`depth` says how many calls of a flow may stand on top of each other. Remove it.",
    fix,
  });
}

export function handlerTwice(at: At, text: string, first: At): Diagnostic {
  return error("misplaced", at, "Not in its place", `this block has a \`${text}\` already`, {
    related: [related(first, "the first one")],
    hint: "A block has one of each: put both into one.",
  });
}

export function noUndo(at: At): Diagnostic {
  return error("no-undo", at, "Nothing that could be taken back", "no task of this program has an `undo`", {
    hint: 'Say in a task how its effect is taken back: `undo: "kubectl rollout undo deployment/web"`.',
  });
}

export function nothingToUndo(at: At, task: string): Diagnostic {
  const label = `\`${task}\` has no effect that could be taken back`;
  return badSetting(at, label, "`undo` belongs to a task that changes something.");
}

/** `at` is the later of the two places: the `effect` if `effectLast`, else the setting that repeats. */
export function unsafeRetry(
  at: At,
  task: string,
  setting: "retry" | "stall",
  effectLast: boolean,
  first: At,
): Diagnostic {
  const label = effectLast
    ? `\`${setting}\` repeats \`${task}\`, which may then be done more than once`
    : `\`${task}\` may be done only once`;
  return error("unsafe-retry", at, "A repeat of what may be done only once", label, {
    related: [related(first, effectLast ? "this repeats it" : "this says so")],
    hint: `Leave \`${setting}\` out: where it is not known how it ended, a person decides. If doing it twice does no harm, its effect is "idempotent".`,
  });
}

export function onceInCheck(at: At, task: string, effect: At): Diagnostic {
  const label = `a resume asks all checks anew, and \`${task}\` may be done only once`;
  return error("unsafe-retry", at, "A repeat of what may be done only once", label, {
    related: [related(effect, "this says so")],
    hint: "Call it above the gate, or below; a check looks, and changes nothing.",
  });
}
