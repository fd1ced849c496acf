// What a place elsewhere gets of the repository's history: all branches and tags, or of a large one what came last.

import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Repository } from "./repository.ts";

/** More than this is not sent for one node. */
const wholeBytesMax = 32e6;
/** So many commits of a larger one. */
const depth = 50;

export interface History {
  /** Absolute path of a bundle; null: there is nothing. */
  readonly bundle: string | null;
  /** Commits by the refs that the bundle holds. */
  readonly refs: ReadonlyMap<string, string>;
  /** The commits whose parents it does not hold, as git writes them down; "": it is whole. */
  readonly shallow: string;
}

/** The histories that one run sends, each made once. */
export class Histories {
  private readonly folder: string;
  private readonly made = new Map<string, Promise<History>>();

  /** `folder`: absolute, belongs to them alone. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** For work that goes on from some commits. */
  async of(repository: Repository, starts: readonly string[]): Promise<History> {
    const key = (await isSmall(repository)) ? "" : starts.join();
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const path = join(this.folder, String(this.made.size));
    const making = mkdir(this.folder, { recursive: true }).then(() =>
      key === "" ? whole(repository, path) : latest(repository, starts, path),
    );
    this.made.set(key, making);
    making.catch(() => this.made.delete(key));
    return making;
  }

  async close(): Promise<void> {
    if (this.made.size > 0) await rm(this.folder, { recursive: true, force: true });
  }
}

async function isSmall({ git }: Repository): Promise<boolean> {
  const said = await git.text(["count-objects", "-v"]);
  const kilobytes = [...said.matchAll(/^size(?:-pack)?: (\d+)$/gm)].map(([, count]) => Number(count));
  return kilobytes.reduce((sum, one) => sum + one, 0) * 1024 <= wholeBytesMax;
}

async function whole({ git }: Repository, bundle: string): Promise<History> {
  const format = "--format=%(objectname) %(refname) %(*objecttype)";
  const lines = await git.text(["for-each-ref", format, "refs/heads", "refs/tags"]);
  const refs = new Map<string, string>();
  for (const line of lines.split("\n")) {
    const [commit = "", ref = "", of = ""] = line.split(" ");
    // A tag may name anything; what is no commit's is no history.
    if (ref !== "" && (of === "" || of === "commit")) refs.set(ref, commit);
  }
  if (refs.size === 0) return { bundle: null, refs, shallow: "" };
  const input = [...refs.keys()].map((ref) => `${ref}\n`).join("");
  await git.text(["bundle", "create", "--quiet", bundle, "--stdin"], { input });
  return { bundle, refs, shallow: "" };
}

/** No bundle ends in the middle of a history by itself: it is made of a copy that does. */
async function latest(
  { git, common }: Repository,
  starts: readonly string[],
  bundle: string,
): Promise<History> {
  const folder = `${bundle}.git`;
  const refs = new Map(starts.map((commit, i) => [`refs/flowc/start-${i}`, commit]));
  await git.text(["init", "--quiet", "--bare", "--template=", folder]);
  const copy = git.in(folder);
  const giver = ["--upload-pack", "git -c uploadpack.allowAnySHA1InWant=true upload-pack"];
  const wanted = [...refs].map(([ref, commit]) => `${commit}:${ref}`);
  await copy.text([
    "fetch",
    "--quiet",
    `--depth=${depth}`,
    "--no-tags",
    ...giver,
    `file://${common}`,
    ...wanted,
  ]);
  await copy.text(["bundle", "create", "--quiet", bundle, ...refs.keys()]);
  const shallow = await readFile(join(folder, "shallow"), "utf8").catch(() => "");
  await rm(folder, { recursive: true, force: true });
  return { bundle, refs, shallow };
}

/** Lines for `git update-ref --stdin`. */
export function refLines(refs: ReadonlyMap<string, string>): string {
  return [...refs].map(([ref, commit]) => `update ${ref} ${commit}\n`).join("");
}
