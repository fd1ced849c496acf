// What the analysis of shell text says: the place of every hole, what is refused there, what is told, what needs no shell.

import { describe, expect, test } from "vitest";
import { analyzeArgv, analyzeShell } from "../grammar/shell.ts";
import type { ShellScript } from "../grammar/shell-script.ts";
import { partsOf } from "./bound-commands.ts";

const read = (template: string): ShellScript => analyzeShell(partsOf(template));
/** Places by hole, a problem's kind in their place. */
const placesIn = (template: string): string => {
  const script = read(template);
  return script.holes
    .map(
      ({ hole, place, command }) =>
        script.problems.find((one) => one.hole === hole)?.problem ?? (command ? `${place}!` : place),
    )
    .join(" ");
};
const troubles = (template: string) =>
  read(template).problems.map(({ problem, detail }) => `${problem}: ${detail}`);
const bash = (script: string) => `#!/usr/bin/env bash\n${script}`;

const places: readonly (readonly [script: string, places: string])[] = [
  ["echo ~{}", "word"],
  ["echo ~{} ~{}", "word word"],
  ["echo a~{} ~{}b ~{}~{}", "part part part part"],
  ['echo "~{}" "a ~{} b" ""~{}', "double double part"],
  ["echo '~{}' 'a'~{}", "single part"],
  ["echo \\'~{}\\' \\\"~{}", "part part"],
  ["echo \\\n~{}", "word"],
  ["echo a;~{} b", "word!"],
  ["~{}", "word!"],
  ["~{} --version ~{}", "word! word"],
  ["./~{} a", "part"],
  ['"~{}" a', "double!"],
  ["X=~{} Y='~{}' cmd ~{}", "part single word"],
  ["cmd X=~{}", "part"],
  ["X+=~{}", "part"],
  ["cmd > ~{} 2>> ~{} < ~{}", "part part part"],
  ["cmd 2>&1 >~{}~{}", "part part"],
  ["for i in a ~{} b~{}; do echo ~{}; done", "word part word"],
  ["for i in ~{}\ndo :; done", "word"],
  ["for i do echo ~{}; done", "word"],
  ["case ~{} in ~{}|b~{}) echo ~{};; (~{}) :;; esac; echo ~{}", "part part part word part word"],
  ["case x in a) echo ~{} ;;\n *) echo '~{}'\nesac", "word single"],
  ["if [ ~{} = x ]; then echo ~{}; elif test ~{}; then :; else echo ~{}; fi", "word word word word"],
  ["while read -r l; do echo ~{}; done < ~{}", "word part"],
  ["until false; do echo ~{}; done", "word"],
  ["f() { echo ~{}; }; f ~{}", "word word"],
  ["f () ( echo ~{} ); f ~{}", "word word"],
  ["{ echo ~{}; } > ~{}", "word part"],
  ["(echo ~{}) && ! echo ~{} || echo ~{} & echo ~{}", "word word word word"],
  ['echo $(echo ~{}) "$(echo ~{} "~{}" \'~{}\')"', "word word double single"],
  ['echo "$(case x in x) echo ~{};; esac)" ~{}', "word word"],
  ["echo ${x:-~{}} ${x-'~{}'} ${x+\"~{}\"} ${x:=a~{}}", "part single double part"],
  ['echo "${x:-~{}}" "${x:-\'~{}\'}" "${x#~{}}" "${x%%\'~{}\'}"', "double double part single"],
  ["echo ${x##*~{}} ${#x} ${x} $x$ $? $1 $@ ~{}", "part word"],
  ["cat <<EOF\n~{} $(echo ~{}) ${x:-~{}}\nEOF\necho ~{}", "here word here word"],
  ["cat <<-EOF\n\t~{}\n\tEOF\necho ~{}", "here word"],
  ["cat <<A - <<B ~{}\n~{}\nA\n~{}\nB\necho ~{}", "word here here word"],
  ["cat <<E | grep ~{}\n~{}\nE\n", "word here"],
  ["if cat <<E\n~{}\nE\nthen echo ~{}; fi", "here word"],
  ["echo $(cat <<E\n~{}\nE\n) ~{}", "here word"],
  ['cat <<E\nit\'s "~{}"\nE\necho ~{}', "here word"],
  ["cat <<E\na\\\nE\n~{}\nE\necho ~{}", "here word"],
  ["echo $((1 + ~{})) $(( (~{}) * $((~{})) ))", "arithmetic arithmetic arithmetic"],
  ["echo $((echo ~{}); echo ~{})", "word word"],
  ["echo $((~{}) )", "word!"],
  ["echo # it's\necho ~{}", "word"],
  ["echo a#b ~{} c# '#' ~{}", "word word"],
  ["echo a;# it's\necho ~{}", "word"],
  ["echo {a,~{}} ~{}", "part word"],
  ["echo ~/~{} ~x", "part"],
  ["echo `date` ~{}", "word"],
  ["echo ~{} \\\n  --flag ~{}\n", "word word"],
  ["env A=~{} B=x cmd ~{}", "part word"],
  ["timeout 5 env -u X cmd ~{}", "word"],
  ["timeout 5 ~{}", "word!"],
  ["exec ~{}", "word!"],
  ["sh ~{} a", "word!"],
  [". ~{}", "word!"],
  [". ./~{}", "part"],
  ["sh -c 'echo \"$1\"' _ ~{}", "word"],
  ["bash -euo pipefail script.sh ~{}", "word"],
  ["xargs -I{} sh -c 'echo {}' _ ~{}", "word"],
  ["ssh -p ~{} -l ~{} ~{}", "word word word"],
  ["trap 'rm f' EXIT; echo ~{}", "word"],
  ["printf '%s' ~{} | sh script.sh", "word"],
  ["find . -name ~{} -exec grep ~{} {} +", "word word"],
  ["export A=~{} B", "part"],
  ['readonly A="~{}"', "double"],
  ["docker exec c ls ~{}", "word"],
  ["time cmd ~{}", "word"],
  ['env A="$(echo ~{})" cmd', "word"],
  ["A=$(echo ~{}) cmd", "word"],
  ["echo ~{} | xargs -n1 grep ~{}", "word word"],
  ["echo ~{} | xargs -I{} sh -c 'echo \"$1\"' _ {}", "word"],
  ["cmd $(echo ~{})", "word"],
];

describe("the place of a hole", () => {
  for (const [script, expected] of places)
    test(JSON.stringify(script), () => expect([placesIn(script), troubles(script)]).toEqual([expected, []]));
});

const placesOfBash: readonly (readonly [script: string, places: string])[] = [
  ["a=(~{} 'x' \"~{}\"); a+=(~{})", "word double word"],
  ["a=(\n~{} # it's\n~{}\n)", "word word"],
  ["a[~{}]=~{}", "arithmetic part"],
  ["declare -a a=(~{}); local -r b=~{}", "word part"],
  ["echo ${a[~{}]} ${x:~{}:~{}} ${x/~{}/~{}} ${x^^}", "arithmetic arithmetic arithmetic part part"],
  ["((x > ~{})) && ((y++)); for ((i = 0; i < ~{}; i++)); do echo ~{}; done", "arithmetic arithmetic word"],
  ["[[ ~{} == a* && ( ~{} =~ ^x(y|z)$ || -n ~{} ) ]]", "part part part"],
  ["[[ $x -gt ~{} && '~{}' -le 3 ]]", "arithmetic arithmetic"],
  ["cat <<< ~{}", "part"],
  ["diff <(echo ~{}) >(cat ~{})", "word word"],
  ["echo $'a\\'~{}' ~{}", "single word"],
  ["function f { echo ~{}; }; f ~{}", "word word"],
  ["let x=~{}; let 'y=~{}' \"z=~{}\"", "arithmetic arithmetic arithmetic"],
  ["declare -i n=~{}; n=~{}; m=~{}", "arithmetic arithmetic part"],
  ["case x in a) echo ~{} ;;& b) : ;& esac", "word"],
  ["echo ~{} | grep ~{} |& cat", "word word"],
  ["cmd &> ~{}; coproc cat ~{}", "part word"],
  ["select i in ~{}; do echo ~{}; done", "word word"],
  ["echo @(a|~{}) !(x)", "part"],
];

describe("the place of a hole in bash", () => {
  for (const [script, expected] of placesOfBash)
    test(JSON.stringify(script), () =>
      expect([placesIn(bash(script)), troubles(bash(script))]).toEqual([expected, []]),
    );
});

const refused: readonly (readonly [script: string, problems: readonly string[]])[] = [
  ["cat <<'EOF'\n~{}\nEOF", ["quoted-here-document: <<'EOF'"]],
  ["cat <<-\\EOF\n\t~{}\n\tEOF", ["quoted-here-document: <<-\\EOF"]],
  ["echo # ~{}", ["comment: #"]],
  ["# ~{} it's ~{}\necho", ["comment: #", "comment: #"]],
  ["echo `echo ~{}`", ["backticks: `"]],
  ['echo "`echo ~{}`"', ["backticks: `"]],
  ["echo $~{}", ["variable-name: $"]],
  ["echo ${~{}}", ["variable-name: ${"]],
  ["echo ${a~{}}", ["variable-name: ${a"]],
  ["~{}=1", ["variable-name: …="]],
  ["a~{}b=1 cmd", ["variable-name: a…b="]],
  ["export ~{}", ["variable-name: export"]],
  ["read -r ~{}", ["variable-name: read"]],
  ["unset x~{}", ["variable-name: unset"]],
  ["for ~{} in a; do :; done", ["variable-name: for"]],
  ["~{}() { :; }", ["variable-name: …()"]],
  ["eval ~{}", ["code: eval"]],
  ['eval "x=~{}"', ["code: eval"]],
  ['eval "$(echo ~{})"', ["code: eval"]],
  ["command eval ~{}", ["code: eval"]],
  ["trap ~{} EXIT", ["code: trap"]],
  ["trap 'echo ~{}' EXIT", ["code: trap"]],
  ["alias l=~{}", ["code: alias"]],
  ["sh -c ~{}", ["code: sh -c"]],
  ['bash -euc "echo ~{}"', ["code: bash -c"]],
  ["/bin/bash -l -o pipefail -c 'echo ~{}'", ["code: bash -c"]],
  ["env A=b sh -c 'echo ~{}'", ["code: sh -c"]],
  ["sudo -u me sh -c 'echo ~{}'", ["code: sh -c"]],
  ["xargs -n 1 sh -c 'echo ~{}'", ["code: sh -c"]],
  ["find . -exec sh -c 'echo ~{}' \\;", ["code: sh -c"]],
  ["docker exec c bash -c 'echo ~{}'", ["code: bash -c"]],
  ["su - me -c 'echo ~{}'", ["code: su -c"]],
  ["ssh host ls ~{}", ["code: ssh"]],
  ['ssh -p 22 ~{} "ls ~{}"', ["code: ssh"]],
  ["env -S ~{}", ["code: env -S"]],
  ["sh <<E\necho ~{}\nE", ["code: sh"]],
  ["bash -s a <<E\n~{}\nE", ["code: bash"]],
  ["ssh host <<E\n~{}\nE", ["code: ssh"]],
  ["echo ~{} | sh", ["code: sh"]],
  ["{ echo ~{}; } | bash -s x", ["code: bash"]],
  ["cat ~{} | sed s/a/b/ | sudo bash", ["code: bash"]],
  ["while read -r x; do bash; done <<E\n~{}\nE", ["code: bash"]],
  ["docker exec -i c bash <<E\n~{}\nE", ["code: bash"]],
  ["$(echo ~{}) x", ["code: $(…)"]],
  ["env A=$(echo ~{}) cmd", ["code: env"]],
  ["sudo $(echo ~{}) cmd", ["code: sudo"]],
  ["find . $(echo ~{})", ["code: find"]],
  ["bash $(echo ~{}) script", ["code: bash"]],
  ["echo ~{} | xargs sh -c", ["code: xargs sh"]],
  ["echo ~{} | xargs sudo", ["code: xargs"]],
  ["echo ~{} | xargs -I{} sh -c 'echo {}'", ["code: xargs sh"]],
  ["echo ~{} | xargs -I % env sh -c 'echo %'", ["code: xargs sh"]],
  ["echo ~{} | xargs -I{} {}", ["code: xargs"]],
  ["PS4=~{}", ["code: PS4="]],
  ["echo \\~{}", ["escaped: \\"]],
  ['echo "\\~{}"', ["escaped: \\"]],
  ["cat <<E\n\\~{}\nE", ["escaped: \\"]],
  ["cat <<~{}\nx\n", ["delimiter: <<…"]],
  ['echo "${x:-"~{}"}"', ['unclear: "${…"…"}"']],
  ["echo 'a", ["unterminated: '"]],
  ['echo "a ~{}', ['unterminated: "']],
  ["echo $(ls", ["unterminated: $("]],
  ["echo ${x", ["unterminated: ${"]],
  ["echo `ls", ["unterminated: `"]],
  ["(echo", ["unterminated: ("]],
  ["if true; then echo ~{}", ["unterminated: if"]],
  ["for i in a; do echo", ["unterminated: for"]],
  ["case x in a) echo", ["unterminated: case"]],
  ["cat <<EOF\n~{}", ["unterminated: <<EOF"]],
  ["[[ a == b ]]", ["bash-only: [[ … ]]"]],
  ["a=(1 2)", ["bash-only: name=(…)"]],
  ["cat <(ls)", ["bash-only: <(…)"]],
  ["cat <<< x", ["bash-only: <<<"]],
  ["echo ${x/a/b}", ["bash-only: ${name/…}"]],
  ["echo a\0b", ["nul: a NUL character"]],
  ["#!/usr/bin/env python3\nprint(1)", ["interpreter: python3"]],
];

describe("what is refused", () => {
  for (const [script, expected] of refused)
    test(JSON.stringify(script), () => expect(troubles(script)).toEqual(expected));
  for (const script of ["printf -v ~{} x", "test -v ~{}", "[[ -v ~{} ]]", "mapfile ~{}", "declare ~{}=1"])
    test(JSON.stringify(script), () =>
      expect(read(bash(script)).problems.map(({ problem }) => problem)).toEqual(["variable-name"]),
    );
  test("as an item of a list, too", () => {
    const problems = (...items: readonly string[]) =>
      analyzeArgv(items.map(partsOf)).problems.map(
        ({ problem, detail, hole }) => `${problem} ${detail} ${hole}`,
      );
    expect(problems("sh", "-c", "echo ~{0}")).toEqual(["code sh -c 0"]);
    expect(problems("sudo", "bash", "-ec", "~{0}")).toEqual(["code bash -c 0"]);
    expect(problems("ssh", "host", "ls", "~{0}")).toEqual(["code ssh 0"]);
    expect(problems("env", "-S", "~{0}")).toEqual(["code env -S 0"]);
    expect(problems("sh", "-c", 'echo "$1"', "_", "~{0}")).toEqual([]);
    expect(problems("pnpm", "build", "~{0}", "--x=~{1}")).toEqual([]);
    expect(analyzeArgv([partsOf("~{0}"), partsOf("x")]).holes).toEqual([
      { hole: 0, place: "word", command: true },
    ]);
  });
});

describe("program text of other languages", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["awk '{ print \"~{}\" }' f", "awk"],
    ["awk -F, -v x=~{} '{ print x }' ~{}", ""],
    ["gawk -f p.awk ~{}", ""],
    ["sed 's/~{}/x/' f", "sed"],
    ["sed -i -e 's/a/~{}/' ~{}", "sed"],
    ["sed -n -f script ~{}", ""],
    ["jq '.~{}' f", "jq"],
    ["jq --arg x ~{} '.[$x]' ~{}", ""],
    ["jq -r --argjson n ~{} '.a' ~{}", ""],
    ['psql -c "select ~{}"', "SQL"],
    ['psql --command="select ~{}" -d ~{}', "SQL"],
    ["psql <<E\nselect ~{}\nE", "SQL"],
    ["mysql -u ~{} -e 'select ~{}'", "SQL"],
    ["sqlite3 ~{} 'select 1'", ""],
    ["sqlite3 db 'select ~{}'", "SQL"],
    ["python3 -c 'print(~{})'", "Python"],
    ["python3.12 script.py ~{}", ""],
    ["python3 - ~{} <<E\nprint('~{}')\nE", "Python"],
    ["node -e 'console.log(~{})'", "JavaScript"],
    ["node script.js -e ~{}", "JavaScript"],
    ["perl -ne 'print if /~{}/' ~{}", "Perl"],
    ["ruby -e 'puts ~{}'", "Ruby"],
    ["make CFLAGS=~{} -C ~{}", "make"],
    ["sudo awk '~{}'", "awk"],
    ["echo awk '~{}'", ""],
  ];
  for (const [script, expected] of cases)
    test(JSON.stringify(script), () =>
      expect(
        read(script)
          .warnings.map(({ language }) => language)
          .join(" "),
      ).toBe(expected === "JavaScript" && script.includes("script.js") ? "JavaScript" : expected),
    );
  test("each says how the value is passed as data", () => {
    for (const [script] of cases)
      for (const { instead } of read(script).warnings) expect(instead).toMatch(/~\{x\}/);
  });
});

describe("no shell", () => {
  const words = (template: string) =>
    read(template).words?.map((word) =>
      word.map((piece) => (typeof piece === "string" ? piece : `<${piece.hole}>`)).join(""),
    ) ?? null;
  test("for plain words, quoted or not", () => {
    expect(words("pnpm --filter ~{0} build --target=~{1} \"a ~{2}\" '' 'it~{3}s' \\\n  -x\n")).toEqual([
      "pnpm",
      "--filter",
      "<0>",
      "build",
      "--target=<1>",
      "a <2>",
      "",
      "it<3>s",
      "-x",
    ]);
    expect(words("  true  ")).toEqual(["true"]);
  });
  for (const script of [
    "",
    "a; b",
    "a & ",
    "a | b",
    "a && b",
    "a > f",
    "a < f",
    "a\nb",
    "a # c",
    "# c\na",
    "X=1 a",
    "a *",
    "a ?",
    "a [x]",
    "a ~/x",
    "a {b,c}",
    "a $x",
    'a "$x"',
    "a $(b)",
    "a `b`",
    "a \\ b",
    'a "\\n"',
    "a !x",
    "(a)",
    "{ a; }",
    "! a",
    "if a; then b; fi",
    "cd x",
    "exit 1",
    "export X=1",
    ". ./x",
    "eval a",
    "set -x",
    "type ls",
    "wait",
    "kill 1",
    "[ a = b ]",
    "test a",
    "~{} x",
    "echo a <<E\nE\n",
    "time a",
    "ulimit -n 1",
    "umask 0",
    "read x",
    "a ^b",
    "a 'b",
    "f() { a; }",
  ])
    test(`not for: ${script}`, () => expect(words(script)).toBe(null));
});

describe("what else is known", () => {
  test("the shell that `#!` asks for", () => {
    for (const [line, shell] of [
      ["#!/bin/sh", "sh"],
      ["#!/bin/bash -x", "bash"],
      ["#! /usr/bin/env bash", "bash"],
      ["#!/usr/bin/env -S bash -e", "bash"],
      ["#!/bin/dash", "sh"],
      ["echo", "sh"],
      ["\n#!/bin/bash", "sh"],
    ] as const)
      expect([line, read(`${line}\necho ~{}`).shell]).toEqual([line, shell]);
  });
  test("variables that are mentioned, and where; names that the script itself makes", () => {
    const template =
      "x=1; for i in a; do read -r line; done; export E=2\necho \"$x ${name} ${other:-y}\" '${no}' \\$no ~{0} $last";
    const script = read(template);
    expect(
      script.variables.map(({ name, braces, part, start, end }) => {
        const text = partsOf(template)[part];
        return [name, braces, text !== undefined && "text" in text ? text.text.slice(start, end) : ""];
      }),
    ).toEqual([
      ["x", false, "$x"],
      ["name", true, "${name}"],
      ["other", false, "${other:-y}"],
      ["last", false, "$last"],
    ]);
    expect([...script.assigned].sort()).toEqual(["E", "i", "line", "x"]);
  });
  test("where a problem is", () => {
    const parts = partsOf("echo ~{0}\necho 'open ~{1}");
    const [problem] = analyzeShell(parts).problems;
    expect(problem).toMatchObject({ problem: "unterminated", hole: null, part: 2, start: 6, end: 7 });
    expect(analyzeShell(partsOf("a ~{5}; eval ~{7}")).problems).toEqual([
      { problem: "code", hole: 7, detail: "eval", part: 3, start: 0, end: 0 },
    ]);
  });
  test("deep nesting and long texts end", () => {
    expect(read("$(".repeat(5_000)).problems.length).toBeGreaterThan(0);
    expect(read(`echo ${"(".repeat(5_000)}`).problems.length).toBeGreaterThan(0);
    const started = performance.now();
    read(`${"echo ~{} \"$x\" 'y' $((1+2)) # c\n".repeat(10_000)}`);
    read("a".repeat(1_000_000));
    read(`x[${"[".repeat(100_000)}`);
    read("$((".repeat(30));
    read("((".repeat(200));
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
