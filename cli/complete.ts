// What a shell offers after a tab: commands, options, runs, nodes, flows and inputs, as they are now. Never an error.

import { explanations } from "../compiler/explanations.ts";
import { settingsOfSchema } from "../compiler/kind-settings.ts";
import type { SettingTable } from "../compiler/setting-rows.ts";
import { settingsOf } from "../compiler/settings.ts";
import type { Flow } from "../grammar/ast.ts";
import { parse } from "../grammar/parser.ts";
import type { RunView } from "../runtime/run-view.ts";
import { type Choice, type HalfTyped, halfTyped } from "./args-half.ts";
import { readSource } from "./files.ts";
import { agentsOf, registryOf } from "./kinds.ts";
import { projectOf } from "./project.ts";
import { moment } from "./render/amounts.ts";
import { visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { exits } from "./stop.ts";
import { readRun, withJournal } from "./stored.ts";
import { answersFor, unquoted } from "./words.ts";
import type { World } from "./world.ts";

/** More than these nobody reads; a letter more finds the others. */
const choicesMax = 500;

/** Prints a line for each choice, as the script of that shell reads it. */
export async function complete(request: RequestOf<"complete">, world: World): Promise<number> {
  const words = unquoted(request.words);
  const half = halfTyped(words.words, world.version);
  const found = await choicesOf(half, world).catch(() => []);
  const choices =
    typeof found === "string"
      ? found
      : found
          .filter(({ text }) => text.startsWith(half.typed))
          .slice(0, choicesMax)
          .map(({ text, says }) => ({ text: half.before + text, says }));
  world.out.write(
    answersFor(request.shell, choices, { quote: words.quote, typed: half.before + half.typed }),
  );
  return exits.well;
}

/** Choices, or which files the shell is to look for by itself: it knows better how they are written. */
type Offered = readonly Choice[] | "files" | "files .flow" | "folders";

async function choicesOf(half: HalfTyped, world: World): Promise<Offered> {
  const { wanted, given } = half;
  if (wanted.kind === "choices") return wanted.choices;
  const state = given.get("--state") ?? null;
  // `flowc check` takes several: what is declared in the first is offered.
  const file = given.get("FILE") ?? given.get("FILES") ?? "";
  switch (wanted.name) {
    case "FILE":
    case "FILES":
      return wanted.of === "argument" ? "files .flow" : "files";
    case "DIR":
      return "folders";
    case "FLOW":
      return flowsIn(file, world);
    case "NAME=VALUE":
      return inputsIn(file, given.get("FLOW") ?? null, world);
    case "RUNNER.KEY=VALUE":
      return settingsIn(file, world);
    case "CODE":
      return explanations.map(({ code, says }) => ({ text: code, says }));
    case "KIND":
      return registryOf(projectOf(world, file === "" ? null : file, state).root)
        .names()
        .map((text) => ({ text, says: "" }));
    case "RUN":
      return runsOf(state, world);
    case "NODE":
    case "NAME":
    case "ITEM":
      return namesOf(half, state, world);
    default:
      return [];
  }
}

function flowsOf(file: string, world: World): readonly Flow[] {
  const { declarations } = parse(readSource(world.cwd, file)).file;
  return declarations.filter((one): one is Flow => one.kind === "flow");
}

function flowsIn(file: string, world: World): readonly Choice[] {
  return flowsOf(file, world).map(({ name, doc }) => ({ text: name.text, says: doc?.split("\n")[0] ?? "" }));
}

function inputsIn(file: string, flow: string | null, world: World): readonly Choice[] {
  const all = flowsOf(file, world);
  const [only] = all;
  const chosen =
    all.find(({ name }) => name.text === (flow ?? "main")) ?? (all.length === 1 ? only : undefined);
  return (chosen?.params ?? []).map(({ name, doc }) => ({
    text: `${name.text}=`,
    says: doc?.split("\n")[0] ?? "",
  }));
}

/** Settings of what the file declares, those of the kinds that it names too. */
function settingsIn(file: string, world: World): readonly Choice[] {
  const { root } = projectOf(world, file, null);
  const runners = registryOf(root);
  const agents = agentsOf(root);
  return parse(readSource(world.cwd, file)).file.declarations.flatMap((place) => {
    if (place.kind !== "place") return [];
    const own = settingsOf(place.place);
    const names = place.settings.map(({ key }) => key.text).filter((key) => !Object.hasOwn(own, key));
    const chosen = place.place === "limit" || names.length < 2 ? [] : names;
    const kinds = place.settings.flatMap(({ key: { text: kind } }) => {
      if (Object.hasOwn(own, kind) || place.place === "limit") return [];
      const facts = (place.place === "agent" ? agents : runners).find(kind);
      if (facts === null || "problem" in facts) return [];
      return rowsOf(`${place.name.text}.${kind}`, settingsOfSchema(facts.settingsSchema));
    });
    const others = chosen.map((kind) => ({ text: `${place.name.text}=${kind}`, says: "that kind of it" }));
    return [...others, ...rowsOf(place.name.text, own), ...kinds];
  });
}

function rowsOf(before: string, table: SettingTable): readonly Choice[] {
  return Object.entries(table).map(([key, { example }]) => ({ text: `${before}.${key}=`, says: example }));
}

/** The newest first: it is meant most often. */
async function runsOf(state: string | null, world: World): Promise<readonly Choice[]> {
  return withJournal(world, state, async (journal) => {
    const runs = journal.runs().map(({ id, flow, status, startedAt }) => ({
      text: id,
      says: `${visible(flow)}, ${status}, ${moment(startedAt)}`,
    }));
    const [newest] = runs;
    return newest === undefined ? [] : [{ text: "last", says: newest.says }, ...runs];
  });
}

/** Names in the run that was typed, without one in the last: those for which the command has a use. */
async function namesOf(half: HalfTyped, state: string | null, world: World): Promise<readonly Choice[]> {
  const { command, given, wanted } = half;
  const run = given.get("RUN") ?? given.get("--resume") ?? "last";
  return withJournal(world, state, async (journal, project) => {
    const { view } = await readRun(journal, project, run);
    if (wanted.kind === "placeholder" && wanted.name === "ITEM")
      return view
        .questions()
        .filter(({ gate }) => gate === given.get("NAME"))
        .map(({ item, asks }) => ({ text: item, says: asks === null ? "" : `asks ${visible(asks)}` }));
    if (command === "approve" || command === "reject") return undecided(view);
    const useful = usefulTo(command, view);
    const held = command === "resume" ? view.holds().map(({ n }) => n) : [...view.nodes()].filter(useful);
    return [...new Set(held)].map((n) => ({ text: view.name(n), says: view.state(n) }));
  });
}

/** Gates that ask something, and nodes of which nobody knows how they ended. */
function undecided(view: RunView): readonly Choice[] {
  const gates = [...new Set(view.questions().map(({ gate }) => gate))];
  const nodes = [...view.undecided()].map((n) => ({ text: view.name(n), says: "not known how it ended" }));
  return [...gates.map((text) => ({ text, says: "asks for an approval" })), ...nodes];
}

function usefulTo(command: string, view: RunView): (n: number) => boolean {
  switch (command) {
    case "logs":
      return (n) => view.attempts(n) > 0;
    case "retry":
      return (n) => view.state(n) === "failed" || view.state(n) === "cancelled";
    case "skip":
    case "pause":
      return (n) => !view.settled(n);
    default:
      return () => true;
  }
}
