// Golden traces: each program of test/run runs with real commands; what is recorded and what becomes of it is compared.

import { afterAll } from "vitest";
import { executeRun } from "../runtime/execute.ts";
import { ask } from "../runtime/requests.ts";
import { Run } from "../runtime/run.ts";
import { golden } from "./golden.ts";
import { planOf, removeFolders } from "./pretend.ts";
import { realWorld } from "./real-world.ts";
import { endsOf, traceOf } from "./run-trace.ts";

afterAll(removeFolders);

/**
 * `// answers: rejected approved`: what a person says each time the run waits, to all questions and of all nodes of which
 * it is not known how they ended.
 */
function answersOf(text: string): readonly ("approved" | "rejected")[] {
  const words = /^\/\/ answers: (.+)$/m.exec(text)?.[1]?.split(" ") ?? [];
  return words.map((word) => (word === "rejected" ? "rejected" : "approved"));
}

/**
 * At the top of a program: `// jobs: 2`, `// runs: 2` (it is resumed after its first end), `// before: 1` (so many runs came
 * before it in the same place).
 */
function asked(text: string, name: string, otherwise = 1): number {
  return Number(new RegExp(`^// ${name}: (\\d+)$`, "m").exec(text)?.[1] ?? otherwise);
}

golden("run", async ({ text }) => {
  const { project, plan } = planOf(text);
  const world = await realWorld(project);
  const options = { jobs: asked(text, "jobs"), failFast: false, only: null };
  const inputs = {};
  try {
    for (let i = 0; i < asked(text, "before", 0); i++) await executeRun(world, { plan, inputs, options });
    let result = await executeRun(world, { plan, inputs, options, wait: false });
    for (const answer of answersOf(text)) {
      for (const { n, item } of result.view.questions()) {
        const asked = { kind: "decide", n, item, answer } as const;
        await ask(world.journal, result.run, { ask: asked, by: "ada", note: null, at: Date.now() });
      }
      for (const n of result.view.undecided()) {
        const as = answer === "approved" ? "succeeded" : "failed";
        const asked = { kind: "settle", n, as } as const;
        await ask(world.journal, result.run, { ask: asked, by: "ada", note: null, at: Date.now() });
      }
      const resume = { run: result.run, stored: false };
      result = await executeRun(world, { plan, inputs, options, resume, wait: false });
      if (result.status === "failed")
        result = await executeRun(world, { plan, inputs, options, resume, wait: false });
    }
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
