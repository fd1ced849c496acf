// The end of a run says where the files of its answer are kept, so that a person can open them.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { flowc } from "../program.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-answer-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("names the files of the answer and where their contents are", async () => {
  writeFileSync(
    join(folder, "report.flow"),
    'type Answer { lines: int, report: file }\ntask write() -> Answer {\n  reads: []\n  run "echo hello > report.txt"\n' +
      '  return { lines: 1, report: file("report.txt") }\n}\nflow main() -> Answer {\n  return write()\n}\n',
  );
  const { code, stderr } = await flowc(["run", "report.flow", "--state", "kept"], { cwd: folder });
  expect(code).toBe(0);
  const path = /^ {2}report\.txt: (kept\/artifacts\/\S+)$/m.exec(stderr)?.[1] ?? "";
  expect(readFileSync(join(folder, path), "utf8")).toBe("hello\n");
});
