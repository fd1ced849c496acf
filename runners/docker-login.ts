// Who we are to a registry: what `docker login` has left on this machine.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";

type Variables = Readonly<Record<string, string | undefined>>;

/** As the engine wants it. */
export interface Login {
  readonly serveraddress: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
}

const hub = "https://index.docker.io/v1/";

/** Null: nobody has logged in to the image's registry. */
export async function loginFor(image: string, env: Variables): Promise<Login | null> {
  const config = configIn(join(env["DOCKER_CONFIG"] ?? join(homedir(), ".docker"), "config.json"));
  const registry = registryOf(image);
  const store = wordAt(fieldOf(config, "credHelpers"), registry) ?? wordAt(config, "credsStore");
  if (store !== null) return fromStore(store, registry, env);
  const known = fieldOf(fieldOf(config, "auths"), registry);
  const identitytoken = wordAt(known, "identitytoken");
  if (identitytoken !== null) return { serveraddress: registry, identitytoken };
  const [, username, password] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(wordAt(known, "auth") ?? "", "base64").toString()) ?? [];
  return username === undefined || password === undefined
    ? null
    : { serveraddress: registry, username, password };
}

/** What stands before the first `/`, if it is the name of a host. */
function registryOf(image: string): string {
  const [first = "", ...rest] = image.split("/");
  return rest.length > 0 && /[.:]|^localhost$/.test(first) ? first : hub;
}

/** A program of Docker's that keeps secrets. It says nothing where it has none. */
async function fromStore(store: string, registry: string, env: Variables): Promise<Login | null> {
  try {
    const program = spawn(`docker-credential-${store}`, ["get"], {
      env: { ...env },
      stdio: ["pipe", "pipe", "ignore"],
    });
    program.on("error", () => {});
    program.stdin.on("error", () => {});
    program.stdin.end(registry);
    const said: unknown = JSON.parse(await textOf(program.stdout));
    const [username, secret] = [wordAt(said, "Username"), wordAt(said, "Secret")];
    if (username === null || secret === null) return null;
    return username === "<token>"
      ? { serveraddress: registry, identitytoken: secret }
      : { serveraddress: registry, username, password: secret };
  } catch {
    return null;
  }
}

function configIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

function wordAt(value: unknown, name: string): string | null {
  const word = fieldOf(value, name);
  return typeof word === "string" && word !== "" ? word : null;
}
