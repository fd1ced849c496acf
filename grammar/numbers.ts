// Number literals: what a number with or without a unit means, and what is wrong with one that means nothing.

import type { NumberKind } from "./ast.ts";

/** What a literal is worth: seconds, bytes, hundredths, dollars, or the plain number. */
export interface NumberValue {
  readonly type: NumberKind;
  readonly value: number;
}

/** Why a literal means nothing, and what it was most likely meant to be. */
export interface BadNumber {
  readonly why: string;
  readonly hint: string;
  readonly instead: string | null;
}

const SECONDS: ReadonlyMap<string, number> = new Map([
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
  ["s", 1],
  ["ms", 0.001],
]);
const BYTES: ReadonlyMap<string, number> = new Map([
  ["KB", 1024],
  ["MB", 1024 ** 2],
  ["GB", 1024 ** 3],
]);

export const unitsHint =
  "Units are ms, s, m, h and d for a duration (1h30m), KB, MB and GB for a size, % for a share, USD for money.";

/** What people write in other languages. */
const MEANT: ReadonlyMap<string, string> = new Map(
  [
    ["ms", "msec msecs millis millisecond milliseconds"],
    ["s", "sec secs second seconds"],
    ["m", "min mins minute minutes"],
    ["h", "hr hrs hour hours"],
    ["d", "day days"],
    ["KB", "k kb kib ki"],
    ["MB", "mb mib mi"],
    ["GB", "g gb gib gi"],
    ["USD", "usd dollar dollars"],
    ["%", "percent pct"],
  ].flatMap(([unit = "", words = ""]) => words.split(" ").map((word): [string, string] => [word, unit])),
);

const DIGITS = /^(?:0|[1-9][0-9]*(?:_[0-9]+)*)$/;
const LITERAL = /^([0-9][0-9_]*)(?:\.([0-9][0-9_]*))?(.*)$/;
const DURATION = /^(?:[0-9]+(?:_[0-9]+)*(?:ms|s|m|h|d))+$/;

/** The meaning of a literal as the scanner cut it out: digits and all letters, digits, `_` and `%` after them. */
export function readNumber(image: string): NumberValue | BadNumber {
  if (image.length < 10 && DIGITS.test(image) && !image.includes("_"))
    return { type: "int", value: Number(image) };
  const [, whole = "", fraction, unit = ""] = LITERAL.exec(image) ?? [];
  const badDigits = wrongDigits(whole, fraction);
  if (badDigits !== null) return badDigits;
  const digits = (fraction === undefined ? whole : `${whole}.${fraction}`).replaceAll("_", "");
  const value = Number(digits);
  if (unit === "") return plain(value, fraction !== undefined);
  if (unit === "%") return { type: "percent", value };
  if (unit === "USD") return { type: "money", value };
  const bytes = BYTES.get(unit);
  if (bytes !== undefined) return size(value * bytes);
  if (DURATION.test(image)) return duration(image);
  return badUnit(digits, fraction !== undefined, unit, image);
}

function bad(why: string, hint: string, instead: string | null = null): BadNumber {
  return { why, hint, instead };
}

function wrongDigits(whole: string, fraction: string | undefined): BadNumber | null {
  const joined = `${whole}${fraction ?? ""}`;
  if (/__|_$/.test(whole) || (fraction !== undefined && /__|_$|^_/.test(fraction)))
    return bad("a `_` stands between two digits", "Write 1_000_000, with one `_` between digits.");
  if (/^0[0-9_]/.test(whole))
    return bad(
      "a number does not begin with 0",
      "Text that looks like a number, a postcode or a version, goes in quotes.",
    );
  if (joined.length > 40) return bad("too many digits", "An int is exact up to 9_007_199_254_740_991.");
  return null;
}

function plain(value: number, float: boolean): NumberValue | BadNumber {
  if (float) return { type: "float", value };
  return Number.isSafeInteger(value)
    ? { type: "int", value }
    : bad("too large to be exact", "An int is exact up to 9_007_199_254_740_991. Longer ones go in quotes.");
}

function size(bytes: number): NumberValue | BadNumber {
  if (!Number.isSafeInteger(bytes))
    return bad("not a whole number of bytes", "Write it in a smaller unit: 1536KB for 1.5MB.");
  return { type: "size", value: bytes };
}

function duration(image: string): NumberValue | BadNumber {
  let milliseconds = 0;
  let above = Number.POSITIVE_INFINITY;
  for (const [, digits = "", unit = ""] of image.matchAll(/([0-9_]+)(ms|s|m|h|d)/g)) {
    const seconds = SECONDS.get(unit) ?? 0;
    if (seconds >= above)
      return bad("its parts do not go from large to small", "Write the larger unit first, each once: 1h30m.");
    above = seconds;
    milliseconds += Number(digits.replaceAll("_", "")) * Math.round(seconds * 1000);
  }
  if (!Number.isSafeInteger(milliseconds)) return bad("too long", "Even 10_000d is 27 years.");
  return { type: "duration", value: milliseconds / 1000 };
}

function badUnit(digits: string, float: boolean, unit: string, image: string): BadNumber {
  const exponent = /^[eE]([0-9]+)$/.exec(unit);
  if (exponent !== null) {
    const value = Number(`${digits}e${exponent[1]}`);
    const whole = Number.isSafeInteger(value) ? String(value).replace(/\B(?=(?:\d{3})+$)/g, "_") : null;
    return bad("numbers have no exponent", "Write the digits out; `_` makes them readable.", whole);
  }
  if (/^[xXbBoO]/.test(unit) && digits === "0") {
    const value = Number(image.replaceAll("_", ""));
    return bad(
      "numbers are decimal",
      "Write it with the digits 0 to 9.",
      Number.isSafeInteger(value) ? String(value) : null,
    );
  }
  if (float && SECONDS.has(unit)) return fractionOfDuration(Number(digits), unit);
  // Thousands or kilobytes: nobody but the writer knows.
  if (unit === "k" || unit === "M")
    return bad(`\`${unit}\` is no unit`, `${unitsHint} A plain number is written out: \`100_000\`.`);
  const meant = MEANT.get(unit.toLowerCase());
  const whole = meant === undefined || (float && SECONDS.has(meant)) ? null : digits + meant;
  return bad(`\`${unit}\` is no unit`, unitsHint, whole);
}

function fractionOfDuration(value: number, unit: string): BadNumber {
  const smaller = unit === "d" ? "h" : unit === "h" ? "m" : unit === "m" ? "s" : "ms";
  const whole = Math.floor(value);
  const rest = ((value - whole) * (SECONDS.get(unit) ?? 0)) / (SECONDS.get(smaller) ?? 1);
  const exact = Math.round(rest);
  const instead =
    unit !== "ms" && Math.abs(rest - exact) < 1e-9 && exact > 0
      ? `${whole > 0 ? `${whole}${unit}` : ""}${exact}${smaller}`
      : null;
  return bad("a duration has no fraction", "Write it with smaller units: 1h30m, 500ms.", instead);
}
