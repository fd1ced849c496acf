// An image with Node, for tests that run real work in containers: of this machine's own Node and busybox.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { docker, image, importTree } from "./docker-daemon.ts";

/** Has a shell, the usual small programs, and Node. */
export const nodeImage = "flowc-test/node:1";

/** False: there is no engine, or no way to find what Node needs. */
export async function hasNodeImage(): Promise<boolean> {
  if (docker === null) return false;
  const there = await docker
    .getImage(nodeImage)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  return there || importNode();
}

async function importNode(): Promise<boolean> {
  if (docker === null) return false;
  const libraries = [...spawnSync("ldd", [process.execPath], { encoding: "utf8" }).stdout.matchAll(/\/\S+/g)];
  if (libraries.length === 0) return false;
  const tree = mkdtempSync(join(tmpdir(), "flowc-node-image-"));
  try {
    const made = await docker.createContainer({ Image: image, Cmd: ["true"] });
    const tar = join(tree, "busybox.tar");
    spawnSync("docker", ["export", "-o", tar, made.id]);
    await made.remove();
    const root = join(tree, "root");
    mkdirSync(join(root, "usr"), { recursive: true });
    spawnSync("tar", ["-x", "-C", root, "-f", tar, "--exclude=./dev/*"]);
    for (const [path] of libraries) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      cpSync(realpathSync(path), join(root, path));
    }
    cpSync(process.execPath, join(root, "bin/node"));
    return await importTree(docker, root, nodeImage);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
