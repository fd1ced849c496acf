// An agent that knows this library by heart: finds out from its prompt which part is wanted, and writes it.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

const prompt = await text(process.stdin);
const tell = (news) => process.stdout.write(`${JSON.stringify(news)}\n`);
const [, wanted] = /(?:Build|Write) `(library\/[^`]+)`/.exec(prompt) ?? [];
const known = join(import.meta.dirname, "parts");
if (wanted === undefined || !existsSync(join(known, wanted))) {
  tell({ type: "failed", message: `I do not know ${wanted ?? "what is wanted"}.` });
  process.exit(1);
}

tell({ type: "does", text: `writes ${wanted}` });
mkdirSync(dirname(wanted), { recursive: true });
const early = process.env.EARLY;
if (early !== undefined) {
  // What others wait for comes first; renamed into place, it is never there by half.
  const declarations = readFileSync(join(known, wanted, "money.d.ts"), "utf8");
  writeFileSync(join(early, "interface.part"), JSON.stringify({ declarations }));
  renameSync(join(early, "interface.part"), join(early, "interface"));
  // The rest takes its time; whoever waited for the interface has begun meanwhile.
  await setTimeout(3000);
}
cpSync(join(known, wanted), wanted, { recursive: true });
if (!wanted.endsWith(".md"))
  execFileSync(process.execPath, ["--test", wanted], { stdio: ["ignore", "inherit", "inherit"] });
tell({ type: "usage", requests: 1, input: prompt.length, output: 400, cost: 0.02 });
tell({ type: "answer", value: { summary: `${wanted} is there.` } });
