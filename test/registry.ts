// A package registry on the loopback, as small as npm's own client allows, serving packages made up by a test.

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";

export interface TarEntry {
  readonly path: string;
  readonly text?: string;
  /** A symbolic link to this. */
  readonly link?: string;
}

/** A ustar archive, gzipped; any path is taken as it is, also a hostile one. */
export function tarball(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, text = "", link }) => {
    const content = Buffer.from(text);
    const header = Buffer.alloc(512);
    header.write(path, 0, 100);
    header.write("0000644\0", 100);
    header.write("0000000\0", 108);
    header.write("0000000\0", 116);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0", 136);
    header.write("        ", 148);
    header.write(link === undefined ? "0" : "2", 156);
    header.write(link ?? "", 157, 100);
    header.write("ustar\u000000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

export function integrityOf(content: Buffer): string {
  return `sha512-${createHash("sha512").update(content).digest("base64")}`;
}

export interface Registry {
  /** To be written into an `.npmrc` as `registry=…`. */
  readonly address: string;
  /** How often each tarball was asked for, by `name@version`. */
  readonly fetched: ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** Serves these tarballs by `name@version`; all else is 404. */
export async function openRegistry(tarballs: ReadonlyMap<string, Buffer>): Promise<Registry> {
  const fetched = new Map<string, number>();
  const server = createServer((request, response) => {
    const path =
      decodeURIComponent(request.url ?? "/")
        .slice(1)
        .split("?")[0] ?? "";
    const file = /^(.+)\/-\/(.+)\.tgz$/.exec(path);
    if (file !== null) {
      const id = `${file[1]}@${file[2]}`;
      const content = tarballs.get(id);
      fetched.set(id, (fetched.get(id) ?? 0) + 1);
      if (content === undefined) response.writeHead(404).end();
      else response.writeHead(200, { "content-type": "application/octet-stream" }).end(content);
      return;
    }
    const versions = [...tarballs].filter(([id]) => id.startsWith(`${path}@`));
    if (versions.length === 0) {
      response.writeHead(404, { "content-type": "application/json" }).end('{"error":"not found"}');
      return;
    }
    const { port } = addressOf(server.address());
    const packument = {
      name: path,
      "dist-tags": { latest: versions[0]?.[0].slice(path.length + 1) },
      versions: Object.fromEntries(
        versions.map(([id, content]) => {
          const version = id.slice(path.length + 1);
          const tarball = `http://127.0.0.1:${port}/${path}/-/${version}.tgz`;
          return [version, { name: path, version, dist: { tarball, integrity: integrityOf(content) } }];
        }),
      ),
    };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(packument));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = addressOf(server.address());
  return {
    address: `http://127.0.0.1:${port}/`,
    fetched,
    close: () =>
      new Promise((done) => {
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

function addressOf(address: string | AddressInfo | null): AddressInfo {
  if (address === null || typeof address === "string") throw new Error("the registry has no port");
  return address;
}
