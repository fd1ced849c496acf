// Times, sizes, shares and values as people read them.

import type { Value } from "../../compiler/types.ts";

/** Milliseconds: `40ms`, `1.4s`, `12s`, `3m05s`, `1h02m`, `2d03h`. */
export function duration(ms: number): string {
  if (ms < 999.5) return `${Math.max(0, Math.round(ms))}ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const pair = (large: number, one: string, small: number, two: string): string =>
    `${large}${one}${String(small).padStart(2, "0")}${two}`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), "m", seconds % 60, "s");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), "h", minutes % 60, "m");
  const hours = Math.floor(minutes / 60);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** Of a whole number of its units without the smaller ones: `9s`, `11m`, `2h`. */
export function shortDuration(ms: number): string {
  return duration(ms).replace(/\.0(?=s$)|(?<=m)00s$|(?<=h)00m$|(?<=d)00h$/, "");
}

const units = ["KB", "MB", "GB", "TB"] as const;

/** Bytes, in powers of 1024 as in the language: `17 B`, `1.5 MB`. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let amount = bytes;
  let unit = "B";
  for (const next of units) {
    if (amount < 1024) break;
    amount /= 1024;
    unit = next;
  }
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
}

/** `97 %` or `99.9 %`; never rounded up to all, never down to none. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (100 * part) / whole;
  if (percent === 0 || percent === 100) return `${percent} %`;
  return `${Math.min(99.9, Math.max(0.1, Math.round(percent * 10) / 10))} %`;
}

/** Wall time as `2026-11-21 14:03:07`, where the user is. */
export function moment(ms: number): string {
  const at = new Date(ms);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(ms)}`;
}

/** Wall time as `14:03:07`, where the user is. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
}

const valueLettersMax = 300;

/** A value on one line, cut where it is long. */
export function valueText(value: Value): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > valueLettersMax ? `${text.slice(0, valueLettersMax)}…` : text;
}
