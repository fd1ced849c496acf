// Files that are copied into a place elsewhere: where each goes, never outside of the workspace, and with which mode.

import { posix } from "node:path";
import { isInside } from "../runtime/folder.ts";
import type { PutFile } from "../runtime/runner.ts";

/** With absolute targets inside of the place. Throws when one leaves the workspace. */
export function targetsOf(
  files: readonly PutFile[],
  workspace: string,
  temporary: string,
): readonly PutFile[] {
  return files.map((file) => {
    const to = posix.resolve(workspace, file.to);
    if (!isInside(workspace, to) && !isInside(temporary, to))
      throw new Error(`\`${file.to}\` leaves the workspace`);
    return { ...file, to };
  });
}

/** The mode of a copy. That of a read-only file could not be replaced by the work; its owner may write. */
export function copiedMode({ fixed }: PutFile, own: number): number {
  return fixed === true ? own & 0o555 : (own & 0o777) | 0o600;
}
