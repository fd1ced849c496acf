// What the checker says about limits, runners and agents, and about what tasks ask of them.

import type { Diagnostic, Fix } from "../grammar/diagnostic.ts";
import { type At, didYouMean, error, insert, listed, related, renameFix, warning } from "./errors.ts";
import { packageOfKind } from "./kinds.ts";

export function unknownRunner(at: At, name: string, near: string | null, other: string | null): Diagnostic {
  const label = other ?? `there is no runner \`${name}\``;
  return error("unknown-runner", at, "Unknown runner", didYouMean(near, label), {
    hint: near === null ? "Without this setting a task runs on this machine: `runner: local`." : null,
    fix: renameFix(near, at.span),
  });
}

export function unknownAgent(
  at: At,
  name: string,
  near: string | null,
  other: string | null,
  agents: readonly string[],
): Diagnostic {
  const label = other ?? `there is no agent \`${name}\``;
  const declared =
    agents.length === 0
      ? `Declare it: \`agent ${name} { claude: { model: "sonnet" } }\`.`
      : `${agents.length === 1 ? "There is" : "There are"} ${listed(agents)}.`;
  return error("unknown-agent", at, "Unknown agent", didYouMean(near, label), {
    hint: near === null ? declared : null,
    fix: renameFix(near, at.span),
  });
}

export function unknownLimit(
  at: At,
  name: string,
  near: string | null,
  other: string | null,
  limits: readonly string[],
): Diagnostic {
  const label = other ?? `there is no limit \`${name}\``;
  const declared =
    limits.length === 0
      ? `Declare it: \`limit ${name} { requests: 100 per 1m }\`.`
      : `${limits.length === 1 ? "There is" : "There are"} ${listed(limits)}.`;
  return error("unknown-limit", at, "Unknown limit", didYouMean(near, label), {
    hint: near === null ? declared : null,
    fix: renameFix(near, at.span),
  });
}

/** `only`: the one agent there is, and where its setting would go. */
export function missingAgent(
  at: At,
  task: string,
  agents: readonly string[],
  only: { readonly insertAt: number; readonly indent: string } | null,
): Diagnostic {
  const [first] = agents;
  const hint =
    first === undefined
      ? 'Declare one, `agent coder { claude: { model: "sonnet" } }`, and name it above: `agent: coder`.'
      : `Name one above the prompt: ${listed(
          agents.map((agent) => `agent: ${agent}`),
          "or",
        )}.`;
  const fix: Fix | null =
    first === undefined || agents.length > 1 || only === null
      ? null
      : insert(`Ask \`${first}\``, only.insertAt, `agent: ${first}\n${only.indent}`);
  return error("missing-agent", at, "Nobody to ask", `\`${task}\` does not say which agent it asks`, {
    hint,
    fix,
  });
}

export function unnamedAmount(at: At, limit: string, known: readonly string[]): Diagnostic {
  const [only] = known;
  const label =
    known.length === 1 ? `write \`${only}: …\`` : `how much of what? \`${limit}\` bounds ${listed(known)}`;
  return error("unnamed-argument", at, "Argument without a name", label, {
    hint: `What is taken of a limit has a name: \`${limit}(${only ?? "requests"}: 2)\`.`,
    fix: known.length === 1 ? insert(`Name it \`${only}\``, at.span.start, `${only}: `) : null,
  });
}

export function duplicateLimit(at: At, name: string, first: At): Diagnostic {
  return error("duplicate-setting", at, "Limit named twice", `\`${name}\` is already in the list`, {
    related: [related(first, "first named here")],
    hint: `To take more of it at once, say how much: \`${name}(requests: 2)\`.`,
  });
}

export function noBackEnd(at: At, label: string, hint: string): Diagnostic {
  return error("no-back-end", at, "No place to run", label, { hint });
}

/** A kind that is neither built in nor installed. */
export function unknownPlaceKind(
  at: At,
  of: "runner" | "agent",
  kind: string,
  near: string | null,
  kinds: readonly string[],
): Diagnostic {
  const label = didYouMean(near, `there is no kind of ${of} \`${kind}\``);
  const other = `another one is a package: \`npm install ${packageOfKind(of, kind)}\``;
  return error("no-back-end", at, "No place to run", label, {
    hint:
      near === null
        ? `Kinds are ${listed(kinds)}; ${other}.`
        : `If \`${kind}\` is meant, it is a package: \`npm install ${packageOfKind(of, kind)}\`.`,
    fix: renameFix(near, at.span),
  });
}

/** A package for the kind is there, and is not what it says. */
export function brokenKind(at: At, of: "runner" | "agent", problem: string): Diagnostic {
  return error("no-back-end", at, "No place to run", `this kind of ${of} cannot be used`, { hint: problem });
}

/** With `--on KIND`. */
export function withoutBackEnd(
  at: At,
  runner: string,
  kinds: readonly string[],
  on: string,
  example: string,
): Diagnostic {
  const label = `\`${runner}\` cannot run on \`${on}\`: it has only ${listed(kinds)}`;
  return error("no-back-end", at, "No place to run", label, {
    hint: `Say how it is made there: \`${example}\`.`,
  });
}

export function beyondQuota(at: At, kind: string, bound: string, account: boolean): Diagnostic {
  const other = account ? " If the account has more, say so with `account`." : "";
  return warning("beyond-quota", at, "More than the account gives", `\`${kind}\` gives ${bound}`, {
    hint: `The run keeps to that.${other}`,
  });
}

/** A budget in money over an agent of a kind that tells none. */
export function untoldCost(at: At, agent: string, kind: string, of: "agent" | "other"): Diagnostic {
  const label = `\`${agent}\` is asked as \`${kind}\`, which does not tell what it costs`;
  const where = of === "agent" ? " of the task, phase or flow that asks it" : "";
  return warning("untold-cost", at, "A cost that is never told", label, {
    hint: `Bound its tokens, which it tells: \`budget: { tokens: 2_000_000 }\`${where}.`,
  });
}

export function impossibleNeed(at: At, label: string, bound: At | null, hint: string | null): Diagnostic {
  return error("impossible-need", at, "More than there is", label, {
    related: [related(bound, "all there is")],
    hint: hint ?? "Such a node could never start: ask for less.",
  });
}

export function unsoundCache(
  at: At,
  label: string,
  cause: At | null,
  what: string,
  hint: string | null,
): Diagnostic {
  return error("unsound-cache", at, "A cache that could be wrong", label, {
    related: [related(cause, what)],
    hint,
  });
}

export function branchCollision(at: At, label: string, other: At | null, hint: string): Diagnostic {
  return error("branch-collision", at, "Nodes on the same branch", label, {
    related: [related(other, "the other one")],
    hint,
  });
}
