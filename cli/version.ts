// The version of flowc, from the package's own manifest.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The manifest is one folder up, from the sources as from the bundle. */
export function version(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(fileURLToPath(new URL("../package.json", import.meta.url)), "utf8"),
  );
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "0";
}
