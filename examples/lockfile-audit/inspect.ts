// Looks at one tarball: its checksum, then every entry of it as a stream. Nothing of it is ever written to the disk.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { posix } from "node:path";
import { Parser, type ReadEntry } from "tar";
import type { FileValue, Finding, Package } from "./model.ts";

/** More than any honest package; a small archive that unpacks to more is given up. */
const UNPACKED_BYTES_MAX = 4 * 1024 ** 3;
/** How much of a package.json or licence file is read. */
const TEXT_BYTES_MAX = 1024 * 1024;
/** How many escaping entries are named; the rest is counted. */
const ESCAPES_MAX = 20;

const SCRIPTS = ["preinstall", "install", "postinstall"];
const STRONGEST_FIRST = ["sha512", "sha384", "sha256", "sha1"];

export async function inspect({
  p,
  tarball,
  first_go,
}: {
  p: Package;
  tarball: FileValue;
  first_go: boolean;
}): Promise<Finding> {
  const { promise, checksum } = await compare(tarball.path, p.integrity);
  const content = await readThrough(tarball.path);
  const manifest = parseManifest(content.manifest);
  const scripts = scriptsOf(manifest, content.hasGyp);
  const notes: string[] = [];
  if (manifest === null) notes.push("its package.json is missing or no JSON");
  else if (manifest["name"] !== p.name || manifest["version"] !== p.version)
    notes.push(`calls itself ${String(manifest["name"])}@${String(manifest["version"])}`);
  if (p.install_script !== scripts.length > 0)
    notes.push(
      p.install_script
        ? "the lockfile says it has an install script, the package has none"
        : "it has an install script that the lockfile does not tell",
    );
  return {
    key: p.key,
    name: p.name,
    version: p.version,
    optional: p.optional,
    promise,
    checksum,
    licence: licenceOf(manifest) ?? content.licenceLine,
    tarball: tarball.size,
    unpacked: content.bytes,
    files: content.files,
    install_scripts: scripts,
    escapes:
      content.escapes.length > ESCAPES_MAX
        ? [...content.escapes.slice(0, ESCAPES_MAX), `and ${content.escapes.length - ESCAPES_MAX} more`]
        : content.escapes,
    notes,
    first_go,
  };
}

/** Compares with the strongest kind of checksum that is promised; of one kind there may be several, any may hold. */
async function compare(
  path: string,
  integrity: string | null,
): Promise<{ promise: Finding["promise"]; checksum: string }> {
  const promised = (integrity ?? "").split(/\s+/).filter((one) => one !== "");
  const kind = STRONGEST_FIRST.find((name) => promised.some((one) => one.startsWith(`${name}-`)));
  const hash = createHash(kind ?? "sha512");
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  const checksum = `${kind ?? "sha512"}-${hash.digest("base64")}`;
  if (kind === undefined) return { promise: "unpromised", checksum };
  const kept = promised.some((one) => one.split("?")[0] === checksum);
  return { promise: kept ? "kept" : "broken", checksum };
}

interface Content {
  bytes: number;
  files: number;
  hasGyp: boolean;
  manifest: string | null;
  licenceLine: string | null;
  escapes: string[];
}

function readThrough(path: string): Promise<Content> {
  const content: Content = {
    bytes: 0,
    files: 0,
    hasGyp: false,
    manifest: null,
    licenceLine: null,
    escapes: [],
  };
  return new Promise((done, fail) => {
    const source = createReadStream(path);
    const giveUp = (error: Error): void => {
      source.destroy();
      fail(error);
    };
    const parser = new Parser({ strict: true, onReadEntry: (entry) => take(entry, content, giveUp) });
    source.on("error", giveUp);
    parser.on("error", (error: Error) => giveUp(new Error(`the tarball cannot be read: ${error.message}`)));
    parser.on("end", () => done(content));
    source.on("data", (chunk) => {
      if (!parser.write(Buffer.from(chunk))) source.pause();
    });
    parser.on("drain", () => source.resume());
    source.on("end", () => parser.end());
  });
}

function take(entry: ReadEntry, content: Content, giveUp: (error: Error) => void): void {
  const way = escapeOf(entry);
  if (way !== null) content.escapes.push(way);
  if (entry.type === "File" || entry.type === "OldFile" || entry.type === "ContiguousFile") content.files++;
  const name = entry.path.split("/").slice(1).join("/");
  if (name === "binding.gyp") content.hasGyp = true;
  const wantsManifest = name === "package.json";
  const wantsLicence = content.licenceLine === null && /^(?:licen[cs]e|copying)(?:\.\w+)?$/i.test(name);
  const pieces: Buffer[] = [];
  let read = 0;
  entry.on("data", (chunk) => {
    content.bytes += chunk.length;
    if (content.bytes > UNPACKED_BYTES_MAX) giveUp(new Error("it unpacks to more than 4 GB"));
    if ((wantsManifest || wantsLicence) && read < TEXT_BYTES_MAX) pieces.push(chunk);
    read += chunk.length;
  });
  entry.on("end", () => {
    const text = Buffer.concat(pieces).toString("utf8");
    if (wantsManifest) content.manifest = text;
    if (wantsLicence) content.licenceLine = firstLine(text);
  });
}

/** Says how an entry would leave the package's own folder, the first part of its path; null if it does not. */
function escapeOf(entry: ReadEntry): string | null {
  const path = entry.path.replaceAll("\\", "/");
  if (isAbsolute(path)) return `${entry.path} is an absolute path`;
  const inside = posix.normalize(path).split("/");
  if (inside[0] === "..") return `${entry.path} leads out of the folder`;
  if (entry.type !== "SymbolicLink" && entry.type !== "Link") return null;
  const to = (entry.linkpath ?? "").replaceAll("\\", "/");
  // A hard link's target counts from the archive's top, a symbolic link's from where it stands.
  const end =
    entry.type === "Link" ? posix.normalize(to) : posix.normalize(posix.join(posix.dirname(path), to));
  return isAbsolute(to) || end.split("/")[0] !== inside[0]
    ? `${entry.path} is a link to ${entry.linkpath}`
    : null;
}

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || /^[A-Za-z]:/.test(path);
}

function parseManifest(text: string | null): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse((text ?? "").replace(/^\uFEFF/, ""));
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

function scriptsOf(manifest: Readonly<Record<string, unknown>> | null, hasGyp: boolean): string[] {
  const scripts: unknown = manifest?.["scripts"];
  const all: Readonly<Record<string, unknown>> = typeof scripts === "object" ? { ...scripts } : {};
  const found = SCRIPTS.filter((name) => typeof all[name] === "string").map(
    (name) => `${name}: ${all[name]}`,
  );
  // Without an own `install`, npm builds what has a binding.gyp.
  return found.length === 0 && hasGyp ? ["install: node-gyp rebuild"] : found;
}

function licenceOf(manifest: Readonly<Record<string, unknown>> | null): string | null {
  const stated: unknown = manifest?.["license"] ?? manifest?.["licenses"];
  const all = (Array.isArray(stated) ? stated : [stated]).map((one: unknown) =>
    typeof one === "object" && one !== null && "type" in one ? one.type : one,
  );
  const names = all.filter((one) => typeof one === "string" && one !== "");
  return names.length === 0 ? null : names.join(" OR ");
}

function firstLine(text: string): string | null {
  const line = text.split("\n").find((one) => one.trim() !== "");
  return line === undefined ? null : line.trim().slice(0, 80);
}
