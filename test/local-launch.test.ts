// Output that a command wrote before its end is read, however late this process comes to it.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Launched, launch } from "../runners/local-launch.ts";

/** What has ended and was not asked about yet, as Linux has it. */
function untilEnded(pid: number): void {
  while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1")));
}

it("is not cut off when the end of the command is heard of before what it said", {
  skip: !existsSync("/proc/self/stat"),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "flowc-launch-"));
  const go = join(folder, "go");
  try {
    const texts = new Map<string, string>();
    const begin = async (name: string, script: string, heard: () => void): Promise<Launched> => {
      const launched = await launch({
        argv: ["/bin/sh", "-c", script],
        ...{ env: { GO: go }, cwd: folder, mark: null, isOurs: () => true },
        io: {
          ...{ stdoutPath: join(folder, `${name}.out`), stderrPath: join(folder, `${name}.err`) },
          filter: (stream) => ({
            push: (chunk) => {
              if (stream === "stdout") texts.set(name, Buffer.from(chunk).toString());
              heard();
              return chunk;
            },
            end: () => new Uint8Array(0),
          }),
        },
      });
      if ("kind" in launched) throw new Error(launched.message);
      return launched;
    };
    const slow = await begin("slow", 'while [ ! -e "$GO" ]; do :; done; printf "what it said"', () => {});
    const quick = await begin("quick", "printf quick", () => {
      writeFileSync(go, "");
      // It ends meanwhile: Node asks the kernel for all that have ended before it reads anything more.
      untilEnded(slow.pid);
    });
    // What it says and its end are heard of at once.
    untilEnded(quick.pid);
    await slow.exited;
    expect(texts.get("slow"), "its end is heard of before").toBeUndefined();
    const drained = slow.drained();
    // Longer than output may take to come through.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    await drained;
    await quick.drained();
    expect(texts.get("slow")).toBe("what it said");
    expect(readFileSync(join(folder, "slow.out"), "utf8")).toBe("what it said");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
