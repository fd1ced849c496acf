// Which `.flow` files a command line means: files as named, of a folder all below it.

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { createNearest } from "../compiler/suggest.ts";
import type { Source } from "../grammar/source.ts";
import { nodeHost } from "./host.ts";
import { visible } from "./render/text.ts";
import { didYouMean, exits, Stop, shellWord, usage } from "./stop.ts";

/** A project with more files than this is searched for the wrong thing. */
const filesMax = 10_000;

/** Folders that hold other people's files, or no sources. */
function isForeign(name: string): boolean {
  return name.startsWith(".") || name === "node_modules";
}

/** Paths as they are shown, relative to `cwd` where they were given so. */
export function flowFiles(cwd: string, given: readonly string[], command: string): readonly string[] {
  const found = new Set<string>();
  for (const path of given.length === 0 ? ["."] : given) {
    if (kindOf(resolve(cwd, path)) !== "dir") found.add(flowFile(cwd, path, command));
    else for (const file of below(cwd, path)) found.add(file);
  }
  if (found.size > 0) return [...found];
  const where = given.length === 0 ? "here or below" : `in ${given.map(visible).join(" or ")}`;
  throw usage(`There is no .flow file ${where}.`, `flowc ${command} FILE`);
}

/** One file that must be there. */
export function flowFile(cwd: string, path: string, command: string): string {
  const full = resolve(cwd, path);
  const kind = kindOf(full);
  if (kind === "file") return path;
  const again = (name: string): string => `flowc ${command} ${shellWord(name)}`;
  if (kind === "dir") {
    const inside = below(cwd, path)[0];
    throw usage(
      `${visible(path)} is a folder; \`flowc ${command}\` takes one file.`,
      again(inside ?? join(path, "FILE.flow")),
    );
  }
  const beside = names(dirname(full)).filter((name) => name.endsWith(".flow"));
  const name = basename(path);
  const nearest = beside.includes(`${name}.flow`) ? `${name}.flow` : createNearest()(name, beside);
  const mended = nearest === null ? null : join(dirname(path), nearest);
  const others =
    mended === null && beside.length > 0 ? ` There: ${beside.slice(0, 8).map(visible).join(", ")}.` : "";
  throw usage(
    `There is no file ${visible(path)}.${didYouMean(mended)}${others}`,
    again(
      mended ??
        (beside.length === 1 && beside[0] !== undefined ? join(dirname(path), beside[0]) : "FILE.flow"),
    ),
  );
}

function kindOf(path: string): "file" | "dir" | "absent" {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "absent" : stats.isDirectory() ? "dir" : "file";
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function below(cwd: string, folder: string): readonly string[] {
  const found: string[] = [];
  const open = [folder];
  for (let at = open.pop(); at !== undefined && found.length < filesMax; at = open.pop()) {
    const inner: string[] = [];
    for (const entry of entries(resolve(cwd, at))) {
      const path = join(at, entry.name);
      if (entry.isDirectory() && !isForeign(entry.name)) inner.push(path);
      else if (entry.isFile() && entry.name.endsWith(".flow")) found.push(path);
    }
    open.push(...inner.reverse());
  }
  return found;
}

function entries(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : a.name > b.name ? 1 : 0,
    );
  } catch {
    return [];
  }
}

/** One file's text, for a command that looks at no other. */
export function readSource(cwd: string, path: string): Source {
  const host = nodeHost(cwd, path);
  const full = resolve(cwd, path);
  const found = host.read(full);
  if ("text" in found) return { path: host.show(full), text: found.text };
  const why = {
    absent: "is not there any more",
    directory: "is a folder",
    "no-file": "is neither a file nor a folder",
    unreadable: "may not be read",
    "not-utf8": "is not UTF-8 text",
    "too-large": "is too large: a flow file has at most 4 MB",
  }[found.error];
  throw new Stop(exits.wrong, `${visible(path)} ${why}.`, `ls -l ${shellWord(path)}`);
}
