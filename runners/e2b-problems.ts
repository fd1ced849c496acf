// What E2B's refusals mean for a run, and what a person can do about them.

import { AuthenticationError, RateLimitError, SandboxError, ServiceBusyError } from "@e2b/code-interpreter";
import type { NoInstance } from "../runtime/runner.ts";
import { type E2bSettings, whereOf } from "./e2b-settings.ts";

export function statusOf(error: unknown): number {
  return error instanceof SandboxError && "statusCode" in error ? Number(error.statusCode) : 0;
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return `${error.message}${code}`;
}

/** A sandbox cannot do what it was asked to. `lost`: another one may; `refused`: none of this template's. */
export class Trouble extends Error {
  readonly problem: "refused" | "lost";

  constructor(problem: "refused" | "lost", message: string) {
    super(message);
    this.problem = problem;
  }
}

/** A template without a program that flowc needs there. */
export function lacking(program: string): string {
  return `The sandbox's template has no program \`${program}\`, which flowc needs there. Install it in the template, or take another one.`;
}

/** What a sandbox's own limits may have to do with a failure; null: nothing that is seen in what was printed last. */
export function hintOf(without: string, lastWords: string, template: string): string | null {
  if (without === "memory")
    return `Its sandbox had no memory left for it: the template \`${template}\` was built with too little (\`e2b template create --memory-mb …\`).`;
  if (without === "disk" || /no space left on device|ENOSPC/i.test(lastWords))
    return `Its sandbox's disk is full: that comes with the template \`${template}\` and the account.`;
  return null;
}

/** Creations are counted by the second. */
const nextSecondMs = 1_000;

/**
 * Why a sandbox cannot be had; null: nobody answered, so that one may have been made. `reached`: somebody has answered
 * there before, and will again.
 */
export function problemOf(
  error: unknown,
  { template, account }: E2bSettings,
  reached: boolean,
): NoInstance | null {
  const message = messageOf(error);
  if (error instanceof AuthenticationError)
    return refused(
      `E2B does not know the key that the runner was given: ${message}\nIs it still valid? Keys are made at https://e2b.dev/dashboard?tab=keys`,
    );
  if (error instanceof RateLimitError) {
    const bound = /maximum number of concurrent[^(]*\((\d+)\)/i.exec(message)?.[1];
    if (bound === "0") return refused(`This E2B account may have no sandbox at all: ${message}`);
    if (bound !== undefined)
      return {
        problem: "busy",
        message: `This E2B account may have ${bound} sandboxes at one time, and has them.`,
        afterMs: null,
      };
    return { problem: "busy", message: "E2B makes no more sandboxes in this second.", afterMs: nextSecondMs };
  }
  if (error instanceof ServiceBusyError)
    return { problem: "busy", message: `E2B is busy: ${message}`, afterMs: null };
  const status = statusOf(error);
  if (status === 404)
    return refused(
      `E2B has no template \`${template}\` for this account: ${message}\nSee which there are: e2b template list`,
    );
  if (/timeout/i.test(message) && status === 400)
    return refused(
      `E2B gives this account no sandbox that lives so long: ${message}\nSay a shorter \`life\` in the runner's settings: flowc prolongs it while it is in use.`,
    );
  if (status === 403) return refused(`E2B refuses a sandbox of \`${template}\` with this key: ${message}`);
  if (status >= 400 && status < 500) return refused(`E2B refuses a sandbox of \`${template}\`: ${message}`);
  if (status >= 500)
    return { problem: "lost", message: `E2B could not make a sandbox of \`${template}\`: ${message}` };
  if (/ENOTFOUND|ECONNREFUSED|EAI_AGAIN/.test(message)) {
    const nobody = `E2B does not answer at ${whereOf(account)}: ${message}`;
    return reached
      ? { problem: "lost", message: nobody }
      : refused(
          `${nobody}\nIs this machine online? Another E2B than that is named by \`domain\` or \`api_url\`.`,
        );
  }
  return null;
}

export const noKey = refused(
  'There is no key for E2B. Name it as a secret in the runner\'s settings, `api_key: secret("E2B_API_KEY")`, and set it: export E2B_API_KEY=…',
);

export function refused(message: string): NoInstance {
  return { problem: "refused", message };
}
