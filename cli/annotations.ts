// Diagnostics as workflow commands of GitHub Actions: each becomes a note at its line in the changed files.

import { relative, resolve } from "node:path";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { position } from "../grammar/source.ts";
import { visible } from "./render/text.ts";
import type { World } from "./world.ts";

/** One `::error …::…` or `::warning …::…` a line; "" if there are none. */
export function annotations(diagnostics: readonly Diagnostic[], world: Pick<World, "cwd" | "env">): string {
  return diagnostics.map((one) => `${annotation(one, world)}\n`).join("");
}

function annotation(one: Diagnostic, world: Pick<World, "cwd" | "env">): string {
  const start = position(one.source, one.span.start);
  const end = position(one.source, one.span.end);
  const places = [
    ["file", pathOnGithub(one.source.path, world)],
    ["line", String(start.line)],
    // GitHub takes columns only for what stands on one line, and counts the last one in.
    ...(start.line === end.line ? [["col", String(start.column)]] : []),
    ["endLine", String(end.line)],
    ...(start.line === end.line ? [["endColumn", String(Math.max(start.column, end.column - 1))]] : []),
    ["title", `${one.code}: ${one.title}`],
  ];
  const properties = places.map(([name, value]) => `${name}=${noteProperty(value ?? "")}`).join(",");
  const text = [
    one.label,
    ...one.related.map(({ source, span, label }) => {
      const { line } = position(source, span.start);
      return `${pathOnGithub(source.path, world)}:${line}: ${label}`;
    }),
    ...(one.hint === undefined ? [] : [`hint: ${one.hint}`]),
    ...(one.fix === undefined ? [] : [`fix: ${one.fix.title}`]),
  ];
  return `::${one.severity} ${properties}::${noteMessage(text.join("\n"))}`;
}

/** GitHub finds a file by its path in the repository, wherever in it the step stands. */
export function pathOnGithub(path: string, world: Pick<World, "cwd" | "env">): string {
  const top = world.env["GITHUB_WORKSPACE"];
  if (top === undefined || top === "") return path;
  const inside = relative(top, resolve(world.cwd, path));
  return inside.startsWith("..") ? path : inside.replaceAll("\\", "/");
}

/** A text behind the `::` of a workflow command. */
export function noteMessage(text: string): string {
  return text
    .split("\n")
    .map((line) => visible(line).replaceAll("%", "%25").replaceAll("\r", "%0D"))
    .join("%0A");
}

/** A value before it. */
export function noteProperty(text: string): string {
  return noteMessage(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
