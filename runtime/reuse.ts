// Whether a node has to run at all: its work's fingerprint, and the answer that is kept for it, with its files looked at.

import type { FileValue, Type, TypeTable, Value } from "../compiler/types.ts";
import { ArtifactError, type ArtifactStore } from "./artifacts.ts";
import type { Contents, Listing } from "./contents.ts";
import { argsOf, cacheOf, type NodeSettings, settingsOf, taskOf } from "./decide-args.ts";
import type { Earlier, NodeNow } from "./earlier.ts";
import { approvalOf } from "./earlier-approvals.ts";
import type { EventBody } from "./events.ts";
import { type Parts, partsOf, printOf, type Work } from "./fingerprint.ts";
import type { Stands } from "./git/stands.ts";
import type { Journal } from "./journal.ts";
import { type Kept, KeptAnswers, type KnownPrint } from "./journal-cache.ts";
import { JournalError } from "./journal-errors.ts";
import type { Run } from "./run.ts";
import { isOnce } from "./run-settings.ts";
import { mayHaveBegun } from "./run-unknown.ts";
import { decode } from "./validate.ts";
import { fileIn, isList, isRecord } from "./values.ts";

/** What was found of a node. */
export interface Look {
  /** Its answer, of which all files are there. */
  readonly kept: Kept | null;
  /** Null: its task has no `cache`, or what it would see cannot be told. */
  readonly print: KnownPrint | null;
  /** Why what is kept could not be taken: a sentence. */
  readonly spoiled: string | null;
  /** How its work differs from that in the earlier run, in clauses; null: that has no answer for it. */
  readonly changes: readonly string[] | null;
  /** The earlier run in which it was started, though it may be done only once, and nobody has said that it is to run again. */
  readonly startedIn: string | null;
}

const nothing: Look = { kept: null, print: null, spoiled: null, changes: null, startedIn: null };

/** Identity of what makes instances of a runner, for fingerprints. */
/** Null: it cannot be told now, and nothing that runs there is reused or kept. */
export type IdentityOf = (runner: string) => Promise<string | null>;

export interface ReuseParts {
  readonly journal: Journal;
  readonly artifacts: ArtifactStore;
  readonly contents: Contents;
  readonly identityOf: IdentityOf;
  /** Does what was left on a branch still stand? Not there: it does. */
  readonly stands?: Stands;
  /** The run that this one goes on from. */
  readonly earlier: Earlier | null;
  /** Names of nodes that may be done only once and are to run again. */
  readonly again: readonly string[];
}

/** Looks for answers of one run's nodes. Nothing is written. */
export class Reuse {
  private readonly run: Run;
  private readonly parts: ReuseParts;
  private answers: KeptAnswers | null = null;
  private readonly identities = new Map<string, string>();
  /** Contents that were found whole: what is stored does not change by itself. */
  private readonly whole = new Set<string>();

  constructor(run: Run, parts: ReuseParts) {
    this.run = run;
    this.parts = parts;
  }

  /** Files are looked at anew from now on. */
  newMoment(): void {
    this.parts.contents.newMoment();
  }

  /** What is kept for a node that could start; at once if that needs no look at files. Throws JournalError. */
  look(n: number): Look | Promise<Look> {
    const values = argsOf(this.run, n);
    const settings = values.ok ? settingsOf(this.run, n, values.value) : null;
    // What cannot be evaluated fails when it starts.
    if (!values.ok || settings === null || !settings.ok) return nothing;
    const work = this.workOf(n, values.value, settings.value);
    const print = work === null ? null : this.print(n, work, settings.value);
    const node = { values: values.value, settings: settings.value };
    if (print instanceof Promise) return print.then((made) => this.lookEarlier(n, node, made));
    return this.lookEarlier(n, node, print);
  }

  /** First at what the earlier run gave, then at what is kept from anywhere. */
  private lookEarlier(
    n: number,
    node: Pick<NodeNow, "values" | "settings">,
    print: KnownPrint | null,
  ): Look | Promise<Look> {
    const { earlier } = this.parts;
    if (earlier === null) return this.found(n, print);
    const stands = earlier.find({ run: this.run, n, print, ...node });
    if ("kept" in stands) {
      const { landed } = stands.kept;
      const { workspace } = node.settings;
      if (landed !== undefined && typeof workspace === "object" && this.parts.stands !== undefined)
        return this.parts.stands(landed, workspace).then((why) => {
          if (why === null) return this.checked(n, stands.kept, print);
          return this.guarded(n, { ...nothing, print, changes: [why] });
        });
      const own = this.checked(n, stands.kept, print);
      return own instanceof Promise ? own.then((look) => this.guarded(n, look)) : this.guarded(n, own);
    }
    const { changes } = stands;
    const found = this.found(n, print);
    if (found instanceof Promise) return found.then((look) => this.guarded(n, { ...look, changes }));
    return this.guarded(n, { ...found, changes });
  }

  /** What may be done only once is not done again unless somebody has said so. */
  private guarded(n: number, look: Look): Look {
    if (look.kept !== null || !isOnce(this.run, n) || mayHaveBegun(this.run, n)) return look;
    const name = this.run.name(n);
    if (this.parts.again.includes(name)) return look;
    return { ...look, startedIn: this.parts.earlier?.startedOnce(name) ?? null };
  }

  /** An approval that was given in the earlier run, and still stands. */
  approval(event: Extract<EventBody, { type: "gate.opened" }>): EventBody | null {
    const { earlier } = this.parts;
    return earlier === null ? null : approvalOf(this.run, earlier, event);
  }

  /** The fingerprint of a node's work as it would be now. */
  async again(n: number): Promise<KnownPrint | null> {
    const values = argsOf(this.run, n);
    const settings = values.ok ? settingsOf(this.run, n, values.value) : null;
    if (!values.ok || settings === null || !settings.ok) return null;
    const work = this.workOf(n, values.value, settings.value);
    return work === null ? null : this.print(n, work, settings.value);
  }

  private workOf(n: number, values: readonly Value[], settings: NodeSettings): Work | null {
    if (!this.run.info(n).cached) return null;
    const cache = cacheOf(this.run, n, values, settings);
    if (cache === null) return null;
    const { types } = this.run.plan;
    return { task: taskOf(this.run, n), values, settings, keys: cache.keys, types, files: this.run.files };
  }

  private print(
    n: number,
    work: Work,
    settings: NodeSettings,
  ): KnownPrint | null | Promise<KnownPrint | null> {
    const parts = partsOf(work);
    if (parts === null) return null;
    const { action } = work.task;
    const identity = this.identities.get(settings.runner);
    const { reads } = settings;
    if (identity !== undefined && action?.kind !== "call" && (reads === null || reads.length === 0))
      return this.known(n, [...parts, ["runner", identity]], []);
    return this.printSlowly(n, parts, settings, action?.kind === "call" ? action.file : null);
  }

  private async printSlowly(
    n: number,
    parts: Parts,
    { reads, runner }: NodeSettings,
    module: string | null,
  ): Promise<KnownPrint | null> {
    const { contents } = this.parts;
    const [files, code, identity] = await Promise.all([
      reads === null || reads.length === 0 ? undefined : contents.reads(reads),
      module === null ? undefined : contents.module(module),
      this.identityOf(runner),
    ]);
    if (files === null || code === null || identity === null) return null;
    const all: [string, string][] = [["runner", identity]];
    const listings: Listing[] = [];
    if (files !== undefined) {
      all.push(["files", files.hash]);
      listings.push(files);
    }
    if (code !== undefined) {
      all.push(["module", code.hash]);
      listings.push(code);
    }
    return this.known(n, [...parts, ...all], listings);
  }

  private known(n: number, parts: Parts, listings: readonly Listing[]): KnownPrint {
    return { ...printOf(parts), listings, task: taskOf(this.run, n).name, node: this.run.name(n) };
  }

  private async identityOf(runner: string): Promise<string | null> {
    const known = this.identities.get(runner);
    if (known !== undefined) return known;
    const identity = await this.parts.identityOf(runner);
    if (identity !== null) this.identities.set(runner, identity);
    return identity;
  }

  private found(n: number, print: KnownPrint | null): Look | Promise<Look> {
    if (print === null) return nothing;
    this.answers ??= new KeptAnswers(this.parts.journal);
    const kept = this.answers.find(print.hash);
    if (kept === null) return { ...nothing, print };
    if ("problem" in kept) return { ...nothing, print, spoiled: spoiledBy(kept.problem) };
    return this.checked(n, kept, print);
  }

  /** What is kept has to be a whole answer of the task. */
  private checked(n: number, kept: Kept, print: KnownPrint | null): Look | Promise<Look> {
    const { answer } = taskOf(this.run, n);
    const { types } = this.run.plan;
    if (answer === null) return { ...nothing, kept, print };
    const decoded = decode(kept.value, answer, types);
    if (!decoded.ok)
      return { ...nothing, print, spoiled: spoiledBy(`it does not fit its type: ${decoded.reason}`) };
    const files = filesOf(kept.value, answer, types);
    if (files.length === 0) return { ...nothing, kept, print };
    return this.allThere(files).then((problem) =>
      problem === null ? { ...nothing, kept, print } : { ...nothing, print, spoiled: spoiledBy(problem) },
    );
  }

  /** Null, or what is wrong with the first content that is not what it was, as a clause. */
  private async allThere(files: readonly StoredFile[]): Promise<string | null> {
    for (const { kind, file } of files) {
      try {
        const contents = kind === "file" ? [file] : [file, ...this.parts.artifacts.manifestOf(file)];
        for (const { sha256 } of contents) {
          if (this.whole.has(sha256)) continue;
          await this.parts.artifacts.verify(sha256);
          this.whole.add(sha256);
        }
      } catch (error) {
        if (error instanceof ArtifactError) return `of \`${file.name}\`, ${error.message.replace(/;.*/, "")}`;
        if (error instanceof JournalError || !(error instanceof Error)) throw error;
        return `\`${file.name}\` cannot be read: ${error.message}`;
      }
    }
    return null;
  }
}

function spoiledBy(problem: string): string {
  return `Its kept answer could not be taken, so it runs again: ${problem}.`;
}

interface StoredFile {
  readonly kind: "file" | "dir";
  readonly file: FileValue;
}

/** All files and dirs in a value of a type. */
export function filesOf(value: Value, type: Type, types: TypeTable): readonly StoredFile[] {
  switch (type.kind) {
    case "named": {
      const body = Object.hasOwn(types, type.name) ? types[type.name] : undefined;
      return body === undefined ? [] : filesOf(value, body, types);
    }
    case "optional":
      return value === null ? [] : filesOf(value, type.of, types);
    case "list":
      return isList(value) ? value.flatMap((item) => filesOf(item, type.of, types)) : [];
    case "map":
      return isRecord(value) ? Object.values(value).flatMap((item) => filesOf(item, type.of, types)) : [];
    case "record":
      return isRecord(value)
        ? type.fields.flatMap((field) =>
            Object.hasOwn(value, field.name) ? filesOf(value[field.name] ?? null, field.type, types) : [],
          )
        : [];
    case "file":
    case "dir": {
      const file = fileIn(value);
      return file === null ? [] : [{ kind: type.kind, file }];
    }
    default:
      return [];
  }
}
