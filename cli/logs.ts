// `flowc logs`: what the nodes of a run printed, read in pieces; with `--follow` as it comes.

import { closeSync, existsSync, openSync, readSync, watch } from "node:fs";
import { dirname } from "node:path";
import { createNearest } from "../compiler/suggest.ts";
import { ownerOf } from "../runtime/lease.ts";
import { logPaths } from "../runtime/log-paths.ts";
import type { RunView } from "../runtime/run-view.ts";
import { warnOfGone } from "./gone.ts";
import type { Project } from "./project.ts";
import { type Paint, painter } from "./render/color.ts";
import { visible, visibleOutput } from "./render/text.ts";
import type { RequestOf } from "./request.ts";
import { didYouMean, exits, shellWord, usage } from "./stop.ts";
import { readRun, withJournal } from "./stored.ts";
import type { Channel, World } from "./world.ts";

const pieceBytes = 64 * 1024;
/** A line without an end is printed when it is this long. */
const lineBytesMax = 1024 * 1024;
/** How often a followed run is looked at when no file changes. */
const lookMs = 1000;

export async function logs(request: RequestOf<"logs">, world: World): Promise<number> {
  return withJournal(world, request.state, async (journal, project) => {
    let loaded = await readRun(journal, project, request.run);
    warnOfGone(loaded.gone, loaded.view, world);
    const shown = new Map<string, Tail>();
    const printer = { last: "" };
    const paint = painter(world.out.color);
    const drain = async (view: RunView): Promise<void> => {
      const nodes = chosen(view, request.node, project);
      const titles = nodes.length > 1;
      for (const n of nodes)
        for (let a = 1; a <= view.attempts(n); a++) {
          const { out, err } = logPaths(loaded.folder, n, a);
          for (const path of [out, err])
            await tailOf(shown, path, titles || a > 1 ? title(view, n, a, paint) : "", printer).drain(
              world.out,
            );
        }
    };
    await drain(loaded.view);
    while (request.follow && !world.out.closed() && (await ownerOf(journal, loaded.id)) !== null) {
      await change(loaded.folder, world);
      loaded = await readRun(journal, project, loaded.id);
      await drain(loaded.view);
    }
    for (const tail of shown.values()) tail.end(world.out);
    // Said, so that silence is not taken for a log that was lost; on stderr, since it is nothing that a node printed.
    if ([...shown.values()].every((tail) => tail.empty)) {
      const who = request.node === null ? `The run ${loaded.id}` : visible(request.node);
      world.err.write(`${who} printed nothing.\n`);
    }
    return exits.well;
  });
}

/** The nodes that were meant: one by its name, all inside a `for` or flow by its, or all. */
function chosen(view: RunView, typed: string | null, project: Project): readonly number[] {
  const all = [...view.nodes()];
  if (typed === null) return all;
  const named = all.filter((n) => view.name(n) === typed);
  if (named.length > 0) return named;
  const inside = all.filter((n) => {
    const name = view.name(n);
    return name.startsWith(typed) && ".[#".includes(name[typed.length] ?? "?");
  });
  if (inside.length > 0) return inside;
  const nearest = createNearest()(
    typed,
    all.map((n) => view.name(n)),
  );
  throw usage(
    `The run ${view.id} has no node ${visible(typed)}.${didYouMean(nearest)}`,
    nearest === null
      ? `flowc show ${view.id}${project.flag}`
      : `flowc logs ${view.id} ${shellWord(nearest)}${project.flag}`,
  );
}

function title(view: RunView, n: number, attempt: number, paint: Paint): string {
  return paint("strong", `── ${visible(view.name(n))}${attempt > 1 ? `, attempt ${attempt}` : ""}`);
}

function tailOf(shown: Map<string, Tail>, path: string, head: string, printer: { last: string }): Tail {
  const known = shown.get(path);
  if (known !== undefined) return known;
  const tail = new Tail(path, head, printer);
  shown.set(path, tail);
  return tail;
}

/** One log file, printed up to where it has been read; whole lines, with nothing in them that a terminal obeys. */
class Tail {
  readonly #path: string;
  readonly #head: string;
  /** The title under which something was printed last, by any of them. */
  readonly #printer: { last: string };
  #at = 0;
  #rest = "";
  readonly #decoder = new TextDecoder("utf-8");

  constructor(path: string, head: string, printer: { last: string }) {
    this.#path = path;
    this.#head = head;
    this.#printer = printer;
  }

  get empty(): boolean {
    return this.#at === 0;
  }

  async drain(out: Channel): Promise<void> {
    if (!existsSync(this.#path)) return;
    const file = openSync(this.#path, "r");
    try {
      const piece = new Uint8Array(pieceBytes);
      for (
        let length = this.#read(file, piece);
        length > 0 && !out.closed();
        length = this.#read(file, piece)
      ) {
        this.#at += length;
        this.#print(this.#decoder.decode(piece.subarray(0, length), { stream: true }), out);
        // Whoever reads slowly keeps us waiting, not our memory growing.
        await out.drained();
      }
    } finally {
      closeSync(file);
    }
  }

  #read(file: number, piece: Uint8Array): number {
    return readSync(file, piece, 0, piece.length, this.#at);
  }

  #print(text: string, out: Channel): void {
    const whole = this.#rest + text;
    const end = whole.length > lineBytesMax ? whole.length : whole.lastIndexOf("\n") + 1;
    this.#rest = whole.slice(end);
    if (end > 0) this.#write(whole.slice(0, end), out);
  }

  /** What is left without a line end. */
  end(out: Channel): void {
    if (this.#rest !== "") this.#write(`${this.#rest}\n`, out);
    this.#rest = "";
  }

  #write(text: string, out: Channel): void {
    if (this.#head !== this.#printer.last) out.write(`${this.#head}\n`);
    this.#printer.last = this.#head;
    out.write(visibleOutput(text));
  }
}

/** Until something in the run's folder changes, or a second has passed. */
function change(folder: string, world: World): Promise<void> {
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const done = (): void => {
      for (const stop of stops.splice(0)) stop();
      resolve();
    };
    try {
      const watcher = watch(existsSync(folder) ? folder : dirname(folder), { recursive: true }, done);
      watcher.on("error", done);
      stops.push(() => watcher.close());
    } catch {
      // Too many watches, or a file system without them: the clock will do.
    }
    stops.push(world.every(lookMs, done));
  });
}
