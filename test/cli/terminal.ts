// A terminal as a program sees it: takes what is written, obeys the codes, breaks lines, scrolls, is made narrower.

import { textWidth } from "../../cli/render/text.ts";

interface Row {
  cells: string[];
  /** The line goes on in the next row: it was broken because the terminal is narrow. */
  broken: boolean;
}

/** Keeps all that scrolled away. Knows the codes that flowc may write, and fails at all others. */
export class Terminal {
  columns: number;
  rows: number;
  private lines: Row[] = [{ cells: [], broken: false }];
  private row = 0;
  private column = 0;
  /** The first row that a cursor can reach. */
  private top = 0;

  constructor(columns: number, rows = 24) {
    this.columns = columns;
    this.rows = rows;
  }

  /** All lines, also those above the screen, as a person reads them. */
  text(): string {
    const rows = this.lines.map(({ cells }) => cells.join("").trimEnd());
    while (rows.at(-1) === "") rows.pop();
    return rows.map((row) => `${row}\n`).join("");
  }

  /** How many rows there are on the screen or above. */
  get height(): number {
    return this.lines.length;
  }

  write(text: string): void {
    for (const [piece, code, parameter = "", kind = ""] of text.matchAll(
      /\u001b(\[([0-9;?]*)(.))|[^\u001b]/gsu,
    ))
      if (code !== undefined) this.obey(parameter, kind);
      else this.put(piece);
  }

  private put(character: string): void {
    if (character === "\r") this.column = 0;
    else if (character === "\n") this.down();
    else {
      const width = textWidth(character);
      if (this.column + width > this.columns) {
        this.line().broken = true;
        this.down();
      }
      const { cells } = this.line();
      while (cells.length < this.column) cells.push(" ");
      cells[this.column] = character;
      for (let i = 1; i < width; i++) cells[this.column + i] = "";
      this.column += width;
    }
  }

  private down(): void {
    this.column = 0;
    this.row++;
    if (this.row === this.lines.length) this.lines.push({ cells: [], broken: false });
    this.top = Math.max(this.top, this.row - this.rows + 1);
  }

  private line(): Row {
    const line = this.lines[this.row];
    if (line === undefined) throw new Error(`no row ${this.row}`);
    return line;
  }

  private obey(parameter: string, kind: string): void {
    if (kind === "m") return;
    const times = Number(parameter || 1);
    if (kind === "A") this.row = Math.max(this.top, this.row - times);
    else if (kind === "K" && parameter === "") this.clear();
    else if (kind === "J" && parameter === "") {
      this.clear();
      this.lines.length = this.row + 1;
    } else throw new Error(`the code ${parameter}${kind} is not known`);
  }

  private clear(): void {
    const line = this.line();
    line.cells.length = Math.min(line.cells.length, this.column);
    line.broken = false;
  }

  /** Lines that no longer fit are broken, broken ones joined again, as terminals do today. The cursor stays where it was in its text. */
  resize(columns: number): void {
    const whole: { cells: string[]; cursor: number | null }[] = [];
    let current: { cells: string[]; cursor: number | null } = { cells: [], cursor: null };
    this.lines.forEach(({ cells, broken }, row) => {
      if (row === this.row) current.cursor = current.cells.length + this.column;
      current.cells.push(...cells);
      if (broken) return;
      whole.push(current);
      current = { cells: [], cursor: null };
    });
    this.columns = columns;
    this.lines = [];
    for (const { cells, cursor } of whole) {
      const first = this.lines.length;
      for (let at = 0; at === 0 || at < cells.length; at += columns)
        this.lines.push({ cells: cells.slice(at, at + columns), broken: at + columns < cells.length });
      if (cursor === null) continue;
      this.row = first + Math.min(Math.floor(cursor / columns), this.lines.length - 1 - first);
      this.column = cursor - (this.row - first) * columns;
    }
    this.top = Math.max(0, this.lines.length - this.rows);
  }
}
