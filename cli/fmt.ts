// `flowc fmt`: one style, no options. A file with a syntax error is shown, and left as it is.

import { randomBytes } from "node:crypto";
import { chmodSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { format } from "../grammar/format.ts";
import { parse } from "../grammar/parser.ts";
import type { Source } from "../grammar/source.ts";
import { flowFiles, readSource } from "./files.ts";
import { count, visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { exits, Stop, shellWord, usage } from "./stop.ts";
import { mustBeWell, tell } from "./tell.ts";
import type { World } from "./world.ts";

export async function fmt(request: RequestOf<"fmt">, world: World): Promise<number> {
  if (request.stdin) return fromStdin(request, world);
  const files = flowFiles(world.cwd, request.files, "fmt");
  const broken: Diagnostic[] = [];
  const changed: string[] = [];
  for (const path of files) {
    const source = readSource(world.cwd, path);
    const formatted = formatSource(source);
    if (typeof formatted !== "string") broken.push(...formatted);
    else if (formatted !== source.text) {
      changed.push(path);
      if (!request.check) replace(resolve(world.cwd, path), formatted);
    }
  }
  for (const path of changed)
    if (request.check) world.out.write(`${visible(path)}\n`);
    else world.err.write(`formatted ${visible(path)}\n`);
  const again = ["flowc fmt", ...request.files.map(shellWord)].join(" ");
  if (broken.length > 0) {
    tell(broken, world.err);
    const left = new Set(broken.map((one) => one.source.path));
    world.err.write(
      `left as ${left.size === 1 ? "it is" : "they are"}: ${[...left].map(visible).join(", ")}\n`,
    );
    throw new Stop(exits.wrong, "", again);
  }
  if (!request.check || changed.length === 0) return exits.well;
  throw new Stop(exits.failed, `${count(changed.length, "file")} would change.`, again);
}

async function fromStdin(request: RequestOf<"fmt">, world: World): Promise<number> {
  if (request.files.length > 0)
    throw usage("`--stdin` formats what it reads; it takes no files.", "flowc fmt --stdin");
  const source: Source = { path: "<stdin>", text: await world.input() };
  const formatted = formatSource(source);
  if (typeof formatted !== "string") {
    mustBeWell(formatted, world.err, "flowc fmt --stdin");
    return exits.wrong;
  }
  if (!request.check) world.out.write(formatted);
  else if (formatted !== source.text)
    throw new Stop(exits.failed, "What was read would change.", "flowc fmt --stdin");
  return exits.well;
}

/** The text in the one style, or why it has none. */
function formatSource(source: Source): string | readonly Diagnostic[] {
  const { file, diagnostics } = parse(source);
  return diagnostics.some((one) => one.severity === "error") ? diagnostics : format(file);
}

/** Written aside and renamed, so that nobody ever sees half a file; the mode stays, a link goes on pointing there. */
function replace(path: string, text: string): void {
  const real = realpathSync(path);
  const aside = join(dirname(real), `.${basename(real)}.${randomBytes(6).toString("hex")}`);
  try {
    writeFileSync(aside, text, { flag: "wx" });
    chmodSync(aside, statSync(real).mode & 0o7777);
    renameSync(aside, real);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}
