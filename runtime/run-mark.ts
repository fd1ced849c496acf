// `runs/<id>/mark`: how far a run's journal had got, kept apart from it, so that a journal that was cut is noticed.

import { closeSync, constants, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { ChainEnd } from "./journal-chain.ts";

/** What was committed last. `once`: number of the latest event that starts what may be done only once; 0: none. */
export interface Mark extends ChainEnd {
  readonly once: number;
}

/** The mark of a run's folder; null: there is none; `unreadable`: it is not what was written. Throws what the disk throws. */
export function readMark(folder: string): Mark | null | "unreadable" {
  let text: string;
  try {
    text = readFileSync(join(folder, "mark"), "latin1");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
  const [, said = "", seq = "", crc = "", once = "", check = ""] =
    /^((\d{12}) ([0-9a-f]{8}) (\d{12})) ([0-9a-f]{8})\n$/.exec(text) ?? [];
  if (hex(crc32(said)) !== check) return "unreadable";
  return { seq: Number(seq), crc: Number.parseInt(crc, 16), once: Number(once) };
}

/** The mark of a run that is ours. It is not synced: after a loss of power it may say too much, never too little. */
export class RunMark {
  private readonly folder: string;
  private file: number | null = null;

  constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * In one piece, always of the same length: on a full disk it needs no room after the first time. The first time it is a new
   * file: whoever had the run before, and does not know yet that it was taken over, writes to one that nobody reads.
   */
  write({ seq, crc, once }: Mark): void {
    const said = `${digits(seq)} ${hex(crc)} ${digits(once)}`;
    const text = `${said} ${hex(crc32(said))}\n`;
    if (this.file !== null) {
      writeSync(this.file, text, 0, "latin1");
      return;
    }
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, "mark");
    this.file = openSync(`${path}.new`, constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC, 0o600);
    writeSync(this.file, text, 0, "latin1");
    renameSync(`${path}.new`, path);
  }

  close(): void {
    if (this.file !== null) closeSync(this.file);
    this.file = null;
  }
}

function digits(count: number): string {
  return String(count).padStart(12, "0");
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}
