// What a person asks of a run: written down for its owner, who is told at once; says what became of it.

import { userInfo } from "node:os";
import { ringBell } from "../runtime/bell.ts";
import { type Journal, openJournal } from "../runtime/journal.ts";
import { ownerOf } from "../runtime/lease.ts";
import { type Ask, type Request as Asked, ask, takenRequest } from "../runtime/requests.ts";
import type { RunView } from "../runtime/run-view.ts";
import type { Project } from "./project.ts";
import { moment } from "./render/amounts.ts";
import { painter } from "./render/color.ts";
import { visible } from "./render/text.ts";
import { exits, Stop } from "./stop.ts";
import { readRun, withJournal } from "./stored.ts";
import type { World } from "./world.ts";

/** One thing that is asked, with the words for it. */
export interface Wish {
  readonly ask: Ask;
  /** `ship: Release notes are good`; what the answer is about, in JSON too. */
  readonly about: {
    readonly gate?: string;
    readonly item?: string;
    readonly node?: string;
    readonly budget?: string;
  };
  /** `approved ship: …`: said when it has been taken up. */
  readonly done: string;
}

/** Who asks, and where. */
export interface Asking {
  readonly run: string;
  /** Null: the login user. */
  readonly as: string | null;
  readonly note: string | null;
  readonly json: boolean;
  readonly state: string | null;
}

/** A run as it is when somebody asks something of it. */
export interface AskedRun {
  readonly id: string;
  readonly view: RunView;
  /** Somebody is at work on it. */
  readonly alive: boolean;
  readonly project: Project;
}

/** The owner answers within a turn of its loop: who waits longer is told, and the request stands. */
const patienceMs = 5000;
const lookMs = 5;

type Outcome =
  | { readonly status: "taken" }
  /** It takes effect when the run is resumed; `late`: somebody is at work on it and has not answered. */
  | { readonly status: "kept"; readonly late: boolean }
  | { readonly status: "refused"; readonly message: string }
  | { readonly status: "answered"; readonly before: Asked };

/** Asks all that `wishesOf` gives; exit 0 if everything was taken up or kept. */
export async function asking(
  request: Asking,
  world: World,
  wishesOf: (run: AskedRun) => readonly Wish[] | Promise<readonly Wish[]>,
): Promise<number> {
  const { run, wishes } = await withJournal(world, request.state, async (journal, project) => {
    const { id, view, owner } = await readRun(journal, project, request.run);
    const found = { id, view, alive: owner !== null, project };
    return { run: found, wishes: await wishesOf(found) };
  });
  const by = request.as ?? loginName(world);
  const journal = await openJournal(run.project.state);
  try {
    const outcomes: { readonly wish: Wish; readonly outcome: Outcome }[] = [];
    const at = world.now();
    const asked: Awaited<ReturnType<typeof ask>>[] = [];
    for (const wish of wishes)
      asked.push(await ask(journal, run.id, { ask: wish.ask, by, note: request.note, at }));
    if (run.alive) ringBell(journal.folderOf(run.id));
    const end = performance.now() + patienceMs;
    for (const [i, one] of asked.entries()) {
      const wish = wishes[i];
      if (wish !== undefined)
        outcomes.push({ wish, outcome: await outcomeOf(one, journal, run, world, end) });
    }
    // What the owner wrote is told only when it survives a loss of power, as the request does.
    journal.sync.committed();
    await journal.sync.synced();
    return tell(outcomes, { ...request, by }, run, world);
  } finally {
    await journal.close();
  }
}

async function outcomeOf(
  asked: Awaited<ReturnType<typeof ask>>,
  journal: Journal,
  run: AskedRun,
  world: World,
  end: number,
): Promise<Outcome> {
  if ("before" in asked) return { status: "answered", before: asked.before };
  if (!run.alive) return { status: "kept", late: false };
  while (performance.now() < end) {
    const taken = takenRequest(journal, asked.id);
    if (taken !== null)
      return taken.refused === null ? { status: "taken" } : { status: "refused", message: taken.refused };
    await pause(world);
  }
  // It may have ended in the meantime.
  return { status: "kept", late: (await ownerOf(journal, run.id)) !== null };
}

function pause(world: World): Promise<void> {
  return new Promise((resolve) => {
    const stop = world.every(lookMs, () => {
      stop();
      resolve();
    });
  });
}

function tell(
  outcomes: readonly { readonly wish: Wish; readonly outcome: Outcome }[],
  who: Asking & { readonly by: string },
  run: AskedRun,
  world: World,
): number {
  const resume = `flowc run --resume ${run.id}${run.project.flag}`;
  const kept = outcomes.some(({ outcome }) => outcome.status === "kept" && !outcome.late);
  const refused = outcomes.some(({ outcome }) => ["refused", "answered"].includes(outcome.status));
  if (who.json) {
    const requests = outcomes.map(({ wish, outcome }) => ({
      kind:
        wish.ask.kind === "decide"
          ? wish.ask.answer
          : wish.ask.kind === "settle"
            ? wish.ask.as
            : wish.ask.kind,
      ...wish.about,
      by: who.by,
      note: who.note,
      status: outcome.status,
      message: messageOf(wish, outcome, who.by, run),
    }));
    world.out.write(`${JSON.stringify({ version: 1, run: run.id, requests }, null, 2)}\n`);
  } else {
    const good = painter(world.out.color);
    const bad = painter(world.err.color);
    for (const { wish, outcome } of outcomes) {
      const message = messageOf(wish, outcome, who.by, run);
      if (outcome.status === "taken" || outcome.status === "kept")
        world.out.write(`${good("good", "✓")} ${message}\n`);
      else world.err.write(`${bad("error", "error:")} ${message}\n`);
    }
    if (kept) world.err.write(`next: ${resume}\n`);
    else if (refused) world.err.write(`next: flowc show ${run.id}${run.project.flag}\n`);
  }
  return refused ? exits.failed : exits.well;
}

function messageOf(wish: Wish, outcome: Outcome, by: string, run: AskedRun): string {
  switch (outcome.status) {
    case "taken":
      return `${wish.done}, as ${visible(by)}`;
    case "kept":
      return outcome.late
        ? `${wish.done}, as ${visible(by)}: it is written down, and the run ${run.id} is busy and has not answered yet`
        : `${wish.done}, as ${visible(by)}: nobody is at work on the run ${run.id}, so it takes effect when that is resumed`;
    case "refused":
      return visible(outcome.message);
    case "answered":
      return beforeText(outcome.before);
  }
}

/** Who was first, when, and with which answer; that one stands. */
function beforeText({ ask: first, by, note, at }: Asked): string {
  const what = first === null ? "asked something" : saidOf(first);
  const why = note === null ? "" : ` (${visible(note)})`;
  return `${visible(by)} was first and ${what} at ${moment(at)}${why}; that takes effect when the run is resumed.`;
}

function saidOf(first: Ask): string {
  if (first.kind === "decide") return said[first.answer];
  return first.kind === "settle" ? said[first.as] : said[first.kind];
}

const said = {
  succeeded: "said that it has happened",
  failed: "said that it has failed",
  again: "asked to do it again",
  approved: "approved it",
  rejected: "rejected it",
  cancel: "cancelled it",
  retry: "asked to retry it",
  skip: "asked to skip it",
  pause: "asked to pause it",
  resume: "asked to resume it",
  extend: "asked to extend its budget",
} as const;

/** A request that nobody has taken up: who, what, when. */
export function requestText({ ask: asked, by, note, at }: Asked, view: RunView): string {
  const what = asked === null ? "asked something" : saidOf(asked);
  const about =
    asked === null || asked.kind === "cancel"
      ? ""
      : `${visible(view.name(asked.n))}${asked.kind === "decide" ? `: ${visible(asked.item)}` : ""}: `;
  return `${about}${visible(by)} ${what} at ${moment(at)}${note === null ? "" : ` (${visible(note)})`}`;
}

/** The name by which the user logged in. */
export function loginName(world: World): string {
  try {
    return userInfo().username;
  } catch {
    // A number without a name, as in some containers.
    return world.env["USER"] ?? world.env["LOGNAME"] ?? "someone";
  }
}

/** Nothing can be asked of a run that has ended for good. */
export function mustGoOn({ view, id, project }: AskedRun, what: string): void {
  if (view.status !== "succeeded") return;
  throw new Stop(exits.failed, `The run ${id} has succeeded; ${what}.`, `flowc show ${id}${project.flag}`);
}
