// Built-in functions that look at files: the project's as the plan saw them, a node's own, and what an attempt left.

import type { Value } from "../compiler/types.ts";
import { arg, type BuiltinCall, type BuiltinCode } from "./evaluate-lists.ts";
import { parseJson } from "./evaluate-texts.ts";
import type { FileAccess } from "./values.ts";
import { asFile, asString, bounded, fileToValue, ValueError } from "./values.ts";

export const fileBuiltins: Readonly<Record<string, BuiltinCode>> = {
  read: (call) => bounded(call.scope.files.text(asFile(arg(call, 0)))),
  read_json: (call) => {
    const file = asFile(arg(call, 0));
    return parseJson(call.scope.files.text(file), `the file ${file.path}`);
  },
  glob: (call) => {
    const dir = arg(call, 1);
    const found = call.scope.files.glob(asString(arg(call, 0)), dir === null ? null : asFile(dir));
    return found.map(fileToValue);
  },
  file: (call) => fileToValue(left(call).file(asString(arg(call, 0)))),
  files: (call): Value =>
    left(call)
      .files(asString(arg(call, 0)))
      .map(fileToValue),
  dir: (call) => fileToValue(left(call).dir(asString(arg(call, 0)))),
};

function left(call: BuiltinCall): NonNullable<FileAccess["left"]> {
  const found = call.scope.files.left;
  if (found === undefined)
    throw new ValueError("`file`, `files` and `dir` look at what a command left: there is none here");
  return found;
}
