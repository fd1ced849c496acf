// Input that nobody would write by hand, on the real program: deep, large, odd, circular. Each ends soon, in sentences.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bin } from "../program.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "flowc-hostile-"));
  writeFileSync(join(folder, "package.json"), "{}");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What never ends is ended, and then has no exit code. */
const patienceMs = 60_000;
/** However many mistakes there are, nobody reads more than this. */
const saidCharsMax = 40_000;

interface Said {
  readonly code: number | null;
  readonly text: string;
}

function flowc(...args: readonly string[]): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", GITHUB_ACTIONS: "" },
    timeout: patienceMs,
  });
  return { code: status, text: stdout + stderr };
}

const good = `task greet() -> string {
  run "echo hi"
  return stdout
}

flow main() -> string {
  return greet()
}
`;

/** It has a mistake, which is told with its code, for as many as there are in lines that can be read. */
function refused({ code, text }: Said, mistake: string | RegExp): void {
  expect([code, text.slice(0, 2_000)]).toEqual([2, expect.stringMatching(mistake)]);
  expect(text.length).toBeLessThan(saidCharsMax);
  expect(text).toMatch(/\nnext: flowc .*\n$/);
}

const many = 100_000;
const deep: Readonly<Record<string, string>> = {
  brackets: `flow main() -> int { return ${"(".repeat(many)}1${")".repeat(many)} }\n`,
  lists: `flow main() -> int { x = ${"[".repeat(many)}${"]".repeat(many)} return 1 }\n`,
  "lists without an end": `flow main() -> int { x = ${"[".repeat(many)}`,
  blocks: `flow main() { ${"if true { ".repeat(many)}${"}".repeat(many)} }\n`,
  records: `flow main() { x = ${"{ a: ".repeat(many)}1${"}".repeat(many)} }\n`,
  signs: `flow main() -> int { return ${"-".repeat(many)}1 }\n`,
  types: `type A { a: ${"map<".repeat(many)}int${">".repeat(many)} }\nflow main() {}\n`,
  holes: `flow main() -> string { return ${'"~{'.repeat(5_000)}1${'}"'.repeat(5_000)} }\n`,
  calls: `flow main() -> int { return ${"len(".repeat(many)}"a"${")".repeat(many)} }\n`,
  branches: `flow main() -> int { return ${"if true { 1 } else { ".repeat(20_000)}2${" }".repeat(20_000)} }\n`,
};

describe("a program that is nested too deeply", () => {
  it.each(Object.entries(deep))(
    "%s: is refused",
    (_, text) => {
      writeFileSync(join(folder, "deep.flow"), text);
      refused(flowc("check", "deep.flow"), /^error\[/);
    },
    180_000,
  );
});

const wrong: Readonly<Record<string, readonly [string, RegExp]>> = {
  "names that nothing has": [
    `flow main() {\n${Array.from({ length: many }, (_, i) => `  a${i} = nope${i}\n`).join("")}}\n`,
    /error\[unknown-name\]/,
  ],
  "lines that nobody can read": [`flow main() {\n${"  ) = ]\n".repeat(many)}}\n`, /error\[syntax\]/],
  "types that do not fit": [
    `flow main() {\n${Array.from({ length: many }, (_, i) => `  a${i} = 1 + "x"\n`).join("")}}\n`,
    /error\[/,
  ],
  "braces at the top": ["}\n".repeat(many), /error\[syntax\]/],
  characters: ["£ ".repeat(many), /error\[/],
  "texts without an end": ['"\n'.repeat(many), /error\[/],
  "the same task": [
    Array.from({ length: 20_000 }, () => 'task a() { run "x" }\n').join(""),
    /error\[duplicate-name\]/,
  ],
};

describe("very many mistakes", () => {
  it.each(Object.entries(wrong))(
    "%s: are told in a few lines, with their number",
    (_, [text, mistake]) => {
      writeFileSync(join(folder, "wrong.flow"), text);
      const said = flowc("check", "wrong.flow");
      refused(said, mistake);
      expect(said.text).toMatch(/\n\d[\d,]* errors/);
    },
    180_000,
  );
});

describe("a very large file", () => {
  const ten = 10_000_000;
  it.each([
    ["of good lines", `${good}${"// nothing\n".repeat(ten / 11)}`],
    ["of zeros", Buffer.alloc(ten)],
    ["of bytes that are no text", Buffer.alloc(ten, 0xff)],
    ["of one line", `${good}//${" ".repeat(ten)}`],
  ])("%s is refused without being read", (_, text) => {
    writeFileSync(join(folder, "large.flow"), text);
    refused(flowc("check", "large.flow"), /`large.flow` is too large: a flow file has at most 4 MB/);
    for (const command of [["fmt", "--check"], ["list"], ["run"]])
      expect(flowc(...command, "large.flow").text).toMatch(/is too large: a flow file has at most 4 MB/);
    writeFileSync(
      join(folder, "importer.flow"),
      'import { x } from "./large.flow"\n\nflow main() {\n  x()\n}\n',
    );
    refused(flowc("check", "importer.flow"), /1:19\n.*\n.*`\.\/large.flow` is too large/);
  });

  it("that is just small enough is checked", () => {
    writeFileSync(join(folder, "large.flow"), `${good}${"// nothing\n".repeat(380_000)}`);
    expect(flowc("check", "large.flow")).toEqual({ code: 0, text: "1 file, no mistakes\n" });
  });
});

describe("odd characters", () => {
  it.each([
    ["a byte order mark", `\ufeff${good}`],
    ["CRLF", good.replaceAll("\n", "\r\n")],
    ["CR alone", good.replaceAll("\n", "\r")],
  ])("%s: the program is the same", (_, text) => {
    writeFileSync(join(folder, "odd.flow"), text);
    expect(flowc("check", "odd.flow").code).toBe(0);
    expect(flowc("run", "odd.flow", "--ui", "quiet")).toEqual({ code: 0, text: "hi\n" });
    expect(flowc("fmt", "odd.flow").code).toBe(0);
    // A mark at the beginning is the editor's, and stays.
    expect(readFileSync(join(folder, "odd.flow"), "utf8").replace(/^\ufeff/, "")).toBe(good);
  });

  it.each([
    ["a NUL in a command", good.replace("hi", "h\0i")],
    ["a NUL in a name", good.replaceAll("greet", "gr\0eet")],
    ["a second byte order mark", `${good}\ufeff${good}`],
    ["half a character as an escape", good.replace("hi", "\\u{d800}")],
    ["a character that there is not", good.replace("hi", "\\u{110000}")],
    ["half a character in UTF-8", Buffer.from(good.replace("hi", "\xed\xa0\x80"), "latin1")],
    ["UTF-16", Buffer.from(`\ufeff${good}`, "utf16le")],
    ["Latin-1", Buffer.from(`// größer\n${good}`, "latin1")],
  ])("%s: is refused", (_, text) => {
    writeFileSync(join(folder, "odd.flow"), text);
    refused(
      flowc("check", "odd.flow"),
      /^(?:warning(?:.|\n)*)?error\[[a-z-]+\]: .*\n +┌─ odd.flow:\d+:\d+\n/,
    );
  });
});

describe("imports", () => {
  const importing = (from: string): string =>
    `import { x } from "${from}"\n\nflow main() {\n  x()\n}\n\ntask y() {\n  run "y"\n}\n`;
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

  it("of itself, also by a link, and in a circle, are told", () => {
    put("self.flow", importing("./self.flow"));
    refused(flowc("check", "self.flow"), /error\[import-cycle\]/);
    symlinkSync("other-self.flow", join(folder, "link.flow"));
    put("other-self.flow", importing("./link.flow"));
    for (const name of ["other-self.flow", "link.flow"])
      refused(flowc("check", name), /error\[import-cycle\]/);
    put("a.flow", 'import { b } from "./b.flow"\n\ntask a() {\n  run "a"\n}\n\nflow main() {\n  b()\n}\n');
    put("b.flow", 'import { a } from "./a.flow"\n\ntask b() {\n  run "b"\n}\n\nflow main() {\n  a()\n}\n');
    refused(flowc("check", "a.flow"), /error\[import-cycle\](.|\n)*a\.flow(.|\n)*b\.flow/);
  });

  it("of one file by several links are of one module", () => {
    mkdirSync(join(folder, "lib"));
    put("lib/real.flow", 'task used() -> string {\n  run "echo hi"\n  return stdout\n}\n');
    symlinkSync("lib", join(folder, "linked"));
    symlinkSync("lib/real.flow", join(folder, "alias.flow"));
    put(
      "middle.flow",
      'import { used } from "./alias.flow"\n\nflow twice() -> string {\n  return used()\n}\n',
    );
    put(
      "links.flow",
      `import { used } from "./linked/real.flow"
import { twice } from "./middle.flow"

flow main() -> string[] {
  return [used(), twice()]
}
`,
    );
    expect(flowc("check", "links.flow").text).toBe("1 file, no mistakes\n");
    expect(flowc("run", "links.flow", "--ui", "quiet").text).toBe('[\n  "hi",\n  "hi"\n]\n');
  });

  it.each([
    ["a link that leads nowhere", "./nowhere.flow", /there is no file/],
    ["a link that leads to itself", "./loop/x.flow", /may not be read/],
    ["a folder", "./some", /`\.\/some` is a folder, not a file/],
    ["a named pipe", "./pipe.flow", /`\.\/pipe.flow` is neither a file nor a folder/],
    ["a device", "/dev/zero", /a path must be relative to this file/],
  ])("of %s are refused at once", (_, from, words) => {
    put("import.flow", importing(from));
    for (const [make, name] of [
      [() => symlinkSync("gone.flow", join(folder, "nowhere.flow")), "nowhere.flow"],
      [() => symlinkSync("loop", join(folder, "loop")), "loop"],
      [() => mkdirSync(join(folder, "some")), "some"],
      [() => spawnSync("mkfifo", [join(folder, "pipe.flow")]), "pipe.flow"],
    ] as const)
      if (from.startsWith(`./${name}`)) make();
    refused(flowc("check", "import.flow"), words);
    refused(flowc("plan", "import.flow"), words);
  });

  it("a named pipe and a device are no flow files", () => {
    spawnSync("mkfifo", [join(folder, "entry.flow")]);
    refused(flowc("check", "entry.flow"), /`entry.flow` is neither a file nor a folder/);
    refused(flowc("check", "/dev/zero"), /dev\/zero` is neither a file nor a folder/);
  });

  it("what comes by a pipe of the shell is read", () => {
    const check = `printf '${good.replaceAll("\n", "\\n")}' | '${process.execPath}' '${bin}' check /dev/stdin`;
    const { stdout, stderr } = spawnSync("sh", ["-c", check], { cwd: folder, encoding: "utf8" });
    expect(stdout + stderr).toBe("1 file, no mistakes\n");
  });
});

describe("names that objects of JavaScript have of their own", () => {
  const flow = `type Proto { constructor: string, __proto__: int, toString: string = "d" }
type Kind = "constructor" | "__proto__" | "toString"

task constructor(constructor: string, __proto__: int) -> Proto {
  env: { constructor: constructor, __proto__: "x", toString: "y" }
  run "printf '{\\"constructor\\": \\"%s%s%s\\", \\"__proto__\\": %s, \\"toString\\": \\"t\\"}' ~{constructor} $__proto__ $toString ~{__proto__} > $OUT"
}

task __proto__(kind: Kind) -> string { run "echo ~{kind}" return stdout }

task pick(of: map<int>) -> map<int> {
  run "true"
  return { "__proto__": of["__proto__"] ?? -1, constructor: of["constructor"] ?? -2 }
}

task fails(constructor: string) -> string { run "exit ~{len(constructor)}" return stdout }

flow prototype(__proto__: string[]) -> string[] {
  constructor = for word in __proto__ by word { fails(constructor: word) otherwise word }
  return constructor
}

flow main(constructor: string, __proto__: int = 5, prototypes: Kind[] = ["__proto__"], value_of: map<int> = {}) -> string {
  made = constructor(constructor: constructor, __proto__: __proto__)
  keyed = for key in ["constructor", "__proto__", "toString", "hasOwnProperty"] by key { __proto__(kind: "toString") }
  picked = pick(of: value_of)
  kinds = for kind in prototypes by kind { __proto__(kind: kind) }
  back = prototype(__proto__: ["__proto__", "constructor"])
  gate has_own { check "__proto__": made.__proto__ == 5 check "constructor": made.constructor != "" }
  return "~{made.constructor} ~{made.__proto__} ~{made.toString} ~{len(keyed)} ~{picked["__proto__"] ?? 0} ~{picked["constructor"] ?? 0} ~{join(kinds, ",")} ~{join(keys(picked), "/")} ~{join(back, "+")}"
}
`;
  const answer = "cxy 5 t 4 7 -2 __proto__,constructor __proto__/constructor __proto__+constructor\n";

  it("name tasks, parameters, fields, variables, inputs, words, keys, nodes, items of gates", () => {
    writeFileSync(join(folder, "names.flow"), flow);
    expect(flowc("check", "names.flow").text).toBe("1 file, no mistakes\n");
    const inputs = `{"constructor": "c", "prototypes": ["__proto__", "constructor"], "value_of": {"__proto__": 7}}`;
    writeFileSync(join(folder, "in.json"), inputs);
    const ran = flowc("run", "names.flow", "--inputs", "in.json", "--ui", "quiet", "--state", "names");
    expect(ran).toEqual({ code: 0, text: answer });
    const given = ["constructor=c", "__proto__=5", 'prototypes=["__proto__","constructor"]'];
    const typed = [...given, 'value_of={"__proto__":7}'].flatMap((word) => ["-i", word]);
    expect(flowc("run", "names.flow", ...typed, "--ui", "quiet", "--state", "names").text).toBe(answer);
    expect(flowc("run", "--resume", "last", "--ui", "quiet", "--state", "names").text).toContain(answer);
    const shown: unknown = JSON.parse(flowc("show", "last", "--json", "--state", "names").text);
    expect(shown).toMatchObject({
      inputs: JSON.parse(inputs.replace("{", '{"__proto__": 5, ')),
      nodes: expect.arrayContaining([
        expect.objectContaining({ node: "keyed[__proto__].__proto__", key: "__proto__" }),
      ]),
      gates: [
        expect.objectContaining({
          items: expect.arrayContaining([expect.objectContaining({ item: "__proto__", held: true })]),
        }),
      ],
    });
    for (const format of ["md", "html", "json", "junit"])
      expect(flowc("report", "last", "--format", format, "--state", "names").text).toMatch(/constructor/);
    for (const format of ["dot", "svg", "mermaid", "json"])
      expect(flowc("plan", "names.flow", "-i", "constructor=c", "--format", format).text).toMatch(/proto/);
    const logged = flowc("logs", "last", "keyed[__proto__].__proto__", "--state", "names");
    expect(logged.text).toMatch(/toString\n$/);
  }, 120_000);

  it("name variables that functions are called with, and nothing of them stays", () => {
    writeFileSync(
      join(folder, "env.mjs"),
      `const own = (name) => (Object.keys(process.env).includes(name) ? process.env[name] : "none");
export const look = () => [own("constructor"), own("__proto__"), own("toString")].join(" ");
`,
    );
    writeFileSync(
      join(folder, "env.flow"),
      `task with_them(i: int) -> string {
  env: { constructor: "c~{i}", __proto__: "p~{i}", toString: "t~{i}" }

  call "./env.mjs#look"
}

task without() -> string {
  call "./env.mjs#look"
}

flow main() -> string[] {
  first_ones = for i in range(3) { with_them(i: i) }
  others = for _i in range(len(first_ones)) { without() }
  return first_ones + others
}
`,
    );
    const { text } = flowc("run", "env.flow", "--jobs", "1", "--ui", "quiet");
    const none = "none none none";
    expect(text).toBe(`${JSON.stringify(["c0 p0 t0", "c1 p1 t1", "c2 p2 t2", none, none, none], null, 2)}\n`);
  });
});
