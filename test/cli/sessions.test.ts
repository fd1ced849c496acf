// Plays every session of `test/cli/sessions` with the real program.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { expected, play, steady } from "./session.ts";

const folder = fileURLToPath(new URL("sessions", import.meta.url));

describe("sessions", () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".session"));

  it("are there", () => expect(names.length).toBeGreaterThan(3));

  // One after the other: a session that is played keeps the thread, and others would only wait for it.
  it.each(names)("%s", { timeout: 180_000 }, (name) => {
    const actual = play(readFileSync(join(folder, name), "utf8"));
    expect(actual).toBe(expected(`sessions/${name}`, actual));
  });

  it("name runs and times the same each time", () =>
    expect(steady("run 261121-gw2vz at 03:19:42 took 0.3s, 261121-gw2vz and 261121-b7m2x   12ms")).toBe(
      "run RUN-1 at CLOCK took TIME, RUN-1 and RUN-2  TIME",
    ));
});
