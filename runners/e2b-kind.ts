// What can be told of the kind `e2b` without an account: its settings, and what each kind of account allows.

import type { KindFacts, Quota } from "../runtime/runner.ts";

/** Sandboxes at one time, and made in a second. */
const accounts: Readonly<Record<string, Quota>> = {
  hobby: { instances: 20, perSecond: 1 },
  pro: { instances: 100, perSecond: 5 },
};

export const e2bKind: KindFacts = {
  kind: "e2b",
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      template: { type: "string", minLength: 1, examples: ["base"] },
      api_key: { type: "string", minLength: 1, "x-flowc": "secret", examples: ["E2B_API_KEY"] },
      account: {
        description: "How many sandboxes there may be at one time, and how many are made in a second.",
        anyOf: [
          { enum: ["hobby", "pro"] },
          {
            type: "object",
            properties: {
              instances: { type: "integer", minimum: 1 },
              per_second: { type: "number", exclusiveMinimum: 0 },
            },
            required: ["instances", "per_second"],
            additionalProperties: false,
          },
        ],
        default: "hobby",
        examples: ["pro"],
      },
      user: {
        type: "string",
        minLength: 1,
        description: "Who runs its commands. Without it the template's own.",
        examples: ["root"],
      },
      life: {
        type: "integer",
        minimum: 60,
        "x-flowc": "duration",
        description:
          "A sandbox that flowc does not need any more, or cannot reach, ends after so long. 5m by default.",
        examples: [600],
      },
      network: {
        type: "boolean",
        description: "May it reach the internet? True by default.",
        examples: [false],
      },
      domain: { type: "string", minLength: 1, description: "Of your own E2B.", examples: ["e2b.example"] },
      api_url: {
        type: "string",
        minLength: 1,
        description: "Where sandboxes are made, when the domain does not say it.",
        examples: ["https://api.e2b.example"],
      },
      sandbox_url: {
        type: "string",
        minLength: 1,
        description: "Where sandboxes are reached, when the domain does not say it.",
        examples: ["https://sandbox.e2b.example"],
      },
    },
    required: ["template"],
    additionalProperties: false,
  },
  quota: ({ account }) => {
    if (
      typeof account === "object" &&
      account !== null &&
      "instances" in account &&
      "per_second" in account
    ) {
      const { instances, per_second: perSecond } = account;
      if (typeof instances === "number" && typeof perSecond === "number") return { instances, perSecond };
    }
    const named = typeof account === "string" && Object.hasOwn(accounts, account) ? accounts[account] : null;
    return named ?? { instances: 20, perSecond: 1 };
  },
};
