// Files on their way into a sandbox: one archive, sent as it is read, and taken apart there.

import { lstatSync } from "node:fs";
import type { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { type Packed, packed } from "./docker-tar.ts";
import { type Box, top } from "./e2b-box.ts";
import { quoted } from "./e2b-script.ts";

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
  const take = (from: string) => `tar -x -p --no-same-owner -C / -f ${from}`;
  if (size <= inlineBytesMax) {
    const archive = Buffer.concat(await packed(entries, owner).toArray());
    const script = `base64 -d <<'EOF' | ${take("-")} 2>&1 && echo done\n${archive.toString("base64")}\nEOF\n`;
    return mustBeDone(await box.ask(`set -o pipefail\n${script}`));
  }
  const path = `${top}/in-${box.next()}.tar`;
  const stream = packed(entries, owner);
  try {
    await box.spec.sandbox.files.write(path, webStream(stream), { ...box.user });
  } catch (error) {
    stream.destroy();
    throw await box.gone(error);
  }
  mustBeDone(
    await box.ask(`${take(quoted(path))} 2>&1 && echo done; x=$?; rm -f -- ${quoted(path)}; exit $x`),
  );
}

function mustBeDone(said: string | null): void {
  if (said?.trim().endsWith("done") === true) return;
  throw new Error(
    "Files could not be unpacked in the sandbox: is its disk full, or has its template no program `tar`?",
  );
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
