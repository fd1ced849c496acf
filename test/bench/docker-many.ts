// `npm run bench -- docker-many`: fifty containers of a run, how long they take to begin, and to end after a cancel and a kill.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { docker, image } from "../docker-daemon.ts";
import { containersFlow } from "../docker-flow.ts";
import { until } from "../docker-own.ts";
import { flowc, start } from "../program.ts";

const MANY = 50;

export async function benchDockerMany(folder: string): Promise<void> {
  if (docker === null) return console.log("\nDocker: no engine is reached, nothing is measured.");
  console.log(`\n${MANY} containers at once, s`);
  const begin = 'touch "began-$FLOWC_ATTEMPT-~{i}"; sleep 1000';
  const flow = containersFlow(folder, image, MANY, begin, "retry:  { times: 0 }");
  const cwd = { cwd: join(flow, "..") };
  const has = (attempt: number) =>
    readdirSync(cwd.cwd).filter((name) => name.startsWith(`began-${attempt}-`)).length;
  const how = ["--jobs", String(MANY), "--ui", "json"];
  const first = start(["run", flow, ...how], cwd);
  await told("from the start until all have begun", () => until(async () => has(1) === MANY, 300));
  first.process.kill("SIGKILL");
  await first.ended;
  const [run = ""] = readdirSync(join(cwd.cwd, ".flowc/runs"));
  const second = start(["run", "--resume", run, ...how], cwd);
  const old = async () =>
    (await labelled(run)).filter(({ Labels: labels }) => labels["flowc.attempt"] === "1").length;
  await told("kill -9: from the next start until the last one's are ended", () =>
    until(async () => (await old()) === 0, 300),
  );
  await told("and until all have begun again", () => until(async () => has(2) === MANY, 300));
  await told("from cancel until nothing is left", async () => {
    await flowc(["cancel", run], cwd);
    await until(async () => (await labelled(run)).length === 0, 300);
  });
  await second.ended;
}

async function labelled(run: string) {
  return (await docker?.listContainers({ all: true, filters: { label: [`flowc.run=${run}`] } })) ?? [];
}

async function told(what: string, work: () => Promise<void>): Promise<void> {
  const begin = performance.now();
  await work();
  console.log(`  ${what.padEnd(60)} ${((performance.now() - begin) / 1000).toFixed(1).padStart(6)}`);
}
