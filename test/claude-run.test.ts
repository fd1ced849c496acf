// Whole runs with the real Claude Code against a stub of its API: what a person sees, in which session it worked, what it cost.

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { claudePath, hasClaude } from "./claude-cli.ts";
import { steady } from "./cli/session.ts";
import type { Request } from "./messages-served.ts";
import { type MessagesOptions, type MessagesServer, startMessages } from "./messages-server.ts";
import { type Started, start } from "./program.ts";

const screens = fileURLToPath(new URL("./agents/screens", import.meta.url));

interface Case {
  /** Of the agent, as they stand in the flow. */
  readonly settings?: string;
  /** Of the task. */
  readonly more?: string;
  readonly prompt: string;
  readonly server?: MessagesOptions;
  readonly files?: Readonly<Record<string, string>>;
  /** In place of the flow that asks once. */
  readonly flow?: string;
  /** The first run is ended by KILL when it asks for so many requests, and goes on. */
  readonly killAfter?: number;
  /** It is started without a key. */
  readonly keyless?: boolean;
  /** Its folder is a repository of git, in which all is committed. */
  readonly repository?: boolean;
  /** Commands that follow the run, which does not wait for a person then. */
  readonly follow?: readonly (readonly string[])[];
  /** In how many sessions the model was asked; null: that depends on the machine. */
  readonly sessions: number | null;
  /** A stream that broke costs, and nobody is told what. */
  readonly rough?: boolean;
}

const good = 'ANSWER {"approved":true,"findings":[]}';

const cases: Readonly<Record<string, Case>> = {
  answer: { prompt: good, sessions: 1 },
  "answer-sent-back": { prompt: `SAY I would rather not.\nNEXT\n${good}`, sessions: 1 },
  "answer-none": { prompt: "SAY I would rather not.", sessions: 1 },
  "retry-in-its-session": {
    prompt: `BASH true\nBASH true\nBASH true\nNEXT\n${good}`,
    settings: 'max_turns: 2, allowed_tools: ["Bash"]',
    more: "retry: 1",
    sessions: 1,
  },
  "session-of-another": {
    prompt: good,
    flow: `task more(before: Review) -> Review { agent: coder, ask "And now, after ~{before.approved}?\\nANSWER {\\"approved\\":false,\\"findings\\":[\\"b\\"]}" }
flow main(prompt: string) -> Review {
  first = review(prompt)
  return more(first) with { session: first }
}`,
    sessions: 1,
  },
  "killed-and-resumed": {
    prompt: `BASH true\nWAIT 600000\nBASH true\nNEXT\n${good}`,
    settings: 'allowed_tools: ["Bash"]',
    killAfter: 2,
    sessions: 1,
    rough: true,
  },
  "answer-wrong": { prompt: 'ANSWER {"approved":"maybe","findings":[]}\n'.repeat(9), sessions: 1 },
  "key-missing": { prompt: good, keyless: true, sessions: 0 },
  "key-wrong": { prompt: good, server: { keys: ["another"] }, sessions: 1 },
  "model-unknown": { prompt: good, settings: 'model: "gpt-9"', server: { models: ["sonnet"] }, sessions: 1 },
  "limit-storm": { prompt: `FAIL 429 3 1\nNEXT\n${good}`, sessions: 1 },
  "schema-refused": {
    prompt: "FAIL 400 1 0 tools.3.custom.input_schema: JSON schema is invalid",
    sessions: 1,
  },
  overloaded: { prompt: `FAIL 529 3\nNEXT\n${good}`, sessions: 1 },
  "server-error": { prompt: `FAIL 500 3\nNEXT\n${good}`, sessions: 1 },
  "stream-cut": { prompt: `CUT 1\n${good}`, sessions: 1, rough: true },
  "prompt-too-long": {
    prompt: `${"word ".repeat(20_000)}\n${good}`,
    server: { context: 20_000 },
    sessions: 1,
  },
  "never-ends": { prompt: `HANG 1\nNEXT\n${good}`, more: "stall: 12s", sessions: 1, rough: true },
  "never-ends-in-time": {
    prompt: `BASH true\nWAIT 600000\n${good}`,
    settings: 'allowed_tools: ["Bash"]',
    more: "timeout: 15s",
    sessions: 1,
    rough: true,
  },
  "eats-memory": {
    prompt: `WAIT 60000\n${good}`,
    more: "needs: { memory: 50MB }",
    sessions: null,
    rough: true,
  },
  "writes-outside": {
    prompt: `WRITE stray.txt x\n${good}`,
    more: 'writes: ["reviews/**"]',
    sessions: 1,
  },
  "writes-outside-its-worktree": {
    prompt: `WRITE stray.txt x\n${good}`,
    more: 'writes: ["reviews/**"], workspace: worktree(branch: "review", into: "next")',
    repository: true,
    sessions: 1,
  },
  "budget-spent": {
    prompt: `USAGE 100000 10000\nBASH true\nNEXT\nUSAGE 1000 100\n${good}`,
    settings: 'allowed_tools: ["Bash"]',
    more: "budget: 0.40USD",
    follow: [
      ["approve", "last", "review", "--by", "1USD", "--as", "ada"],
      ["run", "--resume", "last"],
    ],
    sessions: 1,
  },
  "program-absent": { prompt: good, settings: 'path: "no-such-claude"', sessions: 0 },
  denied: { prompt: `TOOL WebFetch {"url":"http://localhost/","prompt":"read"}\n${good}`, sessions: 1 },
  "command-unknown": { prompt: "/create-spec shop", sessions: 0 },
  "command-of-the-project": {
    prompt: "/create-spec shop",
    settings: "project_settings: true",
    files: { ".claude/commands/create-spec.md": `Write a specification for $ARGUMENTS.\n${good}\n` },
    sessions: 1,
  },
};

class Project {
  private readonly folder = realpathSync(mkdtempSync(join(tmpdir(), "flowc-claude-run-")));
  readonly root = join(this.folder, "project");
  private readonly env: Readonly<Record<string, string>>;
  private readonly given: Case;
  private readonly server: MessagesServer;

  constructor(given: Case, server: MessagesServer) {
    this.given = given;
    this.server = server;
    const home = join(this.folder, "home");
    mkdirSync(home);
    mkdirSync(this.root);
    const path = process.env["PATH"] ?? "";
    this.env = {
      HOME: home,
      PATH: claudePath.includes("/") ? `${dirname(claudePath)}:${path}` : path,
      ANTHROPIC_API_KEY: "a-key",
    };
    this.put("main.flow", flowOf(given, server.url));
    this.put("prompt.txt", given.prompt);
    for (const [name, text] of Object.entries(given.files ?? {})) this.put(name, text);
    if (given.repository === true) repository(this.root);
  }

  private put(name: string, text: string): void {
    const path = join(this.root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  /** What a person sees. */
  async screen(): Promise<string> {
    const { killAfter, follow = [] } = this.given;
    const wait = follow.length > 0 ? ["--no-wait"] : [];
    const first = this.start(["run", "main.flow", "--input", "prompt=@prompt.txt", ...wait]);
    let text = "$ flowc run main.flow\n";
    if (killAfter !== undefined) {
      await expect.poll(() => this.server.requests.length, { timeout: 60_000 }).toBe(killAfter);
      first.process.kill("SIGKILL");
      await first.ended;
      text += `${await printed(this.start(["run", "--resume", "last"]))}`;
    } else text += await printed(first);
    for (const args of follow) text += `$ flowc ${args.join(" ")}\n${await printed(this.start(args))}`;
    const screen = sure(text);
    // It may be ended before it has said a word.
    return this.given.sessions === null ? screen.replace(/(?<=^ {2}log: .*)\.(?:out|err)$/gm, "") : screen;
  }

  /** In dollars, of all attempts. */
  cost(): number {
    const { stdout } = spawnSync(
      "sqlite3",
      [join(this.root, ".flowc", "journal.db"), "select coalesce(sum(cost), 0) from attempts"],
      { encoding: "utf8" },
    );
    return Number(stdout);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private start(args: readonly string[]): Started {
    return start(args, { cwd: this.root, env: this.env });
  }
}

/** How long it takes, and how much it needs, is the matter of the machine and of Claude Code. */
function sure(text: string): string {
  return steady(text.replace(/^.* · \d+ of \d+ done, .*\n/gm, ""))
    .replace(/\b127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
    .replace(/(?<=It used )[\d.]+[MG]B/g, "SIZE")
    .replace(/(?<=agents used ).*$/gm, "COST");
}

function repository(root: string): void {
  writeFileSync(join(root, ".gitignore"), ".flowc/\n");
  const all = [
    "init -q -b main",
    "config user.name Ada",
    "config user.email ada@example.com",
    "add .",
    "commit -qm first",
  ];
  for (const args of all) spawnSync("git", args.split(" "), { cwd: root });
}

/** Of a command that ends with what to do next, that stands last; a run tells what came of it after all else. */
async function printed({ ended }: Started): Promise<string> {
  const { code, stdout, stderr } = await ended;
  const all = stderr.startsWith("next: ") ? [stdout, stderr] : [stderr, stdout];
  return `${all.join("")}exit ${code}\n`;
}

function flowOf({ settings = "", more = "", flow, keyless }: Case, url: string): string {
  const key = keyless === true ? "" : 'ANTHROPIC_API_KEY: secret("ANTHROPIC_API_KEY"), ';
  const model = settings.includes("model:") ? "" : `model: "sonnet"${settings === "" ? "" : ", "}`;
  return `type Review {
  approved: bool
  findings: string[]
}

agent coder {
  claude: { ${model}${settings} }
  env: { ${key}ANTHROPIC_BASE_URL: "${url}" }
}

task review(prompt: string) -> Review {
  agent: coder
  ${more}
  ask "~{prompt}"
}

${flow ?? "flow main(prompt: string) -> Review { return review(prompt) }"}
`;
}

function sessionsOf(requests: readonly Request[]): number {
  return new Set(requests.map(({ user }) => JSON.parse(user)["session_id"])).size;
}

function expected(name: string, actual: string): string {
  const file = join(screens, `${name}.expected`);
  if (process.env["BLESS"] === "1") writeFileSync(file, actual);
  return existsSync(file) ? readFileSync(file, "utf8") : `${file} is missing: npm test -- --bless writes it`;
}

describe("a run with Claude Code", () => {
  it.each(Object.entries(cases))("%s", { timeout: 120_000, skip: !hasClaude }, async (name, given) => {
    const server = await startMessages(given.server);
    const project = new Project(given, server);
    try {
      const screen = await project.screen();
      expect(screen).toBe(expected(name, screen));
      if (given.sessions !== null) expect(sessionsOf(server.requests)).toBe(given.sessions);
      if (given.rough !== true) expect(project.cost()).toBeCloseTo(server.totals().cost, 2);
    } finally {
      project.close();
      await server.close();
    }
  });
});
