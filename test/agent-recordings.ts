// Recordings of what agents really printed: a first line that says how they were asked and how they ended, then their output.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AgentEnd, AgentKind, AgentNews, AgentRequest, AgentSettings, Usage } from "../runtime/agent.ts";
import type { Exit, JsonSchema } from "../runtime/runner.ts";
import { noUsage } from "../runtime/usage.ts";

const folder = fileURLToPath(new URL("./agents", import.meta.url));

export interface Asked {
  readonly settings: AgentSettings;
  readonly schema: JsonSchema | null;
  readonly budget: number | null;
  readonly resumes: boolean;
  readonly used?: Usage;
}

export interface Recording extends Asked {
  readonly exit: Exit;
  readonly errors: string;
  readonly lines: readonly string[];
}

export const session = "33333333-1111-4111-8111-111111111111";

export function requestOf(asked: Asked, prompt = ""): AgentRequest {
  const { settings, schema, budget, resumes, used = noUsage } = asked;
  return { settings, prompt, schema, session: { id: session, resumes, used }, temporary: "/tmp/t", budget };
}

export function recordings(kind: string): readonly string[] {
  return readdirSync(join(folder, kind))
    .filter((name) => name.endsWith(".lines"))
    .map((name) => name.slice(0, -".lines".length))
    .sort();
}

export function readRecording(kind: string, name: string): Recording {
  const [first = "{}", ...lines] = readFileSync(join(folder, kind, `${name}.lines`), "utf8")
    .trimEnd()
    .split("\n");
  const head = JSON.parse(first);
  return { settings: {}, schema: null, budget: null, resumes: false, errors: "", ...head, lines };
}

export function writeRecording(kind: string, name: string, recording: Recording): void {
  const { lines, ...head } = recording;
  writeFileSync(join(folder, kind, `${name}.lines`), `${[JSON.stringify(head), ...lines].join("\n")}\n`);
}

/** What a reader makes of a recording: its news, and the end. */
export function heard(agent: AgentKind, recording: Recording): { news: readonly AgentNews[]; end: AgentEnd } {
  const reader = agent.reader(requestOf(recording));
  const news = recording.lines.flatMap((line) => reader.line(line));
  return { news, end: reader.end(recording.exit, recording.errors) };
}

/** As a golden holds it. */
export function shown({ news, end }: ReturnType<typeof heard>): string {
  const rows = news.map((one) => JSON.stringify(one));
  return [...rows, "", JSON.stringify(end, null, 2), ""].join("\n");
}

/** The golden beside a recording; with BLESS=1 it is written. */
export function expectedOf(kind: string, name: string, actual: string): string {
  const file = join(folder, kind, `${name}.expected`);
  if (process.env["BLESS"] === "1") writeFileSync(file, actual);
  return existsSync(file) ? readFileSync(file, "utf8") : `${file} is missing: npm test -- --bless writes it`;
}
