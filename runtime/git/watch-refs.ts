// What work does to the refs of the repository: hooks before the user's own write down each ref that is moved or pushed.

import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Git } from "./git.ts";

/** Hooks that git starts in a checkout: each has to be there, for one that is not would not be the user's either. */
const names = [
  "applypatch-msg",
  "commit-msg",
  "post-applypatch",
  "post-checkout",
  "post-commit",
  "post-merge",
  "post-rewrite",
  "pre-applypatch",
  "pre-auto-gc",
  "pre-commit",
  "pre-merge-commit",
  "pre-push",
  "pre-rebase",
  "prepare-commit-msg",
  "reference-transaction",
] as const;

/** Of these what git tells is written down: each ref that the repository moves, and each that is pushed. */
const watching: ReadonlyMap<string, string> = new Map([
  [
    "reference-transaction",
    `seen=$(cat)
[ "$own" = 1 ] && [ "$1" = committed ] && printf '%s\\n' "$seen" >> "$FLOWC_REFS"`,
  ],
  [
    "pre-push",
    `seen=$(cat)
[ "$own" = 1 ] && printf '%s\\n' "$seen" | while read -r local new ref old; do
  [ -n "$ref" ] && printf 'push %s %s %s %s\\n' "$1" "$old" "$new" "$ref" >> "$FLOWC_REFS"
done`,
  ],
]);

/** Work may make repositories of its own, and those have hooks of their own. */
function script(name: string): string {
  const watch = watching.get(name);
  return `#!/bin/sh
common=$(git rev-parse --path-format=absolute --git-common-dir)
own=0
hook="$common/hooks/${name}"
[ "$common" = "$FLOWC_REPOSITORY" ] && own=1 && hook="$FLOWC_HOOKS/${name}"
${watch ?? ""}
[ -x "$hook" ] || exit 0
${watch === undefined ? 'exec "$hook" "$@"' : 'printf "%s\\n" "$seen" | "$hook" "$@"'}
`;
}

/** Makes the folder of hooks that all work of a run goes through. */
export async function makeHooks(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of names) {
    const path = join(folder, name);
    await writeFile(path, script(name));
    await chmod(path, 0o755);
  }
}

/**
 * Variables by which git uses `hooks` in a worktree, and keeps a record in `folder`; `given` are those that it has. What the
 * user's own hooks do is done as before.
 */
export async function watchRefs(
  git: Git,
  hooks: string,
  folder: string,
  given: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const facts = ["rev-parse", "--path-format=absolute", "--git-common-dir", "--git-path", "hooks"];
  const [common = "", own = ""] = (await git.text(facts)).split("\n");
  const log = join(folder, "refs");
  await writeFile(log, "");
  return watchedThere({ hooks, log, repository: common, own }, given);
}

/** Where git finds them; all absolute, as its work sees them. */
interface Watched {
  readonly hooks: string;
  /** What is seen is written there. */
  readonly log: string;
  /** The repository's own folder. */
  readonly repository: string;
  /** The user's hooks. */
  readonly own: string;
}

/** The same where the repository stands somewhere else. */
export function watchedThere(
  { hooks, log, repository, own }: Watched,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const at = Number(given["GIT_CONFIG_COUNT"] ?? 0) || 0;
  return {
    FLOWC_REFS: log,
    FLOWC_HOOKS: own,
    FLOWC_REPOSITORY: repository,
    GIT_CONFIG_COUNT: String(at + 1),
    [`GIT_CONFIG_KEY_${at}`]: "core.hooksPath",
    [`GIT_CONFIG_VALUE_${at}`]: hooks,
  };
}

/** Refs that work has moved and may not, as words for a sentence. `branch`: its own; `folder` as in {@link watchRefs}. */
export async function strayRefs(git: Git, folder: string, branch: string | null): Promise<readonly string[]> {
  const path = join(folder, "refs");
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
  const moves = new Map<string, { readonly from: string; to: string }>();
  const strays = new Set<string>();
  for (const line of lines) {
    const words = line.split(" ");
    if (words[0] === "push") {
      const [, remote = "", , , ref = ""] = words;
      if (ref !== "" && ref !== `refs/heads/${branch}`) strays.add(atRemote(ref, remote));
      continue;
    }
    const [from = "", to = "", ref = ""] = words;
    const known = moves.get(ref);
    if (known === undefined) moves.set(ref, { from, to });
    else known.to = to;
  }
  for (const [ref, { from, to }] of moves) {
    const remote = /^refs\/remotes\/([^/]+)\/(.+)$/.exec(ref);
    if (remote !== null) {
      const [, where = "", name = ""] = remote;
      if (name !== branch && (await wasPushed(git, ref))) strays.add(atRemote(`refs/heads/${name}`, where));
    } else if (from !== to && isShared(ref) && ref !== `refs/heads/${branch}`) strays.add(shown(ref));
  }
  return [...strays];
}

/** Whoever looks at a remote moves what tells of it; a push says that it was one. */
async function wasPushed(git: Git, ref: string): Promise<boolean> {
  const last = await git.maybe(["log", "--walk-reflogs", "--max-count=1", "--format=%gs", ref]);
  return last?.includes("by push") === true;
}

/** Not those that each worktree has for itself. */
function isShared(ref: string): boolean {
  return ref.startsWith("refs/") && !/^refs\/(worktree|bisect|rewritten)\//.test(ref);
}

function atRemote(ref: string, remote: string): string {
  return `${shown(ref)} at \`${remote}\``;
}

function shown(ref: string): string {
  if (ref === "refs/stash") return "the stash";
  const tag = ref.replace(/^refs\/tags\//, "");
  return tag === ref ? `\`${ref.replace(/^refs\/heads\//, "")}\`` : `the tag \`${tag}\``;
}
