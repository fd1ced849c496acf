// The Docker engine that tests use, where there is one, and what they count on it.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import Docker from "dockerode";

/** An image with a shell and the usual small programs. */
export const image = "flowc-test/busybox:1";

/** Null: there is none, or nothing to make an image of. */
export const docker: Docker | null = await reached();

async function reached(): Promise<Docker | null> {
  const docker = new Docker();
  try {
    await docker.ping();
    return (await hasImage(docker, image)) || (await importBusybox(docker)) ? docker : null;
  } catch {
    return null;
  }
}

async function hasImage(docker: Docker, name: string): Promise<boolean> {
  return docker
    .getImage(name)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Debian's `busybox-static` is all that an image needs. */
export async function importBusybox(docker: Docker): Promise<boolean> {
  const busybox = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
  if (busybox === undefined) return false;
  const tree = mkdtempSync(join(tmpdir(), "flowc-image-"));
  try {
    for (const folder of ["bin", "tmp", "etc", "proc", "dev", "sys", "root", "usr"])
      mkdirSync(join(tree, folder));
    cpSync(busybox, join(tree, "bin/busybox"));
    const names = spawnSync(busybox, ["--list"], { encoding: "utf8" }).stdout.split("\n");
    for (const name of names)
      if (name !== "" && name !== "busybox") symlinkSync("busybox", join(tree, "bin", name));
    symlinkSync("../bin", join(tree, "usr/bin"));
    return await importTree(docker, tree, image);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Makes an image of a folder. */
export async function importTree(docker: Docker, tree: string, name: string): Promise<boolean> {
  const { stdout } = spawnSync("tar", ["-c", "-C", tree, "."], { maxBuffer: 1 << 30 });
  const [repo = name, tag = "latest"] = name.split(":");
  const stream = await docker.importImage(Readable.from([stdout]), { repo, tag, fromSrc: "-" });
  for await (const _ of stream);
  return hasImage(docker, name);
}

/** Does a process of a container live, by the number that it has there? */
export async function aliveIn(pid: string, ref: string): Promise<boolean> {
  if (docker === null) return false;
  try {
    const exec = await docker
      .getContainer(ref)
      .exec({ Cmd: ["cat", `/proc/${Number(pid)}/stat`], AttachStdout: true });
    const text: string[] = [];
    for await (const chunk of await exec.start({ hijack: true, stdin: false })) text.push(String(chunk));
    return /\) [^ZX]/.test(text.join(""));
  } catch {
    return false;
  }
}

/** Names of the containers of a run, in whatever state. */
export async function containersOf(run: string): Promise<readonly string[]> {
  const found = (await docker?.listContainers({ all: true, filters: { label: [`flowc.run=${run}`] } })) ?? [];
  return found.map(({ Names: names }) => names[0] ?? "");
}
