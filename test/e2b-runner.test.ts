// The E2B runner against the contract of all runners: on the test server, and on the real cloud where a key is given.

import { Sandbox } from "@e2b/code-interpreter";
import { afterAll, describe, expect } from "vitest";
import { e2bRunner } from "../runners/e2b.ts";
import { E2bServer } from "./e2b-server.ts";
import { isolates } from "./e2b-server-sandbox.ts";
import type { ContractOptions } from "./runner-bench.ts";
import { runnerContract } from "./runner-contract.ts";

type Account = Parameters<typeof Sandbox.connect>[1];

function contract(settings: ContractOptions["settings"], account: Account, user: string): ContractOptions {
  return {
    open: async () => e2bRunner({ graceMs: 300, env: {} }),
    settings,
    endsDaemons: true,
    adds: { HOME: `/home/${user}`, USER: user },
    alive: async (pid, ref) => {
      const box = await Sandbox.connect(ref, account).catch(() => null);
      const asked = `grep -q ') [^ZX]' /proc/${Number(pid)}/stat`;
      return (
        (await box?.commands.run(asked).then(
          () => true,
          () => false,
        )) ?? false
      );
    },
  };
}

describe("on the test server", { skip: !isolates }, async () => {
  const server = await E2bServer.start();
  afterAll(async () => {
    expect(server.sandboxes.length).toBe(0);
    await server.close();
  });
  const urls = { apiKey: "key", apiUrl: server.url, sandboxUrl: server.url };
  runnerContract("e2b", {
    ...contract(
      { template: "base", api_key: "key", api_url: server.url, sandbox_url: server.url },
      urls,
      "user",
    ),
  });
});

// Only who has a key has an account to be charged: nobody else is told of a test that is skipped.
const key = process.env["FLOWC_E2B_API_KEY"] ?? "";
if (key !== "")
  describe("in the cloud", () =>
    runnerContract("e2b", contract({ template: "base", api_key: key }, { apiKey: key }, "user")));
