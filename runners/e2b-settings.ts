// The settings of `e2b { … }`, and how the account that they mean is reached.

import type { RunnerSettings } from "../runtime/runner.ts";

/** How the control plane of an account is reached: given to each call, never through the environment. */
export interface Account {
  readonly apiKey: string;
  readonly debug: false;
  readonly apiUrl?: string;
  readonly sandboxUrl?: string;
  readonly domain?: string;
}

/** For messages. */
export function whereOf({ apiUrl, domain }: Account): string {
  return apiUrl ?? `https://api.${domain ?? "e2b.app"}`;
}

/** What an `e2b` runner may be told. */
export interface E2bSettings {
  readonly template: string;
  readonly account: Account;
  /** Null: the template's own. */
  readonly user: string | null;
  /** A sandbox that nobody uses any more ends after so long. */
  readonly lifeMs: number;
  readonly internet: boolean;
}

const lifeSeconds = 300;

/** They are valid by the schema. `env`: where a key may stand that the settings do not name. */
export function settingsOf(
  given: RunnerSettings,
  env: Readonly<Record<string, string | undefined>>,
): E2bSettings {
  const text = (name: string): string | null => {
    const value = given[name];
    return typeof value === "string" && value !== "" ? value : null;
  };
  const either = (name: string, variable: string): string | null => text(name) ?? (env[variable] || null);
  const apiUrl = either("api_url", "E2B_API_URL");
  const sandboxUrl = either("sandbox_url", "E2B_SANDBOX_URL");
  const domain = either("domain", "E2B_DOMAIN");
  const life = given["life"];
  return {
    template: text("template") ?? "",
    account: {
      apiKey: either("api_key", "E2B_API_KEY") ?? "",
      // In the environment it makes the client believe in a sandbox that is not there.
      debug: false,
      ...(apiUrl === null ? {} : { apiUrl }),
      ...(sandboxUrl === null ? {} : { sandboxUrl }),
      ...(domain === null ? {} : { domain }),
    },
    user: text("user"),
    lifeMs: (typeof life === "number" ? life : lifeSeconds) * 1000,
    internet: given["network"] !== false,
  };
}
