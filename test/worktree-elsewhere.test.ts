// Worktrees whose work is done where this machine's files are not: in sandboxes of the test server, and in containers.

import { randomBytes } from "node:crypto";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { image } from "./docker-daemon.ts";
import { E2bServer } from "./e2b-server.ts";
import { isolates } from "./e2b-server-sandbox.ts";
import { gitImage, hasGitImage } from "./git-image.ts";
import { failures, removeRepositories, TestRepository } from "./repositories.ts";

let server: E2bServer;
beforeAll(async () => {
  server = await E2bServer.start({ instancesMax: 20 });
  vi.stubEnv("E2B_API_KEY", "key");
});
afterAll(async () => {
  await server.close();
  vi.unstubAllEnvs();
  removeRepositories();
});

const e2b = (): string =>
  `e2b: { template: "base", api_url: "${server.url}", sandbox_url: "${server.url}", account: { instances: 20, per_second: 100 } }`;
const docker = (name: string): string => `docker: { image: "${name}", copy: true }`;
const hasImage = await hasGitImage();

const flow = (
  kind: string,
  run: string,
  workspace = 'branch: "fix", from: "main", into: "next"',
  settings = "",
): string => `
runner box {
  ${kind}
}
/// Fix it.
task fix() {
  runner: box
  workspace: worktree(${workspace})
  ${settings}
  run ${JSON.stringify(run)}
}
flow main() {
  fix()
}
`;

const all = [
  "set -e",
  'test "$(git log --format=%s)" = first',
  'test "$(git symbolic-ref HEAD)" = refs/heads/fix',
  "git rev-parse -q --verify main >/dev/null",
  'test "$(git describe --tags)" = v1',
  'test -z "$(git status --porcelain)"',
  "test -x run.sh; test ! -x a.txt; test -h link",
  "echo own >> a.txt; git commit -qam own",
  "git mv b.txt moved.txt; echo more >> moved.txt",
  "rm gone.txt; echo '#!/bin/sh' > new.sh; chmod 755 new.sh; chmod -x run.sh",
  "ln -s nowhere new-link; mkdir -p 'd e'; printf '\\0\\377' > 'd e/bytes'",
].join("; ");

/** With a program, and a link that leads nowhere. */
function made(): TestRepository {
  const repository = new TestRepository({ "a.txt": "a\n", "b.txt": "b\n".repeat(9), "gone.txt": "gone\n" });
  const program = join(repository.folder, "run.sh");
  writeFileSync(program, "#!/bin/sh\n");
  chmodSync(program, 0o755);
  symlinkSync("nowhere", join(repository.folder, "link"));
  repository.git("add", "--all");
  repository.git("commit", "--quiet", "--amend", "--no-edit");
  return repository;
}

/** Each file that differs, with its modes. */
function differences(repository: TestRepository, from: string, to: string): readonly string[] {
  const lines = repository.git("diff", "--raw", "--no-renames", "-z", from, to).split("\0");
  return lines.flatMap((line, i) => {
    const modes = /^:(\d+) (\d+) /.exec(line);
    return modes === null ? [] : [`${lines[i + 1]} ${modes[1]} ${modes[2]}`];
  });
}

describe.each([
  ["a sandbox", e2b, isolates],
  ["a container that copies", () => docker(gitImage), hasImage],
])("in %s", (_, kind, can) => {
  it("there is a repository, and what was done in it comes back", {
    skip: !can,
    timeout: 60_000,
  }, async () => {
    const repository = made();
    repository.git("tag", "v1");
    const result = await repository.run(flow(kind(), all));
    expect([failures(result), result.status]).toEqual([{}, "succeeded"]);
    expect(repository.line("fix")).toEqual(["Fix it.", "own", "first"]);
    const who = "Ada <ada@example.com>";
    expect(repository.git("log", "-2", "--format=%an <%ae>", "fix")).toBe(`${who}\n${who}`);
    expect(differences(repository, "main", "next")).toEqual([
      "a.txt 100644 100644",
      "b.txt 100644 000000",
      "d e/bytes 000000 100644",
      "gone.txt 100644 000000",
      "moved.txt 000000 100644",
      "new-link 000000 120000",
      "new.sh 000000 100755",
      "run.sh 100755 100644",
    ]);
    expect(repository.trees()).toEqual([]);
    expect(repository.git("fsck", "--strict", "--no-dangling")).toBe("");
  });

  it("work fails that did what it may not, with the same words as here", {
    skip: !can,
    timeout: 90_000,
  }, async () => {
    const repository = new TestRepository();
    const remote = "git init -q --bare ../r; git remote add origin ../r; git fetch -q origin";
    const only = (i: number): string => `only the branch \`fix/${i}\` is its own`;
    const cases: readonly (readonly [string, (i: number) => string | null])[] = [
      ["git branch sneaky", (i) => `It moved \`sneaky\`, and ${only(i)}.`],
      [
        "git update-ref refs/heads/main $(git commit-tree HEAD^{tree} -m x)",
        (i) => `It moved \`main\`, and ${only(i)}.`,
      ],
      ["git tag v1", (i) => `It moved the tag \`v1\`, and ${only(i)}.`],
      ["echo > a.txt; git stash", (i) => `It moved the stash, and ${only(i)}.`],
      [`${remote}; git push -q origin HEAD:x`, (i) => `It moved \`x\` at \`origin\`, and ${only(i)}.`],
      [
        `${remote}; git push -q --no-verify origin HEAD:x`,
        (i) => `It moved \`x\` at \`origin\`, and ${only(i)}.`,
      ],
      [
        "git switch -qc else",
        (i) => `It left its branch \`fix/${i}\` for \`else\`; what it does must be on its own.`,
      ],
      [
        "git commit -q --amend -m other",
        (i) =>
          `It has rewritten its branch \`fix/${i}\`, which does not contain any more what it started from.`,
      ],
      [
        "git init -q sub; git -C sub -c user.name=a -c user.email=b commit -q --allow-empty -m x",
        () => "It left a repository of its own in `sub`, whose files would not be part of the commit.",
      ],
      ["rm -rf .git", () => "Its worktree is none any more: `.git` in it was removed or changed."],
      ["echo > c; rm b.txt", () => "It changed `b.txt`, `c`; by its `writes` it may change `a.txt`."],
      ["echo 1 >> a.txt; echo half > new.txt; exit 3", () => "The script exited with 3."],
      ["echo 1 > a.txt; git stash -q; git stash pop -q", () => null],
      ["git branch x; git branch -q -D x", () => null],
      [`${remote}; git push -q origin HEAD`, () => null],
    ];
    const tasks = cases.map(
      ([run], i) => `
task fix${i}() {
  runner: box
  workspace: worktree(branch: "fix/${i}", from: "main")
  ${run.includes("echo > c") ? 'writes: ["a.txt"]' : ""}
  run ${JSON.stringify(run)}
}`,
    );
    const calls = cases.map((_, i) => `  fix${i}()`);
    const source = `runner box {\n  ${kind()}\n  instances: 4\n}\n${tasks.join("")}\nflow main() {\n${calls.join("\n")}\n}\n`;
    const head = repository.git("rev-parse", "HEAD");
    const result = await repository.run(source);
    const expected = cases.flatMap(([, message], i) =>
      message(i) === null ? [] : [[`fix${i}`, message(i)]],
    );
    expect(failures(result)).toEqual(Object.fromEntries(expected));
    expect(repository.git("rev-parse", "main", "HEAD")).toBe(`${head}\n${head}`);
    expect(repository.git("for-each-ref", "--format=%(refname)", "refs/tags", "refs/stash")).toBe("");
    // What failed is kept, and can be looked at here.
    const kept = repository
      .trees()
      .find((path) => repository.git("-C", path, "branch", "--show-current") === "fix/11");
    expect(repository.git("-C", kept ?? "", "status", "--porcelain")).toBe("M  a.txt\nA  new.txt");
  });
});

describe("in a sandbox", { skip: !isolates }, () => {
  it("an agent goes on where it was, and resolves a conflict", { timeout: 60_000 }, async () => {
    const repository = new TestRepository({
      "a.txt": "a\n",
      "agent.sh": `#!/bin/sh
echo "{\\"type\\":\\"session\\",\\"id\\":\\"$FLOWC_SESSION\\"}"
if [ -z "$FLOWC_RESUME" ]; then echo "of $FLOWC_NODE" > a.txt
else
  test "$(git diff --name-only --diff-filter=U)" = a.txt || exit 1
  sed -i '/^[<=>]\\{7\\}/d' a.txt; git add a.txt; git commit -qm resolved
fi
echo '{"type":"answer","value":{"done":true}}'
`,
    });
    const result = await repository.run(`
runner box {
  ${e2b()}
}
agent coder {
  command: { run: ["sh", "agent.sh"] }
}
task write(name: string) -> { done: bool } {
  agent: coder
  runner: box
  retry: { times: 1, backoff: 0s }
  workspace: worktree(branch: "write/~{name}", from: "main", into: "next")
  ask "Write."
}
flow main() {
  one = write(name: "one")
  two = write(name: "two") after one
}
`);
    expect([failures(result), result.status]).toEqual([{}, "succeeded"]);
    expect(result.view.attempts(result.view.find("two") ?? 0)).toBe(2);
    expect(repository.at("next", "a.txt").split("\n").sort()).toEqual(["of one", "of two"]);
    expect(repository.git("log", "-1", "--format=%s %p", "write/two")).toMatch(/^resolved \w+ \w+$/);
  });

  it("starts in the folder of the project, with its answer, hooks and what is ignored", {
    timeout: 60_000,
  }, async () => {
    const repository = new TestRepository({ "top.txt": "top\n", "packages/core/a.txt": "" });
    repository.write({
      ".git/hooks/commit-msg": '#!/bin/sh\necho "checked" >> "$1"\n',
      ".git/info/exclude": "*.tmp\n",
    });
    chmodSync(join(repository.folder, ".git/hooks/commit-msg"), 0o755);
    const project = new TestRepository();
    Object.assign(project, { folder: join(repository.folder, "packages/core") });
    const result = await project.run(`
runner box {
  ${e2b()}
}
task fix() -> file {
  runner: box
  workspace: worktree(branch: "fix", from: "main", into: "next")
  writes: ["a.txt", "made/*"]
  run "test -e ../../top.txt; mkdir made; echo 1 > made/x; echo 2 > a.txt; git commit -qam own; echo 3 > a.tmp"
  return file("made/x")
}
flow main() -> file {
  it = fix()
  return it
}
`);
    expect([failures(result), result.status]).toEqual([{}, "succeeded"]);
    expect(result.output).toMatchObject({ name: "x", size: 2 });
    expect(repository.git("log", "--format=%B", "main..fix")).toContain("own\nchecked");
    expect(repository.git("diff", "--name-only", "main", "next")).toBe(
      "packages/core/a.txt\npackages/core/made/x",
    );
  });

  it("of a large repository there is what came last", { timeout: 90_000 }, async () => {
    const repository = new TestRepository();
    writeFileSync(join(repository.folder, "large.bin"), randomBytes(33e6));
    repository.commit({}, "large");
    repository.git("rm", "--quiet", "large.bin");
    repository.commit({}, "small");
    repository.git("branch", "other");
    let tip = repository.git("rev-parse", "HEAD");
    for (let i = 0; i < 60; i++) tip = repository.git("commit-tree", "HEAD^{tree}", "-p", tip, "-m", `c${i}`);
    repository.git("reset", "--quiet", "--hard", tip);
    const run =
      "test $(git rev-list --count HEAD) = 50; git rev-parse -q --verify main; ! git rev-parse -q --verify other; echo 1 >> a.txt; git commit -qam own; git fsck";
    const result = await repository.run(flow(e2b(), run.replace(/^/, "set -e; ")));
    expect([failures(result), result.status]).toEqual([{}, "succeeded"]);
    expect(repository.line("fix").slice(0, 2)).toEqual(["own", "c59"]);
    expect(repository.git("rev-list", "--count", "next")).toBe("65");
  });

  it("what is only looked at has no branch, and is thrown away", { timeout: 60_000 }, async () => {
    const repository = new TestRepository();
    const result = await repository.run(
      flow(e2b(), 'test -z "$(git branch --show-current)" && git log -1 && echo 1 > a.txt', 'from: "main"'),
    );
    expect([failures(result), result.status, repository.trees()]).toEqual([{}, "succeeded", []]);
  });
});

describe("in a container without git", { skip: !hasImage }, () => {
  it("there are the files, which come back with their modes; that is told", { timeout: 60_000 }, async () => {
    const repository = made();
    const told: string[] = [];
    const run = "test ! -e .git; echo 1 >> a.txt; rm gone.txt; echo > new.sh; chmod 755 new.sh; ./run.sh";
    const result = await repository.run(flow(docker(image), run), { tell: (text) => void told.push(text) });
    expect([failures(result), result.status]).toEqual([{}, "succeeded"]);
    expect(told).toEqual([
      "There is no git in `box`: worktrees there are files without their history. Put git into its image or template.",
    ]);
    expect(differences(repository, "main", "next")).toEqual([
      "a.txt 100644 100644",
      "gone.txt 100644 000000",
      "new.sh 000000 100755",
    ]);
  });
});

describe("in a container that shares the project", { skip: !hasImage }, () => {
  const shared = `docker: { image: "${gitImage}" }`;
  const run =
    'set -e; test "$(git log --format=%s)" = first; echo 1 >> a.txt; git commit -qam own; echo 2 >> a.txt';

  it("git works in the worktree itself", { timeout: 60_000 }, async () => {
    const repository = new TestRepository();
    const result = await repository.run(flow(shared, run));
    expect([failures(result), result.status]).toEqual([{}, "succeeded"]);
    expect(repository.line("fix")).toEqual(["Fix it.", "own", "first"]);
    const moved = await repository.run(flow(shared, "git tag v1", 'branch: "other"'));
    expect(failures(moved)["fix"]).toBe("It moved the tag `v1`, and only the branch `other` is its own.");
  });

  it("and also where the repository is larger than the project", { timeout: 60_000 }, async () => {
    const repository = new TestRepository({ "top.txt": "top\n", "packages/core/a.txt": "" });
    const project = new TestRepository();
    Object.assign(project, { folder: join(repository.folder, "packages/core") });
    const result = await project.run(flow(shared, run));
    expect([failures(result), result.status]).toEqual([{}, "succeeded"]);
    expect(repository.at("next", "packages/core/a.txt")).toBe("1\n2");
  });
});
