// The Docker runner: an instance is a container, through the engine's API.

import type Docker from "dockerode";
import type { Instance, InstanceRef, InstanceSpec, NoInstance, Runner } from "../runtime/runner.ts";
import {
  answered,
  type Connection,
  connectionOf,
  isLocalHost,
  patience,
  usualSocket,
} from "./docker-connection.ts";
import { Container, calmed, removed } from "./docker-container.ts";
import { Copies, copiedWorkspace, volume } from "./docker-copy.ts";
import { Images } from "./docker-images.ts";
import { dockerKind } from "./docker-kind.ts";
import { messageOf, problemOf, statusOf, Unavailable } from "./docker-problems.ts";
import { containerOf, type DockerSettings, memoryOf, runLabel, settingsOf } from "./docker-settings.ts";
import { sharedWorkspace } from "./docker-workspace.ts";

export interface DockerOptions {
  /** How long processes have between TERM and KILL. */
  readonly graceMs: number;
  /** `DOCKER_HOST` and its like. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Makes the runner of kind `docker`. */
export function dockerRunner(asked: Partial<DockerOptions> = {}): Runner {
  const runner = new DockerRunner({ graceMs: 5_000, env: process.env, ...asked });
  return {
    ...dockerKind,
    computesHere: isLocalHost(runner.options.env["DOCKER_HOST"] ?? ""),
    open: (spec) => runner.open(spec),
    find: (run, except) => runner.find(run, except),
    end: (refs, { atOnce = false, isOurs = () => true } = {}) => runner.end(refs, atOnce, isOurs),
    identity: async (settings, tell) => runner.identity(settingsOf(settings), tell),
  };
}

/** What is known of the engine once it has answered. */
interface Known {
  readonly connection: Connection;
  readonly images: Images;
  /** Whose root is a user of that machine: files that it makes are that user's. */
  readonly rootless: boolean;
  readonly processors: number;
}

class DockerRunner {
  readonly options: DockerOptions;
  /** That are open in this process. */
  private readonly own = new Map<InstanceRef, Container>();
  private known: Promise<Known> | null = null;
  private hasAnswered = false;

  constructor(options: DockerOptions) {
    this.options = options;
  }

  /** The engine's address, for messages. */
  private get where(): string {
    return this.options.env["DOCKER_HOST"] || usualSocket;
  }

  async open(spec: InstanceSpec): Promise<Instance | NoInstance> {
    const settings = settingsOf(spec.settings);
    let made: Docker.Container | null = null;
    try {
      const known = await this.reached();
      const image = await known.images.of(settings.image, settings.platform, (text) => spec.tell?.(text));
      if (spec.isOurs?.() === false) return { problem: "lost", message: "Another flowc has the run now." };
      const ref = nameOf(spec);
      const shares = known.connection.isLocal && !settings.copy;
      const user = settings.user ?? (shares ? ownUser(known) : "");
      const asked = {
        name: ref,
        image,
        user,
        shares,
        volume: shares ? null : volume,
        processors: known.processors,
      };
      made = await create(known, () => containerOf(spec, settings, asked));
      const container = await Container.start({
        ref,
        connection: known.connection,
        container: made,
        image,
        graceMs: this.options.graceMs,
        bounds: { ...settings, network: settings.network !== null, copied: !shares },
        reaches: settings.network === "host" && known.connection.isLocal,
        memory: spelled(memoryOf(settings, spec)),
        isOurs: () => spec.isOurs?.() ?? true,
      });
      this.own.set(ref, container);
      return this.instance(container, spec, shares);
    } catch (error) {
      if (made !== null) await removed(made).catch(() => {});
      return problemOf(error, { where: this.where, image: settings.image, known: this.hasAnswered });
    }
  }

  async find(run: string, except?: ReadonlySet<InstanceRef>): Promise<readonly InstanceRef[]> {
    try {
      const { docker } = connectionOf(this.options.env);
      const filters = { label: [`${runLabel}=${run}`] };
      const found = await docker.listContainers({ all: true, filters, ...patience() });
      const refs = found.map(({ Names: names }) => names[0]?.replace(/^\//, "") ?? "");
      return refs.filter((ref) => ref !== "" && except?.has(ref) !== true).sort();
    } catch (error) {
      // Where there is no engine nothing of ours runs; one that has died may come back with what it had.
      if (statusOf(error) === 0 && !this.hasAnswered) return [];
      throw new Error(`The Docker engine did not answer at ${this.where}: ${messageOf(error)}`);
    }
  }

  async end(refs: readonly InstanceRef[], atOnce: boolean, isOurs: () => boolean): Promise<void> {
    await Promise.all(refs.map((ref) => this.endOne(ref, atOnce, isOurs)));
  }

  async identity(
    { image, platform }: DockerSettings,
    tell: (progress: string) => void = () => {},
  ): Promise<string> {
    const { images } = await this.reached();
    return `docker ${(await images.of(image, platform, tell)).id}`;
  }

  private async endOne(ref: InstanceRef, atOnce: boolean, isOurs: () => boolean): Promise<void> {
    const { docker } = connectionOf(this.options.env);
    const container = docker.getContainer(ref);
    try {
      const { Config: config, State: state } = await container.inspect(patience());
      if (config.Labels[runLabel] === undefined || !isOurs()) return;
      const own = this.own.get(ref);
      if (!atOnce && state.Running) await calmed(container, this.options.graceMs);
      if (!isOurs()) return;
      if (own === undefined) await removed(container);
      else await own.remove();
      this.own.delete(ref);
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }

  private instance(container: Container, spec: InstanceSpec, shares: boolean): Instance {
    const { ref } = container.spec;
    const copies = new Copies(container, spec.tell);
    return {
      ref,
      workspace: async (of) =>
        shares ? sharedWorkspace(container, spec, of) : copiedWorkspace(copies, spec, of),
      isWell: () => container.isWell(),
      close: async () => {
        if (this.own.get(ref) === container) this.own.delete(ref);
        // An engine that is gone has ended its containers.
        await container.remove().catch(() => {});
      },
    };
  }

  private reached(): Promise<Known> {
    this.known ??= this.connect();
    this.known.catch(() => {
      this.known = null;
    });
    return this.known;
  }

  private async connect(): Promise<Known> {
    const connection = connectionOf(this.options.env);
    const info: unknown = await answered(connection.docker.info());
    this.hasAnswered = true;
    const told = typeof info === "object" && info !== null ? info : {};
    const options = "SecurityOptions" in told ? told.SecurityOptions : [];
    const processors = "NCPU" in told ? told.NCPU : null;
    return {
      connection,
      images: new Images(connection, this.options.env),
      rootless: Array.isArray(options) && options.some((option) => String(option).includes("name=rootless")),
      processors: typeof processors === "number" ? processors : Number.POSITIVE_INFINITY,
    };
  }
}

/** One of each name: it says whose attempt it is, and the same attempt asked for twice has one container. */
function nameOf({ tag }: InstanceSpec): InstanceRef {
  return `flowc-${tag.run}-${tag.node}-${tag.attempt}`.replaceAll(/[^A-Za-z0-9_.-]/g, "_");
}

async function create(known: Known, options: () => Docker.ContainerCreateOptions): Promise<Docker.Container> {
  const { docker } = known.connection;
  const asked = options();
  for (let tries = 0; ; tries++)
    try {
      return await docker.createContainer({ ...asked, ...patience("much") });
    } catch (error) {
      if (tries === 3) throw error;
      // What an earlier try of the same attempt left.
      if (statusOf(error) === 409 && asked.name !== undefined) await removed(docker.getContainer(asked.name));
      else if (statusOf(error) === 404 && /no such image/i.test(String(error))) {
        known.images.forget();
        throw new Unavailable("lost", `The image was removed from the engine: ${asked.Image}`);
      } else throw error;
    }
}

/** So that files in the project are the user's own. */
function ownUser({ rootless }: Known): string {
  if (rootless) return "0:0";
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  return uid === undefined || gid === undefined ? "" : `${uid}:${gid}`;
}

/** As a flow writes it: `512MB`. */
function spelled(bytes: number | null): string | null {
  if (bytes === null) return null;
  const [unit, name] = bytes >= 1024 ** 3 ? [1024 ** 3, "GB"] : [1024 ** 2, "MB"];
  return `${Number((bytes / unit).toFixed(1))}${name}`;
}
