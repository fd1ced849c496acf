// The same graph as a build of ninja's.

import type { LayerNode } from "../layers.ts";

export function ninjaFile(nodes: readonly LayerNode[], command = "true"): string {
  const rules = ["rule noop", `  command = ${command}`, ""];
  return [...rules, ...nodes.map((one) => `build ${one.key}: noop ${one.needs.join(" ")}`), ""].join("\n");
}
