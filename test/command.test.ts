// Proof that values are data: hostile texts through every place of a command, in real shells, compared byte for byte.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bind, type Texts, valueBytesMax } from "../runtime/command.ts";
import { boundOf, textsOf } from "./bound-commands.ts";

const canary = 'touch "$CANARY"';

const hostile: readonly string[] = [
  "plain",
  "",
  " ",
  "  two  blanks  ",
  "\n",
  "line\n",
  "three\n\n\n",
  "\n\nleading",
  "a\nb\nc",
  "tab\there",
  "\r\n",
  "'",
  '"',
  "''",
  '""',
  `'"'"'`,
  "\\",
  "\\\\",
  "ends in \\",
  "\\\n",
  "\\n \\t \\0 \\x41 \\c",
  `$(${canary})`,
  `\`${canary}\``,
  `"; ${canary}; "`,
  `'; ${canary}; '`,
  `;${canary}`,
  `&& ${canary}`,
  `| ${canary}`,
  `\n${canary}\n`,
  `\${x:-$(${canary})}`,
  `$((a[$(${canary})]))`,
  `a[$(${canary})]`,
  `x) ${canary};; *`,
  `}; ${canary}; {`,
  `EOF\n${canary}\n`,
  `\nEOF\n${canary}`,
  "\tEOF",
  "EOF",
  "$",
  "$$",
  "$x",
  "${x}",
  "${IFS}",
  "$'\\n'",
  "$@",
  "$#",
  "*",
  "?",
  "[a-z]*",
  "/*",
  "{a,b}",
  "{1..9}",
  "~",
  "~root",
  "~{x}",
  "!",
  "!!",
  "!-1",
  "wow!wow",
  "#",
  "# comment",
  "a#b",
  "-",
  "--",
  "-n",
  "-e",
  "-rf /",
  "--help",
  "=",
  "a=b",
  "x=1 y=2",
  "a:b:c",
  "%s %d %n %%",
  "&",
  "&1",
  ">file",
  "<file",
  "2>&1",
  "|",
  "||",
  ";",
  ";;",
  "(",
  ")",
  "()",
  "{",
  "}",
  "[[ a ]]",
  "if",
  "done",
  "esac",
  "\u0001\u0002\u007f",
  "\u001b[31mred\u001b[0m",
  "\b\f\v",
  "äöü ß € 漢字 🚀 👩‍🚀",
  "\u00a0\u2028\u200b\ufeff",
  Array.from({ length: 127 }, (_, i) => String.fromCharCode(i + 1)).join(""),
  Array.from({ length: 127 }, (_, i) => String.fromCharCode(127 - i)).join(""),
  ...Array.from({ length: 127 }, (_, i) => String.fromCharCode(i + 1)),
];

const letters: readonly string[] = Array.from({ length: 127 }, (_, i) => `<${String.fromCharCode(i + 1)}>`);

const valuesOf = ({ slow = false, takes = () => true }: Place): readonly string[] =>
  (slow ? hostile : [...hostile, ...letters]).filter(takes);

/** Each place: a snippet that prints the value, or what it expects, and a NUL. `@` stands for the hole. */
interface Place {
  readonly snippet: string;
  /** It starts a process for each value: single letters are tried once, not twice. */
  readonly slow?: boolean;
  readonly expected?: (value: string) => string;
  readonly takes?: (value: string) => boolean;
}

const places: Readonly<Record<string, Place>> = {
  "a word": { snippet: "printf '%s\\0' @" },
  "a part of a word": { snippet: "printf '%s\\0' --x=@/y", expected: (v) => `--x=${v}/y` },
  "parts that touch": { snippet: "printf '%s\\0' @@", expected: (v) => v + v },
  "double quotes": { snippet: `printf '%s\\0' "a @ b"`, expected: (v) => `a ${v} b` },
  "double quotes alone": { snippet: `printf '%s\\0' "@"` },
  "single quotes": { snippet: "printf '%s\\0' 'a @ b'", expected: (v) => `a ${v} b` },
  "quotes of both kinds": { snippet: `printf '%s\\0' x'@'"@"@`, expected: (v) => `x${v}${v}${v}` },
  "beside a variable": { snippet: `v=1; printf '%s\\0' "$v@"$v@`, expected: (v) => `1${v}1${v}` },
  "a here-document": { slow: true, snippet: "cat <<EOF\n@\nEOF\nprintf '\\0'", expected: (v) => `${v}\n` },
  "an indented here-document": {
    slow: true,
    snippet: "cat <<-EOF\n\t@ \"@\" '@'\n\tEOF\nprintf '\\0'",
    expected: (v) => `${v} "${v}" '${v}'\n`,
  },
  "two here-documents": {
    slow: true,
    snippet: "cat <<A; cat <<-B\n@\nA\n\t@\n\tB\nprintf '\\0'",
    expected: (v) => `${v}\n${v}\n`,
  },
  "a substitution in a here-document": {
    slow: true,
    snippet: `cat <<EOF\n$(printf '%s.' @ "@")\nEOF\nprintf '\\0'`,
    expected: (v) => `${v}.${v}.\n`,
  },
  "an assignment": { snippet: `x=@; printf '%s\\0' "$x"` },
  "a quoted assignment": { snippet: `x="@" y='@'; printf '%s\\0' "$x$y"`, expected: (v) => v + v },
  "an assignment for a command": {
    slow: true,
    snippet: `X=@ awk 'BEGIN { printf "%s%c", ENVIRON["X"], 0 }'`,
    // awk itself ends a line of its own at nothing: only what starts a process for every value is kept short.
    takes: (v) => v.length > 1,
  },
  "an export": { snippet: `export X=@; printf '%s\\0' "$X"` },
  "a substitution": { snippet: `x=$(printf '%s.' @); printf '%s\\0' "$x"`, expected: (v) => `${v}.` },
  "nested substitutions": {
    snippet: `printf '%s\\0' "$(printf '%s.' "a $(printf '%s.' "@") b")"`,
    expected: (v) => `a ${v}. b.`,
  },
  "a default": { snippet: "printf '%s\\0' ${nothing:-@}" },
  "a quoted default": { snippet: `printf '%s\\0' "\${nothing:-@}"` },
  "a default in double quotes": { snippet: `printf '%s\\0' \${nothing:-"a @"}`, expected: (v) => `a ${v}` },
  "a default in single quotes": { snippet: "printf '%s\\0' ${nothing:-'a @'}", expected: (v) => `a ${v}` },
  "a default in a default": { snippet: "printf '%s\\0' ${nothing:-${nothing:-@}}" },
  "a pattern to cut": { snippet: `x=a@; printf '%s\\0' "\${x#a@}"`, expected: () => "" },
  "a pattern to cut, bare": { snippet: `x=@b; x=\${x%@b}; printf '%s\\0' "$x"`, expected: () => "" },
  "a list of for": {
    snippet: `for i in a @ "@"; do printf '%s' "$i"; done; printf '\\0'`,
    expected: (v) => `a${v}${v}`,
  },
  "a word and pattern of case": {
    snippet: "case @ in x@) printf 'x\\0' ;; (@) printf 'yes\\0' ;; *) printf 'no\\0' ;; esac",
    expected: () => "yes",
  },
  "arguments of a function": {
    snippet: `f() { printf '%s' "$#" "$1" "$2"; }; f @ '@'; printf '\\0'`,
    expected: (v) => `2${v}${v}`,
  },
  "arguments of set": { snippet: `set -- @ @; printf '%s' "$@"; printf '\\0'`, expected: (v) => v + v },
  "a subshell and a group": { snippet: `(printf '%s' @; { printf '%s\\0' "@"; })`, expected: (v) => v + v },
  "a condition": {
    snippet: `if [ @ = "@" ] && ! [ x@ = "y@" ]; then printf 'yes\\0'; else printf 'no\\0'; fi`,
    expected: () => "yes",
  },
  "a pipeline": { slow: true, snippet: "printf '%s' @ | cat; printf '\\0'" },
  "behind a comment": { snippet: `: # it's a "comment\nprintf '%s\\0' @` },
  "an escaped quote before": { snippet: `printf '%s\\0' \\"@\\'"\\"@"`, expected: (v) => `"${v}'"${v}` },
  "a target": {
    slow: true,
    snippet: `printf '%s' "@" > f@; cat < f@; rm ./f@; printf '\\0'`,
    takes: (v) => !v.includes("/") && v.length < 100,
  },
};

const placesOfBash: Readonly<Record<string, Place>> = {
  "an array": { snippet: `a=(x @ "@"); printf '%s' "\${a[@]}"; printf '\\0'`, expected: (v) => `x${v}${v}` },
  "a here-string": { slow: true, snippet: "cat <<< @; printf '\\0'", expected: (v) => `${v}\n` },
  "a test": {
    snippet: "if [[ @ == @ && x@ != @ && @ = \"@\" ]]; then printf 'yes\\0'; else printf 'no\\0'; fi",
    expected: () => "yes",
  },
  "quotes with escapes": { snippet: "printf '%s\\0' $'\\ta\\'@\\'@\\n'", expected: (v) => `\ta'${v}'${v}\n` },
  "a process substitution": { slow: true, snippet: "cat <(printf '%s' @) ; printf '\\0'" },
  "a replacement": { snippet: `x=a-b; printf '%s\\0' "\${x/-/@}"`, expected: (v) => `a${v}b` },
  "a pattern to replace": { snippet: `x=-@-; printf '%s\\0' "\${x//-@-/y}"`, expected: () => "y" },
};

const shells = [
  { name: "sh", argv: [] },
  { name: "bash", argv: ["bash", "--norc", "-eu", "-o", "pipefail"] },
  ...(spawnSync("busybox", ["sh", "-c", ":"]).status === 0
    ? [{ name: "busybox sh", argv: ["busybox", "sh", "-eu"] }]
    : []),
];

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "flowc-command-"));
  mkdirSync(join(folder, "work"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a script with values through a shell; gives its standard output. */
function output(template: string, values: readonly Texts[], shell: readonly string[]): string {
  const scriptPath = join(folder, "script");
  const bound = boundOf(template, values, { scriptPath });
  if (bound.script !== null) writeFileSync(scriptPath, bound.script);
  const own = bound.argv.findIndex((word) => word === "-c" || word === "--");
  const [program = "", ...args] = shell.length === 0 ? bound.argv : [...shell, ...bound.argv.slice(own)];
  const { stdout, stderr, status, error } = spawnSync(program, args, {
    cwd: join(folder, "work"),
    env: { PATH: process.env["PATH"], LANG: "C.UTF-8", CANARY: join(folder, "canary"), ...bound.env },
    maxBuffer: 1 << 26,
  });
  expect({ status, error, stderr: stderr?.toString() }).toEqual({ status: 0, error: undefined, stderr: "" });
  return stdout.toString("utf8");
}

function through(place: Place, shell: readonly string[]): void {
  const { expected = (value: string) => value } = place;
  const values = valuesOf(place);
  const script = values.map((_, i) =>
    place.snippet.replaceAll("@", `~{${i}}`).replaceAll(`{a[~{${i}}]}`, "{a[@]}"),
  );
  const template = script.join("\n").replaceAll(/"\$~\{\d+\}"/g, '"$@"');
  const got = output(template, values, shell).split("\0");
  expect(got.pop()).toBe("");
  expect(got).toEqual(values.map(expected));
  expect(readdirSync(folder)).not.toContain("canary");
  expect(readdirSync(join(folder, "work"))).toEqual([]);
}

for (const shell of shells)
  describe(`every hostile text is data in ${shell.name}`, () => {
    for (const [name, place] of Object.entries(places)) test(name, () => through(place, shell.argv));
    test("lists are words, an empty list and none are no word", () => {
      const script = 'f() { printf \'%s\\0\' "$#" "$@"; }; f ~{0}; f ~{1}; f ~{2}; f a ~{1} ~{2} b';
      const got = output(script, [hostile, [], null], shell.argv).split("\0");
      expect(got).toEqual([String(hostile.length), ...hostile, "0", "0", "2", "a", "b", ""]);
    });
    test("ints in arithmetic", () => {
      const script = "printf '%s\\0' $((1-~{0})) $((~{0}*~{1})) $(( (~{1}+1)*2 )) $((~{1}))";
      expect(output(script, ["-7", "3"], shell.argv)).toBe("8\0-21\x008\x003\0");
    });
    test("100 KB in every quoting", () => {
      const large = `${"0123456789'\"\\$(x)`\n".repeat(5_700)}\n`.slice(-valueBytesMax);
      expect(Buffer.byteLength(large)).toBe(valueBytesMax);
      const script = "printf '%s\\0' ~{0} \"~{0}\" '~{0}' a~{0}\ncat <<E\n~{0}\nE";
      const got = output(script, [large], shell.argv).split("\0");
      expect(got).toEqual([large, large, large, `a${large}`, `${large}\n`]);
    });
  });

describe("every hostile text is data in bash alone", () => {
  for (const [name, place] of Object.entries(placesOfBash))
    test(name, () => {
      const values = valuesOf(place);
      const { expected = (value: string) => value } = place;
      const script = values.map((_, i) =>
        place.snippet
          .replaceAll("a[@]", "a[*all*]")
          .replaceAll("@", `~{${i}}`)
          .replaceAll("a[*all*]", "a[@]"),
      );
      const got = output(`#!/bin/bash\n${script.join("\n")}`, values, []).split("\0");
      expect(got.pop()).toBe("");
      expect(got).toEqual(values.map(expected));
      expect(readdirSync(folder)).not.toContain("canary");
    });
  test("ints where bash calculates", () => {
    const script =
      "#!/bin/bash\na=(x y z); a[~{0}]=w; s=abcdef\n" +
      'printf "%s\\0" "${a[~{0}]}" "${s:~{0}:~{1}}" $((~{2}+1))\n' +
      "if [[ ~{0} -lt ~{1} ]] && ((~{2} < 0)); then printf yes; fi; let n=~{0}+1; printf $n; declare -i k=~{1}; printf $k";
    expect(output(script, ["1", "2", "-3"], [])).toBe("w\0bc\0-2\0yes22");
  });
});

describe("without a shell", () => {
  test("every item of a list is an argument", () => {
    const items = hostile.map(
      (_, i) => ({ expr: { k: "slot", up: 0, i }, type: { kind: "string" } }) as const,
    );
    const program = ["/usr/bin/printf", "%s\\0"].map(
      (v) => ({ expr: { k: "lit", v }, type: { kind: "string" } }) as const,
    );
    const texts = textsOf(hostile);
    const bound = bind(
      { kind: "argv", items: [...program, ...items] },
      (hole) => (hole.expr.k === "lit" ? String(hole.expr.v) : texts(hole)),
      "/nowhere",
    );
    if ("problem" in bound) throw new Error(bound.problem);
    const [first = "", ...args] = bound.argv;
    const got = spawnSync(first, args).stdout.toString("utf8").split("\0");
    expect(got).toEqual([...hostile, ""]);
  });
  test("a command that needs no shell is its words", () => {
    const bound = boundOf(`/usr/bin/printf "%s.%s." ~{0} --x=~{0} '<~{0}>'`, ["$(id)\n"], { shell: false });
    expect(bound.argv).toEqual(["/usr/bin/printf", "%s.%s.", "$(id)\n", "--x=$(id)\n", "<$(id)\n>"]);
    expect(bound.env).toEqual({});
  });
  test("a list alone is words, none is no word", () => {
    expect(boundOf("echo ~{0} ~{1} b", [["a", "", "c"], null], { shell: false }).argv).toEqual([
      "echo",
      "a",
      "",
      "c",
      "b",
    ]);
  });
});

describe("what cannot be bound is told", () => {
  const problemOf = (template: string, values: readonly Texts[]) => {
    try {
      boundOf(template, values);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : null;
    }
  };
  test("a NUL", () => expect(problemOf("echo ~{}", ["a\0b"])).toContain("NUL"));
  test("half a character", () => expect(problemOf("echo ~{}", ["a\ud800b"])).toContain("surrogate"));
  test("more than 100 KB", () => {
    expect(problemOf("echo ~{}", ["x".repeat(valueBytesMax)])).toBe(null);
    expect(problemOf("echo ~{}", ["x".repeat(valueBytesMax + 1)])).toContain("Pass it as a file");
    expect(problemOf("echo ~{}", ["ü".repeat(valueBytesMax / 2 + 1)])).toContain("101 KB");
  });
  test("more than the kernel takes together", () => {
    const values = Array.from({ length: 30 }, (_, i) => String.fromCharCode(65 + i).repeat(100_000));
    expect(problemOf(`echo ${values.map((_, i) => `~{${i}}`).join(" ")}`, values)).toContain("together");
  });
  test("a list where one text must stand", () => expect(problemOf('echo "~{}"', [["a"]])).toContain("list"));
  test("a text where the shell calculates", () =>
    expect(problemOf("echo $((~{}))", ["a[$(id)]"])).toContain("int"));
});

test("a script over 100 KB runs from a file", () => {
  const script = `printf '%s' ~{0}\n${"# 0123456789012345678901234567890\n".repeat(4_000)}printf '%s' "~{0}"`;
  expect(output(script, ["a b"], [])).toBe("a ba b");
  expect(readFileSync(join(folder, "script"), "utf8").length).toBeGreaterThan(valueBytesMax);
});

test("a failing command ends a script, also in a pipeline where the shell can tell", () => {
  const run = (template: string, values: readonly Texts[] = []) => {
    const [program = "", ...args] = boundOf(template, values).argv;
    return spawnSync(program, args, { env: { PATH: process.env["PATH"] } });
  };
  expect(run("false\ntrue").status).toBe(1);
  expect(run('echo "$undefined_name"').status).not.toBe(0);
  expect(run("#!/usr/bin/env bash\nfalse | true").status).toBe(1);
  expect(run("-x").status).toBe(127);
});
