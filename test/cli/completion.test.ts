// Completion: what may stand at the end of a half-typed line, and that the shells there are really complete by it.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandTree } from "../../cli/args.ts";
import { halfTyped } from "../../cli/args-half.ts";
import { unquoted } from "../../cli/words.ts";
import { bin, root } from "../program.ts";

let folder = "";
let path = "";
const marks =
  'task t() { run "true" }\nflow main() { for k in ["it\'s", "two words", "a:b"] by k { t() } }\n';

function sh(command: string, program = "sh", flags: readonly string[] = []): string {
  const env = {
    ...process.env,
    PATH: path,
    NO_COLOR: "1",
    HOME: folder,
    TERM: "xterm",
    GITHUB_ACTIONS: "",
    GITHUB_STEP_SUMMARY: "",
  };
  const { stdout, stderr, status } = spawnSync(program, [...flags, "-c", command], {
    cwd: folder,
    env,
    encoding: "utf8",
    timeout: 60_000,
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return stdout;
}

const has = (program: string): boolean => spawnSync(program, ["-c", "exit 0"]).status === 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "flowc-completion-"));
  cpSync(join(root, "test/cli/files"), folder, { recursive: true });
  const commands = join(folder, ".commands");
  mkdirSync(commands);
  writeFileSync(join(commands, "flowc"), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`, {
    mode: 0o755,
  });
  path = `${commands}:${process.env["PATH"]}`;
  writeFileSync(join(folder, "package.json"), "{}\n");
  writeFileSync(join(folder, "marks.flow"), marks);
  const places =
    'runner rust {\n  docker: { image: "debian:12" }\n}\n\nlimit api { requests: 100 per 1m }\n\nagent coder { claude: {}, codex: {} }\n';
  writeFileSync(join(folder, "places.flow"), places);
  sh("flowc run build.flow --ui quiet >/dev/null 2>&1 || true");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is offered for a line, by the words of it. */
function offered(...words: string[]): readonly string[] {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return sh(`flowc __complete zsh ${quoted}`)
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t")[0] ?? "");
}

describe("a half-typed line", () => {
  it("offers every command and every option that there is", () => {
    const tree = commandTree("1");
    expect(offered("")).toEqual(tree.commands.map((one) => one.name()));
    for (const command of tree.commands)
      expect(offered(command.name(), "--")).toEqual([...command.options.map(({ long }) => long), "--help"]);
  });

  it.each([
    [["run", ""], ":files .flow"],
    [["run", "a.flow", "--inputs", ""], ":files"],
    [["run", "--report=r"], ":files"],
    [["run", "--state", ""], ":folders"],
    [["check", "a.flow", "b"], ":files .flow"],
    [["run", "--jobs", ""], null],
    [["runs", ""], null],
    [["nonsense", ""], null],
    [["show", "last", ""], null],
  ])("%j asks for %s", (words, wanted) => expect(offered(...words)).toEqual(wanted === null ? [] : [wanted]));

  it("offers what is there: flows, inputs, runs, nodes, codes, choices", () => {
    expect(offered("run", "build.flow", "")).toEqual(["main", "one"]);
    expect(offered("run", "hello.flow", "--input", "")).toEqual(["name="]);
    const [last, id] = offered("show", "");
    expect([last, id]).toEqual(["last", expect.stringMatching(/^\d{6}-[2-9a-z]{5}$/)]);
    const nodes = ["built[nut].build", "built[bolt].build", "built[washer].build", "pack"];
    expect([...offered("logs", "last", "")].sort()).toEqual(nodes.slice(0, 3).sort());
    expect([...offered("run", "--resume", id ?? "", "--again", "")].sort()).toEqual(nodes.sort());
    expect(offered("retry", id ?? "", "")).toEqual(["built[bolt].build"]);
    expect(offered("explain", "maybe-n")).toEqual(["maybe-none"]);
    expect(offered("plan", "--format", "")).toEqual(["table", "json", "mermaid", "dot", "svg"]);
    expect(offered("run", "--on", "")).toEqual(["local", "docker", "e2b"]);
    expect(offered("plan", "--format=m")).toEqual(["--format=mermaid"]);
  });

  it("offers settings of what a file declares, and of its kinds", () => {
    expect(offered("run", "places.flow", "--set", "rust.")).toEqual(
      expect.arrayContaining(["rust.instances=", "rust.reuse=", "rust.docker.image=", "rust.docker.memory="]),
    );
    expect(offered("plan", "places.flow", "--set", "api.r")).toEqual(["api.requests=", "api.reserve="]);
    expect(offered("check", "places.flow", "--set", "coder=")).toEqual(["coder=claude", "coder=codex"]);
    expect(offered("check", "places.flow", "--set", "no")).toEqual([]);
  });

  it("offers an option once, unless it may be given again", () => {
    expect(offered("run", "--json", "--j")).toEqual(["--jobs"]);
    expect(offered("run", "--only", "a", "--on")).toEqual(["--on", "--only"]);
    expect(offered("run", "--", "--")).toEqual([":files .flow"]);
  });

  it("is silent where nothing can be known", () => {
    expect(offered("show", "--state", "nowhere", "")).toEqual([]);
    expect(offered("run", "nowhere.flow", "")).toEqual([]);
    expect(offered("logs", "none", "")).toEqual([]);
    expect(sh("flowc __complete bash 2>&1")).toContain("check\t");
  });

  it("knows what stands before its end", () => {
    const { given, typed, before } = halfTyped(["run", "a.flow", "--ui=plain", "-j", "3", "--report=x"], "1");
    expect(Object.fromEntries(given)).toEqual({ FILE: "a.flow", "--ui": "plain", "--jobs": "3" });
    expect([before, typed]).toEqual(["--report=", "x"]);
  });

  it("is read without its quotes", () => {
    expect(unquoted(["run", "--report", "=", "a\\ b"])).toEqual({
      words: ["run", "--report=a b"],
      quote: null,
    });
    expect(unquoted(["logs", "'built[a"])).toEqual({ words: ["logs", "built[a"], quote: "'" });
    expect(unquoted(['"x\\"y']).words).toEqual(['x"y']);
  });
});

/** Completes with the function of the script, as bash does on a tab. */
function bash(...words: string[]): readonly string[] {
  const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
  return sh(
    `eval "$(flowc completion bash)"; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}
     _flowc 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`,
    "bash",
    ["--norc"],
  )
    .split("\n")
    .filter((text) => text !== "");
}

describe("bash", () => {
  it("completes by the script (bash)", { skip: !has("bash") }, () => {
    expect(bash("flowc", "re")).toEqual(["report", "reject", "retry", "resume"]);
    expect(bash("flowc", "run", "--ui", "=", "")).toEqual(["auto", "plain", "json", "quiet"]);
    expect(bash("flowc", "run", "h")).toEqual(["hello.flow"]);
    expect(bash("flowc", "run", "--inputs", "ha")).toEqual(["halve.txt"]);
    expect(bash("flowc", "logs", "last", "built")).toContain("built\\[bolt\\].build");
    expect(bash("flowc", "logs", "last", "'built[b")).toEqual(["built[bolt].build"]);
    expect(bash("flowc", "logs", "last", "built\\[b")).toEqual(["built\\[bolt\\].build"]);
  });

  it("gets names that it reads as they are (bash)", { skip: !has("bash") }, () => {
    sh("flowc run marks.flow --ui quiet --state other");
    const names = bash("flowc", "logs", "--state", "other", "last", "");
    const read = sh(`printf '%s\\n' ${names.join(" ")}`, "bash", ["--norc"]);
    expect(read.split("\n").slice(0, -1).sort()).toEqual(["for[a:b].t", "for[it's].t", "for[two words].t"]);
    expect(bash("flowc", "logs", "--state", "other", "last", "for[a:")).toEqual(["b\\].t"]);
  });
});

/** What zsh makes of a line when a tab is pressed behind it: it runs in a terminal of its own. */
function zsh(line: string): string {
  const text = sh(
    `zmodload zsh/zpty; zpty z zsh -f -i
zpty -w z 'autoload -Uz compinit; compinit -D -u; eval "$(flowc completion zsh)"
tell() { print -r -- "<$BUFFER>#end" }; zle -N tell; bindkey "^T" tell; PS1="rea""dy"'
zpty -r z text '*ready*'
zpty -w -n z $'${line}\\t\\C-t'
zpty -r z text '*#end*'
print -r -- "$text"`,
    "zsh",
    ["-f"],
  );
  return /<(.*)>#end/.exec(text)?.[1] ?? text;
}

describe("zsh", () => {
  it("completes by the script (zsh)", { skip: !has("zsh") }, () => {
    expect(zsh("flowc compl")).toBe("flowc completion ");
    expect(zsh("flowc retry last b")).toBe("flowc retry last built\\[bolt\\].build ");
    expect(zsh("flowc logs last \\'built[b")).toBe("flowc logs last 'built[bolt].build' ");
    expect(zsh("flowc run hel")).toBe("flowc run hello.flow ");
    expect(zsh("flowc run hello.flow --input n")).toBe("flowc run hello.flow --input name=");
    expect(zsh("flowc plan --format=m")).toBe("flowc plan --format=mermaid ");
  });
});

describe("fish", () => {
  it("completes by the script (fish)", { skip: !has("fish") }, () => {
    const complete = (line: string): readonly string[] =>
      sh(`flowc completion fish | source; complete -C "${line}"`, "fish", ["--no-config"])
        .split("\n")
        .slice(0, -1);
    expect(complete("flowc compl")).toEqual([
      "completion\tPrints a script by which a shell completes what is typed.",
    ]);
    expect(complete("flowc logs last built[b")).toEqual(["built[bolt].build\tfailed"]);
    expect(complete("flowc run hel")).toContain("hello.flow");
    expect(complete("flowc run --state .com")).toEqual([expect.stringContaining(".commands/")]);
    expect(complete("flowc plan --format ")).toHaveLength(5);
  });
});
