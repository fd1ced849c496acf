// A shell script as it was understood: where each hole stands, what is wrong with that, and how it could be started.

/** A script as the flow's string literal gives it: its text, and holes numbered by the caller. */
export type ShellPart = { readonly text: string } | { readonly hole: number };

/**
 * Where in the shell text a hole stands; decides how its reference is written. The same words as in the plan.
 * `word`: alone as a word where any number of words may stand. `part`: a part of a bare word, or a word where exactly
 * one must stand (an assignment, a redirection's target, the word or a pattern of a `case`, inside `[[ ]]`).
 * `arithmetic`: the shell evaluates it, so only an int may stand there.
 */
export type ShellPlace = "word" | "part" | "double" | "single" | "here" | "arithmetic";

export interface HolePlace {
  /** The caller's number. */
  readonly hole: number;
  readonly place: ShellPlace;
  /**
   * True if the value says what is run: the name of a command (`~{tool} --version`), or the script of `sh ~{file}`
   * and `. ~{file}`. Safe for a file and for a union of literals; any other string could name `eval`.
   */
  readonly command: boolean;
}

export type ShellProblemKind =
  /** In a here-document whose delimiter is quoted: the shell expands nothing there. */
  | "quoted-here-document"
  | "comment"
  | "backticks"
  /** As, or as a part of, the name of a variable or function: `${~{x}}`, `$~{x}`, `~{x}=1`, `read ~{x}`. */
  | "variable-name"
  /** Where the value would be read as a program of the shell: `eval`, `trap`, `sh -c`, a here-document fed to `sh`. */
  | "code"
  /** A backslash stands right before the hole. */
  | "escaped"
  /** Where shells do not agree on what the quotes around it mean: `"${x:-"…"}"`. */
  | "unclear"
  /** As, or as a part of, the delimiter of a here-document. */
  | "delimiter"
  /** The script asks for `sh`, but not every `sh` reads this (`[[`, arrays, `<(…)`); `hole` is null. */
  | "bash-only"
  /** Something is opened and never closed; `hole` is null. */
  | "unterminated"
  /** The script's `#!` line asks for what is no shell that we know; `hole` is null. */
  | "interpreter"
  /** The script holds a NUL character; `hole` is null. */
  | "nul";

export interface ShellProblem {
  readonly problem: ShellProblemKind;
  /** The caller's number of the hole; null if it is not about a hole. */
  readonly hole: number | null;
  /** What makes it so, to be shown in a sentence as code: `eval`, `bash -c`, `<<'EOF'`, the quote that is open. */
  readonly detail: string;
  /** Where: index into the parts given, and offsets into that part's text (0, 0 for a hole). */
  readonly part: number;
  readonly start: number;
  readonly end: number;
}

/** A hole inside the program text of another language: data there only as long as the value has no special letters. */
export interface ShellWarning {
  readonly hole: number;
  /** The language, for the sentence: `awk`, `sed`, `jq`, `SQL`, `Python`, `JavaScript`, `make`, … */
  readonly language: string;
  /** The command as written: `psql`, `python3`. */
  readonly command: string;
  /** How the value is passed as data there; code with `~{x}` for the hole. */
  readonly instead: string;
}

/** `$name` or `${name}` outside of quotes that hide it. */
export interface ShellVariable {
  readonly name: string;
  /** As written in braces and with nothing else in them, so that `~{name}` could replace it whole. */
  readonly braces: boolean;
  readonly part: number;
  readonly start: number;
  readonly end: number;
}

export type ShellPiece = string | HolePlace;

export interface ShellScript {
  /** `bash` if the `#!` line asks for it, else `sh`. */
  readonly shell: "sh" | "bash";
  /** One for each hole, in the order of the parts. A hole with a problem has a place, too; it means nothing. */
  readonly holes: readonly HolePlace[];
  /** The script to run, in order; text may differ from what was given. Use these, not the parts. */
  readonly pieces: readonly ShellPiece[];
  /** When no feature of a shell is used: the words, quotes removed; each word is its pieces. Else null. */
  readonly words: readonly (readonly ShellPiece[])[] | null;
  readonly problems: readonly ShellProblem[];
  readonly warnings: readonly ShellWarning[];
  readonly variables: readonly ShellVariable[];
  /** Names that the script itself assigns, reads or loops over: `${name}` of these is the shell's own. */
  readonly assigned: readonly string[];
}
