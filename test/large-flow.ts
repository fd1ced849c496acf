// A flow as large as a large project's: areas of twenty components, five tasks each, with phases, loops, settings, doc comments.

const TASKS_EACH = 5;
const COMPONENTS_IN_AREA = 20;
const PARTS = ["parse", "index", "store", "client", "edit", "search", "mail", "bill", "assets", "auth"];

const PLATFORM = `type Platform = "linux" | "macos" | "windows"
`;

const RELEASE = `/// What an area gives.
type Release {
  area: string
  packages: file[]
  findings: int
}
`;

const REPORT = `type Report {
  shard: string
  passed: int
  took: duration
}

shards = ["unit", "slow"]
stamp = "2026-11"
`;

/** A component's tasks; `id` ends every name. */
function tasksOf(id: string, part: string, index: number): string {
  return `
/// Compiles ${part}.
task make_${id}(os: Platform, level: int = ${index % 9}) -> file {
  timeout: ${5 + (index % 20)}m
  retry: { times: 2, backoff: 1s }
  run "make ${part} -j~{level} OS=~{os}"
  return file("${id}.tar")
}

task test_${id}(of: file, shard: string) -> Report {
  needs: { cpu: 2 }
  run """
    tar -xf ~{of}
    ./run --shard=~{shard} > log
    grep -c '^ok' log
  """
  return { shard, passed: int(trim(stdout)), took: elapsed }
}

task lint_${id}(os: Platform, strict: bool = ${index % 2 === 0}) -> string[] {
  exit_codes: [0, 1]
  run ["npx", "lint", os, if strict { "-s" } else { "-f" }, "${part}"]
  return lines(stdout)
}

task pack_${id}(of: file, reports: Report[]) -> file {
  run "pack ~{of} ${id}-~{stamp} ~{sum(for r in reports { r.passed })}"
  return file("${id}.tgz")
}

/// Publishes ${part}.
task put_${id}(package: file) {
  env: { TOKEN: secret("TOKEN") }
  run "npx put ~{package}"
}
`;
}

function makesOf(id: string): string {
  return `    a_${id} = make_${id}(to.os)
    r_${id} = for shard in shards { test_${id}(of: a_${id}, shard) }
    l_${id} = lint_${id}(os: to.os)
    p_${id} = pack_${id}(of: a_${id}, reports: r_${id})
`;
}

function areaOf(area: number, components: number): string {
  const ids = Array.from({ length: components }, (_, at) => String(area * COMPONENTS_IN_AREA + at));
  return `
/// How area ${area} is built.
type Area${area} {
  os: Platform
  /// Stands in the release.
  title: string = "area ${area}"
}
${ids.map((id, at) => tasksOf(id, PARTS[at % PARTS.length] ?? "", at)).join("")}
/// All of area ${area}.
flow area_${area}(to: Area${area}) -> Release {
  phase make {
${ids.map(makesOf).join("")}  }
  // Nothing is published before all of it is made.
  phase publish "Publish area ${area}" {
${ids.map((id) => `    put_${id}(package: p_${id})\n`).join("")}  }
  return {
    area: to.title,
    packages: [${ids.map((id) => `p_${id}`).join(", ")}],
    findings: sum([${ids.map((id) => `len(l_${id})`).join(", ")}]),
  }
}
`;
}

function sizes(tasks: number): readonly number[] {
  const components = Math.ceil(tasks / TASKS_EACH);
  return Array.from({ length: Math.ceil(components / COMPONENTS_IN_AREA) }, (_, area) =>
    Math.min(COMPONENTS_IN_AREA, components - area * COMPONENTS_IN_AREA),
  );
}

function mainOf(areas: readonly number[]): string {
  return `
flow main(os: Platform = "linux") -> Release[] {
${areas.map((area) => `  area_${area} = area_${area}(to: { os })\n`).join("")}
  return [${areas.map((area) => `area_${area}`).join(", ")}]
}
`;
}

/** A flow that checks clean, with this many tasks (rounded up to whole components); about 200 bytes for each. */
export function largeFlow(tasks: number): string {
  const areas = sizes(tasks);
  const texts = areas.map((size, area) => areaOf(area, size));
  const head = [PLATFORM, RELEASE, REPORT].join("\n");
  return `/// A large project.\n\n${head}${texts.join("")}${mainOf([...areas.keys()])}`;
}

/** The same as a program of several files by name, `main.flow` and parts with at most this many tasks each. */
export function largeProgram(tasks: number, tasksInFile: number): ReadonlyMap<string, string> {
  const each = Math.ceil(tasksInFile / TASKS_EACH / COMPONENTS_IN_AREA);
  const texts = sizes(tasks).map((size, area) => areaOf(area, size));
  const files = new Map<string, string>();
  const imports: string[] = [];
  for (let from = 0; from < texts.length; from += each) {
    const part = texts.slice(from, from + each);
    const name = `part_${from / each}.flow`;
    files.set(name, `${[PLATFORM, RELEASE, REPORT].join("\n")}${part.join("")}`);
    imports.push(`import { ${part.map((_, at) => `area_${from + at}`).join(", ")} } from "./${name}"\n`);
  }
  const main = mainOf([...texts.keys()]);
  return files.set("main.flow", `${imports.join("")}\n${PLATFORM}\n${RELEASE}${main}`);
}
