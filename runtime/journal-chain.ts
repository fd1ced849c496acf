// The chain by which damage is found: each event's row carries the CRC-32 of itself and of all before it.

import { crc32 } from "node:zlib";
import { integer, integerOrNull, type Row, type SqlValue } from "./sqlite.ts";

/** Where a chain has got to: the number of an event, and its CRC. */
export interface ChainEnd {
  readonly seq: number;
  readonly crc: number;
}

/** Before the first event of a run: that of another run does not fit. */
export function chainStart(run: string): ChainEnd {
  return { seq: 0, crc: crc32(run) };
}

/** The CRC of a row as `encodeEvent` makes it for run 0, behind an event with the CRC `before`. */
export function chained(before: number, row: readonly SqlValue[]): number {
  const [seq, at, epoch, type, n, a, body = null] = row;
  const head = crc32(`${seq},${at},${epoch},${type},${n},${a},`, before);
  return typeof body === "string" || body instanceof Uint8Array ? crc32(body, head) : head;
}

/** The same of a row that was read. Throws BadColumn. */
export function chainedRow(before: number, row: Row, seq: number): number {
  const { body } = row;
  const known = typeof body === "string" || body instanceof Uint8Array ? body : null;
  return chained(before, [
    seq,
    integer(row, "at"),
    integer(row, "epoch"),
    integer(row, "type"),
    integerOrNull(row, "n"),
    integerOrNull(row, "a"),
    known,
  ]);
}
