// A whole run that asks: what a person finds in the journal of sessions and of what the agent used.

import { chmodSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { executeRun } from "../runtime/execute.ts";
import { options, planOf, removeFolders } from "./pretend.ts";
import { realWorld } from "./real-world.ts";

afterAll(removeFolders);

const agent = `#!/bin/sh
cat > /dev/null
echo '{"type":"usage","requests":1,"input":100,"output":20,"cache_read":900,"cost":0.25}'
echo '{"type":"session","id":"mine"}'
[ "$FLOWC_ATTEMPT" = 1 ] && echo '{"type":"failed","why":"denied","message":"no Bash"}' && exit
echo "{\\"type\\":\\"answer\\",\\"value\\":{\\"answer\\":\\"$FLOWC_SESSION$FLOWC_RESUME\\"}}"
`;

it("keeps sessions, and what was used by each attempt", async () => {
  const { project, plan } = planOf(
    `agent coder { command: { run: ["./agent.sh"] } }
task review() -> string {
  agent: coder
  retry: { times: 1, backoff: 10ms }
  ask "Review it."
}
flow main() -> string {
  return review()
}
`,
    { "agent.sh": agent },
  );
  chmodSync(join(project, "agent.sh"), 0o755);
  const world = await realWorld(project);
  const { status, output, run, view } = await executeRun(world, { plan, inputs: {}, options });
  expect([status, output]).toEqual(["succeeded", "mine1"]);
  expect(view.spending()).toMatchObject({ cost: 0.5, tokens: 240 });
  const attempts = world.journal.database
    .prepare("SELECT attempt, outcome, reason, session, cost, tokens FROM attempts ORDER BY attempt")
    .all();
  expect(attempts).toEqual([
    { attempt: 1, outcome: "failed", reason: "exit", session: "mine", cost: 0.25, tokens: 120 },
    { attempt: 2, outcome: "succeeded", reason: null, session: "mine", cost: 0.25, tokens: 120 },
  ]);
  const about = [...world.journal.events(run)].flatMap((event) =>
    event.type === "attempt.placed" || event.type === "attempt.used" || event.type === "attempt.ended"
      ? [`${event.type} ${event.a}`]
      : [],
  );
  expect([about[0], about.at(-1)]).toEqual(["attempt.placed 1", "attempt.ended 2"]);
  // What was used is known before the end.
  expect(about.indexOf("attempt.used 1")).toBeLessThan(about.indexOf("attempt.ended 1"));
  await world.close();
});
