// Lays out documents: text with places where a line may break, printed flat where it fits and broken where it does not.

export type Doc =
  | string
  | readonly Doc[]
  | { readonly kind: "line"; readonly flat: string; readonly hard: boolean }
  | { readonly kind: "indent"; readonly of: Doc }
  /** Printed on one line if it fits there. */
  | { readonly kind: "group"; readonly of: Doc; readonly broken: boolean }
  /** Text that is there only where the group is broken. */
  | { readonly kind: "broken"; readonly text: string }
  /** Lines as they are, without indentation but on the first. */
  | { readonly kind: "verbatim"; readonly text: string };

const columns = 100;
const step = "  ";

/** A space, or a new line where the group breaks. */
export const line: Doc = { kind: "line", flat: " ", hard: false };
/** Nothing, or a new line where the group breaks. */
export const softline: Doc = { kind: "line", flat: "", hard: false };
export const hardline: Doc = { kind: "line", flat: "", hard: true };
/** A comma where the group is broken. */
export const trailingComma: Doc = { kind: "broken", text: "," };

export function indent(of: Doc): Doc {
  return { kind: "indent", of };
}

export function group(of: Doc, broken = false): Doc {
  return { kind: "group", of, broken: broken || breaks(of) };
}

export function verbatim(text: string): Doc {
  return { kind: "verbatim", text };
}

export function join(docs: readonly Doc[], separator: Doc): Doc {
  return docs.flatMap((doc, index) => (index === 0 ? [doc] : [separator, doc]));
}

/** Whether a document cannot stand on one line. */
export function breaks(doc: Doc): boolean {
  if (typeof doc === "string") return false;
  if (isList(doc)) return doc.some(breaks);
  if (doc.kind === "line") return doc.hard;
  if (doc.kind === "group") return doc.broken;
  if (doc.kind === "indent") return breaks(doc.of);
  return doc.kind === "verbatim" && doc.text.includes("\n");
}

/** Whether a document takes several lines, if it begins one. */
export function takesLines(doc: Doc): boolean {
  return breaks(doc) || (flatWidth(doc) > columns && layout(doc).includes("\n"));
}

/** How many columns it takes on one line. */
export function flatWidth(doc: Doc): number {
  if (typeof doc === "string") return doc.length;
  if (isList(doc)) return doc.reduce<number>((sum, one) => sum + flatWidth(one), 0);
  if (doc.kind === "line") return doc.flat.length;
  if (doc.kind === "group" || doc.kind === "indent") return flatWidth(doc.of);
  return doc.kind === "verbatim" ? doc.text.length : 0;
}

/** A document on one line, however long. */
export function flatText(doc: Doc): string {
  if (typeof doc === "string") return doc;
  if (isList(doc)) return doc.map(flatText).join("");
  if (doc.kind === "line") return doc.flat;
  if (doc.kind === "group" || doc.kind === "indent") return flatText(doc.of);
  return doc.kind === "verbatim" ? doc.text : "";
}

function isList(doc: Exclude<Doc, string>): doc is readonly Doc[] {
  return Array.isArray(doc);
}

interface Piece {
  readonly doc: Doc;
  readonly level: number;
  readonly flat: boolean;
}

/** The text of a document; lines end without spaces that are not theirs. */
export function layout(root: Doc): string {
  let out = "";
  let column = 0;
  /** Indentation that is written before the next text of its line. */
  let pending = 0;
  const write = (text: string): void => {
    if (text === "") return;
    if (column === 0 && pending > 0) {
      out += step.repeat(pending);
      column = pending * step.length;
    }
    out += text;
    column += text.length;
  };
  const stack: Piece[] = [{ doc: root, level: 0, flat: false }];
  for (let piece = stack.pop(); piece !== undefined; piece = stack.pop()) {
    const { doc, level, flat } = piece;
    if (typeof doc === "string") write(doc);
    else if (isList(doc))
      for (let at = doc.length - 1; at >= 0; at--) stack.push({ doc: doc[at] ?? "", level, flat });
    else if (doc.kind === "indent") stack.push({ doc: doc.of, level: level + 1, flat });
    else if (doc.kind === "group") {
      const start = column === 0 ? pending * step.length : column;
      const fits = flat || (!doc.broken && roomFor(doc.of, stack, columns - start));
      stack.push({ doc: doc.of, level, flat: fits });
    } else if (doc.kind === "broken") write(flat ? "" : doc.text);
    else if (doc.kind === "verbatim") {
      write(doc.text);
      if (doc.text.includes("\n")) column = doc.text.length - doc.text.lastIndexOf("\n") - 1 || 1;
    } else if (flat && !doc.hard) write(doc.flat);
    else {
      out += "\n";
      column = 0;
      pending = level;
    }
  }
  return out;
}

/** Whether a document, flat, and what follows it up to the next possible break have room. */
function roomFor(doc: Doc, rest: readonly Piece[], room: number): boolean {
  const stack: Piece[] = [{ doc, level: 0, flat: true }];
  let restAt = rest.length;
  let left = room;
  while (left >= 0) {
    const piece = stack.pop() ?? rest[--restAt];
    if (piece === undefined) return true;
    const { doc: next, flat } = piece;
    if (typeof next === "string") left -= next.length;
    else if (isList(next))
      for (let at = next.length - 1; at >= 0; at--) stack.push({ ...piece, doc: next[at] ?? "" });
    else if (next.kind === "indent") stack.push({ ...piece, doc: next.of });
    else if (next.kind === "group") stack.push({ ...piece, doc: next.of, flat: flat && !next.broken });
    else if (next.kind === "broken") left -= flat ? 0 : next.text.length;
    else if (next.kind === "line") {
      if (next.hard || !flat) return true;
      left -= next.flat.length;
    } else {
      const end = next.text.indexOf("\n");
      left -= end === -1 ? next.text.length : end;
      if (end !== -1) return left >= 0;
    }
  }
  return false;
}
