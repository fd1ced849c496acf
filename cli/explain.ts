// `flowc explain`: why the rule behind a code exists, with a wrong and a right flow; without a code, all codes.

import { type Explanation, filesOf, type Program } from "../compiler/explanation.ts";
import { explanations } from "../compiler/explanations.ts";
import { createNearest } from "../compiler/suggest.ts";
import { type Paint, painter, type Style } from "./render/color.ts";
import { table } from "./render/table.ts";
import { textWidth, visible } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { didYouMean, exits, usage } from "./stop.ts";
import type { World } from "./world.ts";

/** Lines longer than this are hard to read, however wide the terminal. */
const textColumnsMax = 100;
const similarShownMax = 8;

export function explain(request: RequestOf<"explain">, world: World): number {
  const chosen = request.code === null ? explanations : [find(request.code)];
  const columns = world.out.columns();
  if (request.json) world.out.write(`${JSON.stringify(asJson(chosen), null, 2)}\n`);
  else if (request.code === null) {
    const rows = chosen.map(({ code, says }) => [code, says]);
    for (const line of table([{ title: "code" }, { title: "told about", flexible: true }], rows, columns))
      world.out.write(`${line}\n`);
  } else
    for (const one of chosen)
      world.out.write(drawn(one, columns ?? textColumnsMax, painter(world.out.color)));
  return exits.well;
}

/** As a code is typed, or copied from a screen: `error[maybe-none]`. */
function find(typed: string): Explanation {
  const code = (/\[([^\]]*)\]/.exec(typed)?.[1] ?? typed).trim().toLowerCase().replaceAll("_", "-");
  const found = explanations.find((one) => one.code === code);
  if (found !== undefined) return found;
  const codes = explanations.map((one) => one.code);
  const similar = codes.filter((one) => code !== "" && one.includes(code));
  const nearest = createNearest()(code, codes) ?? (similar.length === 1 ? (similar[0] ?? null) : null);
  const others =
    nearest === null && similar.length > 0
      ? ` There are ${similar.slice(0, similarShownMax).join(", ")}.`
      : "";
  throw usage(
    `There is no code \`${visible(typed)}\`.${didYouMean(nearest)}${others}`,
    nearest === null ? "flowc explain" : `flowc explain ${nearest}`,
  );
}

function asJson(chosen: readonly Explanation[]) {
  return {
    version: 1,
    explanations: chosen.map(({ code, says, why, wrong, right }) => ({
      code,
      says,
      why,
      wrong: Object.fromEntries(filesOf(wrong)),
      right: Object.fromEntries(filesOf(right)),
    })),
  };
}

function drawn({ code, says, why, wrong, right }: Explanation, columns: number, paint: Paint): string {
  return [
    `${paint("strong", code)}: ${says}`,
    "",
    ...wrapped(why, Math.min(columns, textColumnsMax)),
    "",
    `${paint("error", "wrong:")}`,
    "",
    ...shown(wrong, right, "error", paint),
    `${paint("good", "right:")}`,
    "",
    ...shown(right, wrong, "good", paint),
    "",
  ]
    .slice(0, -2)
    .concat("")
    .join("\n");
}

/** The files of a program; the lines that the other one does not have are painted. */
function shown(program: Program, other: Program, style: Style, paint: Paint): readonly string[] {
  const same = new Set(filesOf(other).flatMap(([, text]) => text.split("\n")));
  const files = filesOf(program);
  return files.flatMap(([name, text]) => [
    ...(files.length > 1 ? [`  ${paint("dim", `// ${name}`)}`] : []),
    ...text
      .trimEnd()
      .split("\n")
      .map((line) => (line === "" ? "" : `  ${same.has(line) ? line : paint(style, line)}`)),
    "",
  ]);
}

function wrapped(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && textWidth(line) + 1 + textWidth(word) > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
