// What the checker says about files of the project that several nodes change, give out, or look for in vain.

import type { Diagnostic, Fix } from "../grammar/diagnostic.ts";
import { type At, error, related, warning } from "./errors.ts";

interface Both {
  readonly names: { readonly earlier: string; readonly later: string };
  /** The two globs, and a path that both match. */
  readonly files: { readonly earlier: string; readonly later: string; readonly path: string };
}

/** Two nodes that may run at the same time have a path in common. */
export type Sharing = Both &
  (
    | { readonly kind: "nodes"; readonly at: At; readonly other: At }
    /** Two items of one loop; `keys` where they are known. */
    | {
        readonly kind: "items";
        readonly at: At;
        readonly loop: At;
        readonly variable: string;
        readonly keys: readonly [string, string] | null;
      }
  );

export function writeOverlap(sharing: Sharing): Diagnostic {
  const { files, names } = sharing;
  const title = "Nodes that may write the same files at the same time";
  const path = same(files) ? `\`${files.later}\`` : `\`${files.path}\``;
  if (sharing.kind === "nodes")
    return error("write-overlap", sharing.at, title, `\`${names.later}\` may write ${path}, too`, {
      related: [
        related(
          sharing.other,
          `\`${names.earlier}\` may write \`${files.earlier}\`, and nothing orders the two`,
        ),
      ],
      hint: `${globs(files)}Let one wait for the other with \`after\`, or give each files of its own.`,
    });
  const { keys, variable } = sharing;
  const label =
    keys === null
      ? `each item may write ${path}, at the same time`
      : `the items \`${keys[0]}\` and \`${keys[1]}\` may both write ${path}`;
  return error("write-overlap", sharing.at, title, label, {
    related: [related(sharing.loop, "the items run side by side")],
    hint: `Let the globs of \`writes\` depend on \`${variable}\`, or let one item run at a time: \`parallel: 1\`.`,
  });
}

export function sharedOutput(sharing: Sharing): Diagnostic {
  const { files, names } = sharing;
  const title = "Nodes that may return the same file of the project";
  const path = same(files) ? `\`${files.later}\`` : `\`${files.path}\``;
  const scratch = 'a fresh folder, `reads: ["src/**"]`, gives each run one of its own';
  if (sharing.kind === "nodes")
    return error("shared-output", sharing.at, title, `\`${names.later}\` returns ${path}, too`, {
      related: [
        related(
          sharing.other,
          `\`${names.earlier}\` returns \`${files.earlier}\`, and nothing orders the two`,
        ),
      ],
      hint: `Either could return what the other has made. Name the files apart, or let one wait with \`after\`; ${scratch}.`,
    });
  const { keys, variable } = sharing;
  const label =
    keys === null
      ? `each item returns ${path}, at the same time`
      : `the items \`${keys[0]}\` and \`${keys[1]}\` both return ${path}`;
  return error("shared-output", sharing.at, title, label, {
    related: [related(sharing.loop, "the items run side by side")],
    hint: `Each could return what another has made. Let the path depend on \`${variable}\`; ${scratch}.`,
  });
}

/** What cannot be a glob would match nothing, or leave the project. */
export function badGlob(at: At, pattern: string, problem: string, fix: Fix | null): Diagnostic {
  return error("bad-glob", at, "Not a glob", `\`${pattern}\` cannot be used: ${problem}`, {
    hint: "A glob is a path with `*`, `**`, `?`, `[abc]` or `{a,b}` in it, relative to the project's root: `src/**`.",
    fix,
  });
}

/** `reads` would bring nothing, and the attempt fail. `right`: what was probably meant. */
export function noFileRead(at: At, pattern: string, right: string | null, fix: Fix | null): Diagnostic {
  return warning("missing-file", at, "File not found", `\`${pattern}\` matches no file of the project`, {
    hint:
      right === null
        ? "Globs of `reads` start at the project's root, and `*` takes no name that begins with a dot. What a node makes goes in as its answer, a `file`."
        : `Globs of \`reads\` start at the project's root, and match files: \`${right}\`.`,
    fix,
  });
}

function same({ earlier, later }: Both["files"]): boolean {
  return earlier === later;
}

function globs(files: Both["files"]): string {
  return same(files) ? "" : `\`${files.later}\` and \`${files.earlier}\` share that path. `;
}
