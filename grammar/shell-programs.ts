// Commands that are given a program in another language as text, and how a value is passed to them as data.

import type { Range, Word } from "./shell-findings.ts";

interface Language {
  readonly language: string;
  /** How to pass a value as data; `~{x}` stands for the hole. */
  readonly instead: string;
  /** Options whose value is a program. */
  readonly code?: RegExp;
  /** Options, besides these, whose value is the next word. */
  readonly valued?: RegExp;
  /** Options that take two words. */
  readonly pairs?: RegExp;
  /** Which operand is a program when no option gave one, from 0. */
  readonly operand?: number;
  /** Options that say that the program is in a file. */
  readonly file?: RegExp;
  /** It reads its program from its standard input when the words give none. */
  readonly input?: boolean;
}

const awk: Language = {
  language: "awk",
  instead: "awk -v x=~{x} '… x …'",
  code: /^(-e|--source)$/,
  valued: /^-[FviE]$/,
  operand: 0,
  file: /^(-f|--file|-E|--exec)$/,
};
const sed: Language = {
  language: "sed",
  instead: `awk -v x=~{x} '{ gsub("from", x) } 1'`,
  code: /^(-[nErsuz]*e|--expression)$/,
  valued: /^-l$/,
  operand: 0,
  file: /^(-[nErsuz]*f|--file)$/,
};
const jq: Language = {
  language: "jq",
  instead: "jq --arg x ~{x} '… $x …'",
  valued: /^(-L|--indent)$/,
  pairs: /^--(arg|argjson|slurpfile|rawfile)$/,
  operand: 0,
  file: /^(-[a-zA-Z]*f|--from-file)$/,
};
const python: Language = {
  language: "Python",
  instead: "python3 -c 'import sys; … sys.argv[1] …' ~{x}",
  code: /^-[bBdEiIOqsSuvx]*c$/,
  valued: /^-[WXm]$/,
  input: true,
};
const node: Language = {
  language: "JavaScript",
  instead: "node -e '… process.argv[1] …' ~{x}",
  code: /^(-e|-p|-pe|--eval|--print)$/,
  valued: /^(-r|--require|--import|-C|--loader)$/,
  input: true,
};
const mysql: Language = {
  language: "SQL",
  instead: `mysql -e "… FROM_BASE64('$(printf %s ~{x} | base64 -w0)') …"`,
  code: /^(-e|--execute)$/,
  valued: /^-[uhPSDp]$/,
  input: true,
};

const languages: Readonly<Record<string, Language>> = {
  awk,
  gawk: awk,
  mawk: awk,
  nawk: awk,
  sed,
  gsed: sed,
  jq,
  gojq: jq,
  jaq: jq,
  yq: {
    language: "yq",
    instead: "X=~{x} yq '… strenv(X) …'",
    valued: /^-[opIs]$/,
    operand: 0,
    file: /^--from-file$/,
  },
  psql: {
    language: "SQL",
    instead: `echo "… :'x' …" | psql -v x=~{x}`,
    code: /^(-[a-zA-Z]*c|--command)$/,
    valued: /^-[dfhpULTPRFvo]$/,
    input: true,
  },
  mysql,
  mariadb: mysql,
  sqlite3: {
    language: "SQL",
    instead: `sqlite3 db "… CAST(x'$(printf %s ~{x} | od -An -v -tx1 | tr -d ' \\n')' AS TEXT) …"`,
    code: /^-cmd$/,
    valued: /^-(separator|nullvalue|newline|init|vfs|mmap|maxsize)$/,
    operand: 1,
    input: true,
  },
  duckdb: {
    language: "SQL",
    instead: `X=~{x} duckdb -c "… getenv('X') …"`,
    code: /^-(c|s|cmd)$/,
    operand: 1,
    input: true,
  },
  python,
  python2: python,
  python3: python,
  pypy3: python,
  node,
  nodejs: node,
  bun: node,
  deno: { language: "JavaScript", instead: "deno eval '… Deno.args[0] …' ~{x}", code: /^eval$/ },
  perl: {
    language: "Perl",
    instead: "perl -e '… $ARGV[0] …' ~{x}",
    code: /^-[a-zA-Z0-9]*[eE]$/,
    valued: /^-[IM]$/,
    input: true,
  },
  ruby: {
    language: "Ruby",
    instead: "ruby -e '… ARGV[0] …' ~{x}",
    code: /^-[a-zA-Z0-9]*e$/,
    valued: /^-[IrC]$/,
    input: true,
  },
  php: {
    language: "PHP",
    instead: "php -r '… $argv[1] …' ~{x}",
    code: /^(-r|--run|-B|-R|-E)$/,
    valued: /^-[cdz]$/,
    input: true,
  },
  lua: {
    language: "Lua",
    instead: `X=~{x} lua -e '… os.getenv("X") …'`,
    code: /^-e$/,
    valued: /^-l$/,
    input: true,
  },
  Rscript: { language: "R", instead: "Rscript -e '… commandArgs(TRUE)[1] …' ~{x}", code: /^-e$/ },
  julia: {
    language: "Julia",
    instead: "julia -e '… ARGS[1] …' ~{x}",
    code: /^(-[eE]|--eval|--print)$/,
    input: true,
  },
  elixir: {
    language: "Elixir",
    instead: `X=~{x} elixir -e '… System.get_env("X") …'`,
    code: /^(-e|--eval)$/,
  },
  pwsh: {
    language: "PowerShell",
    instead: "X=~{x} pwsh -Command '… $env:X …'",
    code: /^-(c|command)$/i,
    input: true,
  },
  osascript: {
    language: "AppleScript",
    instead: "osascript script.applescript ~{x}",
    code: /^-e$/,
    input: true,
  },
};

const make: Language = { language: "make", instead: "X=~{x} make, and $$X in the recipe" };

export interface ProgramText {
  readonly ranges: readonly Range[];
  readonly language: string;
  readonly instead: string;
}

/** The words of a command that are program text of another language. */
export function programText(name: string, args: readonly Word[]): ProgramText {
  if (name === "make" || name === "gmake")
    return { ...make, ranges: args.filter((word) => /^[\w.-]+[:+?]?=/.test(word.text)) };
  const language = languageOf(name);
  if (language === null) return { ranges: [], language: "", instead: "" };
  return { language: language.language, instead: language.instead, ranges: scan(language, args).ranges };
}

/** The language whose program a command reads from its standard input, if it does. */
export function inputLanguage(name: string, args: readonly Word[]): ProgramText | null {
  const language = languageOf(name);
  if (language?.input !== true) return null;
  const { ranges, operands } = scan(language, args);
  const database = language.language === "SQL";
  const given = database ? ranges.length > 0 : ranges.length > 0 || (operands[0] ?? "-") !== "-";
  return given ? null : { ...language, ranges };
}

function languageOf(name: string): Language | null {
  const plain = name.replace(/^(python|lua|perl|ruby|php)[\d.]+$/, "$1");
  return Object.hasOwn(languages, plain) ? (languages[plain] ?? null) : null;
}

function scan(
  language: Language,
  args: readonly Word[],
): { ranges: readonly Range[]; operands: readonly string[] } {
  const ranges: Range[] = [];
  const operands: Word[] = [];
  let fromFile = false;
  for (let at = 0; at < args.length; at++) {
    const word = args[at];
    if (word === undefined) break;
    const option = /^(--[\w-]+)=/.exec(word.text)?.[1];
    if (language.code?.test(option ?? word.text)) {
      const value = option === undefined ? args[++at] : word;
      if (value !== undefined) ranges.push(value);
    } else if (language.file?.test(option ?? word.text)) {
      fromFile = true;
      if (option === undefined) at++;
    } else if (language.pairs?.test(word.text)) at += 2;
    else if (language.valued?.test(word.text)) at++;
    else if (word.text === "--") {
      operands.push(...args.slice(at + 1));
      break;
    } else if (!/^-./.test(word.text)) operands.push(word);
    else if (language.code?.test(word.text.slice(0, 2)) && !word.text.startsWith("--")) ranges.push(word);
  }
  const main = language.operand === undefined ? undefined : operands[language.operand];
  const last = language.operand === 1 ? operands.slice(1) : main === undefined ? [] : [main];
  if (ranges.length === 0 && !fromFile) ranges.push(...last);
  return { ranges, operands: operands.map((word) => word.text) };
}

/** The index of the first word that is no option; `values` are the letters of options that take the next word. */
export function operandAt(args: readonly Word[], values: string): number {
  for (let at = 0; at < args.length; at++) {
    const text = args[at]?.text ?? "";
    if (text === "--") return at + 1;
    if (!/^-./.test(text)) return at;
    if (text.length === 2 && values.includes(text[1] ?? " ")) at++;
  }
  return args.length;
}

/** The index of the word that is the value of an option; the number of words if it is not given. */
export function optionValueAt(args: readonly Word[], letter: string, long: readonly string[]): number {
  const at = args.findIndex(
    ({ text }) => long.includes(text) || (/^-[A-Za-z]+$/.test(text) && text.endsWith(letter)),
  );
  return at === -1 ? args.length : at + 1;
}
