// Archives as a container and a sandbox take and give them: folders, files and links, streamed.

import { createReadStream, readFileSync, statSync } from "node:fs";
import { Readable } from "node:stream";

const block = 512;
/** Smaller files are read at once: to open them is most of what they cost. */
const wholeBytesMax = 1 << 16;

/** What goes into an archive. `name`: relative, with `/`. `from`: of a file, its path here; null: a folder. */
export interface Packed {
  readonly name: string;
  readonly from: string | null;
  /** Of a file: its permissions from those that it has here. */
  mode(own: number): number;
}

/** An archive whose files belong to one user. A file that becomes shorter while it is read is an error. */
export function packed(
  entries: readonly Packed[],
  owner: { readonly uid: number; readonly gid: number },
): Readable {
  return Readable.from(pack(entries, owner), { objectMode: false });
}

async function* pack(
  entries: readonly Packed[],
  owner: { readonly uid: number; readonly gid: number },
): AsyncGenerator<Buffer> {
  for (const { name, from, mode } of entries) {
    if (from === null) {
      yield header({ name: `${name}/`, type: "5", size: 0, mode: mode(0o755), seconds: 0, ...owner });
      continue;
    }
    const stats = statSync(from);
    const seconds = Math.floor(stats.mtimeMs / 1000);
    yield header({ name, type: "0", size: stats.size, mode: mode(stats.mode), seconds, ...owner });
    let left = stats.size;
    if (left > 0 && left <= wholeBytesMax) {
      const all = readFileSync(from);
      if (all.length !== left) throw new Error(`\`${from}\` was changed while it was copied`);
      yield Buffer.concat([all, padding(left)]);
      continue;
    }
    for await (const chunk of left === 0
      ? []
      : createReadStream(from, { end: left - 1, highWaterMark: 1 << 18 })) {
      left -= chunk.length;
      yield chunk;
    }
    if (left !== 0) throw new Error(`\`${from}\` was changed while it was copied`);
    yield padding(stats.size);
  }
  yield Buffer.alloc(2 * block);
}

interface Header {
  readonly name: string;
  readonly type: "0" | "5" | "x";
  readonly size: number;
  readonly mode: number;
  readonly seconds: number;
  readonly uid: number;
  readonly gid: number;
}

/** What does not fit the old fields stands in a record of its own before them. */
function header(fields: Header): Buffer {
  const { name, size } = fields;
  const records =
    (Buffer.byteLength(name) > 100 || /[^ -~]/.test(name) ? record("path", name) : "") +
    (size >= 8 ** 11 ? record("size", String(size)) : "");
  if (records === "") return plain(fields);
  const text = Buffer.from(records);
  const before = plain({ ...fields, name: "pax", type: "x", size: text.length });
  return Buffer.concat([before, text, padding(text.length), plain(fields)]);
}

function record(key: string, text: string): string {
  const rest = ` ${key}=${text}\n`;
  let length = Buffer.byteLength(rest);
  while (String(length).length + Buffer.byteLength(rest) !== length)
    length = String(length).length + Buffer.byteLength(rest);
  return `${length}${rest}`;
}

function plain({ name, type, size, mode, seconds, uid, gid }: Header): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (number: number, at: number, length: number): void => {
    const text = number.toString(8).padStart(length - 1, "0");
    bytes.write(text.length < length ? text : "0".repeat(length - 1), at, "latin1");
  };
  Buffer.from(name).subarray(0, 100).copy(bytes);
  octal(mode & 0o7777, 100, 8);
  octal(uid, 108, 8);
  octal(gid, 116, 8);
  octal(size, 124, 12);
  octal(seconds, 136, 12);
  bytes.write("        ", 148, "latin1");
  bytes.write(type, 156, "latin1");
  bytes.write("ustar\x0000", 257, "latin1");
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return bytes;
}

function padding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block);
}

/** What stands in an archive. Its bytes are read before the next is asked for, or passed over. */
export interface Unpacked {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
  /** Of a link: where it leads, as it is written. */
  readonly target: string;
  readonly size: number;
  /** Its permissions; whoever writes it may read and write it. */
  readonly mode: number;
  bytes(): AsyncIterable<Buffer>;
}

/** Reads an archive. Throws when it ends in the middle. */
export async function* unpacked(stream: AsyncIterable<unknown>): AsyncGenerator<Unpacked> {
  const source = new Source(stream);
  let more: Record<string, string> = {};
  for (;;) {
    const head = await source.take(block);
    if (head === null || head.every((byte) => byte === 0)) return;
    const type = String.fromCharCode(head[156] ?? 0);
    const size = Number(more["size"] ?? numberIn(head, 124, 12));
    if (type === "x" || type === "L" || type === "K" || type === "g") {
      const text = await source.text(size);
      if (type === "x") more = { ...more, ...recordsIn(text) };
      else if (type === "L") more["path"] = text.toString().replace(/\0.*$/s, "");
      else if (type === "K") more["linkpath"] = text.toString().replace(/\0.*$/s, "");
      continue;
    }
    const prefix = textIn(head, 345, 155);
    const short = textIn(head, 0, 100);
    const name = more["path"] ?? (prefix === "" ? short : `${prefix}/${short}`);
    const kind =
      type === "0" || type === "\0" ? "file" : type === "5" ? "folder" : type === "2" ? "link" : "other";
    const stored = kind === "file" || type === "7" ? size : 0;
    const end = source.at + stored + padding(stored).length;
    yield {
      name: name.replace(/\/$/, ""),
      kind,
      target: more["linkpath"] ?? textIn(head, 157, 100),
      size,
      mode: (numberIn(head, 100, 8) & 0o777) | 0o600,
      bytes: () => source.pass(stored),
    };
    for await (const _ of source.pass(end - source.at));
    more = {};
  }
}

function textIn(bytes: Buffer, at: number, length: number): string {
  const end = bytes.indexOf(0, at);
  return bytes.toString("utf8", at, end < 0 || end > at + length ? at + length : end);
}

/** In octal; or, when it is too large for that, as bytes with the first bit set. */
function numberIn(bytes: Buffer, at: number, length: number): number {
  if (((bytes[at] ?? 0) & 0x80) !== 0) return Number(bytes.readBigUInt64BE(at + length - 8));
  return Number.parseInt(textIn(bytes, at, length).trim() || "0", 8);
}

function recordsIn(text: Buffer): Record<string, string> {
  const records: Record<string, string> = {};
  let at = 0;
  while (at < text.length) {
    const space = text.indexOf(0x20, at);
    const length = Number(text.toString("latin1", at, space));
    if (space < 0 || !(length > 0)) break;
    const [, key = "", value = ""] =
      /^([^=]*)=(.*)$/s.exec(text.toString("utf8", space + 1, at + length - 1)) ?? [];
    if (key === "path" || key === "linkpath" || key === "size") records[key] = value;
    at += length;
  }
  return records;
}

/** A stream, read by so many bytes. */
class Source {
  at = 0;
  private readonly chunks: AsyncIterator<unknown>;
  private held: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<unknown>) {
    this.chunks = stream[Symbol.asyncIterator]();
  }

  /** Null: the stream has ended. */
  async take(length: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    let left = length;
    while (left > 0) {
      const piece = await this.piece(left);
      if (piece === null) {
        if (left === length) return null;
        throw new Error("the archive ends in the middle");
      }
      parts.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(parts);
  }

  async text(size: number): Promise<Buffer> {
    const text = size > 1 << 20 ? null : await this.take(size);
    await this.take(padding(size).length);
    if (text === null) throw new Error("the archive has a name that is too long");
    return text;
  }

  async *pass(length: number): AsyncGenerator<Buffer> {
    let left = length;
    while (left > 0) {
      const piece = await this.piece(left);
      if (piece === null) throw new Error("the archive ends in the middle");
      left -= piece.length;
      yield piece;
    }
  }

  private async piece(lengthMax: number): Promise<Buffer | null> {
    while (this.held.length === 0) {
      const { done, value } = await this.chunks.next();
      if (done === true) return null;
      this.held = Buffer.isBuffer(value) ? value : Buffer.from(String(value));
    }
    const piece = this.held.subarray(0, lengthMax);
    this.held = this.held.subarray(piece.length);
    this.at += piece.length;
    return piece;
  }
}
