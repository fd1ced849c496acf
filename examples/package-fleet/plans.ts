// Reads plans, Markdown as people write it, into typed packages; tells all that is wrong in them, each with its place.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Complexity, complexities, type FileValue, type Package } from "./model.ts";
import { countOf, nearest, secondsOf } from "./quantities.ts";

/** How many mistakes are told at once. */
const PROBLEMS_MAX = 12;
/** As npm allows them; nothing else could be a word of a command, a file's name and part of a symbol at once. */
const NAME = /^(?:@[a-z0-9~][\w.~-]*\/)?[a-z0-9~][\w.~-]*$/i;
const VERSION = /^\d+(?:\.\d+){0,2}(?:[-+][\w.+-]+)?$/;

interface Plan extends Omit<Package, "key" | "needs"> {
  readonly file: string;
  readonly needs: readonly {
    readonly name: string;
    readonly version: string | null;
    readonly line: number;
  }[];
}

/** `only`: keys or names of packages; they and all that they need are answered. Empty: all. */
export async function readPlans({
  plans: folder,
  only,
}: {
  plans: FileValue;
  only: readonly string[];
}): Promise<Package[]> {
  const files = (await readdir(folder.path)).filter((name) => name.endsWith(".md")).sort();
  if (files.length === 0)
    throw new Error(`there is no plan in \`${folder.name}\`: each package has a file NAME.md there`);
  const problems: string[] = [];
  const plans: Plan[] = [];
  for (const file of files) {
    const plan = readPlan(file, await readFile(join(folder.path, file), "utf8"), problems);
    if (plan !== null) plans.push(plan);
  }
  const packages = problems.length > 0 ? [] : resolveNeeds(plans, problems);
  if (problems.length > 0) throw new Error(worded(problems));
  return only.length === 0 ? packages : withNeeds(packages, only);
}

function worded(problems: readonly string[]): string {
  const rest = problems.length - PROBLEMS_MAX;
  const more = rest > 0 ? [`and ${rest} more`] : [];
  const count = problems.length === 1 ? "a plan cannot be read" : `${problems.length} mistakes in the plans`;
  return [`${count}:`, ...problems.slice(0, PROBLEMS_MAX), ...more].join("\n");
}

const fieldNames = ["Version", "Downloads", "Categories", "Complexity", "Estimate", "Dependencies"] as const;
type FieldName = (typeof fieldNames)[number];

interface Field {
  readonly text: string;
  readonly line: number;
}

/** One plan; null if something in it is wrong, which is then in `problems`. */
export function readPlan(file: string, text: string, problems: string[]): Plan | null {
  const found: { readonly line: number; readonly what: string }[] = [];
  const complain = (line: number, what: string): void => void found.push({ line, what });
  const plan = parsePlan(file, text, complain);
  for (const { line, what } of found.sort((a, b) => a.line - b.line))
    problems.push(`${file}:${line}: ${what}`);
  return found.length === 0 ? plan : null;
}

type Complain = (line: number, what: string) => void;

function parsePlan(file: string, text: string, complain: Complain): Plan {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const { title, fields, needs } = readLines(lines, complain);
  const name = title?.text ?? "";
  if (title === null)
    complain(1, "there is no title: its first line is the package's name, as in `# left-pad`");
  else if (!NAME.test(name)) complain(title.line, `\`${name}\` is no package's name`);
  for (const wanted of fieldNames)
    if (wanted !== "Dependencies" && !fields.has(wanted))
      complain(lines.length, `\`${wanted}\` is missing; it stands in a line of its own: ${examples[wanted]}`);
  const read = <T>(field: FieldName, of: (text: string) => T | null, want: string, instead: T): T => {
    const found = fields.get(field);
    if (found === undefined) return instead;
    const value = of(found.text);
    if (value === null) complain(found.line, `${field}: \`${found.text}\` is ${want}`);
    return value ?? instead;
  };
  return {
    file,
    name,
    version: read("Version", versionOf, "no version, as `1.4.0` is one", ""),
    downloads: read("Downloads", countOf, "no count; write `850k` or `1.2M a week`", 0),
    categories: (fields.get("Categories")?.text ?? "")
      .split(",")
      .map((one) => one.trim())
      .filter((one) => one !== ""),
    complexity: read("Complexity", complexityOf, `none of ${complexities.join(", ")}`, "small"),
    estimate: read("Estimate", secondsOf, "no time; write `45 min` or `1 h 30 min`", 0),
    needs,
  };
}

const examples: Readonly<Record<FieldName, string>> = {
  Version: "`- Version: 1.4.0`",
  Downloads: "`- Downloads: 1.2M a week`",
  Categories: "`- Categories: parser, library`",
  Complexity: "`- Complexity: small`",
  Estimate: "`- Estimate: 45 min`",
  Dependencies: "`- Dependencies: none`",
};

interface Lines {
  title: Field | null;
  readonly fields: Map<FieldName, Field>;
  readonly needs: { name: string; version: string | null; line: number }[];
}

/** A title, `- Field: value` lines, and what stands below `## Dependencies`. Other text is for people. */
function readLines(lines: readonly string[], complain: Complain): Lines {
  const found: Lines = { title: null, fields: new Map(), needs: [] };
  let inNeeds = false;
  lines.forEach((raw, index) => {
    const line = index + 1;
    const text = raw.replace(/[*_`]{2}|`/g, "").trim();
    const heading = /^(#+) (.+)$/.exec(text);
    const item = /^[-*+] (.+)$/.exec(text)?.[1]?.trim();
    if (heading !== null) {
      if (heading[1] === "#") found.title ??= { text: (heading[2] ?? "").trim(), line };
      inNeeds = /^(?:dependencies|depends on|needs)$/i.test((heading[2] ?? "").trim());
    } else if (inNeeds && item !== undefined) addNeed(item, line, found, complain);
    else if (item !== undefined) addField(item, line, found, complain);
  });
  return found;
}

function addField(item: string, line: number, found: Lines, complain: Complain): void {
  const [, said = "", text = ""] = /^([A-Za-z][A-Za-z ]*?) ?: ?(.*)$/.exec(item) ?? [];
  if (said === "") return;
  const name = fieldNames.find((one) => one.toLowerCase() === said.toLowerCase());
  const meant = name === undefined ? nearest(said, fieldNames) : null;
  if (name === undefined) {
    if (meant !== null) complain(line, `there is no field \`${said}\`; did you mean \`${meant}\`?`);
  } else if (found.fields.has(name)) complain(line, `\`${name}\` stands here a second time`);
  else {
    found.fields.set(name, { text: text.trim(), line });
    if (name === "Dependencies")
      for (const one of text.split(",")) if (one.trim() !== "") addNeed(one.trim(), line, found, complain);
  }
}

/** `lodash-es`, `lodash-es 4.17.23`, `lodash-es@4.17.23`, `lodash-es (4.17.23)`; `none`. */
function addNeed(item: string, line: number, found: Lines, complain: Complain): void {
  if (/^(?:none|nothing|-)\.?$/i.test(item)) return;
  const [, name = "", version] = /^(@?[^@\s]+)(?:(?:@| +@?\(?)v?([^()\s]+)\)?)?$/.exec(item) ?? [];
  if (!NAME.test(name) || (version !== undefined && versionOf(version) === null))
    complain(line, `\`${item}\` is no dependency; write \`- left-pad 1.3.0\`, or \`- left-pad\``);
  else found.needs.push({ name, version: version ?? null, line });
}

function versionOf(text: string): string | null {
  const bare = text.replace(/^v/, "");
  return VERSION.test(bare) ? bare : null;
}

function complexityOf(text: string): Complexity | null {
  return complexities.find((one) => one === text.toLowerCase()) ?? null;
}

/** Gives each plan its key, and turns what it needs into keys. */
function resolveNeeds(plans: readonly Plan[], problems: string[]): Package[] {
  const byName = new Map<string, Plan[]>();
  for (const plan of plans) {
    const others = byName.get(plan.name) ?? [];
    const twin = others.find((one) => one.version === plan.version);
    if (twin !== undefined)
      problems.push(`${plan.file}:1: ${twin.file} is a plan for ${plan.name} ${plan.version} as well`);
    byName.set(plan.name, [...others, plan]);
  }
  const keyOf = (plan: Plan): string =>
    byName.get(plan.name)?.length === 1 ? plan.name : `${plan.name}@${plan.version}`;
  return plans.map(({ file, ...plan }) => {
    const needs = plan.needs.flatMap(({ name, version, line }) => {
      const there = byName.get(name) ?? [];
      const fits = version === null ? there : there.filter((one) => one.version === version);
      const [only] = fits;
      if (only !== undefined && fits.length === 1) return [keyOf(only)];
      problems.push(`${file}:${line}: ${unmet(name, version, there, byName)}`);
      return [];
    });
    return { ...plan, key: keyOf({ file, ...plan }), needs: [...new Set(needs)] };
  });
}

function unmet(
  name: string,
  version: string | null,
  there: readonly Plan[],
  byName: ReadonlyMap<string, unknown>,
): string {
  const versions = there.map((one) => one.version).join(" and ");
  if (there.length > 0 && version === null)
    return `it needs \`${name}\`, of which there are plans for ${versions}: say which`;
  if (there.length > 0) return `it needs \`${name} ${version}\`, but there is a plan for ${versions}`;
  const meant = nearest(name, byName.keys());
  return `it needs \`${name}\`, which has no plan${meant === null ? "" : `; did you mean \`${meant}\`?`}`;
}

/** These packages and all that they need, in the order of the plans. */
function withNeeds(packages: readonly Package[], only: readonly string[]): Package[] {
  const byKey = new Map(packages.map((one) => [one.key, one]));
  const chosen = new Set<string>();
  for (const word of only) {
    const found = packages.filter((one) => one.key === word || one.name === word);
    const meant = nearest(word, byKey.keys());
    if (found.length === 0)
      throw new Error(
        `\`only\` asks for \`${word}\`, which has no plan${meant === null ? "" : `; did you mean \`${meant}\`?`}`,
      );
    for (const { key } of found) chosen.add(key);
  }
  for (const key of chosen) for (const need of byKey.get(key)?.needs ?? []) chosen.add(need);
  return packages.filter((one) => chosen.has(one.key));
}
