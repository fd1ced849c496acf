// `--set RUNNER.KEY=VALUE`, or `--set NAME=KIND`, as it was typed: split, and put into the program.

import type { Host } from "../compiler/host.ts";
import { type GivenSetting, withSettings } from "../compiler/set.ts";
import { visible } from "./render/text.ts";
import { didYouMean, shellWord, usage } from "./stop.ts";

/** Null if it is not written as `RUNNER.KEY=VALUE` or `NAME=KIND`. */
export function settingOf(text: string): GivenSetting | null {
  const at = text.indexOf("=");
  const path = text.slice(0, Math.max(at, 0)).split(".");
  const value = text.slice(at + 1);
  if (at < 0 || path.some((name) => !isWord(name)) || (path.length === 1 && !isWord(value))) return null;
  return { path, text: value };
}

function isWord(text: string): boolean {
  return /^[A-Za-z_]\w*$/.test(text);
}

/** The words of the options, to type them again. */
export function setWords(set: readonly string[]): readonly string[] {
  return set.flatMap((one) => ["--set", shellWord(one)]);
}

/** Has a program something that this sets; or, `near`, something whose name is much the same? */
export function hasSetting(one: string, entry: string, host: Host): "here" | "near" | "nothing" {
  const given = settingOf(one);
  const changed = given === null ? host : withSettings(entry, host, [given]);
  return !("problem" in changed) ? "here" : changed.near === null ? "nothing" : "near";
}

/** The program as its file and the command line say together. `next`: the command without them. */
export function hostWith(set: readonly string[], entry: string, host: Host, next: string): Host {
  const changed = withSettings(
    entry,
    host,
    set.flatMap((one) => settingOf(one) ?? []),
  );
  if (!("problem" in changed)) return changed;
  const { near, of } = changed;
  const meant = (one: string): string => {
    if (of !== undefined) return one.startsWith(`${of}=`) ? `${of}=${near}` : one;
    return one.startsWith(`${near}.`) || one.startsWith(`${near}=`) ? one : one.replace(/^\w+/, near ?? "");
  };
  throw usage(
    `${visible(changed.problem)}${didYouMean(near)}`,
    near === null ? next : [next, ...setWords(set.map(meant))].join(" "),
  );
}
