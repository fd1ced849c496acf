// The checker: from an entry file to the Program, with everything that can be known to be wrong before a run.

import type { Declaration, TypeExpr } from "../grammar/ast.ts";
import type { Diagnostic } from "../grammar/diagnostic.ts";
import { brokenDeclarations, inOrder } from "./aftermath.ts";
import { checkAgentsIn } from "./check-agents.ts";
import { checkBlock, checkNode } from "./check-blocks.ts";
import { checkBranches } from "./check-branches.ts";
import { lateDeadlines } from "./check-deadlines.ts";
import { infer } from "./check-expressions.ts";
import { askedBy, fitTo } from "./check-fit.ts";
import { tellUnusedNames } from "./check-leftovers.ts";
import { inferIfOrLoop } from "./check-loops.ts";
import { tellRepeatedOnce } from "./check-once.ts";
import { tellOverlaps } from "./check-overlaps.ts";
import { checkPlace } from "./check-places.ts";
import { tellRecursion } from "./check-recursion.ts";
import { tellSecrets } from "./check-secrets.ts";
import { checkSettings } from "./check-settings.ts";
import {
  anywhere,
  at,
  type Check,
  constantLookup,
  newPass,
  rootScope,
  tell,
  withoutBlamed,
} from "./check-state.ts";
import { checkFlow, checkTask, useAll } from "./check-tasks.ts";
import { fold } from "./constant.ts";
import { notYet } from "./errors-calls.ts";
import type { Host } from "./host.ts";
import { type Loaded, loadModules } from "./modules.ts";
import { withOneCause } from "./one-cause.ts";
import type { Program } from "./program.ts";
import { constantOrder, type Home, type Names, resolveNames } from "./resolve.ts";
import { resolveDeclaredTypes, resolveType } from "./resolve-types.ts";
import { createNearest } from "./suggest.ts";
import { errorType } from "./type-ops.ts";

export interface Checked {
  /** Null if the entry cannot be read at all. With errors among the diagnostics, its tables may have gaps. */
  readonly program: Program | null;
  /** By module, then by place in it. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface CheckOptions {
  /** `--on`: the kind of place that declared runners are to have. */
  readonly on?: string | null;
}

/** Checks the program that starts at a file. `entry` is an absolute path. Never throws for what a user wrote. */
export function check(entry: string, host: Host, { on = null }: CheckOptions = {}): Checked {
  const nearest = createNearest();
  const loaded = loadModules(entry, host, nearest);
  const [first] = loaded.modules;
  if (first === undefined) return { program: null, diagnostics: loaded.diagnostics };
  const checked = checkModules(loaded, first, host, on, nearest, null);
  const files = loaded.modules.map(({ module }) => module);
  const diagnostics = withOneCause(
    checked.diagnostics,
    files,
    (type) => checkModules(loaded, first, host, on, nearest, type).diagnostics,
  );
  return { program: checked.program, diagnostics };
}

/** `believed`: a written type that is taken to agree with everything, to see what only it is at odds with. */
function checkModules(
  loaded: ReturnType<typeof loadModules>,
  first: Loaded,
  host: Host,
  on: string | null,
  nearest: Check["nearest"],
  believed: TypeExpr | null,
): Checked {
  const { names, diagnostics: named } = resolveNames(loaded.modules, nearest);
  const broken = brokenDeclarations(loaded.modules, loaded.diagnostics);
  const state = createCheck(host, on, names, nearest, broken);
  if (believed !== null) state.typeOfExpr.set(believed, errorType);
  for (const diagnostic of named) tell(state, diagnostic);
  checkConstantsAndTypes(state, names.homes);
  for (const home of names.homes)
    for (const declaration of home.module.file.declarations) checkDeclaration(state, declaration, home);
  checkDefaults(state);
  tellRecursion(state, names.homes);
  checkAgentsIn(state, names.homes);
  tellRepeatedOnce(state, names.homes);
  tellOverlaps(state, names.homes);
  checkWorktrees(state, names.homes);
  tellSecrets(state, names.homes);
  tellLater(state);
  tellUnusedNames(state, names.homes);
  const { pass } = state;
  const modules = loaded.modules.map(({ module }) => module);
  const program: Program = {
    entry: first.module,
    modules,
    types: Object.fromEntries(state.types),
    nameOf: names.nameOf,
    typeOf: pass.typeOf,
    typeOfExpr: state.typeOfExpr,
    fittedTo: pass.fittedTo,
    refs: pass.refs,
    argsOf: pass.argsOf,
    makesNode: pass.makesNode,
  };
  const told = withoutBlamed(pass);
  const wrong = [...loaded.diagnostics, ...told].some(({ severity }) => severity === "error");
  // What is asked of a plan can be asked where there is one.
  const late = wrong ? [] : lateDeadlines(program, host);
  return { program, diagnostics: inOrder(loaded.modules, loaded.diagnostics, [...told, ...late], broken) };
}

function createCheck(
  host: Host,
  on: string | null,
  names: Names,
  nearest: Check["nearest"],
  broken: Check["broken"],
): Check {
  const state: Check = {
    host,
    on,
    nearest,
    types: new Map(),
    folded: new Map(),
    constantTypes: new Map(),
    typeName: names.typeName,
    typeOfExpr: new Map(),
    typeUses: [],
    defaults: [],
    nameOf: names.nameOf,
    broken,
    used: new Set(),
    miscased: new Map(),
    secrets: [],
    later: new Map(),
    pass: newPass(),
    worktrees: false,
    trial: false,
    infer: (expr, scope) => infer(state, expr, scope),
    fit: (expr, to, scope, cause) => fitTo(state, expr, to, scope, cause),
    block: (block, scope, wanted, behind) =>
      checkBlock(state, block, scope, {
        ofFlow: false,
        wanted,
        returns: null,
        ...(behind === undefined ? {} : { behind }),
      }),
    settings: (settings, owner, scope) => checkSettings(state, settings, owner, scope),
    node: (node, scope, wanted) => checkNode(state, node, scope, wanted),
    ifOrLoop: (expr, scope, wanted) => inferIfOrLoop(state, expr, scope, wanted),
    resolve: (type, home, owner) => resolveType(state, type, home, owner),
  };
  return state;
}

/** Constants are folded first, since types may have them as defaults; then types, then the constants' own types. */
function checkConstantsAndTypes(state: Check, homes: readonly Home[]): void {
  const { order, circular, diagnostics } = constantOrder(homes);
  for (const diagnostic of diagnostics) tell(state, diagnostic);
  for (const { declaration, home } of order) {
    const lookup = constantLookup(home, (name) => {
      const body = home.types.get(name)?.declaration.body;
      return body?.kind === "union" ? body.members.map((member) => member.text) : null;
    });
    if (!circular.has(declaration))
      state.folded.set(declaration, fold(declaration.value, lookup, state.folded));
  }
  resolveDeclaredTypes(state, homes);
  for (const { declaration, home } of order) {
    const scope = rootScope(home, declaration, { ...anywhere, noNodes: "a constant" });
    const type = state.infer(declaration.value, scope);
    state.constantTypes.set(
      declaration,
      circular.has(declaration) || state.broken.has(declaration) ? errorType : type,
    );
  }
}

/** Defaults of fields, once the types of constants are known. */
function checkDefaults(state: Check): void {
  for (const { field, type, home, owner } of state.defaults) {
    if (field.value === null || owner === null) continue;
    const scope = rootScope(home, owner, { noNodes: "a default", noDisk: "a default", returnOf: null });
    state.infer(field.value, scope);
    state.fit(field.value, type, scope, askedBy({ home }, field.name, field.name.text, type));
  }
}

function checkDeclaration(state: Check, declaration: Declaration, home: Home): void {
  switch (declaration.kind) {
    case "task":
      checkTask(state, declaration, home);
      return;
    case "flow":
      checkFlow(state, declaration, home);
      return;
    case "place":
      checkPlace(state, declaration, home);
      return;
    case "test":
      tell(state, notYet(at({ home }, declaration.name), "a `test` block"));
      useAll(state, declaration, home);
      return;
    case "type":
    case "constant":
  }
}

/** What cannot be carried out yet, once for each construct of which no use is wrong. */
function tellLater(state: Check): void {
  for (const { construct, places, wrong } of state.later.values()) {
    const [first, ...others] = places;
    if (first !== undefined && !wrong) tell(state, notYet(first, construct, others));
  }
}

/** Most programs have no worktree, and are not gone through for them. */
function checkWorktrees(state: Check, homes: readonly Home[]): void {
  if (!state.worktrees) return;
  for (const home of homes)
    for (const declaration of home.module.file.declarations)
      if (declaration.kind === "flow") checkBranches(state, declaration, home);
}
