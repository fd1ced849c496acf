// A workspace as work sees it that starts in one of its folders.

import { posix } from "node:path";
import type { FileSearch, Workspace } from "./runner.ts";

/** `folder`: relative, `packages/core/`; "": the workspace itself. */
export function workspaceBelow(workspace: Workspace, folder: string): Workspace {
  if (folder === "") return workspace;
  const path = posix.join(workspace.path, folder).replace(/\/$/, "");
  return {
    ref: workspace.ref,
    path,
    temporary: workspace.temporary,
    here: workspace.here,
    inherits: workspace.inherits,
    exec: (command, io, stop) =>
      workspace.exec({ ...command, cwd: posix.join(folder, command.cwd) }, io, stop),
    put: (files) => workspace.put(files.map((file) => ({ ...file, to: posix.resolve(path, file.to) }))),
    watch: (place, changed) => workspace.watch(place, changed),
    read: (place, bytesMax) => workspace.read(place, bytesMax),
    async *get({ roots, enters, matches }) {
      const own = (name: string): string | null =>
        name.startsWith(folder) ? name.slice(folder.length) : null;
      const search: FileSearch = {
        roots: roots.map((root) => posix.join(folder, root).replace(/\/$/, "")),
        enters: (name) => {
          const below = own(name);
          return below === null || enters(below);
        },
        matches: (name: string) => {
          const below = own(name);
          return below !== null && matches(below);
        },
      };
      for await (const found of workspace.get(search)) {
        const below = own(found.path);
        if (below !== null) yield { ...found, path: below };
      }
    },
    close: () => workspace.close(),
  };
}
