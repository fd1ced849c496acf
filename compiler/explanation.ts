// What an explanation of a code is: why the rule exists, a flow that breaks it, and the same flow as it should be.

/** The text of `main.flow`, or the texts of several files by their names. */
export type Program = string | Readonly<Record<string, string>>;

export interface Explanation {
  /** The code of a diagnostic. */
  readonly code: string;
  /** What the code stands for, as a clause for a list. */
  readonly says: string;
  /** Why the rule exists, and what to do: one to three sentences. */
  readonly why: string;
  /** Gives one diagnostic, of this code. */
  readonly wrong: Program;
  /** Gives none. */
  readonly right: Program;
}

/** The files of a program by name, the entry `main.flow` first. */
export function filesOf(program: Program): readonly (readonly [name: string, text: string])[] {
  return typeof program === "string" ? [["main.flow", program]] : Object.entries(program);
}
