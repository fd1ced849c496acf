// An image with git, for worktrees in containers: of this machine's own git and busybox.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { docker, image, importTree } from "./docker-daemon.ts";

/** Has a shell, the usual small programs, and git. */
export const gitImage = "flowc-test/git:1";

/** False: there is no engine, or no git here that could be copied. */
export async function hasGitImage(): Promise<boolean> {
  if (docker === null) return false;
  const there = await docker
    .getImage(gitImage)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  return there || importGit();
}

async function importGit(): Promise<boolean> {
  const git = spawnSync("which", ["git"], { encoding: "utf8" }).stdout.trim();
  const programs = spawnSync("git", ["--exec-path"], { encoding: "utf8" }).stdout.trim();
  const libraries = [...spawnSync("ldd", [git], { encoding: "utf8" }).stdout.matchAll(/\/\S+/g)];
  if (docker === null || git === "" || libraries.length === 0) return false;
  const tree = mkdtempSync(join(tmpdir(), "flowc-git-image-"));
  try {
    const made = await docker.createContainer({ Image: image, Cmd: ["true"] });
    const tar = join(tree, "busybox.tar");
    spawnSync("docker", ["export", "-o", tar, made.id]);
    await made.remove();
    const root = join(tree, "root");
    mkdirSync(join(root, programs), { recursive: true });
    spawnSync("tar", ["-x", "-C", root, "-f", tar, "--exclude=./dev/*"]);
    for (const [path] of libraries) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      cpSync(realpathSync(path), join(root, path));
    }
    cpSync(realpathSync(git), join(root, "bin/git"));
    for (const name of ["git", "git-upload-pack", "git-receive-pack"])
      symlinkSync("/bin/git", join(root, programs, name));
    return await importTree(docker, root, gitImage);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}
