// `flowc approve` and `flowc reject`: a person's answer to what a gate asks, or about a node whose end is not known.

import { createNearest } from "../compiler/suggest.ts";
import { decisionText } from "../runtime/answer-requests.ts";
import type { ApprovalView, GateView } from "../runtime/run-view.ts";
import { type AskedRun, asking, type Wish } from "./ask.ts";
import { budgetMeant, extensions } from "./extend.ts";
import { visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { settlings } from "./settle.ts";
import { didYouMean, exits, Stop, shellWord, usage } from "./stop.ts";
import type { World } from "./world.ts";

type Request = RequestOf<"approve" | "reject">;

export async function approve(request: Request, world: World): Promise<number> {
  return asking(request, world, (run) => {
    const n = run.view.find(request.gate);
    const budget = budgetMeant(run, request);
    if (budget !== null) return extensions(run, budget, request);
    if (n !== null && run.view.task(n) !== null) return settlings(run, n, request, world);
    const gate = gateOf(run, request);
    return itemsOf(run, gate, request).map((item) => wishOf(gate, item, request.command));
  });
}

function wishOf(gate: GateView, { item }: ApprovalView, command: Request["command"]): Wish {
  const answer = command === "approve" ? "approved" : "rejected";
  const done = `${answer} ${visible(gate.name)}: ${visible(item)}`;
  return {
    ask: { kind: "decide", n: gate.n, item, answer },
    about: { gate: gate.name, item },
    done,
  };
}

function gateOf({ id, view, project }: AskedRun, { command, gate: typed }: Request): GateView {
  const gates = view.gates();
  const found = gates.find(({ name }) => name === typed);
  const show = `flowc show ${id}${project.flag}`;
  if (found !== undefined) return found;
  if (gates.length === 0 && view.counts.unknown === 0)
    throw usage(`The run ${id} has no gates, and no node whose end is not known.`, show);
  const nearest = createNearest()(typed, [
    ...gates.map(({ name }) => name),
    ...[...view.undecided()].map((n) => view.name(n)),
  ]);
  throw usage(
    `The run ${id} has no gate or node ${visible(typed)}.${didYouMean(nearest)}`,
    nearest === null ? show : `flowc ${command} ${id} ${shellWord(nearest)}${project.flag}`,
  );
}

/** The approvals that are meant: by name, all that wait, or the only one. */
function itemsOf(run: AskedRun, gate: GateView, request: Request): readonly ApprovalView[] {
  const { id, project } = run;
  const { command, item: typed } = request;
  const show = `flowc show ${id}${project.flag}`;
  const name = visible(gate.name);
  const items = gate.items.filter((item): item is ApprovalView => item.kind === "approve");
  if (items.length === 0)
    throw new Stop(exits.failed, `${name} asks nobody: its checks hold or not by themselves.`, show);
  if (typed !== null) {
    const found = items.find(({ item }) => item === typed) ?? theOnlyLike(items, typed);
    if (found === null) {
      const nearest = createNearest()(
        typed,
        items.map(({ item }) => item),
      );
      throw usage(
        `${name} has no approval ${JSON.stringify(typed)}.${didYouMean(nearest)}`,
        nearest === null
          ? show
          : `flowc ${command} ${id} ${shellWord(gate.name)} ${shellWord(nearest)}${project.flag}`,
      );
    }
    mayBeAnswered(run, gate, found, command);
    return [found];
  }
  const open = items.filter((item) => answerable(run, item));
  const [first] = open;
  if (first === undefined) {
    const [only] = items;
    if (items.length === 1 && only !== undefined) mayBeAnswered(run, gate, only, command);
    const how = items.map((item) => `${JSON.stringify(item.item)} ${stateText(item)}`).join(", ");
    throw new Stop(exits.failed, `Nothing of ${name} waits for an answer: ${visible(how)}.`, show);
  }
  if (open.length === 1 || request.all) return open;
  const lines = open.map(({ item }) => `  ${visible(item)}`);
  throw usage(
    [`${name} asks ${open.length} things; say which, or all with --all:`, ...lines].join("\n"),
    `flowc ${command} ${id} ${shellWord(gate.name)} ${shellWord(first.item)}${project.flag}`,
  );
}

/** An approval is found by its beginning too, whatever the case of its letters, if that is one only. */
function theOnlyLike(items: readonly ApprovalView[], typed: string): ApprovalView | null {
  const like = items.filter(({ item }) => item.toLowerCase().startsWith(typed.toLowerCase()));
  const [first, ...others] = like;
  return first !== undefined && others.length === 0 ? first : null;
}

/** While somebody is at work on the run, what is open; else whatever was asked and was not approved. */
function answerable({ alive }: AskedRun, { state, asked }: ApprovalView): boolean {
  if (state === "open") return true;
  return !alive && asked && state !== "approved";
}

function mayBeAnswered(run: AskedRun, gate: GateView, item: ApprovalView, command: Request["command"]): void {
  if (answerable(run, item)) return;
  // Too late, and its gate has not passed: that is recorded, and told by who runs it.
  if (item.state === "expired" && run.view.status === "running") return;
  const { id, project } = run;
  const what = `${visible(gate.name)}: ${visible(item.item)}`;
  const again = `flowc ${command} ${id} ${shellWord(gate.name)} ${shellWord(item.item)}${project.flag}`;
  if (item.state === "waiting")
    throw new Stop(
      exits.failed,
      `${what} has not been asked yet: its checks come first.`,
      run.alive ? again : `flowc run --resume ${id}${project.flag}`,
    );
  throw new Stop(exits.failed, `${what} ${visible(stateText(item))}.`, `flowc show ${id}${project.flag}`);
}

function stateText({ state, decision, note }: ApprovalView): string {
  if (decision !== null) return decisionText(decision);
  if (note !== null) return note;
  switch (state) {
    case "waiting":
      return "has not been asked yet";
    case "closed":
      return "is not asked any more, since its gate has not passed";
    default:
      return "is open";
  }
}
