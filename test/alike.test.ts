// The same flow gives the same answer on this machine, in containers and in sandboxes: the examples, and flows that go through the language.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { E2bServer } from "./e2b-server.ts";
import { isolates } from "./e2b-server-sandbox.ts";
import { hasNodeImage, nodeImage } from "./node-image.ts";
import { flowc, root } from "./program.ts";

interface Case {
  /** A flow, or a folder and a flow in it, with `/`. */
  readonly flow: string;
  readonly inputs?: readonly string[];
  /** Its commands hand each other files that are no answers: all of them share one instance. */
  readonly shares?: boolean;
}

const cases: readonly Case[] = [
  { flow: "test/alike/values.flow" },
  { flow: "test/alike/files.flow" },
  { flow: "test/alike/turns.flow" },
  { flow: "examples/hello.flow", inputs: ["name=O'Neill $(id)"] },
  { flow: "examples/matrix.flow" },
  { flow: "examples/late-list.flow" },
  { flow: "examples/order.flow" },
  { flow: "examples/failure.flow" },
  { flow: "examples/early.flow" },
  { flow: "examples/choice.flow" },
  { flow: "examples/rollback.flow", shares: true },
  { flow: "examples/rollback.flow", inputs: ["version=2"], shares: true },
];

/** Of these no command runs in a place: functions and agents run in flowc, or they have tests of their own for each. */
const elsewhere = [
  ...["lockfile-audit", "modules", "own-agent", "package-fleet", "parallel-streams", "runner-copy"],
  ...["staged-delivery", "tickets"],
];

const server = isolates ? await E2bServer.start() : null;
const folder = mkdtempSync(join(tmpdir(), "flowc-alike-"));
afterAll(async () => {
  expect(server?.sandboxes.length ?? 0).toBe(0);
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** With a runner of all kinds, which each task that has a command names. */
function placed(text: string, shares: boolean): string {
  const url = server?.url ?? "";
  const tasks = text.split(/^(?=task )/m).map((block) => {
    const end = block.indexOf("\n}\n");
    if (!/^ {2}run /m.test(block.slice(0, end))) return block;
    return block.replace(/ \{\n(?! {2}\w+: \w+\n *\})/, " {\n  runner: somewhere\n");
  });
  return `${tasks.join("")}
runner somewhere {
  local:  {}
  docker: { image: "${nodeImage}" }
  e2b:    { template: "base", api_key: secret("E2B_API_KEY"), api_url: "${url}", sandbox_url: "${url}" }

  instances: ${shares ? 1 : 4}
  spawn:     100 per 1s
  reuse:     100
}
`;
}

async function answerOn(kind: string, { flow, inputs = [], shares = false }: Case): Promise<object> {
  const home = mkdtempSync(join(folder, `${kind}-`));
  const path = join(home, flow.split("/").at(-1) ?? "");
  if (flow.startsWith("test/")) cpSync(join(root, "test/alike"), home, { recursive: true });
  writeFileSync(path, placed(readFileSync(join(root, flow), "utf8"), shares));
  const given = inputs.flatMap((input) => ["--input", input]);
  const env = { E2B_API_KEY: "key" };
  const ended = await flowc(["run", path, "--on", kind, ...given, "--json"], { cwd: home, env });
  expect(ended.code, ended.stderr).toBe(0);
  const { status, output, nodes } = JSON.parse(ended.stdout);
  const ends = nodes.map((node: { id: string; status: string }) => `${node.id} ${node.status}`).sort();
  const runners = new Set(nodes.map((node: { runner?: string }) => node.runner));
  return { status, output, ends, runners: [...runners] };
}

describe("the same answer everywhere", async () => {
  const kinds = [...((await hasNodeImage()) ? ["docker"] : []), ...(server === null ? [] : ["e2b"])];
  for (const one of cases)
    it(`${one.flow} ${one.inputs ?? ""}: local ${kinds.join(" ")}`, {
      skip: kinds.length === 0,
      timeout: 120_000,
    }, async () => {
      const [here, ...others] = await Promise.all(["local", ...kinds].map((kind) => answerOn(kind, one)));
      for (const other of others) expect(other).toEqual(here);
      expect(here).toMatchObject({ status: "succeeded" });
    });

  it("is asked of every example that runs commands", () => {
    const names = readdirSync(join(root, "examples"));
    const asked = cases.map(({ flow }) => flow.replace("examples/", ""));
    expect(names.filter((name) => !asked.includes(name)).sort()).toEqual(elsewhere);
    expect(names.filter((name) => statSync(join(root, "examples", name)).isFile())).not.toEqual([]);
  });
});
