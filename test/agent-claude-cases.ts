// What Claude Code is asked in tests, and what then goes wrong: each case is a prompt that is a program of the stub.

import type { JsonSchema } from "../runtime/runner.ts";
import type { Asked } from "./agent-recordings.ts";
import type { MessagesOptions } from "./messages-server.ts";

export interface ClaudeCase extends Partial<Asked> {
  readonly prompt: string;
  readonly server?: MessagesOptions;
  /** More of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** It is ended by SIGTERM when it prints this. */
  readonly stopAt?: string;
  /** What it is asked before, in the same session. */
  readonly earlier?: string;
  /** What it has used is not told to the cent: a stream that broke, a process that was ended. */
  readonly rough?: boolean;
}

const number: JsonSchema = {
  type: "object",
  properties: { n: { type: "integer" } },
  required: ["n"],
  additionalProperties: false,
};
/** As flowc makes them of a type. */
const ofType: JsonSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: { review: { $ref: "#/$defs/Review" } },
  required: ["review"],
  $defs: {
    Review: {
      title: "Review",
      type: "object",
      properties: {
        approved: { type: "boolean", description: "Is it good?" },
        n: { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
        kind: { enum: ["bug", "style"] },
        more: { anyOf: [{ $ref: "#/$defs/Review" }, { type: "null" }] },
      },
      required: ["approved"],
    },
  },
};
const settings = { model: "sonnet" };
const wrong = 'ANSWER {"n":"x"}\n'.repeat(6);

export const claudeCases: Readonly<Record<string, ClaudeCase>> = {
  words: {
    prompt: "USAGE 1000 200\nWRITE a.txt hello\nUSAGE 1000 200 500 300\nSAY all is good",
    settings,
  },
  answer: {
    prompt: 'BASH echo hi\nANSWER {"n":1}',
    settings: { ...settings, allowed_tools: ["Bash"] },
    schema: number,
  },
  "answer-of-a-type": {
    prompt: 'ANSWER {"review":{"approved":true,"n":3,"kind":"bug","more":null}}',
    settings,
    schema: ofType,
  },
  "answer-wrong-once": { prompt: 'ANSWER {"n":"x"}\nANSWER {"n":2}', settings, schema: number },
  "answer-wrong-always": { prompt: wrong, settings, schema: number },
  "answer-none": { prompt: "SAY I will not", settings, schema: number },
  "schema-unreadable": {
    prompt: "SAY x",
    settings,
    schema: { type: "object", properties: { n: { $ref: "#/$defs/nowhere" } } },
  },
  "schema-refused": { prompt: "FAIL 400 0 0 tools.0.input_schema: not supported", settings, schema: number },
  denied: {
    prompt: 'BASH curl example.org\nANSWER {"n":1}',
    settings: { ...settings, permission_mode: "dontAsk" },
    schema: number,
  },
  "denied-ignored": {
    prompt: 'BASH curl example.org\nANSWER {"n":1}',
    settings: { ...settings, permission_mode: "dontAsk", denials: "ignore" },
    schema: number,
  },
  turns: {
    prompt: "BASH echo 1\nBASH echo 2\nBASH echo 3",
    settings: { ...settings, allowed_tools: ["Bash"], max_turns: 2 },
  },
  budget: {
    prompt: "USAGE 100000 20000\nBASH echo 1\nBASH echo 2",
    settings: { ...settings, allowed_tools: ["Bash"] },
    budget: 0.5,
  },
  "command-unknown": { prompt: "/create-spec for a shop", settings },
  "key-wrong": { prompt: "SAY x", settings, server: { keys: ["another"] } },
  "key-missing": { prompt: "SAY x", settings, env: { ANTHROPIC_API_KEY: "" } },
  "model-unknown": { prompt: "SAY x", settings: { model: "gpt-9" }, server: { models: ["sonnet"] } },
  "prompt-too-long": { prompt: `${"word ".repeat(20_000)}\nSAY x`, settings, server: { context: 20_000 } },
  "limit-once": { prompt: "FAIL 429 1 1\nSAY x", settings },
  "limit-storm": { prompt: "FAIL 429 0 1\nSAY x", settings },
  overloaded: { prompt: "FAIL 529 0\nSAY x", settings },
  "server-error": { prompt: "FAIL 500 0\nSAY x", settings },
  "stream-cut": { prompt: "CUT 1\nSAY whole", settings, rough: true },
  "connection-dropped": { prompt: "DROP 0\nSAY x", settings },
  "nobody-there": { prompt: "SAY x", settings, env: { ANTHROPIC_BASE_URL: "http://127.0.0.1:9" } },
  "session-unknown": { prompt: "SAY x", settings, resumes: true },
  "session-in-use": { prompt: "SAY x", settings, earlier: "SAY before" },
  "session-goes-on": { prompt: "and then\nSAY more", settings, earlier: "SAY before", resumes: true },
  "ended-from-outside": {
    prompt: "USAGE 1000 200\nBASH echo hi\nUSAGE 2000 300\nBASH sleep 60",
    settings: { ...settings, allowed_tools: ["Bash"] },
    stopAt: "sleep 60",
    rough: true,
  },
  "root-and-bypass": { prompt: "SAY x", settings: { ...settings, permission_mode: "bypassPermissions" } },
};
