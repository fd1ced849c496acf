// What an attempt printed, read back from its log files: whole up to a bound, or only the last lines.

import { open } from "node:fs/promises";

/** How much of a task's output its `return` may read, in bytes. */
export const outputBytesMax = 16 * 1024 * 1024;

/** What is shown of a failed attempt's output. */
const tailBytesMax = 2 * 1024;
const tailLinesMax = 10;

/** A log as text without its last newline, or a clause that says why it cannot be had. One that is not there is empty. */
export async function readOutput(
  path: string,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  const file = await open(path, "r").catch(absent);
  if (file === null) return { text: "" };
  try {
    const { size } = await file.stat();
    if (size > outputBytesMax)
      return {
        problem: `is ${megabytes(size)}, and \`return\` reads at most ${megabytes(outputBytesMax)} of it. Write it to a file and return file("…")`,
      };
    const text = utf8(await file.readFile());
    if (text === null) return { problem: 'is not UTF-8. Write it to a file and return file("…")' };
    return { text: text.replace(/\r?\n$/, "") };
  } finally {
    await file.close();
  }
}

/** What prints nothing needs no file. */
function absent(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}

/** Bytes as text; null if they are not UTF-8. A byte order mark is a character like any other. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The last lines of what was printed: of stderr, or if that is blank of stdout. "" if there are none. */
export async function readTail(outPath: string, errPath: string): Promise<string> {
  const fromErr = await tailOf(errPath);
  return fromErr === "" ? tailOf(outPath) : fromErr;
}

async function tailOf(path: string): Promise<string> {
  const file = await open(path, "r").catch(() => null);
  if (file === null) return "";
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - 4 * tailBytesMax);
    const bytes = Buffer.alloc(Math.min(size, 4 * tailBytesMax));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, from);
    const lines = visible(bytes.subarray(0, bytesRead).toString("utf8")).trimEnd().split("\n");
    // The first line may have lost its beginning.
    if (from > 0 && lines.length > 1) lines.shift();
    return shortened(lines.slice(-tailLinesMax).join("\n"));
  } finally {
    await file.close();
  }
}

function shortened(text: string): string {
  if (Buffer.byteLength(text) <= tailBytesMax) return text;
  const bytes = Buffer.from(text, "utf8");
  return `…${bytes
    .subarray(bytes.length - tailBytesMax + 8)
    .toString("utf8")
    .replace(/^\ufffd+/, "")}`;
}

/** Text for a screen: colours gone, a line that was drawn over as it was at last, other control characters as `\xNN`. */
export function visible(text: string): string {
  return text
    .replace(/\u001b\[[0-9;:?]*[ -/]*[@-~]/g, "")
    .replace(/\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, "")
    .replace(/\r\n/g, "\n")
    .replace(/^.*\r(?=[^\n])/gm, "")
    .replace(/\r/g, "")
    .replace(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
      (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MB`;
}
