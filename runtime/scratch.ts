// The temporary directories of attempts: fresh at the start, and gone some time after the end.

import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname } from "node:path";

const removals = new Set<Promise<void>>();

/** Makes an empty directory; one left by an owner that died in an attempt of the same number would not be fresh. */
export async function makeFresh(path: string): Promise<void> {
  try {
    mkdirSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "EEXIST") await rm(path, { recursive: true, force: true });
    else if (code === "ENOENT") mkdirSync(dirname(path), { recursive: true });
    else throw error;
    mkdirSync(path);
  }
}

/**
 * Removes a directory, but nobody waits for it: a busy disk takes milliseconds for each, in which the next command can
 * run. What cannot be removed stays, and harms nobody.
 */
export function cleanUp(path: string): void {
  const removal = rm(path, { recursive: true, force: true })
    .catch(() => {})
    .finally(() => removals.delete(removal));
  removals.add(removal);
}

/** Ends when all that was to be removed is gone. */
export async function cleanedUp(): Promise<void> {
  await Promise.all(removals);
}
