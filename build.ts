// The build: one bundle for the command line and one for each kind of worker thread, into `dist/`.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { FlowParser } from "./grammar/parser.ts";

const root = fileURLToPath(new URL(".", import.meta.url));
const dist = join(root, "dist");

/** What brings compiled code, or finds files beside itself: it stays a package of its own. */
const external = [
  "@photostructure/sqlite",
  "tsx",
  "piscina",
  "esbuild",
  "node:sqlite",
  "dockerode",
  "@e2b/code-interpreter",
];

/** A package that is loaded late by `createRequire(…)("name")` comes into the bundle, still loaded late. */
const lateRequires: Plugin = {
  name: "late-requires",
  setup(on) {
    on.onLoad({ filter: /[\\/](?:cli|compiler|grammar|runtime|runners)[\\/].*\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      const mended = text.replace(/createRequire\(import\.meta\.url\)\((?=")/g, "require(");
      return mended === text ? null : { contents: mended, loader: "ts" };
    });
  },
};

/**
 * Parts of Node that cost milliseconds to load and that most commands never touch: loaded at their first use.
 * Commander, for one, asks for `child_process` to start commands that are programs of their own; flowc has none.
 */
const lateBuiltIns = /\b(\w+)\s*=\s*require\("(node:(?:child_process|crypto|os|worker_threads))"\)(?!\s*\.)/g;

function loadBuiltInsLate(code: string): string {
  return code.replace(
    lateBuiltIns,
    (_, name, module) => `${name}=__flowcLate(()=>require(${JSON.stringify(module)}))`,
  );
}

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20.19",
  external,
  define: { FLOWC_BUNDLE: "true" },
  plugins: [lateRequires],
  legalComments: "external",
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: "warning",
  write: false,
};

async function text(options: BuildOptions): Promise<string> {
  const { outputFiles = [] } = await build({ ...common, ...options });
  const code = outputFiles.find((file) => /\.c?js$/.test(file.path));
  if (code === undefined) throw new Error("esbuild wrote nothing");
  return code.text;
}

/** Whole or not at all: a flowc that is started meanwhile finds the old one. */
function put(name: string, content: string): void {
  const aside = join(dist, `.${name}.${process.pid}`);
  writeFileSync(aside, content);
  renameSync(aside, join(dist, name));
}

/** An ES module that holds what was written for `require`, too. */
const requiring: BuildOptions = {
  format: "esm",
  banner: {
    js: 'import{createRequire as __flowcRequire}from"node:module";const require=__flowcRequire(import.meta.url);',
  },
};

/** Which way to go at each choice of the grammar: chevrotain's analysis, done once, here. */
const choices = { FLOWC_CHOICES: JSON.stringify(new FlowParser().choices()) };

/** What others may import, by the name of its file in `dist`: programs, and packages `flowc-runner-NAME`. */
const forOthers = {
  library:
    'export { approve, reject, run } from "./cli/library.ts"; export { FlowError } from "./cli/flow-error.ts";',
  runner:
    'export { COOKIE, cookieOf } from "./runtime/runner.ts"; export { localRunner } from "./runners/local.ts";',
  "runner-contract": 'export { runnerContract } from "./test/runner-contract.ts";',
} as const;

/** Their types; other types that these mention lie beside them. */
const typesForOthers = {
  library: `export type { AnswerOptions, Answered, RunOptions } from "./types/cli/library.js"; export type { Metrics, Run, RunEvent, RunFailure, RunResult } from "./types/cli/library-types.js"; export type { Diagnostic } from "./types/cli/flow-error.js"; ${forOthers.library}`,
  runner: `export type * from "./types/runtime/runner.js"; ${forOthers.runner}`,
  "runner-contract": `${forOthers["runner-contract"]} export type { ContractOptions } from "./test/runner-bench.ts";`,
} as const;

/** Who compiles against types has no sources beside them; those that nobody can see stay out of the package. */
function shipTypes(types: string, entries: readonly string[]): void {
  const open = entries.flatMap((text) =>
    [...text.matchAll(/from "\.\/(?:types\/)?([^"]*?)\.[jt]s"/g)].map((match) => `${match[1]}.d.ts`),
  );
  const seen = new Set(open);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const path = join(types, name);
    const text = readFileSync(path, "utf8").replaceAll(/(?<=from "\.[^"]*)\.ts(?=")/g, ".js");
    writeFileSync(path, text);
    for (const [, from = ""] of text.matchAll(/(?:from |import\()"(\.[^"]*)\.js"/g)) {
      const next = `${join(dirname(name), from)}.d.ts`;
      if (!seen.has(next)) open.push(next);
      seen.add(next);
    }
  }
  for (const name of readdirSync(types, { recursive: true, encoding: "utf8" }))
    if (name.endsWith(".ts") && !seen.has(name)) rmSync(join(types, name));
}

/** `flowc`, `flowc/runner` and `flowc/runner-contract`: code for Node, and types. */
async function libraries(): Promise<void> {
  const types = join(dist, "types");
  const tsc = join(dirname(fileURLToPath(import.meta.resolve("typescript/package.json"))), "bin", "tsc");
  const flags =
    "--ignoreConfig --noCheck --declaration --emitDeclarationOnly --target es2023 --lib es2023 --module nodenext --types node --skipLibCheck --allowImportingTsExtensions";
  const files = ["cli/library.ts", "runners/local.ts", "test/runner-contract.ts"];
  const made = spawnSync(process.execPath, [tsc, ...files, ...flags.split(" "), "--outDir", types], {
    cwd: root,
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`no types: ${made.stdout}${made.stderr}`);
  shipTypes(types, Object.values(typesForOthers));
  for (const name of ["library", "runner", "runner-contract"] as const) {
    const contents = forOthers[name];
    const code = await text({
      stdin: { contents, resolveDir: root, loader: "ts" },
      outfile: `dist/${name}.js`,
      ...(name === "library"
        ? { ...requiring, define: { ...common.define, ...choices } }
        : { format: "esm" }),
      external: [...external, "vitest"],
    });
    put(`${name}.js`, code);
    put(
      `${name}.d.ts`,
      `${typesForOthers[name].replaceAll(/"\.\/(?!types)(.*?)\.ts"/g, '"./types/$1.js"')}\n`,
    );
  }
}

async function main(): Promise<void> {
  mkdirSync(dist, { recursive: true });
  const code = await text({
    entryPoints: ["cli/main.ts"],
    outfile: "dist/flowc.cjs",
    format: "cjs",
    // A dynamic import becomes a late `require`: a script with cached code has no other way to load.
    supported: { "dynamic-import": false },
    define: {
      ...common.define,
      "import.meta.url": "__flowcUrl",
      ...choices,
    },
    banner: {
      js: [
        'const __flowcUrl=require("node:url").pathToFileURL(__filename).href;',
        "const __flowcLate=(load)=>{let found;return new Proxy({},{get:(_,key)=>(found??=load())[key]})};",
      ].join("\n"),
    },
  });
  const analysis = await text({
    ...requiring,
    entryPoints: ["runtime/analysis/worker.ts"],
    outfile: "dist/analysis-worker.js",
  });
  const calls = await text({
    ...requiring,
    entryPoints: ["runtime/calls/worker.ts"],
    outfile: "dist/call-worker.js",
  });
  put("analysis-worker.js", analysis);
  put("call-worker.js", calls);
  await libraries();
  // Run by Node it starts; run as a script by `bin/flowc.cjs` it gives the function, whose compiled code can be kept.
  const bundle =
    "((start)=>typeof module==='undefined'?start:start(exports,require,module,__filename,__dirname))" +
    `(function(exports,require,module,__filename,__dirname){${loadBuiltInsLate(code).trimEnd()}\n})`;
  // Names the compiled code that fits: V8 itself compares no more than the length.
  const id = createHash("sha256").update(bundle).digest("hex").slice(0, 16);
  put("flowc.cjs", `${bundle}\n// ${id}\n`);
  chmodSync(join(root, "bin", "flowc.cjs"), 0o755);
  // The first start of each kind compiles everything; it is better paid now than by the first user.
  rmSync(join(dist, "cache"), { recursive: true, force: true });
  const state = mkdtempSync(join(tmpdir(), "flowc-build-"));
  try {
    for (const args of [["check"], ["run", "--state", state]]) {
      const [command = "", ...flags] = args;
      const first = spawnSync(process.execPath, ["bin/flowc.cjs", command, "examples/hello.flow", ...flags], {
        cwd: root,
      });
      if (first.status !== 0) process.stderr.write(first.stderr);
    }
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

await main();
