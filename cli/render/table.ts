// Columns of text, aligned, with only spaces between them.

import { cut, pad, textWidth } from "./text.ts";

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
  /** Columns that may become narrower when the terminal is. */
  readonly flexible?: boolean;
}

/** Narrower than this a column says nothing. */
const columnMin = 12;

/**
 * Rows under their titles, each a line. `width`: columns of the terminal, null if it does not matter. Cells hold no
 * control characters.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | null,
): readonly string[] {
  const widths = columns.map((column, i) =>
    Math.max(textWidth(column.title), ...rows.map((row) => textWidth(row[i] ?? ""))),
  );
  const gap = 2;
  if (width !== null) {
    let over = widths.reduce((sum, each) => sum + each + gap, -gap) - width;
    for (let i = columns.length - 1; i >= 0 && over > 0; i--) {
      const now = widths[i] ?? 0;
      if (columns[i]?.flexible !== true || now <= columnMin) continue;
      widths[i] = Math.max(columnMin, now - over);
      over -= now - (widths[i] ?? 0);
    }
  }
  const line = (cells: readonly string[]): string =>
    columns
      .map((column, i) => {
        const columnWidth = widths[i] ?? 0;
        const text = cut(cells[i] ?? "", columnWidth);
        return column.right === true
          ? " ".repeat(columnWidth - textWidth(text)) + text
          : pad(text, columnWidth);
      })
      .join(" ".repeat(gap))
      .trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)];
}
