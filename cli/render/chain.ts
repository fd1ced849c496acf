// A chain of nodes on one line: `fetch → build → pack`, long ones without their middle.

import { visible } from "./text.ts";

/** Names that are written out. */
const namesMax = 12;
const nameLengthMax = 48;

/** A name deep in a recursion by its first and last parts. */
function shortened(name: string): string {
  return name.length <= nameLengthMax ? name : `${name.slice(0, 16)}…${name.slice(16 + 1 - nameLengthMax)}`;
}

export function chainText(all: readonly string[]): string {
  const names = all.map((name) => shortened(visible(name)));
  const shown =
    names.length <= namesMax
      ? names
      : [...names.slice(0, namesMax - 1), `… ${names.length - namesMax} more`, names.at(-1) ?? ""];
  return shown.join(" → ");
}
