// Prompts that are small programs: what the stub of a model's API says and does next, read from the conversation.

import { recordOf, textOf } from "./e2b-server-connect.ts";

/**
 * What goes wrong before a turn, or how it is told. Each counts how often: `FAIL STATUS TIMES [RETRY-AFTER-SECONDS] [MESSAGE]`,
 * `CUT TIMES` (the stream breaks in the middle), `DROP TIMES` (the connection, before anything came), `HANG TIMES`,
 * `WAIT MS`, `USAGE INPUT OUTPUT [CACHE-READ] [CACHE-WRITE]`. TIMES 0: always.
 */
export type Before =
  | {
      readonly kind: "fail";
      readonly status: number;
      readonly times: number;
      readonly retryAfter: number | null;
      readonly message: string;
    }
  | { readonly kind: "cut" | "drop" | "hang"; readonly times: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "usage"; readonly tokens: readonly number[] };

/** One answer of the model: words (`SAY`), then a tool (`WRITE PATH TEXT`, `BASH COMMAND`, `TOOL NAME JSON`, `ANSWER JSON`) or the end. */
export interface Turn {
  readonly before: readonly Before[];
  readonly text: string;
  readonly tool: { readonly name: string; readonly input: unknown } | null;
  /** Which turn of which program: the same in a repeated request. */
  readonly name: string;
}

const word = /^(SAY|WRITE|BASH|TOOL|ANSWER|FAIL|CUT|DROP|HANG|WAIT|USAGE|NEXT)(?: (.*))?$/;

function linesOf(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => word.test(line)).join("\n");
}

/**
 * The turn that a conversation has come to. The last prompt with lines of a program says what is done; a later prompt without
 * any, or with the same, goes on behind the next `NEXT`, and does the last part again when there is none.
 */
export function turnOf(messages: readonly unknown[]): Turn {
  let program = "";
  let part = 0;
  let turn = 0;
  for (const message of messages.map(recordOf)) {
    if (message["role"] === "assistant") {
      turn++;
      continue;
    }
    if (message["role"] !== "user") continue;
    for (const text of promptsOf(message["content"])) {
      const lines = linesOf(text);
      if (lines !== "" && lines !== program) {
        program = lines;
        part = 0;
      } else part++;
      turn = 0;
    }
  }
  const parts = partsOf(program);
  const turns = parts[Math.min(part, parts.length - 1)] ?? [];
  return { ...(turns[turn] ?? { before: [], text: "done", tool: null }), name: `${program}/${part}/${turn}` };
}

function promptsOf(content: unknown): readonly string[] {
  if (typeof content === "string") return [content].filter(isSaid);
  if (!Array.isArray(content)) return [];
  return content
    .map(recordOf)
    .filter(({ type }) => type === "text" || type === "input_text")
    .map(({ text }) => textOf(text))
    .filter(isSaid);
}

/** What Claude Code puts in by itself is no prompt. */
function isSaid(text: string): boolean {
  return (
    !/^(<system-reminder>|\[structured-output-enforce\]|<local-command|<command-)/.test(text) &&
    text.trim() !== ""
  );
}

type Spoken = Omit<Turn, "name">;

function partsOf(program: string): readonly (readonly Spoken[])[] {
  const parts: Spoken[][] = [[]];
  let before: Before[] = [];
  let text: string[] = [];
  const close = (tool: Turn["tool"]) => {
    parts.at(-1)?.push({ before, text: text.join("\n"), tool });
    before = [];
    text = [];
  };
  for (const line of program.split("\n")) {
    const [, name, rest = ""] = word.exec(line.trim()) ?? [];
    if (name === undefined) continue;
    if (name === "SAY") text.push(rest);
    else if (name === "NEXT") {
      if (before.length > 0 || text.length > 0) close(null);
      parts.push([]);
    } else {
      const trouble = beforeOf(name, rest);
      if (trouble !== null) before.push(trouble);
      else close(toolOf(name, rest));
    }
  }
  if (before.length > 0 || text.length > 0) close(null);
  return parts;
}

function beforeOf(name: string, rest: string): Before | null {
  const numbers = rest.split(" ").map(Number);
  const times = rest === "" ? 1 : (numbers[0] ?? 1);
  if (name === "CUT") return { kind: "cut", times };
  if (name === "DROP") return { kind: "drop", times };
  if (name === "HANG") return { kind: "hang", times };
  if (name === "WAIT") return { kind: "wait", ms: numbers[0] ?? 0 };
  if (name === "USAGE") return { kind: "usage", tokens: numbers };
  if (name !== "FAIL") return null;
  const [, status = "500", often = "1", after, message = ""] =
    /^(\d+)(?: (\d+))?(?: (\d+(?:\.\d+)?))?(?: (.*))?$/.exec(rest) ?? [];
  return {
    kind: "fail",
    status: Number(status),
    times: Number(often),
    retryAfter: after === undefined ? null : Number(after),
    message,
  };
}

function toolOf(name: string, rest: string): Turn["tool"] {
  if (name === "BASH") return { name: "Bash", input: { command: rest, description: "runs a command" } };
  if (name === "ANSWER") return { name: "StructuredOutput", input: JSON.parse(rest) };
  const [, first = "", second = ""] = /^(\S+)(?: (.*))?$/.exec(rest) ?? [];
  if (name === "WRITE") return { name: "Write", input: { file_path: first, content: second } };
  return { name: first, input: JSON.parse(second === "" ? "{}" : second) };
}
