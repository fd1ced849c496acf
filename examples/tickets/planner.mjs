// An agent in a few lines: asks the desk's model for the parts of a ticket. The prompt is its standard input, and what it
// prints are JSON lines: what it used, and its answer.

import { text } from "node:stream/consumers";

const tell = (news) => process.stdout.write(`${JSON.stringify(news)}\n`);
const prompt = await text(process.stdin);
const response = await fetch(`${process.env.DESK_URL}/model`, {
  method: "POST",
  body: JSON.stringify({ prompt }),
});
if (response.status === 429) {
  tell({
    type: "limited",
    after: Number(response.headers.get("retry-after")),
    message: "The desk has enough for now.",
  });
  process.exit(1);
}
const { parts, usage } = await response.json();
tell({ type: "usage", requests: 1, ...usage });
tell({ type: "answer", value: { parts } });
