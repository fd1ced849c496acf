// `flowc runs`: the runs of this project, the newest last, where the eye is.

import { ownerOf } from "../runtime/lease.ts";
import { warnOfForgotten } from "./gone.ts";
import { duration, moment } from "./render/amounts.ts";
import { painter } from "./render/color.ts";
import { table } from "./render/table.ts";
import { visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { statusStyle } from "./show.ts";
import { exits } from "./stop.ts";
import { withJournal } from "./stored.ts";
import type { World } from "./world.ts";

export async function runs(request: RequestOf<"runs">, world: World): Promise<number> {
  return withJournal(world, request.state, async (journal) => {
    const rows: { run: string; flow: string; status: string; startedAt: number; endedAt: number | null }[] =
      [];
    for (const { id, flow, status, startedAt, endedAt } of [...journal.runs()].reverse()) {
      const left = status === "running" && (await ownerOf(journal, id)) === null;
      rows.push({ run: id, flow, status: left ? "interrupted" : status, startedAt, endedAt });
    }
    warnOfForgotten(journal, world);
    if (request.json) {
      const listed = rows.map(({ run, flow, status, startedAt, endedAt }) => ({
        run,
        flow,
        status,
        started_at: new Date(startedAt).toISOString(),
        ended_at: endedAt === null ? null : new Date(endedAt).toISOString(),
      }));
      world.out.write(`${JSON.stringify({ version: 1, runs: listed }, null, 2)}\n`);
      return exits.well;
    }
    const paint = painter(world.out.color);
    const lines = table(
      [
        { title: "run" },
        { title: "flow", flexible: true },
        { title: "started" },
        { title: "took", right: true },
        { title: "status" },
      ],
      rows.map((row) => [
        row.run,
        visible(row.flow),
        moment(row.startedAt),
        row.endedAt === null ? "" : duration(row.endedAt - row.startedAt),
        row.status,
      ]),
      world.out.columns(),
    );
    lines.forEach((line, i) => {
      const status = rows[i - 1]?.status;
      const painted =
        status === undefined
          ? paint("dim", line)
          : line.replace(/\S+$/, (word) => paint(statusStyle(status), word));
      world.out.write(`${painted}\n`);
    });
    return exits.well;
  });
}
