// A project with one flow whose nodes all run the same command in containers.

import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Makes it below a folder; answers the flow's path. `more`: settings of the task. */
export function containersFlow(
  folder: string,
  image: string,
  count: number,
  script: string,
  ...more: readonly string[]
): string {
  const project = mkdtempSync(join(folder, "project-"));
  writeFileSync(join(project, "package.json"), "{}");
  const settings = more.map((line) => `  ${line}\n`).join("");
  const path = join(project, "main.flow");
  writeFileSync(
    path,
    `runner box {
  docker: { image: "${image}" }
}

task one(i: int) -> string {
  runner: box
${settings}
  run """
    ${script}
  """

  return trim(stdout)
}

flow main() -> string[] {
  all = for i in range(${count}) { one(i) }
  return all
}
`,
  );
  return path;
}
