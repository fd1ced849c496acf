// A worktree whose work is done somewhere else: a repository is made of it there, and what the work has left comes back.

import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Exit, FileSearch, PutFile, Workspace } from "../runner.ts";
import { type Histories, type History, refLines } from "./carried-history.ts";
import { carriedFolder, exits, packScript, unpackScript } from "./carried-script.ts";
import { type CarriedState, carriedRef, indexInfo, putBack, stateOf } from "./carried-state.ts";
import { type Git, GitProblem, notAbove, said } from "./git.ts";
import { leftBranch, noneAnyMore, unpushed } from "./landing.ts";
import type { Repository } from "./repository.ts";
import { makeHooks, watchedThere } from "./watch-refs.ts";
import type { Worktree } from "./worktree.ts";

/** So long its end may take, also when the run is told to end. */
const backMs = 120_000;
/** A hook that is larger is no script. */
const hookBytesMax = 1e6;

const back: FileSearch = {
  roots: [`${carriedFolder}/back`],
  enters: () => false,
  matches: (path) => path.startsWith(`${carriedFolder}/back/`),
};

/** It could not be done there, and nobody knows why: another attempt may do better. */
class Lost extends Error {
  readonly problem = "lost";
}

export class CarriedTree {
  private readonly tree: Worktree;
  private readonly workspace: Workspace;
  /** On this machine; belongs to the attempt. Absolute. */
  private readonly scratch: string;
  private readonly refs: ReadonlyMap<string, string>;
  /** Its top there, as git says it. */
  private readonly top: string;

  private constructor(
    tree: Worktree,
    workspace: Workspace,
    scratch: string,
    refs: ReadonlyMap<string, string>,
    top: string,
  ) {
    this.tree = tree;
    this.workspace = workspace;
    this.scratch = scratch;
    this.refs = refs;
    this.top = top;
  }

  /** Makes the repository there. Null: the place has no git. Throws {@link GitProblem}. */
  static async bring(
    repository: Repository,
    tree: Worktree,
    workspace: Workspace,
    scratch: string,
    histories: Histories,
    stop: AbortSignal,
  ): Promise<CarriedTree | null> {
    const state = await stateOf(tree, join(scratch, "carried-index"));
    const starts = [tree.start, ...(state.merging === null ? [] : [state.merging])];
    const history = await histories.of(repository, starts);
    const refs = new Map([...history.refs, ...(await refsOf(repository, tree, state, history))]);
    await workspace.put(await filesFor(repository, tree, state, history, refs, join(scratch, "carried")));
    const { branch } = tree.spec;
    const head = branch === null ? "" : `refs/heads/${branch}`;
    const args = [state.commit, head, state.merging ?? ""];
    const { exit, out, err } = await carriedOut(workspace, unpackScript, args, scratch, "unpack", stop);
    if (exit.kind === "exited" && exit.code === exits.withoutGit) return null;
    const top = out.trim().split("\n").at(-1) ?? "";
    // Who was told to stop begins nothing there.
    if (!stop.aborted && (exit.kind !== "exited" || exit.code !== 0))
      throw new Lost(`Its worktree could not be made where it runs: ${said(err) || endOf(exit)}`);
    return new CarriedTree(tree, workspace, scratch, refs, top);
  }

  /** Variables by which what its work pushes is seen; what it moves is seen at the end. */
  env(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const folder = `${this.top}/${carriedFolder}`;
    const places = {
      hooks: `${folder}/hooks`,
      log: `${folder}/moved`,
      repository: `${this.top}/.git`,
      own: `${folder}/own-hooks`,
    };
    return { ...watchedThere(places, given), ...notAbove(this.top) };
  }

  /**
   * What it has left there is left here, and the refs that it moved are written down for who looks at them. Throws
   * {@link GitProblem} if what was brought is no repository any more, or its branch was left.
   */
  async fetch(): Promise<void> {
    const { tree, workspace, scratch } = this;
    const { git } = tree;
    const stop = AbortSignal.timeout(backMs);
    const { exit, err } = await carriedOut(workspace, packScript, [tree.start], scratch, "pack", stop);
    if (exit.kind === "exited" && exit.code === exits.gone) throw noneAnyMore();
    if (exit.kind === "lost") throw new Lost(exit.message);
    if (exit.kind !== "exited" || exit.code !== 0)
      throw new GitProblem(
        `What it has done could not be brought back: ${said(err) || endOf(exit)}.`,
        "writes",
        err,
      );
    const found = new Map<string, string>();
    for await (const { path, local } of workspace.get(back)) found.set(path.split("/").at(-1) ?? "", local);
    const text = async (name: string) => readFile(found.get(name) ?? "", "utf8").catch(() => "");
    const bundle = found.get("bundle");
    if (bundle === undefined) throw new Lost("What it has done could not be fetched from where it ran.");
    await brought(git, bundle);
    await writeFile(join(scratch, "refs"), `${this.moves(await text("refs"))}${pushes(await text("moved"))}`);
    await putBack(tree);
    const { branch } = tree.spec;
    const head = (await text("head")).trim();
    if (branch !== null && head !== `refs/heads/${branch}`)
      throw leftBranch(branch, head === "" ? null : head);
    const [submodule = ""] = (await text("unpushed")).split("\n");
    if (submodule !== "") throw unpushed(submodule);
  }

  /** As the hooks write down what is moved here. */
  private moves(text: string): string {
    const nobody = "0".repeat(40);
    const now = new Map<string, string>();
    for (const line of text.split("\n")) {
      const [commit = "", ref = ""] = line.split(" ");
      // That of a remote is moved by who looks at it; a push is told by its hook.
      if (ref !== "" && !/^refs\/(remotes|flowc)\//.test(ref)) now.set(ref, commit);
    }
    const lines: string[] = [];
    for (const ref of new Set([...now.keys(), ...this.refs.keys()])) {
      if (ref.startsWith("refs/flowc/")) continue;
      const [from, to] = [this.refs.get(ref) ?? nobody, now.get(ref) ?? nobody];
      if (from !== to) lines.push(`${from} ${to} ${ref}\n`);
    }
    return lines.join("");
  }
}

function pushes(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.startsWith("push "))
    .map((line) => `${line}\n`)
    .join("");
}

/** Its objects are in the repository; nothing but a ref of the worktree's own is moved. */
async function brought(git: Git, bundle: string): Promise<void> {
  const options = ["--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--force"];
  const { code, err } = await git.end(["fetch", ...options, bundle, `refs/flowc/carried:${carriedRef}`]);
  if (code !== 0) throw new Lost(`What it has done is no history that git takes: ${said(err)}`);
}

/** Branches that its settings name, where they are now. */
async function refsOf(
  repository: Repository,
  { spec, start }: Worktree,
  { tip }: CarriedState,
  { shallow }: History,
): Promise<ReadonlyMap<string, string>> {
  const refs = new Map<string, string>();
  for (const name of [spec.from, spec.into]) {
    const commit = name === null ? null : await repository.tipOf(name);
    // What it goes on from is all that is there of a large repository.
    if (commit !== null && (shallow === "" || commit === start)) refs.set(`refs/heads/${name}`, commit);
  }
  if (spec.branch !== null) refs.set(`refs/heads/${spec.branch}`, tip);
  return refs;
}

/** All that the repository there is made of, as files. */
async function filesFor(
  repository: Repository,
  { git, start }: Worktree,
  { merging, unmerged }: CarriedState,
  history: History,
  refs: ReadonlyMap<string, string>,
  folder: string,
): Promise<readonly PutFile[]> {
  const hooks = join(folder, "hooks");
  await mkdir(hooks, { recursive: true });
  const files: PutFile[] = [];
  const add = (from: string, name: string): void => {
    files.push({ from, to: `${carriedFolder}/${name}` });
  };
  const write = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, name), text);
    add(join(folder, name), name);
  };
  if (history.bundle !== null) {
    add(history.bundle, "history");
    await write("history-refs", refLines(history.refs));
  }
  const known = new Set([...history.refs.values()].map((commit) => `^${commit}\n`));
  // Of a large repository these are the commits that its history was made for.
  const wanted =
    history.shallow === "" ? [start, ...refs.values(), ...(merging === null ? [] : [merging])] : [];
  const input = [carriedRef, ...wanted].map((one) => `${one}\n`).join("") + [...known].join("");
  await git.text(["bundle", "create", "--quiet", join(folder, "carried"), "--stdin"], { input });
  add(join(folder, "carried"), "carried");
  await write("refs", refLines(refs));
  await write("shallow", history.shallow);
  await write("unmerged", indexInfo(unmerged));
  await write("exclude", await excluded(repository.git));
  await configured(repository.git, join(folder, "config"));
  add(join(folder, "config"), "config");
  await makeHooks(hooks);
  for (const name of await readdir(hooks)) add(join(hooks, name), `hooks/${name}`);
  for (const { name, path } of await ownHooks(repository.git)) add(path, `own-hooks/${name}`);
  return files;
}

/** What git of this machine ignores, and no file of the repository says. */
async function excluded(git: Git): Promise<string> {
  const own = await git.text(["rev-parse", "--path-format=absolute", "--git-path", "info/exclude"]);
  const configured = await git.maybe(["config", "--type=path", "core.excludesFile"]);
  const home = git.env["XDG_CONFIG_HOME"] ?? join(git.env["HOME"] ?? "", ".config");
  const texts: string[] = [];
  for (const path of [configured ?? join(home, "git/ignore"), own])
    texts.push(await readFile(path, "utf8").catch(() => ""));
  return texts.map((text) => `${text}\n`).join("");
}

/** Who commits, and how lines end. Nothing else of the user's settings: they may hold what is secret. */
async function configured(git: Git, path: string): Promise<void> {
  await writeFile(path, "");
  const ident = (await git.end(["var", "GIT_AUTHOR_IDENT"])).out;
  const [, name = "", email = ""] = /^(.*) <(.*)> \d+ \S+$/.exec(ident.trim()) ?? [];
  const values = new Map([
    ["user.name", name],
    ["user.email", email],
  ]);
  for (const key of ["core.autocrlf", "core.eol"]) values.set(key, (await git.maybe(["config", key])) ?? "");
  for (const [key, value] of values) if (value !== "") await git.text(["config", "--file", path, key, value]);
}

async function ownHooks(git: Git): Promise<readonly { readonly name: string; readonly path: string }[]> {
  const folder = await git.text(["rev-parse", "--path-format=absolute", "--git-path", "hooks"]);
  const names = await readdir(folder).catch(() => []);
  const found: { name: string; path: string }[] = [];
  for (const name of names.filter((each) => !each.endsWith(".sample"))) {
    const path = join(folder, name);
    const stats = await stat(path).catch(() => null);
    if (stats?.isFile() === true && stats.size <= hookBytesMax) found.push({ name, path });
  }
  return found;
}

/** Something of ours is carried out in the place. */
async function carriedOut(
  workspace: Workspace,
  script: string,
  args: readonly string[],
  scratch: string,
  name: string,
  stop: AbortSignal,
): Promise<{ readonly exit: Exit; readonly out: string; readonly err: string }> {
  const stdoutPath = join(scratch, `${name}.out`);
  const stderrPath = join(scratch, `${name}.err`);
  const command = { argv: ["sh", "-c", script, "flowc", ...args], env: {}, cwd: "" };
  const exit = await workspace.exec(command, { stdoutPath, stderrPath, filter: null }, stop);
  const text = (path: string) => readFile(path, "utf8").catch(() => "");
  return { exit, out: await text(stdoutPath), err: await text(stderrPath) };
}

function endOf(exit: Exit): string {
  if (exit.kind === "exited") return `git ended with ${exit.code}`;
  return exit.kind === "signalled" ? `git was ended by ${exit.signal}` : exit.message;
}
