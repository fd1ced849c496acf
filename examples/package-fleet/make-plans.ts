// Writes a plan for each package of a lockfile: `npx tsx examples/package-fleet/make-plans.ts [LOCKFILE [FOLDER]]`.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { readLock } from "../lockfile-audit/lock.ts";
import type { Lock, Package } from "../lockfile-audit/model.ts";
import type { Complexity } from "./model.ts";
import { spellCount, spellTime } from "./quantities.ts";

/** What the audit does not need of an entry: whether only developers get it, and what it brings along. */
interface Entry {
  readonly dev?: boolean;
  readonly bin?: object;
  readonly hasInstallScript?: boolean;
}

/** The plans' texts by file name, for whatever is installed on every platform by who uses the project. */
export async function plansOf(lockfile: string): Promise<{
  readonly plans: ReadonlyMap<string, string>;
  readonly circles: Lock["circles"];
}> {
  const lock = await readLock({
    lockfile: { path: lockfile, name: basename(lockfile), size: 0, sha256: "" },
    strict: false,
  });
  const read: { readonly packages: Readonly<Record<string, Entry>> } = JSON.parse(
    readFileSync(lockfile, "utf8"),
  );
  const entry = (one: Package): Entry => read.packages[`node_modules/${one.key}`] ?? {};
  const all = lock.packages.filter(
    (one) => one.platform === null && !one.optional && entry(one).dev !== true,
  );
  // The same version in two folders of `node_modules` is one package to build.
  const idOf = new Map(all.map((one) => [one.key, `${one.name} ${one.version}`]));
  const needs = new Map<string, Set<string>>();
  for (const one of all) {
    const known = one.needs.flatMap((key) => idOf.get(key) ?? []);
    const id = `${one.name} ${one.version}`;
    needs.set(id, new Set([...(needs.get(id) ?? []), ...known].filter((need) => need !== id)));
  }
  const chosen = [...new Map(all.map((one) => [`${one.name} ${one.version}`, one])).values()];
  const plans = new Map(
    chosen.map((one) => {
      const several = chosen.some((other) => other.name === one.name && other.version !== one.version);
      const file = `${one.name.replace("/", "__")}${several ? `-${one.version}` : ""}.md`;
      return [file, planOf(one, entry(one), needs)];
    }),
  );
  return { plans, circles: lock.circles.filter(({ from, to }) => idOf.has(from) && idOf.has(to)) };
}

type Needs = ReadonlyMap<string, ReadonlySet<string>>;

function planOf(one: Package, entry: Entry, needs: Needs): string {
  const id = `${one.name} ${one.version}`;
  const beneath = closure(id, needs).size;
  const dependents = [...needs.values()].filter((each) => each.has(id)).length;
  const own = [...(needs.get(id) ?? [])].sort();
  return [
    `# ${one.name}`,
    "",
    `- Version: ${one.version}`,
    // No lockfile knows this. It is made of the name and of how many packages here depend on it.
    `- Downloads: ${spellCount((dependents + 1) * (3000 + (sumOf(one.name) % 700_000)))} a week`,
    `- Categories: ${categoriesOf(one, entry, own.length, dependents).join(", ")}`,
    `- Complexity: ${complexityOf(beneath)}`,
    `- Estimate: ${spellTime(60 * (5 + 5 * beneath))}`,
    "",
    "## Dependencies",
    "",
    ...(own.length === 0 ? ["None."] : own.map((need) => `- ${need}`)),
    "",
  ].join("\n");
}

function categoriesOf(one: Package, entry: Entry, needs: number, dependents: number): string[] {
  const found: string[] = [];
  if (one.name.startsWith("@types/")) found.push("types");
  if (entry.bin !== undefined) found.push("command line");
  if (entry.hasInstallScript === true) found.push("native");
  if (needs === 0) found.push("leaf");
  if (dependents >= 4) found.push("foundation");
  return found.length === 0 ? ["library"] : found;
}

function complexityOf(beneath: number): Complexity {
  if (beneath === 0) return "trivial";
  if (beneath <= 3) return "small";
  return beneath <= 12 ? "medium" : "large";
}

/** All that it needs, directly or not. */
function closure(id: string, needs: Needs): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [id];
  for (const at of open)
    for (const need of needs.get(at) ?? [])
      if (!found.has(need)) {
        found.add(need);
        open.push(need);
      }
  return found;
}

function sumOf(text: string): number {
  return [...text].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003, 7);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [
    lockfile = fileURLToPath(new URL("../../package-lock.json", import.meta.url)),
    folder = fileURLToPath(new URL("plans", import.meta.url)),
  ] = process.argv.slice(2);
  const { plans, circles } = await plansOf(resolve(lockfile));
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(folder)) if (old.endsWith(".md")) rmSync(join(folder, old));
  for (const [file, text] of plans) writeFileSync(join(folder, file), text);
  console.log(`${plans.size} plans in ${folder}`);
  for (const { packages, from, to, kind } of circles)
    console.log(`cut a circle: ${packages.join(" → ")} (${from} no longer waits for ${to}, its ${kind})`);
}
