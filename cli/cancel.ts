// `flowc cancel`: ends a run in order, from another terminal.

import { asking } from "./ask.ts";
import type { RequestOf } from "./request.ts";
import { exits, Stop } from "./stop.ts";
import type { World } from "./world.ts";

export async function cancel(request: RequestOf<"cancel">, world: World): Promise<number> {
  return asking(request, world, ({ view, id, project }) => {
    if (view.status !== "running")
      throw new Stop(
        exits.failed,
        `The run ${id} has ended already: it ${view.status === "cancelled" ? "was cancelled" : view.status}.`,
        `flowc show ${id}${project.flag}`,
      );
    return [{ ask: { kind: "cancel" }, about: {}, done: `cancelled the run ${id}` }];
  });
}
