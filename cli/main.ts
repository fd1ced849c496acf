// Where `flowc` starts: reads the command line, starts one command, and answers with an exit code.

import { parseArgs } from "./args.ts";
import { painter } from "./render/color.ts";
import { visibleLines } from "./render/text.ts";
import type { Request } from "./request.ts";
import { commandLine, exits, Stop, stateFlag } from "./stop.ts";
import { version } from "./version.ts";
import { realWorld, type World } from "./world.ts";

/** Each command is loaded when it is asked for: `check` never sees the journal. */
async function start(request: Request, world: World): Promise<number> {
  switch (request.command) {
    case "text":
      (request.exit === 0 ? world.out : world.err).write(request.text);
      return request.exit;
    case "check":
      return (await import("./check.ts")).check(request, world);
    case "explain":
      return (await import("./explain.ts")).explain(request, world);
    case "fmt":
      return (await import("./fmt.ts")).fmt(request, world);
    case "list":
      return (await import("./list.ts")).list(request, world);
    case "plan":
      return (await import("./plan.ts")).plan(request, world);
    case "doctor":
      return (await import("./doctor.ts")).doctor(request, world);
    case "completion":
      return (await import("./completion.ts")).completion(request, world);
    case "complete":
      return (await import("./complete.ts")).complete(request, world);
    case "run":
      return (await import("./run.ts")).run(request, world);
    case "runs":
      return (await import("./runs.ts")).runs(request, world);
    case "show":
      return (await import("./show.ts")).show(request, world);
    case "why":
      return (await import("./why.ts")).why(request, world);
    case "logs":
      return (await import("./logs.ts")).logs(request, world);
    case "report":
      return (await import("./report.ts")).report(request, world);
    case "gc":
      return (await import("./gc.ts")).gc(request, world);
    case "approve":
    case "reject":
      return (await import("./approve.ts")).approve(request, world);
    case "retry":
    case "skip":
    case "pause":
    case "resume":
      return (await import("./act.ts")).act(request, world);
    case "cancel":
      return (await import("./cancel.ts")).cancel(request, world);
  }
}

/** Runs `flowc` with what was typed after its name; the answer is the exit code. Never throws. */
export async function run(argv: readonly string[], world: World): Promise<number> {
  try {
    return await start(parseArgs(argv, world.version), world);
  } catch (error) {
    if (!(error instanceof Stop)) return (await import("./bug.ts")).trouble(error, argv, world);
    const paint = painter(world.err.color);
    if (error.message !== "") world.err.write(`${paint("error", "error:")} ${visibleLines(error.message)}\n`);
    if (error.next !== null) world.err.write(`next: ${visibleLines(error.next)}\n`);
    return error.exit;
  }
}

const world = realWorld(version());
run(process.argv.slice(2), world).then(async (code) => {
  await world.out.drained();
  const failure = world.out.failure();
  if (failure !== null) {
    const argv = process.argv.slice(2);
    world.err.write(`error: The output could not be written: ${failure}\n`);
    // A run is not done again for what it said.
    world.err.write(`next: ${argv[0] === "run" ? `flowc show last${stateFlag(argv)}` : commandLine(argv)}\n`);
  }
  await world.err.drained();
  process.exit(failure === null ? code : exits.disk);
});
