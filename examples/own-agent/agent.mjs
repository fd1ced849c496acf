#!/usr/bin/env node
// An agent for any chat API: it sends its prompt, keeps the session in a file, and gives the model's words as its answer.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";

const { API_URL, API_KEY, MODEL, SESSIONS, FLOWC_SESSION, FLOWC_RESUME, FLOWC_SCHEMA } = process.env;
const say = (event) => console.log(JSON.stringify(event));
const end = (event) => {
  say(event);
  process.exit(event.type === "answer" ? 0 : 1);
};

const file = `${SESSIONS}/${FLOWC_SESSION}.json`;
if (FLOWC_RESUME && !existsSync(file)) end({ type: "failed", why: "session", message: `${file} is gone` });
const messages = FLOWC_RESUME ? JSON.parse(readFileSync(file, "utf8")) : [];
say({ type: "session", id: FLOWC_SESSION });
const prompt = await text(process.stdin);
const schema = `Answer with JSON alone, by this schema:\n${readFileSync(FLOWC_SCHEMA, "utf8")}`;
messages.push({ role: "user", content: FLOWC_RESUME ? prompt : `${prompt}\n\n${schema}` });

const response = await fetch(API_URL, {
  method: "POST",
  headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
  body: JSON.stringify({ model: MODEL, messages }),
}).catch((error) => end({ type: "lost", message: `The API cannot be reached: ${error.message}` }));
const after = Number(response.headers.get("retry-after") ?? 5);
if (response.status === 429) end({ type: "limited", message: "The API asks for patience", after });
if (!response.ok) end({ type: "failed", why: "api", message: `The API said ${response.status}` });

const { choices, usage } = await response.json();
say({ type: "usage", requests: 1, input: usage.prompt_tokens, output: usage.completion_tokens });
const words = choices[0].message.content;
writeFileSync(file, JSON.stringify([...messages, { role: "assistant", content: words }]));
try {
  end({ type: "answer", value: JSON.parse(words) });
} catch {
  end({ type: "failed", why: "no-answer", message: `This is no JSON: ${words.slice(0, 200)}` });
}
