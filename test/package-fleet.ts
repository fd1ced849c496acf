// The example of the fleet as tests run it: how much of it, and until somebody kills it.

import { start } from "./program.ts";

/** 13 packages for two platforms. */
const slice = ["--input", 'only=["protobufjs"]', "--input", 'platforms=["linux-x64-gnu","wasm32"]'];

export const sliceOfFleet = { args: slice, builds: 26 };

/** FLOWC_FLEET names the kinds of places that build all of it, which takes minutes: `docker`, `e2b`, or `all`. */
export function partOfFleet(kind: "docker" | "e2b"): {
  readonly args: readonly string[];
  readonly builds: number;
} {
  const kinds = (process.env["FLOWC_FLEET"] ?? "").split(",");
  return kinds.includes(kind) || kinds.includes("all") ? { args: [], builds: 812 } : sliceOfFleet;
}

/** Starts a run with these arguments, and kills it when so many attempts have ended. */
export async function killedAfter(
  ends: number,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const run = start([...args, "--ui", "json"], { env });
  let seen = 0;
  await new Promise<void>((done) => {
    const count = (chunk: Buffer) => {
      seen += chunk.toString("utf8").split('"attempt.ended"').length - 1;
      if (seen >= ends) done();
    };
    run.process.stdout?.on("data", count);
    run.process.stderr?.on("data", count);
    run.process.once("close", () => done());
  });
  run.process.kill("SIGKILL");
  const { signal } = await run.ended;
  if (signal !== "SIGKILL") throw new Error("it had ended before");
}
