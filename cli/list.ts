// `flowc list`: the flows and tasks of a file, with inputs, defaults and doc comments; its runners, limits and agents.

import type { File, Flow, Param, Place, Task } from "../grammar/ast.ts";
import { parse } from "../grammar/parser.ts";
import { position, type Span } from "../grammar/source.ts";
import { flowFile, readSource } from "./files.ts";
import { type Paint, painter } from "./render/color.ts";
import { visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { shellWord } from "./stop.ts";
import { mustBeWell } from "./tell.ts";
import type { World } from "./world.ts";

export function list(request: RequestOf<"list">, world: World): number {
  const path = flowFile(world.cwd, request.file, "list");
  const source = readSource(world.cwd, path);
  const { file, diagnostics } = parse(source);
  mustBeWell(diagnostics, world.err, `flowc check ${shellWord(path)}`);
  const listed = listing(file);
  if (request.json) world.out.write(`${JSON.stringify(listed, null, 2)}\n`);
  else world.out.write(drawn(listed, painter(world.out.color)));
  return 0;
}

function listing(file: File) {
  const written = (span: Span | undefined): string | null =>
    span === undefined ? null : file.source.text.slice(span.start, span.end).replace(/\s+/g, " ");
  const input = (param: Param) => ({
    name: param.name.text,
    type: written(param.type.span) ?? "",
    default: written(param.value?.span),
    doc: param.doc,
  });
  const callable = (one: Flow | Task) => ({
    name: one.name.text,
    doc: one.doc,
    line: position(file.source, one.name.span.start).line,
    inputs: one.params.map(input),
    answer: written(one.answer?.span),
  });
  const { declarations } = file;
  return {
    version: 1,
    file: file.source.path,
    doc: file.doc,
    flows: declarations.filter((one): one is Flow => one.kind === "flow").map(callable),
    tasks: declarations.filter((one): one is Task => one.kind === "task").map(callable),
    places: declarations
      .filter((one): one is Place => one.kind === "place")
      .map((one) => ({
        kind: one.place,
        name: one.name.text,
        doc: one.doc,
        line: position(file.source, one.name.span.start).line,
        settings: one.settings.map(({ key }) => key.text),
      })),
  };
}

type Listing = ReturnType<typeof listing>;

function drawn(listed: Listing, paint: Paint): string {
  const lines: string[] = [];
  const doc = (text: string | null, indent: string): void => {
    for (const line of text?.split("\n") ?? [])
      lines.push(`${indent}${paint("dim", visible(line))}`.trimEnd());
  };
  doc(listed.doc, "");
  for (const kind of ["flow", "task"] as const) {
    for (const one of kind === "flow" ? listed.flows : listed.tasks) {
      if (lines.length > 0) lines.push("");
      const answer = one.answer === null ? "" : ` -> ${visible(one.answer)}`;
      lines.push(`${kind} ${paint("strong", visible(one.name))}${answer}`);
      doc(one.doc, "  ");
      for (const input of one.inputs) {
        const value = input.default === null ? "" : ` = ${visible(input.default)}`;
        lines.push(`  ${paint("code", visible(input.name))}: ${visible(input.type)}${value}`);
        doc(input.doc, "    ");
      }
    }
  }
  for (const { kind, name, doc: text, settings } of listed.places) {
    const says = settings.length === 0 ? "" : `: ${settings.map(visible).join(", ")}`;
    lines.push("", `${kind} ${paint("strong", visible(name))}${says}`);
    doc(text, "  ");
  }
  if (listed.flows.length + listed.tasks.length === 0)
    lines.push("There are no flows and no tasks in this file.");
  return `${lines.join("\n")}\n`;
}
