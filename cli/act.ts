// `flowc retry`, `skip`, `pause` and `resume`: a person acts on one node of a run.

import { createNearest } from "../compiler/suggest.ts";
import type { RunView } from "../runtime/run-view.ts";
import { type AskedRun, asking, mustGoOn, type Wish } from "./ask.ts";
import { outerNames } from "./render/graph.ts";
import { visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { didYouMean, exits, Stop, shellWord, usage } from "./stop.ts";
import type { World } from "./world.ts";

type Verb = "retry" | "skip" | "pause" | "resume";

const done: Readonly<Record<Verb, string>> = {
  retry: "will run anew",
  skip: "skipped",
  pause: "paused",
  resume: "resumed",
};

export async function act(request: RequestOf<Verb>, world: World): Promise<number> {
  const { command: verb, node: typed } = request;
  return asking(request, world, (run) => {
    mustGoOn(run, `there is nothing left to ${verb}`);
    const n = cellOf(run, typed, verb);
    const name = run.view.name(n);
    if (!run.alive) mayBeKept(run, n, verb);
    const text = verb === "retry" ? `${visible(name)} ${done[verb]}` : `${done[verb]} ${visible(name)}`;
    const wish: Wish = { ask: { kind: verb, n }, about: { node: name }, done: text };
    return [wish];
  });
}

function cellOf({ id, view, project }: AskedRun, typed: string, verb: Verb): number {
  const n = view.find(typed);
  if (n !== null) return n;
  const names = [...view.nodes()].map((each) => view.name(each));
  const nearest = createNearest()(typed, [...new Set(names.flatMap((name) => [...outerNames(name), name]))]);
  throw usage(
    `The run ${id} has no node ${visible(typed)}.${didYouMean(nearest)}`,
    nearest === null
      ? `flowc show ${id}${project.flag}`
      : `flowc ${verb} ${id} ${shellWord(nearest)}${project.flag}`,
  );
}

/** With nobody at work on the run, only what cannot come to pass in any way is told at once. */
function mayBeKept({ id, view, project }: AskedRun, n: number, verb: Verb): void {
  const why = view.task(n) === null ? groupProblem(view, n, verb) : nodeProblem(view, n, verb);
  if (why === null) return;
  throw new Stop(exits.failed, `${visible(view.name(n))} ${why}.`, `flowc show ${id}${project.flag}`);
}

function groupProblem(view: RunView, n: number, verb: Verb): string | null {
  if (verb === "retry" || verb === "skip") return "is no node; name one of those in it";
  return view.state(n) === "succeeded" ? "has ended well" : null;
}

function nodeProblem(view: RunView, n: number, verb: Verb): string | null {
  const state = view.state(n);
  if (state === "succeeded") return "has succeeded; what has succeeded stays";
  if (verb === "skip" && state === "unknown")
    return "may have happened, and nobody can say; decide about it with `flowc approve`, `flowc reject` or `flowc retry`";
  if (verb === "resume" && view.hold(n) === null && view.status === "running") return "is not paused";
  if (verb === "retry" && view.skippedBy(n) === "failure")
    return "is skipped because of something else; that is run anew when the run is resumed";
  return null;
}
