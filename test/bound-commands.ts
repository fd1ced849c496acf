// Makes bound commands of templates for the tests: the way from a flow's string literal to arguments, without a flow.

import type { TypedExpr } from "../compiler/plan-expr.ts";
import type { ShellCommand, ShellHole } from "../compiler/plan-tasks.ts";
import { analyzeShell } from "../grammar/shell.ts";
import type { HolePlace, ShellPart, ShellScript } from "../grammar/shell-script.ts";
import { type BoundCommand, bind, type Texts } from "../runtime/command.ts";

/** Parts of a template: each `~{n}` is hole n; `~{}` counts up. */
export function partsOf(template: string): readonly ShellPart[] {
  const parts: ShellPart[] = [];
  let next = 0;
  template.split(/(~\{\d*\})/).forEach((piece) => {
    const hole = /^~\{(\d*)\}$/.exec(piece)?.[1];
    if (hole === undefined) {
      if (piece !== "") parts.push({ text: piece });
    } else parts.push({ hole: hole === "" ? next++ : Number(hole) });
  });
  return parts;
}

/** The plan's command of an analysed script: hole n is parameter n. */
export function commandOf(script: ShellScript): ShellCommand {
  const piece = (part: string | HolePlace): string | ShellHole =>
    typeof part === "string"
      ? part
      : { place: part.place, expr: { k: "slot", up: 0, i: part.hole }, type: { kind: "string" } };
  const { shell, pieces, words } = script;
  return {
    kind: "shell",
    shell,
    pieces: pieces.map(piece),
    words: words?.map((word) => word.map(piece)) ?? null,
  };
}

/** Texts of holes by their number. */
export function textsOf(values: readonly Texts[]): (hole: TypedExpr) => Texts {
  return ({ expr }) => (expr.k === "slot" ? (values[expr.i] ?? null) : null);
}

/** Binds a template's holes; `shell`: never without one. Throws with the problem. */
export function boundOf(
  template: string,
  values: readonly Texts[],
  { shell = true, scriptPath = "/nowhere" }: { shell?: boolean; scriptPath?: string } = {},
): BoundCommand {
  const script = analyzeShell(partsOf(template));
  const first = script.problems[0];
  if (first !== undefined) throw new Error(`${first.problem}: ${first.detail} in ${template.slice(0, 200)}`);
  const command = commandOf(script);
  const bound = bind(shell ? { ...command, words: null } : command, textsOf(values), scriptPath);
  if ("problem" in bound) throw new Error(bound.problem);
  return bound;
}
