// A workspace whose files stand on this machine and in the container under the same paths.

import { chmodSync, mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { filesBelow, isInside } from "../runtime/folder.ts";
import type { InstanceSpec, Workspace, WorkspaceSpec } from "../runtime/runner.ts";
import type { Container } from "./docker-container.ts";
import { copyIn, readBounded, watchFolder } from "./local-files.ts";

/** For a container that shares the project and the instance's folder with this machine. */
export function sharedWorkspace(
  container: Container,
  spec: InstanceSpec,
  { kind, scratch, folder, beside }: WorkspaceSpec,
): Workspace {
  const { project } = spec;
  mkdirSync(spec.folder, { recursive: true });
  // What work may not replace by a link stands above what is its own.
  const base = join(realpathSync.native(dirname(scratch)), basename(scratch));
  const temporary = `${scratch}${sep}tmp`;
  // Of this machine's directories a container has the project's alone.
  const has = (place: string): boolean => isInside(project, place);
  const shared = folder !== undefined && has(folder) && has(beside ?? folder) ? folder : null;
  const path = shared ?? (kind === "project" ? project : join(base, "work"));
  for (const own of isInside(base, path) ? [temporary, path] : [temporary]) {
    mkdirSync(own, { recursive: true });
    // Another user works there than the one that made it.
    if (container.user.uid !== process.getuid?.()) chmodSync(own, 0o777);
  }
  return {
    ref: container.spec.ref,
    path,
    temporary,
    here: true,
    reaches: container.spec.reaches,
    inherits: false,
    exec: (command, io, stop) =>
      container.run(command, command.cwd === "" ? path : join(path, command.cwd), io, stop),
    put: (files) => copyIn(files, path, temporary),
    watch: watchFolder,
    read: (file, bytesMax) => readBounded(file, bytesMax, [realpathSync.native(project), base]),
    get: (search) => filesBelow(path, search),
    close: async () => {},
  };
}
