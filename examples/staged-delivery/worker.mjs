// An agent that knows a few stories by heart: `node worker.mjs specify|implement|review`, with the prompt as standard input.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { stories } from "./stories.mjs";

const prompt = await text(process.stdin);
const tell = (news) => process.stdout.write(`${JSON.stringify(news)}\n`);
const story = stories.find(({ name }) => prompt.includes(`\`${name}\``));
if (story === undefined) {
  tell({ type: "failed", message: "That is none of the stories that I know." });
  process.exit(1);
}

const stages = {
  specify() {
    const cases = story.cases.map(([given, expected]) => ({
      given: JSON.stringify(given),
      expected: JSON.stringify(expected),
    }));
    return { signature: story.signature, cases };
  },

  /** The first try forgets something; what a review has found is mended. */
  implement() {
    const found = prompt.slice(prompt.lastIndexOf("Found by the review"));
    const body = found.includes("gives") ? story.right : story.first;
    writeFileSync(`${story.name}.mjs`, `export ${body}\n`);
    const [given, expected] = story.cases[0];
    writeFileSync(
      `${story.name}.test.mjs`,
      `import assert from "node:assert/strict";
import { test } from "node:test";
import { ${story.name} } from "./${story.name}.mjs";

test("${story.name}", () => {
  assert.deepEqual(${story.name}(...${JSON.stringify(given)}), ${JSON.stringify(expected)});
});
`,
    );
    return null;
  },

  async review() {
    const [source, tests] = prompt.match(/\S+\.mjs(?=[,\s])/g);
    const findings = [];
    try {
      execFileSync(process.execPath, ["--check", source]);
      execFileSync(process.execPath, ["--check", tests]);
    } catch (error) {
      findings.push(String(error.message));
    }
    const { [story.name]: made } = await import(pathToFileURL(source).href);
    for (const [given, expected] of story.cases) {
      const got = JSON.stringify(made(...given));
      if (got !== JSON.stringify(expected))
        findings.push(
          `${story.name}(${JSON.stringify(given)}) gives ${got} in place of ${JSON.stringify(expected)}.`,
        );
    }
    return { approved: findings.length === 0, findings };
  },
};

const stage = process.argv[2] ?? "specify";
tell({ type: "does", text: `${stage} ${story.name}` });
const answer = await stages[stage]();
tell({ type: "usage", requests: 1, input: prompt.length, output: 200, cost: 0.01 });
if (answer !== null) tell({ type: "answer", value: answer });
