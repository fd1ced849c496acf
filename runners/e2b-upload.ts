// Files on their way into a sandbox: one archive, sent as it is read, and taken apart there.

import { lstatSync } from "node:fs";
import type { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { NotEnoughSpaceError } from "@e2b/code-interpreter";
import { type Box, top } from "./e2b-box.ts";
import { lacking, Trouble } from "./e2b-problems.ts";
import { noRoom, quoted, roomCheck } from "./e2b-script.ts";
import { type Packed, packed } from "./tar.ts";

export type Sent = Packed & { readonly from: string };

/** So much goes with the command that takes it apart. */
const inlineBytesMax = 48 * 1024;
/** More than this is told. */
const quietBytesMax = 20e6;

const pieceBytesMin = 256 * 1024;

const owner = { uid: 0, gid: 0 };

/** Names are relative to the sandbox's root. Throws when it is gone, or has no room. */
export async function extracted(
  box: Box,
  entries: readonly Sent[],
  tell: ((progress: string) => void) | undefined,
): Promise<void> {
  // Its header takes as much as a small file.
  const size = entries.reduce((sum, { from }) => sum + lstatSync(from).size + 1024, 0);
  if (size > quietBytesMax) tell?.(`flowc sends ${Math.round(size / 1e6)} MB to the sandbox ${box.ref} …`);
  const take = (from: string) =>
    `type -P tar >/dev/null || { echo without; exit; }; { tar -x -p --no-same-owner -C / -f ${from} && echo done || ${roomCheck}; } 2>&1; true`;
  if (size <= inlineBytesMax) {
    const archive = Buffer.concat(await packed(entries, owner).toArray());
    const script = `base64 -d <<'EOF' | { ${take("-")}; }\n${archive.toString("base64")}\nEOF\n`;
    return mustBeDone(box, await box.ask(script));
  }
  const path = `${top}/in-${box.next()}.tar`;
  const stream = packed(entries, owner);
  try {
    await box.spec.sandbox.files.write(path, webStream(stream), { ...box.user });
  } catch (error) {
    stream.destroy();
    box.stale.push(path);
    throw error instanceof NotEnoughSpaceError ? box.withoutRoom() : await box.gone(error);
  }
  mustBeDone(box, await box.ask(`trap 'rm -f -- ${quoted(path)}' EXIT\n${take(quoted(path))}`));
}

function mustBeDone(box: Box, said: string | null): void {
  const words = said?.trim() ?? "";
  if (words.endsWith("done")) return;
  if (words.endsWith("without")) throw new Trouble("refused", lacking("tar"));
  if (words.endsWith(noRoom)) throw box.withoutRoom();
  throw new Trouble("lost", `Files could not be unpacked in the sandbox: ${words.split("\n").at(-1)}`);
}

/** Node's own adapter is typed as another world's stream. */
function webStream(stream: Readable): globalThis.ReadableStream<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A small file is three pieces: each on its own would cost more than it is.
      const pieces: Buffer[] = [];
      for (let length = 0; length < pieceBytesMin; ) {
        const { done, value } = await chunks.next();
        if (done === true) {
          if (length > 0) controller.enqueue(new Uint8Array(Buffer.concat(pieces)));
          return controller.close();
        }
        pieces.push(value);
        length += value.length;
      }
      controller.enqueue(new Uint8Array(Buffer.concat(pieces)));
    },
    async cancel() {
      stream.destroy();
    },
  });
}
