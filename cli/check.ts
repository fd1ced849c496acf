// `flowc check`: everything that can be known before a run.

import { resolve } from "node:path";
import { check as checkProgram } from "../compiler/check.ts";
import { runnersNamed, runnersWithout } from "../compiler/check-runners.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { annotations } from "./annotations.ts";
import { flowFiles } from "./files.ts";
import { nodeHost } from "./host.ts";
import { mustBeKind } from "./on.ts";
import { count, visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { hasSetting, hostWith, setWords } from "./set.ts";
import { exits, Stop, shellWord } from "./stop.ts";
import { asJson, errorsIn, tell } from "./tell.ts";
import type { World } from "./world.ts";

export function check(request: RequestOf<"check">, world: World): number {
  const files = flowFiles(world.cwd, request.files, "check");
  const meant = settingsByFile(files, request, world);
  const found = files.flatMap((file) => checked(file, { ...request, set: meant.get(file) ?? [] }, world));
  const diagnostics = once(found).map((one) =>
    request.strict ? { ...one, severity: "error" as const } : one,
  );
  const errors = errorsIn(diagnostics);
  const warnings = diagnostics.length - errors;
  const format = request.format ?? (world.env["GITHUB_ACTIONS"] === "true" ? "github" : "text");
  if (format === "json")
    world.out.write(
      `${JSON.stringify({ version: 1, diagnostics: diagnostics.map(asJson), errors, warnings }, null, 2)}\n`,
    );
  else if (format === "github") world.out.write(annotations(diagnostics, world));
  else tell(diagnostics, world.out);
  if (errors > 0) {
    const again = ["flowc check", ...(request.strict ? ["--strict"] : []), ...request.files.map(shellWord)];
    if (request.on !== null) again.push("--on", shellWord(request.on));
    again.push(...setWords(request.set));
    throw new Stop(exits.wrong, "", unclear(diagnostics) ?? again.join(" "));
  }
  if (diagnostics.length === 0 && format !== "json")
    world.err.write(`${count(files.length, "file")}, no mistakes\n`);
  return exits.well;
}

/** Each file gets what it declares something for; what none of them has is told by the one that comes nearest. */
function settingsByFile(
  files: readonly string[],
  { set }: RequestOf<"check">,
  world: World,
): ReadonlyMap<string, readonly string[]> {
  const [only = "", ...others] = files;
  if (set.length === 0 || others.length === 0) return new Map([[only, set]]);
  const meant = new Map<string, string[]>();
  for (const one of set) {
    const found = files.map((file) => ({
      file,
      has: hasSetting(one, resolve(world.cwd, file), nodeHost(world.cwd, file, world.machine)),
    }));
    const here = found.filter(({ has }) => has === "here").map(({ file }) => file);
    const near = found.find(({ has }) => has === "near")?.file ?? only;
    for (const file of here.length > 0 ? here : [near]) meant.set(file, [...(meant.get(file) ?? []), one]);
  }
  return meant;
}

/** What is wrong with one file, and with `--on` which of its runners cannot run there. */
function checked(file: string, { on, set, files }: RequestOf<"check">, world: World): readonly Diagnostic[] {
  const entry = resolve(world.cwd, file);
  const disk = nodeHost(world.cwd, file, world.machine);
  const command = ["flowc check", ...files.map(shellWord)].join(" ");
  const host = set.length === 0 ? disk : hostWith(set, entry, disk, command);
  if (on !== null) mustBeKind(on, host.kinds, (kind) => `${command} --on ${kind}`);
  const { program, diagnostics } = checkProgram(entry, host, { on });
  if (on === null || program === null) return diagnostics;
  if (runnersNamed(program).length === 0)
    world.err.write(`no task of ${visible(file)} names a runner: all of it stays on this machine\n`);
  return [...diagnostics, ...runnersWithout(program, on, host)];
}

/** Where an error has no fix to follow, the rule behind the first such is what to read next. */
function unclear(diagnostics: readonly Diagnostic[]): string | null {
  const first = diagnostics.find((one) => one.severity === "error");
  // What is wrong with the text itself, the message has said already.
  return first === undefined || first.fix !== undefined || first.code === "syntax"
    ? null
    : `flowc explain ${first.code}`;
}

/** A file that several others import is checked with each of them; its mistakes are told once. */
function once(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((one) => {
    const key = JSON.stringify([one.source.path, one.code, one.span.start, one.span.end, one.label]);
    return !seen.has(key) && seen.add(key);
  });
}
