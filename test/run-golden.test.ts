// Golden traces: each program of test/run runs with real commands; what is recorded and what becomes of it is compared.

import { afterAll } from "vitest";
import { executeRun } from "../runtime/execute.ts";
import { Run } from "../runtime/run.ts";
import { golden } from "./golden.ts";
import { planOf, removeFolders } from "./pretend.ts";
import { realWorld } from "./real-world.ts";
import { endsOf, traceOf } from "./run-trace.ts";

afterAll(removeFolders);

/** `// jobs: 2` and `// runs: 2` (it is resumed after its first end) at the top of a program. */
function asked(text: string, name: string): number {
  return Number(new RegExp(`^// ${name}: (\\d+)$`, "m").exec(text)?.[1] ?? 1);
}

golden("run", async ({ text }) => {
  const { project, plan } = planOf(text);
  const world = await realWorld(project);
  const options = { jobs: asked(text, "jobs"), failFast: false, only: null };
  const inputs = {};
  try {
    let result = await executeRun(world, { plan, inputs, options });
    for (let i = 1; i < asked(text, "runs"); i++)
      result = await executeRun(world, { plan, inputs, options, resume: { run: result.run, stored: false } });
    const { view } = result;
    if (!(view instanceof Run)) throw new Error("a run that ended here is a Run");
    const events = [...world.journal.events(result.run)];
    return `${traceOf(events, view)}\n\n${endsOf(view)}\n\n${result.status} ${JSON.stringify(result.output)}\n`;
  } finally {
    await world.close();
  }
});
