// Before a run goes on from another one: nobody may be at work on that, and what it left running is ended.

import type { RunOptions } from "./events.ts";
import { openFiles } from "./files.ts";
import { historyOf } from "./journal-history.ts";
import { type Lease, takeLease } from "./lease.ts";
import type { World } from "./world.ts";

interface LeftOf {
  readonly options: RunOptions;
  readonly tell?: (text: string) => void;
}

/** Once more, later: what was being started just then. Nothing happens if somebody has the run `id` now. */
export async function endLeftAgain(world: World, id: string, ask: LeftOf): Promise<void> {
  const lease = await takeLease(world.journal.folderOf(id));
  if (lease !== null) await endLeft(world, id, ask, lease);
}

/** `lease`: of the run `id`; released here. */
export async function endLeft(world: World, id: string, ask: LeftOf, lease: Lease): Promise<void> {
  const { plan } = historyOf(world.journal, id);
  try {
    const attempts = world.attempts.open({
      run: id,
      folder: world.journal.folderOf(id),
      epoch: 0,
      inherited: true,
      isOurs: () => lease.isOurs(),
      files: openFiles(world.project, plan, world.artifacts),
      clock: world.clock,
      placed: async () => {},
      answered: async () => false,
      early: () => {},
      timer: (ms, wake) => world.timer(ms, wake),
      random: () => world.random(),
      plan,
      on: ask.options.on ?? null,
      instances: {
        begun: async () => {},
        opened: async () => 0,
        closed: () => {},
        tell: (text) => ask.tell?.(text),
      },
      limits: { used: () => {}, paused: () => {}, pass: async () => null, heard: () => {} },
      asks: { inSession: async () => {}, used: () => {}, does: () => {} },
    });
    await attempts.sweep();
    await attempts.close();
  } finally {
    lease.release();
  }
}
