// Secrets never pass: whole or cut into chunks anywhere, plain or in the encodings that tools put them in.

import { describe, expect, test } from "vitest";
import { holdsSecret, redactor, redactText, secretForms } from "../runtime/redact.ts";
import { chance } from "./shell-fuzz.ts";

const secrets = [
  "hunter2-s3cret",
  "pa$$ w\"ord/ü+~'",
  "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n",
  "hunter2-s3cret-longer",
];
const forms = secretForms(secrets);

/** The output of a filter that is given the bytes in chunks of random lengths. */
function inChunks(bytes: Buffer, next: () => number, longest: number): string {
  const filter = redactor(forms);
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Math.floor(next() * longest) + 1;
    out.push(filter.push(bytes.subarray(at, at + length)));
    at += length;
  }
  return Buffer.concat([...out, filter.end()]).toString("latin1");
}

describe("what is found", () => {
  const written: Readonly<Record<string, (secret: string) => string>> = {
    plainly: (text) => text,
    "in base64": (text) => Buffer.from(text).toString("base64"),
    "in base64 behind one byte": (text) => Buffer.from(`a${text}`).toString("base64"),
    "in base64 behind two bytes, before three": (text) => Buffer.from(`ab${text}cde`).toString("base64"),
    "in base64 for URLs": (text) => Buffer.from(text).toString("base64url"),
    "in hexadecimal": (text) => Buffer.from(text).toString("hex"),
    "in upper-case hexadecimal": (text) => Buffer.from(text).toString("hex").toUpperCase(),
    "in a URL": (text) => `https://x/?q=${encodeURIComponent(text)}&r`,
    "in a form": (text) => new URLSearchParams({ q: text }).toString(),
    "in JSON": (text) => JSON.stringify({ q: text }),
    "in JSON of ASCII": (text) =>
      JSON.stringify({ q: text }).replace(
        /[\u0080-\uffff]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
  };
  for (const [name, write] of Object.entries(written))
    test(name, () => {
      for (const secret of secrets) {
        const text = `before ${write(secret)} after`;
        expect(holdsSecret(text, forms), text).toBe(true);
        const redacted = redactText(text, forms);
        expect(redacted).toContain("***");
        expect(redacted.startsWith("before ") && redacted.endsWith(" after")).toBe(true);
        expect(holdsSecret(redacted, forms)).toBe(false);
      }
    });
  test("a line of a secret of several lines", () =>
    expect(redactText("x\nMIIEvQIBADANBgkq\ny", forms)).toBe("x\n***\ny"));
  test("the longer of two that begin alike, and one after the other", () => {
    expect(redactText("hunter2-s3cret-longer hunter2-s3cret-long", forms)).toBe("*** ***-long");
    expect(redactText("hunter2-s3crethunter2-s3cret", forms)).toBe("******");
  });
});

test("nothing else is touched, and short secrets are no pattern", () => {
  const bytes = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 31) & 255));
  expect(inChunks(bytes, chance(1), 100)).toBe(bytes.toString("latin1"));
  expect(redactText("a 1 yes", secretForms(["", "1", "yes"]))).toBe("a 1 yes");
  expect(redactText("nothing ü", [])).toBe("nothing ü");
});

test("however it is cut, a stream gives the same", () => {
  const next = chance(2);
  for (let round = 0; round < 300; round++) {
    const parts = Array.from({ length: 8 }, () => {
      const secret = secrets[Math.floor(next() * secrets.length)] ?? "";
      // Also beginnings and ends of secrets, which must come through.
      const cut = Math.floor(next() * secret.length);
      return (
        [secret, secret.slice(0, cut), secret.slice(cut), " ", "\n", Buffer.from(secret).toString("base64")][
          Math.floor(next() * 6)
        ] ?? ""
      );
    });
    const bytes = Buffer.from(parts.join(""));
    const whole = inChunks(bytes, () => 0.999, bytes.length + 1);
    expect(inChunks(bytes, next, 1)).toBe(whole);
    expect(inChunks(bytes, next, 20)).toBe(whole);
    expect(forms.some((form) => whole.includes(form.toString("latin1")))).toBe(false);
  }
});

test("what may be a beginning is held back, all else comes at once", () => {
  const filter = redactor(forms);
  const push = (text: string) => Buffer.from(filter.push(Buffer.from(text))).toString();
  expect([
    push("log line\n"),
    push("then hunt"),
    push("er2-"),
    push("no "),
    push("hunter2-s3cret"),
    push("!"),
  ]).toEqual(["log line\n", "then ", "", "hunter2-no ", "", "***!"]);
  expect(Buffer.from(filter.end()).toString()).toBe("");
});

test("a stream of many bytes takes linear time", () => {
  const filter = redactor(forms);
  const chunk = Buffer.from("hhhhhhhuuuuunnnnnhunter2-hunter2-s3cre".repeat(1700));
  const started = performance.now();
  for (let i = 0; i < 100; i++) filter.push(chunk);
  expect(performance.now() - started).toBeLessThan(5_000);
});
