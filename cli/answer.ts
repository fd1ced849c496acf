// The answer of a run on the screen: a text as it is, everything else as JSON, and where its files are kept.

import type { Value } from "../compiler/types.ts";
import type { ArtifactStore } from "../runtime/artifacts.ts";
import { visibleOutput } from "./render/text.ts";
import type { World } from "./world.ts";

/** A file of the answer, and the absolute path of its content in the artifact store. */
export interface AnswerFile {
  readonly name: string;
  readonly path: string;
}

const filesShownMax = 5;

/** A string as it is, everything else as JSON; no answer, no line. */
export function printAnswer(output: Value, world: World): void {
  if (output === null) return;
  const text = typeof output === "string" ? output : JSON.stringify(output, null, 2);
  // What a task answered must not move the cursor or change the colours of a terminal; who pipes it gets it as it is.
  const shown = world.out.terminal ? visibleOutput(text) : text;
  world.out.write(shown.endsWith("\n") ? shown : `${shown}\n`);
}

/** The first few files of an answer that are in the store: a person wants to open them. */
export function answerFiles(output: Value, artifacts: ArtifactStore): readonly AnswerFile[] {
  const found: AnswerFile[] = [];
  const look = (value: Value): void => {
    if (found.length >= filesShownMax || value === null || typeof value !== "object") return;
    const { name, sha256, size, path: place } = Object.fromEntries(Object.entries(value));
    if (
      typeof name === "string" &&
      typeof sha256 === "string" &&
      typeof size === "number" &&
      typeof place === "string"
    ) {
      const path = artifacts.pathOf(sha256);
      if (path !== null) found.push({ name, path });
      return;
    }
    for (const inner of Object.values(value)) look(inner);
  };
  look(output);
  return found;
}
