// The artifact store on a real disk: what goes in comes out verified, and nothing leaves its folder.

import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nodeHost } from "../cli/host.ts";
import { ArtifactError, inside, openArtifacts } from "../runtime/artifacts.ts";

const base = mkdtempSync(join(tmpdir(), "flowc-artifacts-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
function fresh() {
  const folder = join(base, String(++count));
  mkdirSync(folder);
  return { folder, store: openArtifacts(join(folder, "state")) };
}

const hashOf = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

describe("files", () => {
  it("are kept once under their hash, and come out as they went in", async () => {
    const { folder, store } = fresh();
    const bytes = Buffer.alloc(1_000_000, "x\0\xff");
    writeFileSync(join(folder, "a.bin"), bytes);
    writeFileSync(join(folder, "b.bin"), bytes);
    const a = await store.putFile(join(folder, "a.bin"), "out/a.bin");
    const b = await store.putFile(join(folder, "b.bin"));
    expect(a).toEqual({ path: "out/a.bin", name: "a.bin", size: 1_000_000, sha256: hashOf(bytes) });
    expect(b.sha256).toBe(a.sha256);
    const kept = readdirSync(store.folder, { recursive: true, withFileTypes: true }).filter((e) =>
      e.isFile(),
    );
    expect(kept.map((entry) => entry.name)).toEqual([a.sha256.slice(2)]);
    await store.materialise(a, join(folder, "deep/er/copy.bin"));
    expect(readFileSync(join(folder, "deep/er/copy.bin")).equals(bytes)).toBe(true);
    expect(Buffer.from(store.readVerified(a.sha256)).equals(bytes)).toBe(true);
  });

  it("are read-only where they stand, and stay executable", async () => {
    const { folder, store } = fresh();
    writeFileSync(join(folder, "plain"), "same");
    writeFileSync(join(folder, "program"), "same");
    chmodSync(join(folder, "program"), 0o755);
    const program = await store.putFile(join(folder, "program"));
    await store.putFile(join(folder, "plain"));
    expect(statSync(store.pathOf(program.sha256) ?? "").mode & 0o777).toBe(0o500);
    await store.materialise(program, join(folder, "copy"));
    expect(statSync(join(folder, "copy")).mode & 0o777).toBe(0o555);
  });

  it("that were altered are refused, by all who read them, and healed by a new put", async () => {
    const { folder, store } = fresh();
    writeFileSync(join(folder, "a"), "right");
    const file = await store.putFile(join(folder, "a"));
    const place = store.pathOf(file.sha256) ?? "";
    chmodSync(place, 0o600);
    writeFileSync(place, "wrong");
    expect(() => store.readVerified(file.sha256)).toThrow(/was changed on the disk/);
    await expect(store.materialise(file, join(folder, "copy"))).rejects.toThrow(ArtifactError);
    expect(existsSync(join(folder, "copy"))).toBe(false);
    await store.put(join(folder, "a"));
    expect(Buffer.from(store.readVerified(file.sha256)).toString()).toBe("right");
  });

  it("that are missing, no hash, or too large are told", async () => {
    const { store } = fresh();
    expect(() => store.readVerified("0".repeat(64))).toThrow(/not in the artifact store/);
    expect(store.pathOf("../../etc/passwd")).toBeNull();
    expect(() => store.readVerified("../../etc/passwd")).toThrow(ArtifactError);
    const { sha256 } = await store.putText("abc");
    expect(() => store.readVerified(sha256, 2)).toThrow(/3 bytes, and 2 is the most/);
  });

  it("must be regular: no links, pipes, devices, folders", async () => {
    const { folder, store } = fresh();
    writeFileSync(join(folder, "real"), "x");
    symlinkSync("real", join(folder, "link"));
    for (const path of [join(folder, "link"), folder, "/dev/zero"])
      await expect(store.put(path)).rejects.toThrow();
    expect(readdirSync(join(store.folder, "tmp"))).toEqual([]);
  });
});

describe("dirs", () => {
  it("have the hash of their manifest, the same that the compiler sees", async () => {
    const { folder, store } = fresh();
    const dir = join(folder, "dir");
    mkdirSync(join(dir, "sub"), { recursive: true });
    writeFileSync(join(dir, "z.txt"), "zz");
    writeFileSync(join(dir, "sub/a b.txt"), "a");
    writeFileSync(join(dir, "sub-a"), "");
    symlinkSync("../z.txt", join(dir, "sub/link"));
    symlinkSync("sub", join(dir, "again"));
    const value = await store.putDir(dir, "out/dir");
    const seen = nodeHost(folder, join(folder, "x.flow")).see("dir", "dir");
    expect(value).toEqual({ path: "out/dir", name: "dir", size: seen?.size, sha256: seen?.sha256 });
    expect(store.manifestOf(value).map((entry) => entry.path)).toEqual([
      "again/a b.txt",
      "again/link",
      "sub-a",
      "sub/a b.txt",
      "sub/link",
      "z.txt",
    ]);
    await store.materialiseDir(value, join(folder, "copy"));
    expect(readFileSync(join(folder, "copy/sub/link"), "utf8")).toBe("zz");
    expect(await store.putDir(join(folder, "copy"), "out/dir")).toEqual(value);
  });

  it("refuse links that lead out, nowhere, or in a circle", async () => {
    const { folder, store } = fresh();
    writeFileSync(join(folder, "secret"), "s");
    for (const [name, to, message] of [
      ["out", "../secret", /leads out of its folder/],
      ["absolute", "/etc/passwd", /leads out of its folder/],
      ["nowhere", "absent", /leads nowhere/],
      ["circle", ".", /leads to a folder that it stands in/],
    ] as const) {
      mkdirSync(join(folder, name));
      symlinkSync(to, join(folder, name, "link"));
      await expect(store.putDir(join(folder, name))).rejects.toThrow(message);
    }
  });

  it("of someone else's making cannot write outside", async () => {
    const { folder, store } = fresh();
    for (const path of ["../evil", "/tmp/evil", "a/../../evil", ""]) {
      const { sha256 } = await store.putText(`${JSON.stringify([path, 1, "0".repeat(64)])}\n`);
      const dir = { path: "d", name: "d", size: 1, sha256 };
      await expect(store.materialiseDir(dir, join(folder, "to"))).rejects.toThrow(/leaves its folder/);
    }
    const { sha256 } = await store.putText("[1]\n");
    expect(() => store.manifestOf({ path: "d", name: "d", size: 1, sha256 })).toThrow(ArtifactError);
  });
});

it("joins only paths that stay inside", () => {
  expect(inside("/a/b", "c/../d")).toBe("/a/b/d");
  for (const path of ["..", "../b2", "c/../../x", "/a/b/c", "", "x\0y"])
    expect(() => inside("/a/b", path)).toThrow(ArtifactError);
});
