// Where an agent works that sees copies of the project's files: one directory for all attempts in one session.

import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { AskOrder } from "./asked.ts";
import type { Workspace } from "./runner.ts";
import { bringReads } from "./workspace.ts";

/** All that was to be brought is there. */
const broughtMark = "brought";
/** As the local runner names it; an instance elsewhere has its own, which goes with it. */
const workFolder = "work";

/** Absolute. Whatever an attempt left there that is not its work is removed. */
export async function openHome(runFolder: string, { home, resumes }: AskOrder): Promise<string> {
  const path = join(runFolder, "asks", String(home));
  const goesOn = resumes !== null && existsSync(join(path, broughtMark));
  if (!goesOn) await rm(path, { recursive: true, force: true });
  else
    for (const name of await readdir(path))
      if (name !== workFolder && name !== broughtMark)
        await rm(join(path, name), { recursive: true, force: true });
  await mkdir(join(path, "tmp"), { recursive: true });
  return path;
}

/** Brings what is not there yet: the agent's own changes stay. */
export async function bringHome(
  workspace: Workspace,
  path: string,
  project: string,
  reads: readonly string[],
): Promise<void> {
  const known = workspace.here && existsSync(join(path, broughtMark));
  await bringReads(workspace, project, reads, (file) => known && existsSync(join(workspace.path, file)));
  if (workspace.here) await writeFile(join(path, broughtMark), "");
}

/** Nodes that go on in one session do so one after the other. */
export class Turns {
  private readonly last = new Map<number, Promise<void>>();

  /** Resolves when it is its turn, with what ends that; null: it was stopped before. */
  async take(home: number, stop: AbortSignal): Promise<(() => void) | null> {
    const before = this.last.get(home);
    let end = (): void => {};
    const own = new Promise<void>((resolve) => {
      end = resolve;
    });
    const all = before === undefined ? own : before.then(() => own);
    this.last.set(home, all);
    // Whoever did not want to wait is not the last while somebody before it works.
    void all.then(() => {
      if (this.last.get(home) === all) this.last.delete(home);
    });
    if (before !== undefined) await Promise.race([before, stopped(stop)]);
    if (before === undefined || !stop.aborted) return end;
    end();
    return null;
  }
}

/** Resolves when the signal fires. */
export function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener("abort", () => resolve(), { once: true });
  });
}
