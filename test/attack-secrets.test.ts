// A secret through a whole run of the real program: it may be used, and stands nowhere that flowc writes or shows.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { secretForms } from "../runtime/redact.ts";
import { flowc } from "./program.ts";

/** Long enough for base64 to be broken into lines, with signs that every encoding spells in its own way. */
const secret = `t0ken/+&'"<${"0123456789abcdefghijklmnopqrstuvwxyz".repeat(3)}>`;

const flow = `task tell() {
  env: { TOKEN: secret("TOKEN") }

  run """
    printf %s "$TOKEN"; echo
    printf %s "$TOKEN" | base64
    printf %s "$TOKEN" | base64 -w0 >&2
    printf %s "$TOKEN" | od -An -v -tx1 | tr -d ' \\n'
    i=1; while [ $i -le 60 ]; do printf %s "$TOKEN" | cut -c $i | tr -d '\\n'; i=$((i+1)); done
    tail=$(printf %s "$TOKEN" | cut -c 61-); printf %s "$tail"; echo
    """
}

task answer() -> string {
  env: { TOKEN: secret("TOKEN") }

  run "printf %s \\"$TOKEN\\" | base64 -w0 > $OUT"
}

task shout() {
  env: { TOKEN: secret("TOKEN") }

  run "tr '\\\\0' '\\\\n' < /proc/self/environ >&2; sleep 0.3; exit 3"
}

flow main() -> string {
  tell()
  shout()
  return answer()
}
`;

let folder = "";
let cmdlines = "";
let shown = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "flowc-secrets-"));
  writeFileSync(join(folder, "main.flow"), flow);
  const env = { TOKEN: secret };
  // All that anybody on the machine could see of the commands, as often as that can be looked at.
  const look = spawn("sh", ["-c", "while :; do cat /proc/[0-9]*/cmdline 2>/dev/null; done"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const seen: Buffer[] = [];
  look.stdout.on("data", (chunk: Buffer) => seen.push(chunk));
  for (const args of [
    ["plan", "main.flow", "--format", "json"],
    ["run", "main.flow", "--dry-run"],
    ["run", "main.flow", "--ui", "plain", "--json"],
    ["run", "--resume", "last", "--ui", "json"],
    ["report", "last", "--format", "json"],
    ["report", "last", "--format", "html"],
    ["report", "last", "--format", "junit"],
    ["report", "last"],
    ["show", "last", "--json"],
    ["logs", "last"],
  ]) {
    const { stdout, stderr } = await flowc(args, { cwd: folder, env });
    shown += stdout + stderr;
  }
  look.kill("SIGKILL");
  cmdlines = Buffer.concat(seen).toString("latin1");
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function* filesIn(path: string): Generator<string> {
  for (const name of readdirSync(path)) {
    const each = join(path, name);
    if (statSync(each).isDirectory()) yield* filesIn(each);
    else yield each;
  }
}

/** Forms in which it stands in the bytes, and any longer piece of it. */
function traces(bytes: Buffer): readonly string[] {
  const pieces = Array.from({ length: 12 }, (_, i) => Buffer.from(secret.slice(i * 9, i * 9 + 24)));
  return [...secretForms([secret]), ...pieces]
    .filter((form) => form.length >= 16 && bytes.includes(form))
    .map((form) => form.toString("latin1"));
}

it("is in no file that flowc has written", () => {
  const files = [...filesIn(join(folder, ".flowc"))];
  expect(files.some((path) => path.endsWith(".out"))).toBe(true);
  for (const path of files) expect([path, ...traces(readFileSync(path))]).toEqual([path]);
});

it("is in nothing that flowc has shown: plan, run, report, logs", () => {
  expect(shown).toContain("***");
  expect(shown).toContain("Its answer holds a secret");
  expect(traces(Buffer.from(shown))).toEqual([]);
});

it("is in no command line", () => {
  expect(cmdlines).toContain("main.flow");
  expect(traces(Buffer.from(cmdlines, "latin1"))).toEqual([]);
});
