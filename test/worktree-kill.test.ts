// The real program is killed at each step that it takes with git, before it and after it: work that was done is merged once.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { flowc } from "./program.ts";
import { removeRepositories, TestRepository } from "./repositories.ts";

afterAll(removeRepositories);

/** In place of git: at the step that is named it kills who started it, once, before or after git itself. */
const killing = `#!/bin/sh
PATH=\${PATH#*:}
export PATH
case " $* " in
  *" $STEP "*)
    if [ ! -e "$KILLED" ]; then
      touch "$KILLED"
      [ "$WHEN" = after ] && git "$@"
      kill -9 $PPID
      exit 1
    fi ;;
esac
exec git "$@"
`;

const flow = `
task fix() -> string {
  workspace: worktree(branch: "fix", from: "main", into: "next")
  run "echo x >> a.txt; echo ran >> \\"$FLOWC_STATE/../ran\\"; echo well > $OUT"
}
flow main() -> string {
  return fix()
}
`;

/** How often the work is done in the end: what is committed and recorded is not done again. */
const steps: readonly (readonly [step: string, when: "before" | "after", times: number])[] = [
  ["worktree add", "before", 1],
  ["worktree add", "after", 1],
  ["add --all", "before", 2],
  ["commit --quiet", "before", 2],
  ["commit --quiet", "after", 2],
  ["merge-tree --write-tree", "before", 1],
  ["commit-tree", "after", 1],
  ["update-ref -m flowc: merge fix", "before", 1],
  ["update-ref -m flowc: merge fix", "after", 1],
  ["worktree remove", "before", 1],
  ["worktree remove", "after", 1],
];

it.each(steps)(
  "%s, %s",
  async (step, when, times) => {
    const repository = new TestRepository();
    const { folder } = repository;
    repository.write({ "main.flow": flow });
    const commands = join(folder, ".flowc", "commands");
    mkdirSync(commands, { recursive: true });
    writeFileSync(join(commands, "git"), killing, { mode: 0o755 });
    const killed = join(commands, "killed");
    const env = { PATH: `${commands}:${process.env["PATH"]}`, STEP: step, WHEN: when, KILLED: killed };
    const first = await flowc(["run", "main.flow"], { cwd: folder, env });
    expect([existsSync(killed), first.signal]).toEqual([true, "SIGKILL"]);
    const second = await flowc(["run", "--resume", "last"], { cwd: folder, env });
    expect([second.code, second.stdout]).toEqual([0, "well\n"]);
    expect(readFileSync(join(folder, "ran"), "utf8")).toBe("ran\n".repeat(times));
    expect([repository.line("next"), repository.at("next", "a.txt")]).toEqual([
      ["Merge branch 'fix' into next", "first"],
      "a\nx",
    ]);
    expect(repository.trees()).toEqual([]);
    repository.git("fsck", "--strict");
  },
  60_000,
);
