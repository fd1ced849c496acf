// What a program can do with flowc; it prints what the test compares.

import {
  approve,
  type Diagnostic,
  FlowError,
  type Metrics,
  type Run,
  type RunEvent,
  reject,
  run,
} from "flowc";

const say = (...texts: readonly unknown[]): void => console.log(texts.map(String).join(" "));

async function namesOf(going: Run, type: RunEvent["type"]): Promise<string[]> {
  const names: string[] = [];
  for await (const event of going) if (event.type === type) names.push(event.node ?? event.run);
  return names.sort();
}

function counted({ status, total, done, failed, running, meanMs, perSecond }: Metrics): string {
  return [status, total, done, failed, running, (meanMs ?? 0) > 0, (perSecond ?? 0) > 0].join(" ");
}

// Two loops, one of them late, hear the same; so do runs beside each other.
const words = run({ file: "shout.flow", inputs: { words: ["one", "two"] } });
say("before it begins:", counted(words.metrics()));
say("early:", await namesOf(words, "attempt.ended"));
say("late:", await namesOf(words, "attempt.ended"));
const result = await words.result;
say("result:", result.status, result.output, counted(result.metrics));
const beside = await Promise.all(
  ["a", "b", "c"].map((word) => run({ file: "shout.flow", inputs: { words: [word] } }).result),
);
say(
  "beside each other:",
  beside.map(({ output }) => output),
);

// Failure is a result.
const failing = await run({ file: "shout.flow", inputs: { words: ["", "two"] } }).result;
say(
  "failing:",
  failing.status,
  failing.failures.map(({ node, why, exit }) => [node, why, exit]),
);

// A resumed run tells what is new.
const done = run({ resume: result.run });
say("resumed:", (await namesOf(done, "attempt.started")).length, (await done.result).output);

// Ends: by the loop, by a signal, by a call, before the beginning.
const left = run({ file: "endless.flow", jobs: 2 });
for await (const event of left) if (event.type === "attempt.started") break;
say("left:", (await left.result).status);
const stop = new AbortController();
const aborted = run({ file: "endless.flow", signal: stop.signal });
const seen: string[] = [];
for await (const event of aborted) {
  if (event.type === "attempt.started") stop.abort();
  seen.push(event.type);
}
say("aborted:", (await aborted.result).status, seen.at(-1));
const called = run({ file: "endless.flow" });
for await (const event of called) if (event.type === "attempt.started") called.cancel({ atOnce: true });
say("cancelled:", (await called.result).status);
await run({ file: "endless.flow", signal: AbortSignal.abort(new Error("too late")) }).result.catch((error) =>
  say("never began:", error.message),
);

// People.
const asking = run({ file: "ship.flow", inputs: { version: "1" } });
for await (const event of asking)
  if (event.type === "gate.opened" && event.node !== undefined)
    say(
      "asked:",
      JSON.stringify(await approve({ run: event.run, gate: event.node, by: "ada", note: "well" })),
    );
say("shipped:", (await asking.result).output);
const waiting = await run({ file: "ship.flow", inputs: { version: "2" }, wait: false }).result;
const [answer] = await reject({ run: waiting.run, gate: "ship", by: "ada" });
say("waiting:", waiting.status, answer?.status);
say("resumed:", (await run({ resume: waiting.run }).result).failures[0]?.message);

// Mistakes.
async function mistake(what: Promise<unknown>): Promise<void> {
  const error: unknown = await what.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(error instanceof FlowError)) throw error;
  const codes = error.diagnostics.map(({ code, line, column }: Diagnostic) => `${code}:${line}:${column}`);
  say(`${error.kind}:`, error.message.split("\n")[0], codes, "|", error.next);
}
await mistake(run({ file: "wrong.flow" }).result);
await mistake(
  (async () => {
    for await (const _ of run({ file: "wrong.flow" }));
  })(),
);
await mistake(run({ file: "shuot.flow" }).result);
await mistake(run({ file: "shout.flow", inputs: { words: 3, more: true } }).result);
await mistake(run({ file: "shout.flow", inputs: { words: [] }, set: { rust: 3 } }).result);
await mistake(run({ file: "shout.flow", jobs: 0 }).result);
await mistake(run({ resume: "nope" }).result);
await mistake(run({}).result);
await mistake(run({ file: "shout.flow", inputs: { words: ["a"] }, only: ["nope"] }).result);
await mistake(approve({ run: waiting.run, gate: "shop" }));
await mistake(approve({ run: result.run, gate: "ship" }));
