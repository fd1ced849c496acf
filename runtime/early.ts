// The early fields of one attempt: watched while it works, taken when valid and still, compared again at its end.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { earlyFields, type FieldType, type Type, type TypeTable, type Value } from "../compiler/types.ts";
import { answerBytesMax } from "./answer.ts";
import type { ArtifactRef } from "./events.ts";
import { bareType } from "./hole-texts.ts";
import { Left } from "./left.ts";
import { utf8 } from "./output.ts";
import { holdsSecret } from "./redact.ts";
import type { Workspace } from "./runner.ts";
import { decodeText } from "./validate.ts";
import { equal, isRecord, textOf } from "./values.ts";
import type { AttemptArtifacts, Inputs } from "./workspace.ts";

/** So long a field must not change before it is taken. */
const stillMs = 1000;
/** After a change, the folder is looked at so soon. */
const heardMs = 50;
/** The folder is looked at so often even if nobody tells that something changed. */
const netMs = 2000;

interface Order {
  readonly n: number;
  readonly a: number;
  readonly task: { readonly answer: Type | null };
  readonly types: TypeTable;
  /** Those that an earlier attempt of the node gave: they are final. */
  readonly early: readonly { readonly field: string; readonly value: Value }[];
}

/** What watching early fields needs of the world. */
export interface EarlyWorld {
  readonly artifacts: AttemptArtifacts;
  /** Monotonic, in ms. */
  now(): number;
  /** Calls `wake` once after `ms`; the answer takes that back. */
  timer(ms: number, wake: () => void): () => void;
  /** Told once of each field, when it is taken. */
  early(n: number, a: number, field: string, value: Value, files: readonly ArtifactRef[]): void;
}

interface Place {
  readonly workspace: Workspace;
  /** Brings files of values that are known. */
  readonly inputs: Inputs;
  /** Absolute path on this machine of a directory that belongs to this attempt. */
  readonly scratch: string;
  readonly secrets: readonly Buffer[];
}

/** All early fields of an attempt that ended well, with files not told of before; or why it has not. */
export type EarlyEnd =
  | { readonly values: ReadonlyMap<string, Value>; readonly files: readonly ArtifactRef[] }
  | Wrong;

interface Wrong {
  readonly why: "invalid";
  readonly message: string;
}

interface Seen {
  readonly bytes: Uint8Array;
  readonly since: number;
  /** It was still, and is no value of its type: nothing to do before it changes. */
  readonly wrong: boolean;
}

interface Given {
  readonly value: Value;
  /** What we put there for a later attempt to find; null if this attempt wrote it. */
  readonly put: Uint8Array | null;
}

type Read = { readonly value: Value; readonly files: readonly ArtifactRef[] } | Wrong;

/** Made before the work starts, closed after it. */
export class Early {
  private readonly order: Order;
  private readonly world: EarlyWorld;
  private readonly place: Place;
  private readonly fields: readonly FieldType[];
  private readonly folder: string;
  private readonly given = new Map<string, Given>();
  private readonly seen = new Map<string, Seen>();
  private unwatch: () => void = () => {};
  private takeBack: () => void = () => {};
  private closed = false;
  private looking: Promise<void> = Promise.resolve();
  private heard = false;
  private busy = false;
  private again = false;

  private constructor(order: Order, world: EarlyWorld, place: Place) {
    this.order = order;
    this.world = world;
    this.place = place;
    this.fields = earlyFields(order.task.answer);
    this.folder = join(place.workspace.temporary, "early");
  }

  /** Puts what is known where the work finds it, and begins to watch. Null for a task without early fields. */
  static async open(order: Order, world: EarlyWorld, place: Place): Promise<Early | null> {
    const early = new Early(order, world, place);
    if (early.fields.length === 0) return null;
    early.unwatch = await place.workspace.watch(early.folder, () => early.hear());
    for (const field of early.fields) await early.put(field);
    early.wakeIn(netMs);
    return early;
  }

  private async put({ name, type }: FieldType): Promise<void> {
    const { workspace, inputs, scratch } = this.place;
    const found = this.order.early.find(({ field }) => field === name);
    if (found === undefined) return;
    const local = await inputs.local(found.value, type);
    const text = local === null ? "" : `${textOf(local, bareType(type, this.order.types))}\n`;
    const from = join(scratch, `early-${this.given.size}`);
    await writeFile(from, text);
    await workspace.put([{ from, to: this.path(name) }]);
    this.given.set(name, { value: found.value, put: Buffer.from(text) });
  }

  /** The variables by which the work finds the folder. */
  get env(): Readonly<Record<string, string>> {
    return { EARLY: this.folder };
  }

  /** After work that ended well: everything must be there, valid, and what it was when it was taken. */
  async atEnd(): Promise<EarlyEnd> {
    await this.close();
    const values = new Map<string, Value>();
    const files: ArtifactRef[] = [];
    for (const field of this.fields) {
      const { name } = field;
      const bytes = await this.read(name);
      if (bytes instanceof Error) return invalid(`$EARLY/${name} could not be read: ${bytes.message}.`);
      const given = this.given.get(name);
      if (bytes === null)
        return invalid(
          given === undefined
            ? `It ended without having written $EARLY/${name}, which its answer promises. For example: echo … > "$EARLY/${name}"`
            : `It removed $EARLY/${name} after that had been taken: an early field is final.`,
        );
      if (given?.put != null && Buffer.compare(given.put, bytes) === 0) {
        values.set(name, given.value);
        continue;
      }
      const read = await this.decoded(field, bytes);
      if ("why" in read) return read;
      if (given !== undefined && !equal(given.value, read.value))
        return invalid(
          `It wrote another value to $EARLY/${name} after one had been taken: an early field is final.`,
        );
      values.set(name, read.value);
      if (given === undefined) files.push(...read.files);
    }
    return { values, files };
  }

  /** Nothing is taken any more once this resolves. */
  async close(): Promise<void> {
    this.closed = true;
    this.unwatch();
    this.takeBack();
    await this.looking;
  }

  private path(field: string): string {
    return join(this.folder, field);
  }

  /** Something may have changed. Much is written in many pieces: they are looked at together. */
  private hear(): void {
    if (this.heard || this.closed) return;
    this.heard = true;
    this.takeBack();
    this.takeBack = this.world.timer(heardMs, () => {
      this.heard = false;
      this.look();
    });
  }

  private wakeIn(ms: number): void {
    if (this.heard) return;
    this.takeBack();
    if (this.closed || this.given.size === this.fields.length) {
      this.unwatch();
      return;
    }
    this.takeBack = this.world.timer(ms, () => this.look());
  }

  private look(): void {
    this.again = true;
    if (this.busy || this.closed) return;
    this.busy = true;
    this.looking = this.lookWhileAsked().finally(() => {
      this.busy = false;
    });
  }

  private async lookWhileAsked(): Promise<void> {
    let next = netMs;
    while (this.again && !this.closed) {
      this.again = false;
      next = netMs;
      for (const field of this.fields)
        if (!this.given.has(field.name)) next = Math.min(next, await this.lookAt(field));
    }
    this.wakeIn(next);
  }

  /** After how many ms to look again. What cannot be read or is no value yet is judged at the end. */
  private async lookAt(field: FieldType): Promise<number> {
    const { name } = field;
    const bytes = await this.read(name);
    if (bytes === null || bytes instanceof Error) {
      this.seen.delete(name);
      return netMs;
    }
    const now = this.world.now();
    const seen = this.seen.get(name);
    if (seen === undefined || Buffer.compare(seen.bytes, bytes) !== 0) {
      this.seen.set(name, { bytes, since: now, wrong: false });
      return stillMs;
    }
    const left = seen.since + stillMs - now;
    if (left > 0) return Math.ceil(left);
    if (seen.wrong) return netMs;
    const read = await this.decoded(field, bytes);
    if ("message" in read) this.seen.set(name, { ...seen, wrong: true });
    else if (!this.closed) {
      this.given.set(name, { value: read.value, put: null });
      this.seen.delete(name);
      this.world.early(this.order.n, this.order.a, name, read.value, read.files);
    }
    return netMs;
  }

  private async read(field: string): Promise<Uint8Array | Error | null> {
    try {
      const read = await this.place.workspace.read(this.path(field), answerBytesMax);
      if (read?.truncated)
        return new Error(
          `it is more than ${answerBytesMax / 1024 / 1024} MB. Write what is large to a file, and its path there`,
        );
      return read?.bytes ?? null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  private async decoded(field: FieldType, bytes: Uint8Array): Promise<Read> {
    const { workspace, scratch, secrets } = this.place;
    const { types } = this.order;
    const what = `What it wrote to $EARLY/${field.name}`;
    const text = utf8(bytes);
    if (text === null) return invalid(`${what} is not UTF-8.`);
    const left = new Left(workspace, scratch, this.world.artifacts);
    const decoded = await left.settled(() =>
      decodeText(text, field.type, types, "answer", { file: left.named }),
    );
    if (!decoded.ok) {
      const place = decoded.path === "" ? "" : ` at \`${decoded.path}\``;
      return invalid(`${what} does not fit its type${place}: ${decoded.reason}.`);
    }
    const { value } = decoded;
    const files = [...left.kept.values()];
    if (secrets.length > 0 && holdsSecret(JSON.stringify([value, files]), secrets))
      return invalid(`${what} holds a secret, which must never be recorded.`);
    return { value, files };
  }
}

function invalid(message: string): Wrong {
  return { why: "invalid", message };
}

/** The whole answer: early fields and what was given at the end, in the order of its type. */
export function wholeAnswer(answer: Type | null, early: ReadonlyMap<string, Value>, end: Value): Value {
  const given = new Map(isRecord(end) ? Object.entries(end) : []);
  const fields = answer?.kind === "record" ? answer.fields : [];
  return Object.fromEntries(fields.map(({ name }) => [name, early.get(name) ?? given.get(name) ?? null]));
}
