// What a small shell can start as it is: what cannot goes the plain way, which tells why.

import { accessSync, closeSync, constants, openSync, readSync, realpathSync, statSync } from "node:fs";
import { basename } from "node:path";

/** Is `/bin/sh` the very shell that we know? */
export const shellIsDash = isDash();

/** What dash keeps for itself, or changes on its own: a command that is given one of these goes the plain way. */
const shellsOwn: ReadonlySet<string> = new Set([
  "IFS",
  "LINENO",
  "OLDPWD",
  "OPTARG",
  "OPTIND",
  "PPID",
  "PS1",
  "PS2",
  "PS4",
  "PWD",
  "UID",
]);
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Names that a shell can set; a name is looked at once. */
export class Names {
  private readonly known = new Set<string>();

  has(name: string): boolean {
    if (this.known.has(name)) return true;
    if (shellsOwn.has(name) || !identifier.test(name)) return false;
    this.known.add(name);
    return true;
  }
}

/** Programs that were found, and what tells that they were changed since we looked into them. */
export class Programs {
  private readonly known = new Map<string, { readonly file: string; readonly changed: number }>();

  /** Is it there, and can the kernel run it? `path` is that of its environment. */
  has(program: string, path: string): boolean {
    const key = `${path}\0${program}`;
    const known = this.known.get(key);
    if (known !== undefined && known.changed === changeOf(known.file)) return true;
    const file = found(program, path);
    if (file === null) return false;
    this.known.set(key, { file, changed: changeOf(file) });
    return true;
  }
}

/** Where the shell will find it; null if it will not, or if the plain way tells better what is wrong with it. */
function found(program: string, path: string): string | null {
  if (program.includes("/")) return program.startsWith("/") && runs(program) ? program : null;
  // What is searched for in the working directory goes the plain way.
  if (program === "" || path.split(":").some((folder) => !folder.startsWith("/"))) return null;
  for (const folder of path.split(":")) {
    const file = `${folder}/${program}`;
    if (changeOf(file) >= 0) return runs(file) ? file : null;
  }
  return null;
}

/** -1: it is not there. */
function changeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -1;
}

/** May it be run, and is it something that the kernel can run? A shell would take any other text for a script. */
function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    if (!statSync(file).isFile()) return false;
    const head = headOf(file);
    const interpreter = /^#![ \t]*(\/[^ \t\n]*)/.exec(head)?.[1];
    return interpreter === undefined ? head.startsWith("\x7fELF") : runs(interpreter);
  } catch {
    return false;
  }
}

function headOf(file: string): string {
  const from = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(256);
    return bytes.toString("latin1", 0, readSync(from, bytes));
  } finally {
    closeSync(from);
  }
}

function isDash(): boolean {
  try {
    return basename(realpathSync("/bin/sh")) === "dash";
  } catch {
    return false;
  }
}
