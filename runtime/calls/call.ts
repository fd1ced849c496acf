// One call of a function of a user's module, and what comes of it: all that the loop and its threads say to each other.

import type { Value } from "../../compiler/types.ts";

/** One call of an exported function. */
export interface Call {
  /** Absolute path of the module. */
  readonly file: string;
  /** The path as people know it, for messages. */
  readonly shown: string;
  /** The name of the export. */
  readonly name: string;
  /** Where the task works: the project, or with `reads` a fresh folder. Files are answered by their path in it. */
  readonly folder: string;
  /** The parameters, as the first argument; the second is `{ folder }`. */
  readonly args: Readonly<Record<string, Value>>;
  readonly env: Readonly<Record<string, string>>;
  /** Where what it prints goes, appended. */
  readonly stdoutPath: string;
  readonly stderrPath: string;
  /** Texts that are `***` in what it prints. */
  readonly secrets: readonly string[];
}

export type CallResult =
  /** What it returned, as plain JSON; not yet checked against a type. */
  | { readonly value: unknown }
  /** `launch`: the module could not be loaded or has no such function. `invalid`: what it returned is no JSON. */
  | { readonly why: "launch" | "throw" | "invalid"; readonly message: string };

export const stopped: CallResult = { why: "throw", message: "It was stopped." };
