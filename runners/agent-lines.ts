// What readers of agents' events share: JSON objects in lines, their fields, and how a command ended in words.

import type { Usage } from "../runtime/agent.ts";
import type { Exit } from "../runtime/runner.ts";

export type Fields = Readonly<Record<string, unknown>>;

export const noUsage: Usage = { requests: 0, input: 0, output: 0, cacheRead: 0, cacheWrite: 0, cost: null };

/** Null: no JSON object. Such lines are for people, and stand in the log. */
export function objectIn(text: string): Fields | null {
  if (!text.trimStart().startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

/** No fields, if it is no object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textIn(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

/** Null: no number, or below 0. */
export function numberIn(fields: Fields, name: string): number | null {
  const value = fields[name];
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : null;
}

export function textsIn(value: unknown): readonly string[] {
  return listOf(value).filter((each) => typeof each === "string");
}

/** One line of at most so many characters. */
export function brief(text: string, most = 100): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}

/** Ends like a sentence. */
export function sentence(text: string): string {
  const told = text.trim();
  return told === "" || /[.!?]$/.test(told) ? told : `${told}.`;
}

/** With which programs exit that a signal ended, and that still had something to do. */
const signals: Readonly<Record<number, string>> = { 130: "SIGINT", 137: "SIGKILL", 143: "SIGTERM" };

/** How it ended, as a sentence, with the last that it wrote to standard error. */
export function endOf(exit: Exit, errors: string): string {
  const last = errors.trimEnd().split("\n").at(-1)?.trim() ?? "";
  const told = last === "" ? "" : ` It said: ${brief(last, 300)}`;
  // What the place knows of why says more than how.
  if ("hint" in exit && exit.hint !== undefined) return `${exit.hint}${told}`;
  const signal = exit.kind === "exited" ? signals[exit.code] : undefined;
  if (signal !== undefined) return `It was ended by ${signal}.${told}`;
  if (exit.kind === "exited") return `It exited with ${exit.code}.${told}`;
  if (exit.kind !== "signalled") return exit.message;
  return `It was ended by ${exit.signal}.${told}`;
}

/** A value in words that are JSON, perhaps in a fence or among other words; undefined: there is none. */
export function answerIn(text: string): unknown {
  const fenced = [...text.matchAll(/```(?:json)?\s*\n([\s\S]*?)\n\s*```/g)].at(-1)?.[1];
  const braced = /\{[\s\S]*\}/.exec(text)?.[0];
  for (const each of [text, fenced, braced]) {
    const found = each === undefined ? null : objectIn(each);
    if (found !== null) return found;
  }
  return undefined;
}

/** How to answer, for an agent that cannot be held to a schema. */
export function answerAsked(prompt: string, schema: Fields): string {
  return [
    prompt,
    "",
    "When all is done, end with one JSON object and nothing else: no words, no fence. It must be valid by this JSON Schema:",
    JSON.stringify(schema),
  ].join("\n");
}

/** The one of a tool's arguments by which people know what it is about. */
export function aboutIn(input: Fields): string {
  const names = ["command", "file_path", "path", "pattern", "url", "query", "skill", "description", "prompt"];
  return names.map((name) => textIn(input, name)).find((text) => text !== "") ?? "";
}
