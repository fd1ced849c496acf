// What the benches of Claude Code share: the stub of its API in a process of its own, and the environment of a run.

import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { claudePath } from "../claude-cli.ts";
import type { Request } from "../messages-served.ts";
import { root } from "../program.ts";

export async function startStub(): Promise<{ readonly url: string; close(): void }> {
  const stub = spawn(process.execPath, ["--import", "tsx", join(root, "test/messages-server-main.ts")], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: stub.stdout });
  const url = await new Promise<string>((resolve) => lines.once("line", resolve));
  return { url, close: () => stub.kill() };
}

/** With Claude Code on the PATH, and a home in which nobody has logged in. */
export function claudeEnv(home: string): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  return {
    ...process.env,
    PATH: claudePath.includes("/") ? `${dirname(claudePath)}:${PATH}` : PATH,
    HOME: home,
    ANTHROPIC_API_KEY: "a-key",
  };
}

/** All that the stub has served. */
export async function requestsOf(url: string): Promise<readonly Request[]> {
  return JSON.parse(await (await fetch(`${url}/stub/requests`)).text());
}
