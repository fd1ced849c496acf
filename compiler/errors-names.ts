// What the checker says about names and modules.

import type { Diagnostic, Fix } from "../grammar/diagnostic.ts";
import type { Span } from "../grammar/source.ts";
import { type At, didYouMean, error, listed, related, renameFix, warning } from "./errors.ts";

export function unknownModule(
  at: At,
  from: string,
  why: string,
  near: readonly string[],
  hint: string | null,
): Diagnostic {
  const best = near[0] ?? null;
  return error("unknown-module", at, "Unknown module", best === null ? why : `did you mean "${best}"?`, {
    hint: hint ?? (near.length > 1 ? `Flow files there: ${listed(near)}.` : null),
    fix: best === null ? null : renameQuoted(best, at, from),
  });
}

function renameQuoted(near: string, at: At, from: string): Fix {
  return {
    title: `Import from "${near}" instead of "${from}"`,
    edits: [{ span: at.span, text: JSON.stringify(near) }],
  };
}

export function unknownExport(
  at: At,
  name: string,
  module: string,
  near: string | null,
  has: readonly string[],
  uses: readonly Span[],
): Diagnostic {
  return error(
    "unknown-export",
    at,
    "Unknown export",
    didYouMean(near, `\`${module}\` declares no \`${name}\``),
    {
      hint:
        near !== null
          ? null
          : has.length === 0
            ? "That file declares nothing."
            : `It declares ${listed(has)}.`,
      fix:
        near === null
          ? null
          : { title: `Write \`${near}\``, edits: [at.span, ...uses].map((span) => ({ span, text: near })) },
    },
  );
}

export function importCycle(at: At, chain: readonly string[], first: At | null): Diagnostic {
  const self = chain.length === 2;
  return error(
    "import-cycle",
    at,
    self ? "A module imports itself" : "Modules import each other in a circle",
    self ? "this is the file itself" : chain.join(" → "),
    {
      related: [self ? null : related(first, "the circle starts here")],
      hint: self
        ? "What a file declares is there without an import; remove this line."
        : "Move what both need into a third file that imports neither.",
    },
  );
}

export function unusedImport(at: At, name: string, fix: Fix | null): Diagnostic {
  return warning("unused-import", at, "Unused import", `\`${name}\` is not used in this file`, { fix });
}

export function nameCase(at: At, name: string, right: string, what: string, fix: Fix | null): Diagnostic {
  const style = /^[A-Z]/.test(right)
    ? "a type's name is written like `BuildPlan`"
    : "such a name is written like `build_plan`";
  return error("name-case", at, "Name in the wrong case", `${what} \`${name}\` should be \`${right}\``, {
    hint: `Case tells types from values: ${style}.`,
    fix,
  });
}

export function unknownName(
  at: At,
  label: string,
  hint: string | null,
  near: string | null,
  seen: At | null,
  seenLabel: string,
): Diagnostic {
  return error("unknown-name", at, "Unknown name", label, {
    hint,
    related: [related(seen, seenLabel)],
    fix: renameFix(near, at.span),
  });
}

export function unknownType(at: At, name: string, near: string | null, hint: string | null): Diagnostic {
  return error("unknown-type", at, "Unknown type", didYouMean(near, `there is no type \`${name}\``), {
    hint,
    fix: renameFix(near, at.span),
  });
}

export function usedBeforeDefinition(at: At, name: string, made: At, inside: boolean): Diagnostic {
  return error(
    "used-before-definition",
    at,
    "Used before its definition",
    inside ? `\`${name}\` is still being made here` : `\`${name}\` is made further down`,
    {
      related: [inside ? null : related(made, "it is made here")],
      hint: inside
        ? "A value cannot need itself. For another round over the same thing, use `repeat`."
        : "Inside a block a name can be used only below the line that makes it; move that line up.",
    },
  );
}

export function duplicateName(
  at: At,
  name: string,
  what: string,
  first: At | null,
  hint: string | null,
): Diagnostic {
  return error("duplicate-name", at, "Name defined twice", `${what} \`${name}\` is already there`, {
    related: [related(first, "first defined here")],
    hint: hint ?? "Names are never hidden by others: choose another one.",
  });
}

export function unusedBinding(at: At, name: string, fix: Fix | null): Diagnostic {
  return warning("unused-binding", at, "Unused value", `nothing below uses \`${name}\``, {
    hint: `Remove it, or call it \`_${name.replace(/^_+/, "")}\` if it is meant to stay.`,
    fix,
  });
}

export function unusedParameter(at: At, name: string, owner: string): Diagnostic {
  return warning("unused-parameter", at, "Unused parameter", `${owner} never uses \`${name}\``, {
    hint: "Every caller has to give it, for nothing: use it, or remove it.",
  });
}

export function unusedLoopVariable(at: At, name: string, deps: boolean): Diagnostic {
  return warning("unused-loop-variable", at, "Unused loop variable", `the body never uses \`${name}\``, {
    hint: deps
      ? `Leave \`as ${name}\` out: \`after\` alone waits for the other items.`
      : `Every item would do the same work. If that is meant, call it \`_${name}\`.`,
  });
}

export function unusedDeclaration(at: At, what: string, name: string): Diagnostic {
  return warning("unused-declaration", at, "Unused declaration", `nothing uses the ${what} \`${name}\``, {
    hint: "Remove it, or use it in a flow.",
  });
}

export function recursiveType(at: At, chain: readonly string[]): Diagnostic {
  return error("recursive-type", at, "A type contains itself", chain.join(" → "), {
    hint: "No value could ever be that large. Put `?`, `[]` or `map<…>` in between.",
  });
}

export function recursiveConstant(at: At, chain: readonly string[]): Diagnostic {
  return error("recursive-constant", at, "A constant needs itself", chain.join(" → "), {
    hint: "Give one of them a value that does not mention the others.",
  });
}
