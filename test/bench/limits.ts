// The bench of limits: two flowcs share one against a server that counts; how much of it they use, and what is refused.

import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LimitServer } from "../limit-server.ts";
import { bin } from "../program.ts";

const requests = 60;
const seconds = 10;
const windows = 4;

const flow = `limit api { requests: ${requests} per ${seconds}s }

task ask(at: string, i: int) {
  uses: [api]

  run "curl -fsS ~{at}/~{i}"
}

flow main(at: string, count: int) {
  for i in range(count) { ask(at, i) }
}
`;

export async function benchLimits(folder: string): Promise<void> {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), "{}\n");
  writeFileSync(join(folder, "main.flow"), flow);
  const ms = seconds * 1000;
  const server = await LimitServer.start({ requests, ms }, 20);
  const count = (requests * windows) / 2;
  const args = [
    "run",
    "main.flow",
    "--input",
    `at=${server.url}`,
    "--input",
    `count=${count}`,
    "--jobs",
    "16",
  ];
  const run = (): Promise<number | null> =>
    new Promise((done) => {
      const child = spawn(process.execPath, [bin, ...args, "--ui", "quiet"], {
        cwd: folder,
        stdio: "ignore",
      });
      child.on("close", done);
    });
  const codes = await Promise.all([run(), run()]);
  const { asked, refused } = server;
  server.stop();
  const [first = 0, last = 0] = [asked[0], asked.at(-1)];
  // The last window's worth may come as soon as those before it are over.
  const used = ((windows - 1) * ms) / (last - first);
  console.log(`\nLimits: ${requests} requests per ${seconds}s, shared by two runs of ${count} nodes each`);
  console.log(`  ended with       ${codes.join(" and ")}`);
  console.log(`  asked, refused   ${asked.length}, ${refused}`);
  console.log(`  most in a window ${server.mostIn(ms)} of ${requests}`);
  console.log(`  used             ${(used * 100).toFixed(1)}% of what is allowed`);
}
