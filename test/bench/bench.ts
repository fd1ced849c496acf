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
try {
  const asked = process.argv.slice(2);
  const all = ![
    "start",
    "check",
    "run",
    "nodes",
    "stall",
    "forecast",
    "reuse",
    "docker",
    "docker-many",
    "e2b",
    "limits",
    "agents-many",
    "agents-fleet",
    "agents",
    "proxy",
    "worktrees",
  ].some((name) => asked.includes(name));
  if (all || asked.includes("start")) benchStart();
  if (all || asked.includes("check")) benchCheck(folder, asked.includes("--profile"));
  if (all || asked.includes("run")) benchRun(folder, asked.includes("--profile"));
  if (all || asked.includes("nodes")) benchNodes(folder, asked.includes("--profile"));
  if (all || asked.includes("stall")) await benchStall();
  if (all || asked.includes("forecast")) benchForecast();
  if (all || asked.includes("docker")) await benchDocker(folder);
  if (all || asked.includes("docker-many")) await benchDockerMany(folder);
  if (all || asked.includes("agents")) await benchAgents(folder);
  if (all || asked.includes("agents-many")) await benchManyAgents(folder);
  if (all || asked.includes("agents-fleet")) await benchFleet(folder);
  if (all || asked.includes("proxy")) await benchProxy(folder);
  if (all || asked.includes("e2b")) await benchE2b(folder);
  if (all || asked.includes("worktrees")) await benchWorktrees();
  if (all || asked.includes("limits")) await benchLimits(join(folder, "limits"));
  if (all || asked.includes("reuse")) benchReuse(folder, asked.includes("--profile"));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
