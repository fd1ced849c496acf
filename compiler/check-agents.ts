// Which agents a flow asks in the end: told where a budget bounds nothing, or a session is that of another agent.

import type { Block, Expr, Flow, Node, Phase, Place, RecordExpr, Setting, Task } from "../grammar/ast.ts";
import { walk } from "../grammar/walk.ts";
import { tellUntoldCost } from "./check-costs.ts";
import { asksNobody } from "./check-idle.ts";
import { at, type Check, rootScope, type Scope, tell } from "./check-state.ts";
import { listed, related } from "./errors.ts";
import { badSetting } from "./errors-calls.ts";
import type { Home } from "./resolve.ts";

/** An agent that a node asks; null: that could not be understood. */
type Asked = Place | null;

/** Told once all is checked, since what is called may be declared anywhere. */
export function checkAgentsIn(check: Check, homes: readonly Home[]): void {
  // Most programs ask nobody, and of a call that could not be understood nothing is known.
  const asks = homes.some(({ places }) =>
    [...places.values()].some((one) => one.declaration.place === "agent"),
  );
  const budget = homes.some(({ module }) => /\bbudget\b/.test(module.file.source.text));
  if (!asks && !budget) return;
  if (check.pass.diagnostics.some(({ severity }) => severity === "error")) return;
  const asked = new AskedIn(check);
  for (const home of homes)
    for (const one of home.module.file.declarations) {
      if (one.kind === "flow" && !check.broken.has(one)) checkFlow(check, one, home, asked);
      if (one.kind === "task" && !check.broken.has(one)) checkTask(check, one, home, asked);
      if (one.kind === "place") checkPlace(check, one, home);
    }
}

function checkTask(check: Check, task: Task, home: Home, asked: AskedIn): void {
  const scope = rootScope(home, task, { noNodes: null, noDisk: null, returnOf: null });
  const budget = task.settings.find(({ key }) => key.text === "budget");
  if (budget === undefined || task.action?.kind !== "ask") return;
  tellUntoldCost(check, budget, [asked.agentOf(task)], "other", scope);
}

function checkPlace(check: Check, place: Place, home: Home): void {
  const scope = rootScope(home, place, { noNodes: null, noDisk: null, returnOf: null });
  const budget = place.settings.find(({ key }) => key.text === "budget");
  if (place.place === "agent" && budget !== undefined) tellUntoldCost(check, budget, [place], "agent", scope);
}

function checkFlow(check: Check, flow: Flow, home: Home, asked: AskedIn): void {
  const scope = rootScope(home, flow, { noNodes: null, noDisk: null, returnOf: null });
  tellIdle(check, flow, `\`${flow.name.text}\``, asked, scope);
  walk(flow, (part) => {
    if (part.kind === "phase") tellIdle(check, part, `the phase \`${part.name.text}\``, asked, scope);
    if (part.kind !== "node") return;
    checkSession(check, part, asked, scope);
    const budget = part.overrides?.entries.find(({ key }) => key.text === "budget");
    if (budget !== undefined)
      tellUntoldCost(check, budget, asked.by(part.expr, part.overrides), "other", scope);
  });
}

function tellIdle(check: Check, { body }: Flow | Phase, what: string, asked: AskedIn, scope: Scope): void {
  const budget = body.settings.find(({ key }) => key.text === "budget");
  // What is empty has been told as that.
  if (budget === undefined || body.statements.length === 0) return;
  const agents = asked.in(body);
  if (agents.size === 0) tell(check, asksNobody(at(scope, budget), what));
  else tellUntoldCost(check, budget, agents, "other", scope);
}

/** `with { session: x }`: somebody goes on in it, and it is the one who made it. */
function checkSession(check: Check, node: Node, asked: AskedIn, scope: Scope): void {
  const session = settingOf(node.overrides, "session");
  if (session?.value.kind !== "name") return;
  const here = asked.by(node.expr, node.overrides);
  const place = at(scope, session.value);
  const name = session.value.name;
  const ref = check.pass.refs.get(session.value);
  const source = ref?.kind === "binding" ? ref.binding.value : null;
  if (here.size === 0) {
    const hint = "A session is gone on with by a task that has `ask`.";
    tell(check, badSetting(at(scope, session.key), "no agent is asked here", hint));
    return;
  }
  const [maker = null] = source === null ? [] : asked.by(source.expr, source.overrides);
  if (source === null || maker === null || here.has(maker) || here.has(null)) return;
  const others = listed([...here].flatMap((one) => (one === null ? [] : [one.name.text])));
  const label = `\`${name}\` asks \`${maker.name.text}\`, and this asks ${others}`;
  const hint = `Only \`${maker.name.text}\` can go on in what it has said: ask it, or leave the session out.`;
  tell(check, {
    ...badSetting(place, label, hint),
    related: [related(at(scope, source), "the session is made here")].filter((one) => one !== null),
  });
}

function settingOf(overrides: RecordExpr | null, key: string): Pick<Setting, "key" | "value"> | undefined {
  return overrides?.entries.find((entry) => entry.key.text === key);
}

/** The agents that what stands somewhere may ask, also in the flows that it calls. */
class AskedIn {
  private readonly check: Check;

  constructor(check: Check) {
    this.check = check;
  }

  in(part: Block | Expr): ReadonlySet<Asked> {
    return this.found(part, new Set());
  }

  /** Of a call with what is said behind it. */
  by(expr: Expr, overrides: RecordExpr | null, seen: Set<Flow> = new Set()): ReadonlySet<Asked> {
    const inside = this.found(expr, seen);
    const agent = settingOf(overrides, "agent");
    return agent === undefined || inside.size === 0 ? inside : new Set([this.placeOf(agent)]);
  }

  /** `seen`: flows that were looked into, or are. */
  private found(root: Block | Expr, seen: Set<Flow>): ReadonlySet<Asked> {
    const found = new Set<Asked>();
    const add = (all: ReadonlySet<Asked>): void => {
      for (const one of all) found.add(one);
    };
    walk(root, (part) => {
      if (part.kind === "node" && settingOf(part.overrides, "agent") !== undefined) {
        // A circle may have been entered under another agent.
        add(this.by(part.expr, part.overrides, new Set(seen)));
        if (part.otherwise !== null) add(this.found(part.otherwise, seen));
        return "skip";
      }
      if (part.kind !== "call-of" || part.callee.kind !== "name") return "go on";
      const ref = this.check.pass.refs.get(part.callee);
      if (ref?.kind === "task" && ref.task.action?.kind === "ask") found.add(this.agentOf(ref.task));
      if (ref?.kind === "flow" && !seen.has(ref.flow)) {
        seen.add(ref.flow);
        add(this.found(ref.flow.body, seen));
      }
      return "go on";
    });
    return found;
  }

  agentOf(task: Task): Asked {
    const agent = task.settings.find(({ key }) => key.text === "agent");
    return agent === undefined ? null : this.placeOf(agent);
  }

  private placeOf({ value }: Pick<Setting, "value">): Asked {
    const ref = value.kind === "name" ? this.check.pass.refs.get(value) : undefined;
    return ref?.kind === "place" ? ref.place : null;
  }
}
