// The test server's files: up and down over HTTP, and the calls that look at, make, move, remove and watch them.

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, type Stats, watch } from "node:fs";
import { lstat, mkdir, readdir, readlink, rename, rm, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { bodyOf, ConnectProblem, type Envelopes, json, messageOf, textOf } from "./e2b-server-connect.ts";
import type { Sandbox } from "./e2b-server-sandbox.ts";

const inHome = (path: string): string => (path.startsWith("/") ? path : `/home/user/${path}`);

/** `GET /files` and `POST /files`. */
export async function transfer(
  sandbox: Sandbox,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const path = url.searchParams.get("path") ?? "";
  const action = request.method === "GET" ? "read" : "write";
  if (request.headers["x-access-token"] !== sandbox.token && !isSigned(sandbox, url, path, action))
    return json(response, 401, { code: 401, message: "unauthorized access" });
  try {
    await (action === "read"
      ? download(sandbox, inHome(path), request, response)
      : upload(sandbox, path, request, response));
  } catch (error) {
    if (response.headersSent || response.destroyed) return void response.destroy();
    const code = error instanceof Error && "code" in error ? error.code : "";
    const status = code === "ENOENT" ? 404 : code === "ENOSPC" ? 507 : code === "EISDIR" ? 400 : 500;
    json(response, status, { code: status, message: messageOf(error) });
  }
}

function isSigned(sandbox: Sandbox, url: URL, path: string, action: string): boolean {
  const user = url.searchParams.get("username") ?? "";
  const expiration = url.searchParams.get("signature_expiration");
  if (expiration !== null && Number(expiration) * 1000 < Date.now()) return false;
  const parts = [path, action, user, sandbox.token, ...(expiration === null ? [] : [expiration])];
  const digest = createHash("sha256").update(parts.join(":")).digest("base64").replace(/=+$/, "");
  return url.searchParams.get("signature") === `v1_${digest}`;
}

async function download(
  sandbox: Sandbox,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const real = sandbox.real(path);
  const stats = await stat(real);
  if (!stats.isFile())
    return json(response, 400, { code: 400, message: `path '${path}' is not a regular file` });
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = Number(range?.[1] ?? 0);
  const type = { "content-type": "application/octet-stream" };
  if (range !== null && start >= stats.size) {
    response.writeHead(416, { ...type, "content-range": `bytes */${stats.size}` }).end();
    return;
  }
  const end = Math.min(Number(range?.[2] || stats.size - 1), stats.size - 1);
  const head = range === null ? type : { ...type, "content-range": `bytes ${start}-${end}/${stats.size}` };
  response.writeHead(range === null ? 200 : 206, { ...head, "content-length": Math.max(0, end - start + 1) });
  if (stats.size === 0) response.end();
  else await pipeline(createReadStream(real, { start, end, highWaterMark: 1 << 18 }), response);
}

async function upload(
  sandbox: Sandbox,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const type = request.headers["content-type"] ?? "";
  const written: object[] = [];
  const done = (to: string) => written.push({ path: to, name: basename(to), type: "file" });
  if (type.startsWith("application/octet-stream")) {
    const real = sandbox.real(inHome(path));
    await mkdir(dirname(real), { recursive: true });
    const to = createWriteStream(real);
    if (request.headers["content-encoding"] === "gzip") await pipeline(request, createGunzip(), to);
    else await pipeline(request, to);
    done(path);
  } else {
    const form = await new Response(new Uint8Array(await bodyOf(request)), {
      headers: { "content-type": type },
    }).formData();
    for (const part of form.getAll("file")) {
      if (typeof part === "string") continue;
      const to = path === "" ? part.name : path;
      const real = sandbox.real(inHome(to));
      await mkdir(dirname(real), { recursive: true });
      await writeFile(real, new Uint8Array(await part.arrayBuffer()));
      done(to);
    }
  }
  json(response, 200, written);
}

/** The calls of the filesystem that answer once. */
export async function filesystem(
  sandbox: Sandbox,
  method: string,
  asked: Readonly<Record<string, unknown>>,
): Promise<object> {
  const path = inHome(textOf(asked["path"]));
  try {
    switch (method) {
      case "Stat":
        return { entry: await entryOf(sandbox, path) };
      case "MakeDir":
        if ((await lstat(sandbox.real(path)).catch(() => null)) !== null)
          throw new ConnectProblem("already_exists", `directory already exists: ${path}`);
        await mkdir(sandbox.real(path), { recursive: true });
        return { entry: await entryOf(sandbox, path) };
      case "Move": {
        const to = inHome(textOf(asked["destination"]));
        await mkdir(dirname(sandbox.real(to)), { recursive: true });
        await rename(sandbox.real(inHome(textOf(asked["source"]))), sandbox.real(to));
        return { entry: await entryOf(sandbox, to) };
      }
      case "ListDir": {
        const names = await readdir(sandbox.real(path));
        return { entries: await Promise.all(names.map((name) => entryOf(sandbox, join(path, name)))) };
      }
      case "Remove":
        await rm(sandbox.real(path), { recursive: true, force: true });
        return {};
      default:
        throw new ConnectProblem("unimplemented", method);
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    throw code === "ENOENT" ? new ConnectProblem("not_found", messageOf(error)) : error;
  }
}

async function entryOf(sandbox: Sandbox, path: string): Promise<object> {
  const own = await lstat(sandbox.real(path));
  const stats = own.isSymbolicLink() ? await stat(sandbox.real(path)).catch(() => own) : own;
  const target = own.isSymbolicLink() ? { symlinkTarget: await readlink(sandbox.real(path)) } : {};
  return {
    name: basename(path),
    type: typeOf(stats),
    path,
    size: String(stats.size),
    mode: stats.mode & 0o7777,
    permissions: "",
    owner: "user",
    group: "user",
    modifiedTime: stats.mtime.toISOString(),
    ...target,
  };
}

function typeOf(stats: Stats): string {
  const kind = stats.isFile() ? "FILE" : stats.isDirectory() ? "DIRECTORY" : "UNSPECIFIED";
  return `FILE_TYPE_${stats.isSymbolicLink() ? "SYMLINK" : kind}`;
}

/** Tells of changes in a folder until the stream is closed. */
export function watched(
  sandbox: Sandbox,
  asked: Readonly<Record<string, unknown>>,
  stream: () => Envelopes,
): void {
  const path = inHome(textOf(asked["path"]));
  const events: Readonly<Record<string, string>> = { rename: "CREATE", change: "WRITE" };
  let told: Envelopes | null = null;
  const watcher = (() => {
    try {
      return watch(sandbox.real(path), (event, name) => {
        told?.send({ filesystem: { name: name ?? "", type: `EVENT_TYPE_${events[event] ?? "WRITE"}` } });
      });
    } catch {
      throw new ConnectProblem("not_found", `path ${path} not found`);
    }
  })();
  watcher.on("error", () => watcher.close());
  told = stream();
  told.send({ start: {} });
  told.onClose(() => watcher.close());
}
