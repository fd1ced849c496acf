// An attempt's answer: its `return`, what it wrote to `$OUT`, or what its module returned, checked against its type.

import type { Expr } from "../compiler/plan-expr.ts";
import type { TaskPlan } from "../compiler/plan-tasks.ts";
import type { Type, TypeTable, Value } from "../compiler/types.ts";
import { evaluate, paramScope } from "./evaluate.ts";
import type { Why } from "./events.ts";
import type { Left } from "./left.ts";
import { readOutput, utf8 } from "./output.ts";
import type { Workspace } from "./runner.ts";
import { type Decoded, decode, decodeText } from "./validate.ts";
import { type FileAccess, ValueError, type WorkOutput } from "./values.ts";

/** How much a task may write to `$OUT`, in bytes. */
export const answerBytesMax = 16 * 1024 * 1024;

export type Answer =
  /** `note`: what was left out of the answer, for people; null if nothing. */
  { readonly value: Value; readonly note: string | null } | { readonly why: Why; readonly message: string };

/** What `return` sees. */
export interface Work {
  readonly task: TaskPlan;
  readonly values: readonly Value[];
  readonly types: TypeTable;
  readonly files: FileAccess;
  readonly left: Left;
  readonly stdoutPath: string;
  readonly stderrPath: string;
  readonly exitCode: number;
  readonly elapsedMs: number;
}

/** Evaluates a task's `return`. */
export async function answerOfReturn(result: Expr, work: Work): Promise<Answer> {
  const texts = { stdout: "", stderr: "" };
  for (const [name, path] of [
    ["stdout", work.stdoutPath],
    ["stderr", work.stderrPath],
  ] as const) {
    if (!mentions(result, name)) continue;
    const read = await readOutput(path);
    if ("problem" in read) return { why: "invalid", message: `\`${name}\` ${read.problem}.` };
    texts[name] = read.text;
  }
  const output: WorkOutput = { ...texts, exit_code: work.exitCode, elapsed: work.elapsedMs / 1000 };
  const scope = paramScope(work.values, work.types, { ...bound(work.files), left: work.left.access }, output);
  try {
    return { value: await work.left.settled(() => evaluate(result, scope)), note: null };
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    return { why: "value", message: `Its \`return\` could not be evaluated: ${error.message}.` };
  }
}

/** An object of methods as one that can be spread. */
function bound(files: FileAccess): FileAccess {
  return {
    literal: (kind, path) => files.literal(kind, path),
    text: (file) => files.text(file),
    glob: (pattern, dir) => files.glob(pattern, dir),
  };
}

function mentions(expr: unknown, name: "stdout" | "stderr"): boolean {
  if (typeof expr !== "object" || expr === null) return false;
  if ("k" in expr && expr.k === "env" && "name" in expr && expr.name === name) return true;
  return Object.values(expr).some((part) => mentions(part, name));
}

/** Reads `$OUT`. A file that is not there is no answer, unless the type is optional. */
export async function answerOfOut(
  workspace: Workspace,
  path: string,
  type: Type,
  types: TypeTable,
  left: Left,
): Promise<Answer> {
  let read: Awaited<ReturnType<Workspace["read"]>>;
  try {
    read = await workspace.read(path, answerBytesMax);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { why: "invalid", message: `$OUT could not be read: ${reason}.` };
  }
  if (read?.truncated)
    return {
      why: "invalid",
      message: `It wrote more than ${answerBytesMax / 1024 / 1024} MB to $OUT. Write what is large to a file and answer with its path.`,
    };
  const text = utf8(read?.bytes ?? new Uint8Array(0));
  if (text === null) return { why: "invalid", message: "What it wrote to $OUT is not UTF-8." };
  const nothing = read === null || text.trim() === "";
  const whole = resolved(type, types);
  const empty = whole.kind === "optional" || (read !== null && whole.kind === "string");
  if (nothing && !empty)
    return {
      why: "invalid",
      message: `It wrote nothing to $OUT, where its answer is expected. For example: echo … > "$OUT"`,
    };
  const decoded = await left.settled(() => decodeText(text, type, types, "answer", { file: left.named }));
  return answered(decoded, "What it wrote to $OUT");
}

/** Checks what a module's function returned. */
export async function answerOfCall(
  value: unknown,
  type: Type,
  types: TypeTable,
  left: Left,
): Promise<Answer> {
  const decoded = await left.settled(() => decode(value, type, types, { file: left.named }));
  return answered(decoded, "What it returned");
}

function resolved(type: Type, types: TypeTable): Type {
  if (type.kind !== "named" || !Object.hasOwn(types, type.name)) return type;
  return types[type.name] ?? type;
}

/** What became of it; `what` begins the sentence if it does not fit. */
export function answered(decoded: Decoded, what: string): Answer {
  if (!decoded.ok) {
    const place = decoded.path === "" ? "" : ` at \`${decoded.path}\``;
    return { why: "invalid", message: `${what} does not fit its type${place}: ${decoded.reason}.` };
  }
  const { value, dropped } = decoded;
  if (dropped.length === 0) return { value, note: null };
  const fields = dropped.map((path) => `\`${path}\``).join(", ");
  return { value, note: `Left out of the answer, as its type does not have them: ${fields}.` };
}
