// What is said when a command ends in a way that is not the user's doing: the disk, the journal, or a bug in flowc.

import { shownPath } from "./project.ts";
import { painter } from "./render/color.ts";
import { visibleLines } from "./render/text.ts";
import { commandLine, exits, shellWord, stateFlag } from "./stop.ts";
import type { World } from "./world.ts";

/** Problems of the machine, by the codes that the operating system gives them. */
const diskProblems: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full.",
  EDQUOT: "The disk quota is used up.",
  EROFS: "The disk is read-only.",
  EACCES: "A file or folder may not be used.",
  EPERM: "A file or folder may not be used.",
  EMFILE: "Too many files are open.",
  ENFILE: "Too many files are open on this machine.",
  ENOTDIR: "There is a file where a folder must be.",
  EISDIR: "There is a folder where a file must be.",
  EIO: "The disk does not answer as it should.",
};

/** Says what happened; the answer is the exit code. */
export async function trouble(error: unknown, argv: readonly string[], world: World): Promise<number> {
  const paint = painter(world.err.color);
  const say = (text: string): void => world.err.write(`${visibleLines(text)}\n`);
  const fail = (text: string): void => world.err.write(`${paint("error", "error:")} ${visibleLines(text)}\n`);
  const command = commandLine(argv);
  const message = error instanceof Error ? error.message : String(error);
  const kept = await aboutTheStore(error, argv, world);
  if (kept !== null) {
    fail(message);
    if (kept.hint !== null) say(kept.hint);
    say(`next: ${kept.next ?? command}`);
    return exits.disk;
  }
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const disk = diskProblems[code];
  if (disk !== undefined) {
    fail(`${disk} (${message})`);
    say(`next: ${command}`);
    return exits.disk;
  }
  fail("This is a bug in flowc, not in your flow.");
  say(`  flowc ${world.version}, Node ${process.version}, ${process.platform}-${process.arch}`);
  say(`  ${command}`);
  say(error instanceof Error ? indented(error.stack ?? message) : `  ${message}`);
  say("What was recorded of a run is safe in .flowc/journal.db, and the run can be resumed.");
  say("Please report the lines above, with the .flow file if you can share it.");
  say("next: flowc runs");
  return exits.bug;
}

/**
 * Is it the journal's, a lease's, the artifact store's or a package's own trouble? These are worded where they arise. `next`: what to
 * type; null: the same again.
 */
async function aboutTheStore(
  error: unknown,
  argv: readonly string[],
  world: World,
): Promise<{ readonly hint: string | null; readonly next: string | null } | null> {
  const { JournalError } = await import("../runtime/journal-errors.ts");
  const { LeaseLost, RunHeld } = await import("../runtime/lease.ts");
  const { PackageFailed } = await import("../runners/registry-packages.ts");
  const { ArtifactError } = await import("../runtime/artifacts.ts");
  const runs = `flowc runs${stateFlag(argv)}`;
  if (error instanceof JournalError) {
    const { aside, hint, kind, run } = error;
    if (aside !== null) {
      const place = shellWord(shownPath(world, aside));
      return { hint, next: `mv ${place} ${place}.damaged` };
    }
    if (run !== null) return { hint, next: `flowc run --resume ${run}${stateFlag(argv)}` };
    return { hint, next: kind === "damaged" ? runs : null };
  }
  if (error instanceof RunHeld)
    return { hint: error.hint, next: `flowc run --resume ${error.run} --take-over${stateFlag(argv)}` };
  if (error instanceof LeaseLost)
    return { hint: error.hint, next: `flowc show ${error.run}${stateFlag(argv)}` };
  if (error instanceof ArtifactError || error instanceof PackageFailed) return { hint: null, next: null };
  return null;
}

function indented(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
