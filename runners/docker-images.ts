// Images of a Docker engine: those that are there, and those that are fetched.

import { arch } from "node:os";
import type { NoInstance } from "../runtime/runner.ts";
import { answered, type Connection } from "./docker-connection.ts";
import { loginFor } from "./docker-login.ts";
import { messageOf, Unavailable } from "./docker-problems.ts";

/** What is known of an image. */
export interface Image {
  /** The digest of its configuration and layers. */
  readonly id: string;
  readonly env: Readonly<Record<string, string>>;
  /** As whom it runs when nobody says otherwise. */
  readonly user: string;
}

/** What a registry has refused it is not asked for again so soon: others need the same image. */
const refusedMs = 5_000;

/** The images of one engine, looked up once: a run sees the same image from its begin to its end. */
export class Images {
  private readonly connection: Connection;
  private readonly env: Readonly<Record<string, string | undefined>>;
  private readonly known = new Map<string, Promise<Image>>();

  constructor(connection: Connection, env: Readonly<Record<string, string | undefined>>) {
    this.connection = connection;
    this.env = env;
  }

  /** The image, fetched where it is absent. Throws Unavailable. */
  of(name: string, platform: string | null, tell: (progress: string) => void): Promise<Image> {
    const key = `${platform ?? ""} ${name}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const image = this.look(name, platform, tell);
    this.known.set(key, image);
    image.catch((error) => {
      const isRefused = error instanceof Unavailable && error.problem === "refused";
      setTimeout(() => this.known.delete(key), isRefused ? refusedMs : 0).unref();
    });
    return image;
  }

  /** It is not there any more, though it was. */
  forget(): void {
    this.known.clear();
  }

  private async look(
    name: string,
    platform: string | null,
    tell: (progress: string) => void,
  ): Promise<Image> {
    const { docker } = this.connection;
    if (!/^[\w][\w.+:@/-]*$/.test(name))
      throw new Unavailable(
        "refused",
        `\`${name}\` is no name of an image. One is like debian:12 or ghcr.io/me/build:1.`,
      );
    try {
      const found = await this.inspect(name, platform);
      if (found !== null) return found;
      tell(`Docker fetches the image ${name} …`);
      const login = await loginFor(name, this.env);
      const stream = await docker.pull(name, {
        ...(platform === null ? {} : { platform }),
        ...(login === null ? {} : { authconfig: login }),
      });
      await followed(stream, name, tell);
      tell(`Docker has fetched the image ${name}.`);
    } catch (error) {
      throw unfetched(name, error);
    }
    const fetched = await this.inspect(name, platform);
    if (fetched === null)
      throw new Unavailable("refused", `The image \`${name}\` is not there for ${platform ?? arch()}.`);
    return fetched;
  }

  private async inspect(name: string, platform: string | null): Promise<Image | null> {
    try {
      const info = await answered(this.connection.docker.getImage(name).inspect());
      if (platform !== null && !`${info.Os}/${info.Architecture}`.startsWith(withoutVariant(platform)))
        return null;
      const env = (info.Config?.Env ?? []).map((entry) => /^([^=]*)=(.*)$/s.exec(entry));
      return {
        id: info.Id,
        env: Object.fromEntries(env.map((parts) => [parts?.[1] ?? "", parts?.[2] ?? ""])),
        user: info.Config?.User ?? "",
      };
    } catch (error) {
      if (error instanceof Error && "statusCode" in error && error.statusCode === 404) return null;
      throw error;
    }
  }
}

function withoutVariant(platform: string): string {
  return platform.split("/").slice(0, 2).join("/");
}

/** How often progress is told, in ms: a line is for a person. */
const tellMs = 1_000;

/** Reads the engine's own account of a pull to its end. Throws what it says went wrong. */
async function followed(
  stream: AsyncIterable<unknown>,
  name: string,
  tell: (progress: string) => void,
): Promise<void> {
  const layers = new Map<string, { readonly done: number; readonly all: number }>();
  let rest = "";
  let told = Date.now();
  for await (const chunk of stream) {
    const lines = (rest + String(chunk)).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) note(line, layers);
    if (Date.now() - told < tellMs || layers.size === 0) continue;
    told = Date.now();
    const sum = (of: (layer: { done: number; all: number }) => number) =>
      Math.round([...layers.values()].reduce((total, layer) => total + of(layer), 0) / 1e6);
    tell(`Docker fetches the image ${name}: ${sum(({ done }) => done)} of ${sum(({ all }) => all)} MB`);
  }
}

function note(line: string, layers: Map<string, { done: number; all: number }>): void {
  if (line.trim() === "") return;
  const said: unknown = JSON.parse(line);
  if (typeof said !== "object" || said === null) return;
  if ("error" in said) throw new Error(String(said.error));
  if (!("id" in said && "status" in said && said.status === "Downloading" && "progressDetail" in said))
    return;
  const { progressDetail: detail } = said;
  if (typeof detail !== "object" || detail === null || !("current" in detail && "total" in detail)) return;
  layers.set(String(said.id), { done: Number(detail.current), all: Number(detail.total) });
}

/**
 * A registry that says no, or that nobody knows, does so for ever, as `docker pull` sees it, too; one that answers badly may do
 * better a moment later.
 */
function unfetched(name: string, error: unknown): Error {
  const message = messageOf(error);
  const answered = error instanceof Error && ("statusCode" in error || !("code" in error));
  if (!answered) return error instanceof Error ? error : new Error(message);
  const problem: NoInstance["problem"] =
    /timeout|server misbehaving|temporary failure|EOF|reset by peer|received unexpected HTTP status: 5/i.test(
      message,
    )
      ? "lost"
      : "refused";
  return new Unavailable(
    problem,
    `The image \`${name}\` is not on the engine, and cannot be fetched: ${message}\nIs its name right? Try it: docker pull ${name}`,
  );
}
