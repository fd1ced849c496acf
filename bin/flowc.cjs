#!/usr/bin/env node
// Starts flowc: the built bundle with its compiled code cached, or the sources in a checkout that was not built.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const bundle = path.join(__dirname, "..", "dist", "flowc.cjs");

/** Where compiled code is kept: beside the bundle, else in the user's own cache. */
function cacheFolders() {
  const home = process.env.XDG_CACHE_HOME || (process.env.HOME && path.join(process.env.HOME, ".cache"));
  return [path.join(__dirname, "..", "dist", "cache"), ...(home ? [path.join(home, "flowc")] : [])];
}

/** The first folder that can be written to, made if need be; null if none can. */
function writableFolder() {
  for (const folder of cacheFolders())
    try {
      fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
      fs.accessSync(folder, fs.constants.W_OK);
      return folder;
    } catch {
      // The next one, or none: flowc starts without it, only slower.
    }
  return null;
}

/**
 * With the compiled code of an earlier start, which halves the time. What is damaged, or from another Node, is refused
 * by V8 and made anew. Node's own cache (22.1) does not keep functions that were compiled while running.
 */
function start(source) {
  const vm = require("node:vm");
  const nodeModule = require("node:module");
  const id = /([0-9a-f]{16})\s*$/.exec(source.slice(-40))?.[1] ?? null;
  // Flags of V8 change what it compiles: who uses them goes without.
  const usual = id !== null && process.execArgv.length === 0 && !process.env.NODE_OPTIONS;
  const name = `${process.version}-${process.arch}-${id}-${purpose()}.bin`;
  const cachedData = usual ? kept(name) : undefined;
  const script = new vm.Script(
    source,
    cachedData === undefined ? { filename: bundle } : { filename: bundle, cachedData },
  );
  if (usual && (cachedData === undefined || script.cachedDataRejected))
    process.on("exit", (code) => {
      // What fails may have touched little; the next start is asked again.
      if (code === 0) keep(script.createCachedData(), name);
    });
  const module = { exports: {} };
  const main = script.runInThisContext();
  main(module.exports, nodeModule.createRequire(bundle), module, bundle, path.dirname(bundle));
}

/** A run needs much code that other commands would only read in vain; asked for its help, it is one of those. */
function purpose() {
  const [command, ...rest] = process.argv.slice(2);
  return command === "run" && !rest.some((word) => word === "--help" || word === "-h") ? "run" : "other";
}

function kept(name) {
  for (const folder of cacheFolders())
    try {
      return fs.readFileSync(path.join(folder, name));
    } catch {
      // Not there: the next one, or none.
    }
  return undefined;
}

/** Written aside and renamed: two that start at once never see half a file. */
function keep(data, name) {
  const folder = writableFolder();
  if (folder === null) return;
  const aside = path.join(folder, `.${name}.${process.pid}`);
  try {
    fs.writeFileSync(aside, data);
    fs.renameSync(aside, path.join(folder, name));
  } catch {
    try {
      fs.unlinkSync(aside);
    } catch {
      // It was never made.
    }
  }
}

async function startFromSources() {
  const { pathToFileURL } = require("node:url");
  try {
    const { register } = await import("tsx/esm/api");
    register();
  } catch {
    process.stderr.write("error: flowc is not installed here.\nnext: npm install\n");
    process.exit(70);
  }
  await import(pathToFileURL(path.join(__dirname, "..", "cli", "main.ts")).href);
}

let source = null;
try {
  // The build writes ASCII: read as such, it takes half the memory and no decoding.
  source = fs.readFileSync(bundle, "latin1");
} catch {
  // A checkout that was not built.
}
if (source === null) startFromSources();
else start(source);
