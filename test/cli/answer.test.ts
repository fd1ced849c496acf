// What a person looks for after a run: the files of its answer, and what its nodes printed, if anything.

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

it("is told when a node printed nothing, as no log at all would look the same", async () => {
  writeFileSync(join(folder, "quiet.flow"), 'task quiet() {\n  run "true"\n}\nflow main() {\n  quiet()\n}\n');
  await flowc(["run", "quiet.flow", "--state", "quiet"], { cwd: folder });
  const { code, stdout, stderr } = await flowc(["logs", "last", "quiet", "--state", "quiet"], {
    cwd: folder,
  });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "quiet printed nothing.\n" });
});
