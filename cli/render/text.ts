// Text on a terminal: how wide it is, how it is cut, and how characters that no one would see are shown.

import { eastAsianWidth } from "get-east-asian-width";

/** A piece of text that a terminal draws as one: its place in the original, what is drawn, how many columns it takes. */
export interface Cell {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly width: number;
}

const tabColumns = 4;

/** Characters that a terminal obeys or hides: controls, bidirectional marks, zero-width ones, halves of pairs. */
const unseen =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}|[\u{e0000}-\u{e007f}]/u;
const unseenAll = new RegExp(unseen.source, "gu");

const plain = /^[\u0020-\u007e]*$/;

function shown(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "␡";
  return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
}

/** The text with every character that a terminal would obey or hide made visible; newlines and tabs too. */
export function visible(text: string): string {
  return plain.test(text) ? text : text.replace(unseenAll, shown);
}

/** Colours that a program gave its output; the text says enough without them. */
const colours = /\u001b\[[0-9;:]*m/g;

/** As {@link visible}, but newlines stay, tabs become spaces and colours go: for output of several lines. */
export function visibleLines(text: string): string {
  return visibleOutput(text).replaceAll("\t", " ".repeat(tabColumns));
}

/** As {@link visibleLines}, with tabs as they are: for output that is not aligned to anything. */
export function visibleOutput(text: string): string {
  return text
    .replace(colours, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, "").split("\t").map(visible).join("\t"))
    .join("\n");
}

let segmenter: Intl.Segmenter | null = null;

function* graphemes(text: string): Generator<string> {
  if (plain.test(text)) {
    yield* text;
    return;
  }
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  for (const { segment } of segmenter.segment(text)) yield segment;
}

function graphemeWidth(grapheme: string): number {
  const code = grapheme.codePointAt(0) ?? 0;
  if (code < 0x300) return grapheme.includes("\ufe0f") ? 2 : 1;
  if (/^\p{Emoji_Presentation}/u.test(grapheme) || grapheme.includes("\ufe0f")) return 2;
  if (/^[\p{Mn}\p{Me}]+$/u.test(grapheme)) return 0;
  return eastAsianWidth(code);
}

/** One line as cells. Offsets count from `start`. */
export function cells(line: string): readonly Cell[] {
  const found: Cell[] = [];
  let at = 0;
  let column = 0;
  const add = (length: number, text: string, width: number): void => {
    found.push({ start: at, end: at + length, text, width });
    at += length;
    column += width;
  };
  for (const grapheme of graphemes(line)) {
    if (grapheme === "\t") {
      const width = tabColumns - (column % tabColumns);
      add(1, " ".repeat(width), width);
    } else if (unseen.test(grapheme) && !isJoinedEmoji(grapheme)) {
      for (const character of grapheme) {
        const drawn = unseen.test(character) ? shown(character) : character;
        add(character.length, drawn, drawn === character ? graphemeWidth(character) : drawn.length);
      }
    } else add(grapheme.length, grapheme, graphemeWidth(grapheme));
  }
  return found;
}

/** The zero-width joiner of a family or a flag is drawn, not hidden. */
function isJoinedEmoji(grapheme: string): boolean {
  return /^\p{Extended_Pictographic}(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\u200d|\ufe0f|[\u2640\u2642])*$/u.test(
    grapheme,
  );
}

/** Columns that a text without control characters takes. */
export function textWidth(text: string): number {
  if (plain.test(text)) return text.length;
  let sum = 0;
  for (const grapheme of graphemes(text)) sum += graphemeWidth(grapheme);
  return sum;
}

/** At most so many columns; what was longer ends in `…`. */
export function cut(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const grapheme of graphemes(text)) {
    width += graphemeWidth(grapheme);
    if (width > columns - 1) break;
    kept += grapheme;
  }
  return `${kept}…`;
}

/** As {@link cut}, but what is left out is in the middle: of a node's name the end says most. */
export function cutMiddle(text: string, columns: number): string {
  if (textWidth(text) <= columns) return text;
  const all = [...graphemes(text)];
  const front: string[] = [];
  const back: string[] = [];
  let width = 1;
  // From both sides in turn, the end first.
  for (let turn = 0; front.length + back.length < all.length; turn++) {
    const next = (turn % 3 === 2 ? all[front.length] : all[all.length - 1 - back.length]) ?? "";
    width += graphemeWidth(next);
    if (width > columns) break;
    if (turn % 3 === 2) front.push(next);
    else back.unshift(next);
  }
  return `${front.join("")}…${back.join("")}`;
}

/** Rows of a terminal that a line with colours of ours takes: what does not fit goes on in the next. */
export function rowsTaken(line: string, columns: number): number {
  let rows = 1;
  let at = 0;
  for (const grapheme of graphemes(line.replace(colours, ""))) {
    const width = graphemeWidth(grapheme);
    if (at + width > columns) {
      rows++;
      at = 0;
    }
    at += width;
  }
  return rows;
}

/** Filled with spaces up to so many columns. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - textWidth(text)));
}

/** `1 error`, `2 errors`. */
export function count(n: number, one: string, many: string = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
