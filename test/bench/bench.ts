// `npm run bench`: flowc's start against Node's own, a check of 10,000 tasks, 10,000 small nodes against ninja and make, what an analysis holds up, how well forecasts are, containers against Docker by hand, how much of a limit is used, agents that stay, fleets of them, the proxy in front of their model, and worktrees against git by hand.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bin, root } from "../program.ts";
import { benchAgents } from "./agents.ts";
import { benchFleet } from "./agents-fleet.ts";
import { benchManyAgents } from "./agents-many.ts";
import { benchCheck } from "./check.ts";
import { compare, table } from "./compare.ts";
import { benchDocker } from "./docker.ts";
import { benchDockerMany } from "./docker-many.ts";
import { benchE2b } from "./e2b.ts";
import { benchForecast } from "./forecast.ts";
import { benchLimits } from "./limits.ts";
import { benchNodes } from "./nodes.ts";
import { benchProxy } from "./proxy.ts";
import { benchReuse } from "./reuse.ts";
import { benchRun } from "./run.ts";
import { benchStall } from "./stall.ts";
import { benchWorktrees } from "./worktrees.ts";

const START_ROUNDS = 21;

function benchStart(): void {
  const node = process.execPath;
  const medians = compare(
    [
      { name: "node -e 0", command: () => [node, "-e", "0"], cwd: root },
      {
        name: "flowc check examples/hello.flow",
        command: () => [node, bin, "check", "examples/hello.flow"],
        cwd: root,
      },
    ],
    START_ROUNDS,
  );
  table(`Start, median of ${START_ROUNDS}`, medians, "node -e 0", null);
}

const folder = mkdtempSync(join(tmpdir(), "flowc-bench-"));
const words = process.argv.slice(2);
const profile = words.includes("--profile");
const benches: Readonly<Record<string, () => void | Promise<void>>> = {
  start: benchStart,
  check: () => benchCheck(folder, profile),
  run: () => benchRun(folder, profile),
  nodes: () => benchNodes(folder, profile),
  stall: benchStall,
  forecast: benchForecast,
  docker: () => benchDocker(folder),
  "docker-many": () => benchDockerMany(folder),
  agents: () => benchAgents(folder),
  "agents-many": () => benchManyAgents(folder),
  "agents-fleet": () => benchFleet(folder),
  proxy: () => benchProxy(folder),
  e2b: () => benchE2b(folder),
  worktrees: benchWorktrees,
  limits: () => benchLimits(join(folder, "limits")),
  reuse: () => benchReuse(folder, profile),
};
try {
  const asked = words.filter((word) => word !== "--profile");
  const unknown = asked.filter((name) => benches[name] === undefined);
  if (unknown.length > 0) {
    console.error(`There is no bench ${unknown.join(", ")}. There: ${Object.keys(benches).join(", ")}.`);
    process.exitCode = 64;
  } else
    for (const [name, bench] of Object.entries(benches))
      if (asked.length === 0 || asked.includes(name)) await bench();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
