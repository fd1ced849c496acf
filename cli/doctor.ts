// `flowc doctor`: what is there that flows may need, what is missing, and how to get it. Looks, and changes nothing.

import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { builtInAgents } from "../runners/agent-registry.ts";
import { connectionOf } from "../runners/docker-connection.ts";
import { openDatabase, text } from "../runtime/sqlite.ts";
import { painter } from "./render/color.ts";
import { pad, textWidth, visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { exits } from "./stop.ts";
import type { World } from "./world.ts";

interface Finding {
  readonly name: string;
  /** Null: it is not there, or does not work. */
  readonly found: string | null;
  readonly serves: string;
  /** Of what is missing: how to get it. */
  readonly how: string | null;
  /** Without it nothing runs at all. */
  readonly needed: boolean;
}

/** Who does not say its version within this time is there, and that is all that is known. */
const askMs = 5000;

export async function doctor(request: RequestOf<"doctor">, world: World): Promise<number> {
  const findings = await Promise.all([
    node(),
    sqlite(),
    program("git", "git", "`workspace: worktree(…)`", gitHow, world),
    docker(world),
    e2b(world),
    ...agents(world),
  ]);
  const bad = findings.some(({ found, needed }) => needed && found === null);
  if (request.json) {
    const rows = findings.map(({ name, found, serves, how }) => ({ name, found, serves, how }));
    world.out.write(`${JSON.stringify({ version: 1, flowc: world.version, findings: rows }, null, 2)}\n`);
  } else world.out.write(`${drawn(findings, world).join("\n")}\n`);
  return bad ? exits.failed : exits.well;
}

function drawn(findings: readonly Finding[], world: World): readonly string[] {
  const paint = painter(world.out.color);
  const width = Math.max(...findings.map(({ name }) => name.length));
  const shown = findings.map(({ found }) => visible(found ?? "not there"));
  const wide = Math.max(...shown.map(textWidth));
  return [
    `flowc ${world.version}`,
    ...findings.flatMap(({ name, found, serves, how }, i) => {
      const sign = found === null ? paint("warning", "·") : paint("good", "✓");
      const line = `${sign} ${name.padEnd(width)}  ${pad(shown[i] ?? "", wide)}  ${paint("dim", `for ${serves}`)}`;
      return found === null && how !== null ? [line, `${" ".repeat(width + 4)}${visible(how)}`] : [line];
    }),
  ];
}

async function node(): Promise<Finding> {
  return { name: "node", found: process.version, serves: "flowc itself", how: null, needed: true };
}

async function sqlite(): Promise<Finding> {
  const row = { name: "sqlite", serves: "all that is kept of runs", needed: true };
  try {
    const database = await openDatabase(":memory:");
    try {
      const version = text(database.prepare("SELECT sqlite_version() AS version").get() ?? {}, "version");
      return { ...row, found: version, how: null };
    } finally {
      database.close();
    }
  } catch (error) {
    return { ...row, found: null, how: messageOf(error) };
  }
}

const gitHow = "Install it with your system's packages: `apt-get install git`, `brew install git`.";

async function docker(world: World): Promise<Finding> {
  const row = { name: "docker", serves: "runners of kind `docker`", needed: false };
  try {
    const { docker, where } = connectionOf(world.env);
    const answer = await within(docker.version());
    if (answer === null) throw new Error(`it does not answer at ${where}`);
    return { ...row, found: `${answer.Version} at ${where}`, how: null };
  } catch (error) {
    const why = messageOf(error).replace(/\.$/, "");
    const how = `No engine answers (${why}): start one, or say where it is: export DOCKER_HOST=…`;
    return { ...row, found: null, how };
  }
}

async function e2b({ env }: World): Promise<Finding> {
  const there = (env["E2B_API_KEY"] ?? "") !== "";
  return {
    name: "e2b",
    found: there ? "E2B_API_KEY is set" : null,
    serves: "runners of kind `e2b`",
    how: there ? null : "Get a key at https://e2b.dev and export E2B_API_KEY=…",
    needed: false,
  };
}

/** Kinds of agents that are a program of that name. */
function agents(world: World): readonly Promise<Finding>[] {
  return builtInAgents.flatMap(({ facts: { kind, install } }) =>
    kind === "command" ? [] : [program(kind, kind, `agents of kind \`${kind}\``, install, world)],
  );
}

async function program(
  name: string,
  command: string,
  serves: string,
  how: string,
  world: World,
): Promise<Finding> {
  const path = pathOf(command, world);
  if (path === null) return { name, found: null, serves, how, needed: false };
  const version = await versionOf(path, world);
  return {
    name,
    found: `${version ?? "does not tell its version"}, ${path}`,
    serves,
    how: null,
    needed: false,
  };
}

function pathOf(command: string, { env }: World): string | null {
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, command);
    try {
      accessSync(path, constants.X_OK);
      if (folder !== "" && statSync(path).isFile()) return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

/** The number in the first line of what `--version` prints. */
async function versionOf(path: string, { env }: World): Promise<string | null> {
  const said = await new Promise<string>((resolve) => {
    const child = spawn(path, ["--version"], {
      env: { ...env },
      stdio: ["ignore", "pipe", "ignore"],
      timeout: askMs,
    });
    let out = "";
    child.stdout.on("data", (piece: Buffer) => {
      if (out.length < 1000) out += piece.toString("utf8");
    });
    child.once("error", () => resolve(""));
    child.once("close", (code) => resolve(code === 0 ? out : ""));
  });
  const [first = ""] = said.trim().split("\n");
  return /\d+(?:\.\d+)+[\w.+-]*/.exec(first)?.[0] ?? (first === "" ? null : first.slice(0, 40));
}

async function within<T>(work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | null = null;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), askMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
