// The settings of `docker { … }`, and the container that the engine is asked for.

import { mkdirSync, realpathSync } from "node:fs";
import { hostname } from "node:os";
import type Docker from "dockerode";
import { isInside } from "../runtime/folder.ts";
import type { InstanceSpec, RunnerSettings } from "../runtime/runner.ts";
import type { Image } from "./docker-images.ts";

/** What a `docker` runner may be told. */
export interface DockerSettings {
  readonly image: string;
  readonly cpus: number | null;
  readonly memoryBytes: number | null;
  readonly pids: number | null;
  /** Null: none. Else the engine's name for it. */
  readonly network: string | null;
  /** Null: our own, where files are shared with the container. */
  readonly user: string | null;
  readonly readOnly: boolean;
  readonly tmpBytes: number | null;
  readonly platform: string | null;
  /** The project is copied into the container though the engine may see it. */
  readonly copy: boolean;
}

/** They are valid by the schema. */
export function settingsOf(given: RunnerSettings): DockerSettings {
  const network = given["network"] ?? false;
  return {
    image: text(given["image"]) ?? "",
    cpus: amount(given["cpus"]),
    memoryBytes: amount(given["memory"]),
    pids: amount(given["pids"]),
    network: network === true ? "default" : text(network),
    user: text(given["user"]),
    readOnly: given["read_only"] !== false,
    tmpBytes: amount(given["tmp_size"]),
    platform: text(given["platform"]),
    copy: given["copy"] === true,
  };
}

function text(given: unknown): string | null {
  return typeof given === "string" ? given : null;
}

function amount(given: unknown): number | null {
  return typeof given === "number" ? given : null;
}

/** A command in it uses at most so many bytes. */
export function memoryOf(settings: DockerSettings, { needs }: InstanceSpec): number | null {
  return settings.memoryBytes ?? needs.memoryBytes;
}

/** What the engine is asked to make. `user`: "" is the image's own. */
export function containerOf(
  spec: InstanceSpec,
  settings: DockerSettings,
  made: {
    readonly name: string;
    readonly image: Image;
    readonly user: string;
    readonly shares: boolean;
    readonly volume: string | null;
    /** Of the engine. */
    readonly processors: number;
  },
): Docker.ContainerCreateOptions & { readonly platform?: string } {
  const { network, readOnly, tmpBytes, pids, platform } = settings;
  const { cpu } = spec.needs;
  // A setting that cannot be is refused; a need is as much as there is.
  const cpus = settings.cpus ?? (cpu === null ? null : Math.min(cpu, made.processors));
  const memory = memoryOf(settings, spec);
  const size = tmpBytes === null ? "" : `,size=${tmpBytes}`;
  return {
    name: made.name,
    ...(platform === null ? {} : { platform }),
    Image: made.image.id,
    Labels: labelsOf(spec),
    // It reads its orders from standard input: when we are gone it ends.
    Entrypoint: ["sh", "-s"],
    Cmd: [],
    User: made.user,
    WorkingDir: "/",
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: { Test: ["NONE"] },
    // Its shell does not end by a signal: an engine that stops need not wait for that.
    StopTimeout: 1,
    HostConfig: {
      Init: true,
      NetworkMode: network ?? "none",
      ReadonlyRootfs: readOnly,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Tmpfs: { "/tmp": `rw,exec,nosuid,nodev,mode=1777${size}` },
      Mounts: mountsOf(spec, made.shares, made.volume),
      LogConfig: { Type: "none", Config: {} },
      // What commands start is told apart by this limit, which no file reaches.
      Ulimits: [{ Name: "fsize", Soft: -1, Hard: -1 }],
      ...(pids === null ? {} : { PidsLimit: pids }),
      ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
      ...(memory === null ? {} : { Memory: memory, MemorySwap: memory }),
    },
  };
}

/** By which it is found again. */
export const runLabel = "flowc.run";

function labelsOf({ tag, project, folder }: InstanceSpec): Record<string, string> {
  return {
    [runLabel]: tag.run,
    "flowc.node": String(tag.node),
    "flowc.attempt": String(tag.attempt),
    "flowc.project": project,
    "flowc.folder": folder,
    "flowc.host": hostname(),
  };
}

/** The project and the attempts' directories stand in the container where they stand here. */
function mountsOf(
  { project, folder }: InstanceSpec,
  shares: boolean,
  volume: string | null,
): Docker.MountConfig {
  if (volume !== null) return [{ Type: "volume", Source: "", Target: volume }];
  if (!shares) return [];
  mkdirSync(folder, { recursive: true });
  const paths = new Set([project, realpathSync(project), folder, realpathSync(folder)]);
  return [...paths]
    .filter((path) => ![...paths].some((other) => other !== path && isInside(other, path)))
    .map((path) => ({ Type: "bind", Source: path, Target: path }));
}
