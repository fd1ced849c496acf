// Early fields of real attempts: taken while the work goes on, compared again at its end, refused when they are wrong.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Type, Value } from "../compiler/types.ts";
import { env, file, openTestWorld, optional, string, type TestTask, type TestWorld } from "./attempts.ts";

let world: TestWorld;
beforeAll(() => {
  world = openTestWorld({ secrets: { TOKEN: "s3cret-t0ken" } });
});
afterAll(() => world.close());

const int: Type = { kind: "int" };

/** An answer with early fields of these types, and `said: string`, which `return` gives. */
const answer = (early: Readonly<Record<string, Type>>): Type => ({
  kind: "record",
  fields: [
    ...Object.entries(early).map(([name, type]) => ({ name, type, doc: null, early: true })),
    { name: "said", type: string, doc: null, early: false },
  ],
});

const result: TestTask["result"] = { k: "record", entries: [{ name: "said", value: env("stdout") }] };

const attempt = (run: string, early: Readonly<Record<string, Type>>, more: Partial<TestTask> = {}) =>
  world.attempt({ run, answer: answer(early), result, ...more });

/** Fields that were taken from here on. */
function takenSince(): () => readonly (readonly [string, Value])[] {
  const before = world.early.length;
  return () => world.early.slice(before).map(({ field, value }) => [field, value] as const);
}

/** Runs until the project has a file `go-on`, which is made when a field is taken. */
const untilTaken = "until [ -e go-on ]; do sleep 0.02; done";

async function whileTaken<T>(ended: Promise<T>): Promise<T> {
  const before = world.early.length;
  const look = setInterval(() => {
    if (world.early.length > before) writeFileSync(join(world.project, "go-on"), "");
  }, 10);
  try {
    return await ended;
  } finally {
    clearInterval(look);
  }
}

describe("early fields", () => {
  test("are taken while the work goes on, and part of the answer", async () => {
    const taken = takenSince();
    const report = await whileTaken(
      attempt(`rm -f go-on; echo 42 > "$EARLY/n"; ${untilTaken}; echo late > "$EARLY/s"; echo done`, {
        n: int,
        s: string,
      }),
    );
    expect(report).toEqual({ outcome: "succeeded", exit: 0, value: { n: 42, s: "late", said: "done" } });
    expect(taken()).toEqual([["n", 42]]);
  });

  test("are not taken half written", async () => {
    const taken = takenSince();
    const script = `rm -f go-on
      i=0; while [ $i -lt 15 ]; do printf '%s' "$i," >> "$EARLY/s"; i=$((i+1)); sleep 0.1; done
      ${untilTaken}`;
    const report = await whileTaken(attempt(script, { s: string }));
    const whole = "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,";
    expect(taken()).toEqual([["s", whole]]);
    expect(report).toMatchObject({ outcome: "succeeded", value: { s: whole } });
  });

  test("of another type are judged at the end", async () => {
    const taken = takenSince();
    expect(await attempt(`echo no > "$EARLY/n"; sleep 1.3`, { n: int })).toMatchObject({
      outcome: "failed",
      why: "invalid",
      message: expect.stringContaining(
        "What it wrote to $EARLY/n does not fit its type: expected a whole number",
      ),
    });
    expect(taken()).toEqual([]);
  });

  test("that are not written fail the attempt", async () => {
    expect(await attempt("true", { n: int })).toMatchObject({
      outcome: "failed",
      why: "invalid",
      message:
        'It ended without having written $EARLY/n, which its answer promises. For example: echo … > "$EARLY/n"',
    });
  });

  test("that change after they were taken fail the attempt", async () => {
    const change = (then: string) =>
      whileTaken(attempt(`rm -f go-on; echo 1 > "$EARLY/n"; ${untilTaken}; ${then}`, { n: int }));
    expect(await change(`echo 2 > "$EARLY/n"`)).toMatchObject({
      why: "invalid",
      message: expect.stringContaining("another value to $EARLY/n"),
    });
    expect(await change(`rm "$EARLY/n"`)).toMatchObject({
      why: "invalid",
      message: expect.stringContaining("removed $EARLY/n"),
    });
    expect(await change(`printf ' 1 ' > "$EARLY/n"`)).toMatchObject({ outcome: "succeeded" });
  });

  test("of an attempt before are found, and may be written again as they are", async () => {
    const known = [{ field: "n", value: 7 }];
    const found = `cat "$EARLY/n"`;
    expect(await attempt(found, { n: int }, { known })).toMatchObject({ value: { n: 7, said: "7" } });
    expect(await attempt(`echo 7 > "$EARLY/n"`, { n: int }, { known })).toMatchObject({ value: { n: 7 } });
    expect(await attempt(`echo 8 > "$EARLY/n"`, { n: int }, { known })).toMatchObject({ why: "invalid" });
  });

  test("may be files, which are kept, and found by a later attempt", async () => {
    const taken = takenSince();
    const report = await whileTaken(
      attempt(`rm -f go-on; echo built > lib.txt; echo lib.txt > "$EARLY/lib"; ${untilTaken}`, { lib: file }),
    );
    const lib = taken()[0]?.[1] ?? null;
    expect(lib).toMatchObject({ path: "lib.txt", name: "lib.txt", size: 6 });
    expect(report).toMatchObject({ outcome: "succeeded", value: { lib } });
    const again = await attempt(
      `rm lib.txt; cat "$(cat "$EARLY/lib")"`,
      { lib: file },
      { known: [{ field: "lib", value: lib }] },
    );
    expect(again).toMatchObject({ outcome: "succeeded", value: { lib, said: "built" } });
    const other = await attempt(
      `echo other > lib.txt; echo lib.txt > "$EARLY/lib"`,
      { lib: file },
      { known: [{ field: "lib", value: lib }] },
    );
    expect(other).toMatchObject({ why: "invalid" });
  });

  test("that lead out of the workspace are refused", async () => {
    expect(await attempt(`echo /etc/passwd > "$EARLY/lib"`, { lib: file })).toMatchObject({ why: "invalid" });
    expect(await attempt(`ln -sf /etc/passwd link; echo link > "$EARLY/lib"`, { lib: file })).toMatchObject({
      why: "invalid",
    });
  });

  test("that hold a secret are refused, and never told", async () => {
    const taken = takenSince();
    const report = await attempt(
      `echo "$TOKEN" > "$EARLY/s"; sleep 1.3`,
      { s: string },
      { settings: { env: [{ name: "TOKEN", secret: "TOKEN" }] } },
    );
    expect(report).toMatchObject({
      why: "invalid",
      message: "What it wrote to $EARLY/s holds a secret, which must never be recorded.",
    });
    expect(taken()).toEqual([]);
  });

  test("may be none, big, and not too big", async () => {
    expect(await attempt(`: > "$EARLY/n"`, { n: optional(int) })).toMatchObject({ value: { n: null } });
    const big = await attempt(`head -c 3000000 /dev/zero | tr '\\0' x > "$EARLY/s"`, { s: string });
    expect(big).toMatchObject({ outcome: "succeeded", value: { s: "x".repeat(3_000_000) } });
    const huge = await attempt(`head -c 17000000 /dev/zero > "$EARLY/s"`, { s: string });
    expect(huge).toMatchObject({ why: "invalid", message: expect.stringContaining("more than 16 MB") });
    expect(await attempt(`mkdir "$EARLY/s"`, { s: string })).toMatchObject({ why: "invalid" });
  });

  test("alone are the whole answer: nothing is asked of `$OUT`", async () => {
    const only: Type = { kind: "record", fields: [{ name: "n", type: int, doc: null, early: true }] };
    expect(await world.attempt({ run: `echo 1 > "$EARLY/n"`, answer: only })).toMatchObject({
      outcome: "succeeded",
      value: { n: 1 },
    });
  });

  test("are written by modules too", async () => {
    world.write(
      "early.mjs",
      `import { writeFileSync } from "node:fs";
       export function work() { writeFileSync(process.env.EARLY + "/n", "5"); return { said: "module" }; }`,
    );
    expect(
      await world.attempt({ call: { file: "early.mjs", export: "work" }, answer: answer({ n: int }) }),
    ).toMatchObject({ outcome: "succeeded", value: { n: 5, said: "module" } });
  });

  test("are not there for a task without any", async () => {
    expect(
      await world.attempt({ run: "echo ${EARLY-unset}", answer: string, result: env("stdout") }),
    ).toMatchObject({
      value: "unset",
    });
  });
});
