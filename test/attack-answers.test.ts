// Work that means harm with its answer: links, pipes, devices, depth, size, swaps; nothing outside is read or written.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Type } from "../compiler/types.ts";
import { copyHashed } from "../runtime/artifacts-disk.ts";
import { call, dir, file, listOf, openTestWorld, string, type TestWorld } from "./attempts.ts";

let world: TestWorld;
/** Stands beside the project, where no work may reach through flowc. */
let outside = "";
const treasure = "what nobody may see";
beforeAll(() => {
  world = openTestWorld({ secrets: { TOKEN: "s3cret-t0ken" } });
  outside = join(dirname(world.project), "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "treasure"), treasure);
  writeFileSync(join(outside, "out"), "theirs");
});
afterAll(() => world.close());

describe("what stands at $OUT", () => {
  const refused: Readonly<Record<string, readonly [script: string, said: string]>> = {
    "a link out of the attempt": ['ln -s ../../../../../../outside/treasure "$OUT"', "leads out of"],
    "an absolute link": ['ln -s /etc/passwd "$OUT"', "leads out of"],
    "a link to itself": ['ln -s "$OUT" "$OUT"', "could not be read"],
    "a folder": ['mkdir "$OUT"', "not a regular file"],
    "a pipe": ['mkfifo "$OUT"', "not a regular file"],
    "a link to a device": ['ln -s /dev/zero "$OUT"', "leads out of"],
    "a file that may not be read as text": ['printf "\\377" > "$OUT"', "not UTF-8"],
    "more than anybody reads": ['head -c 17000000 /dev/zero > "$OUT"', "more than 16 MB"],
  };
  for (const [name, [run, said]] of Object.entries(refused))
    test(`${name} is no answer`, async () => {
      const report = await world.attempt({ run, answer: string });
      expect(report).toMatchObject({ outcome: "failed", why: "invalid" });
      expect(report.message).toContain(said);
      expect(JSON.stringify(report)).not.toContain(treasure);
      expect(JSON.stringify(report)).not.toContain("root:");
    });
  test("a link that stays inside is as good as the file", async () => {
    const run = 'echo mine > "$(dirname "$OUT")/other"; ln -s other "$OUT"';
    expect(await world.attempt({ run, answer: string })).toMatchObject({ value: "mine" });
  });
  test("the folder that it stands in was made a link: nothing is read or removed behind it", async () => {
    const run = 'd=$(dirname "$OUT"); rm -rf "$d"; ln -s ../../../../../outside "$d"';
    expect(await world.attempt({ run, answer: string })).toMatchObject({ why: "invalid" });
    expect(await world.attempt({ run: 'echo next > "$OUT"', answer: string })).toMatchObject({
      value: "next",
    });
    expect(readFileSync(join(outside, "out"), "utf8")).toBe("theirs");
  });
});

describe("depth", () => {
  const types = { Deep: listOf({ kind: "named", name: "Deep" } as Type) };
  const deep: Type = { kind: "named", name: "Deep" };
  for (const levels of [50, 1_000_000])
    test(`${levels} lists in each other are a sentence or an answer, and no bug`, async () => {
      const run = `head -c ${levels} /dev/zero | tr '\\0' '[' > "$OUT"; head -c ${levels} /dev/zero | tr '\\0' ']' >> "$OUT"`;
      const report = await world.attempt({ run, answer: deep, types });
      if (levels > 50) expect(report).toMatchObject({ outcome: "failed", why: "invalid" });
      else expect(report.outcome).toBe("succeeded");
    });
});

describe("paths", () => {
  const hostile = [
    "../outside/treasure",
    "a/../../outside/treasure",
    "/etc/passwd",
    "./link",
    "linked/treasure",
    "",
    "a\0b",
    "..",
    "~/x",
    "file:///etc/passwd",
  ];
  beforeAll(() => {
    symlinkSync(join(outside, "treasure"), join(world.project, "link"));
    symlinkSync(outside, join(world.project, "linked"));
    mkdirSync(join(world.project, "a"));
  });
  for (const path of hostile)
    test(`${JSON.stringify(path)} in $OUT, from a function of the language, and as a folder`, async () => {
      const json = JSON.stringify([path]);
      const run = `cat > "$OUT" <<'END'\n${json}\nEND`;
      const answers = [
        await world.attempt({ run, answer: listOf(file) }),
        await world.attempt({ run, answer: listOf(dir) }),
        await world.attempt({ run: "true", result: call("file", path) }),
        await world.attempt({ run: "true", result: call("dir", path) }),
      ];
      for (const report of answers) {
        expect(report.outcome).toBe("failed");
        expect(report).not.toHaveProperty("files");
      }
    });
  test("patterns find nothing behind links, above, or beside", async () => {
    for (const pattern of ["linked/*", "link", "**/treasure", "*", "a/../../outside/*", "/etc/pass*"]) {
      const report = await world.attempt({ run: "true", result: call("files", pattern) });
      expect(JSON.stringify(report)).not.toContain("treasure");
      expect(JSON.stringify(report)).not.toContain('passwd"');
    }
  });
  test("a dir with a link out of it, or a pipe in it, is refused", async () => {
    for (const make of ["ln -s /etc/passwd d/x", "mkfifo d/x", "ln -s .. d/x"]) {
      const report = await world.attempt({ run: `rm -rf d; mkdir d; ${make}`, result: call("dir", "d") });
      expect(report).toMatchObject({ outcome: "failed" });
    }
  });
});

describe("swaps between the look and the copy", () => {
  test("a folder on the way that has become a link is not gone through", async () => {
    const place = join(world.project, "swapped");
    symlinkSync(outside, place);
    const to = join(world.project, "copy");
    // The look saw `swapped/treasure` in the project; now its folder is a link.
    await expect(copyHashed(join(place, "treasure"), to, false, world.project)).rejects.toThrow(
      /leads out of/,
    );
    expect(existsSync(to)).toBe(false);
  });
  test("nor is a file that has", async () => {
    const place = join(world.project, "became-link");
    symlinkSync(join(outside, "treasure"), place);
    const to = join(world.project, "copy2");
    await expect(copyHashed(place, to, false, world.project)).rejects.toThrow();
    expect(existsSync(to)).toBe(false);
  });
  test("while something swaps as fast as it can, what is copied is never what lies outside", async () => {
    const script =
      "mkdir -p s/d; echo harmless > s/d/treasure; while :; do mv s/d s/e; ln -s ../../outside s/d; rm s/d; mv s/e s/d; done";
    const swapper = spawn("sh", ["-c", script], { cwd: world.project, stdio: "ignore" });
    const place = join(world.project, "s", "d", "treasure");
    while (!existsSync(place));
    let taken = 0;
    for (let round = 0; taken < 20; round++) {
      const to = join(world.project, `swap-${round}`);
      const copied = await copyHashed(place, to, false, world.project).catch(() => null);
      if (copied === null) continue;
      taken++;
      expect(readFileSync(to, "utf8")).toBe("harmless\n");
    }
    swapper.kill("SIGKILL");
  });
});
