// What a person says of a node that may be done only once and of which nobody can say how it ended.

import { show } from "../compiler/type-ops.ts";
import type { Value } from "../compiler/types.ts";
import { openArtifacts } from "../runtime/artifacts.ts";
import type { AskedRun, Wish } from "./ask.ts";
import { decodeOne } from "./inputs.ts";
import { keepIn } from "./look.ts";
import { visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { exits, Stop, shellWord, usage } from "./stop.ts";
import type { World } from "./world.ts";

type Request = RequestOf<"approve" | "reject">;

/** That it has happened, with its answer, or that it has failed. Ends the command where there is nothing to decide. */
export async function settlings(
  run: AskedRun,
  n: number,
  request: Request,
  world: World,
): Promise<readonly Wish[]> {
  const { id, view, project } = run;
  const name = view.name(n);
  const command = `flowc ${request.command} ${id} ${shellWord(name)}`;
  if (request.item !== null || request.all)
    throw usage(`${visible(name)} is a node: it has no items.`, command + project.flag);
  mustBeOpen(run, n);
  if (request.command === "reject") {
    if (request.value !== null) throw usage("A node that has failed gives no value.", command + project.flag);
    const ask = { kind: "settle", n, as: "failed" } as const;
    return [{ ask, about: { node: name }, done: `said that ${visible(name)} has failed` }];
  }
  const value = await givenValue(run, n, request.value, `${command}${project.flag}`, world);
  const ask = { kind: "settle", n, as: "succeeded", ...(value === undefined ? {} : { value }) } as const;
  return [{ ask, about: { node: name }, done: `said that ${visible(name)} has happened` }];
}

/** What is done only once, was started, and has not succeeded; while somebody is at work on it only what is unknown. */
function mustBeOpen({ id, view, alive, project }: AskedRun, n: number): void {
  const state = view.state(n);
  if (state === "unknown") return;
  const name = visible(view.name(n));
  const next = `flowc show ${id}${project.flag}`;
  const nothing = (why: string): Stop =>
    new Stop(exits.failed, `There is nothing to decide about ${name}: ${why}.`, next);
  if (!view.once(n)) throw nothing("only what may be done only once is ever in doubt");
  if (state === "succeeded") throw nothing("it has succeeded");
  if (view.attempts(n) === 0) throw nothing("it has not been started");
  if (alive) throw nothing(state === "running" ? "it runs" : `it is ${state}`);
}

async function givenValue(
  { view, project }: AskedRun,
  n: number,
  text: string | null,
  command: string,
  world: World,
): Promise<Value | undefined> {
  const { plan } = view;
  const task = plan.tasks[view.task(n) ?? ""];
  const name = visible(view.name(n));
  const answer = task?.answer ?? null;
  if (answer === null) {
    if (text === null) return undefined;
    throw usage(`${name} gives no answer: its task \`${task?.name ?? ""}\` has none.`, command);
  }
  const type = visible(show(answer));
  if (text === null)
    throw usage(`Say what ${name} has given: its task answers with \`${type}\`.`, `${command} --value JSON`);
  const look = keepIn(openArtifacts(project.state), world.cwd, project.root);
  const json = parsed(text);
  const first =
    json === undefined ? null : await decodeOne({ kind: "json", value: json }, answer, plan, look);
  if (first?.ok === true) return first.value;
  // A plain word is a string, too.
  const plain = await decodeOne({ kind: "text", text }, answer, plan, look);
  if (plain.ok) return plain.value;
  const { path, reason } = first ?? plain;
  throw usage(
    `The value does not fit \`${type}\`: ${path === "" ? "" : `${visible(path)}: `}${visible(reason)}.`,
    `${command} --value JSON`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
