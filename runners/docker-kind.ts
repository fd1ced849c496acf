// What can be told of the kind `docker` without an engine: its settings.

import type { KindFacts } from "../runtime/runner.ts";

export const dockerKind: KindFacts = {
  kind: "docker",
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {
      image: {
        type: "string",
        minLength: 1,
        description: "Name of the image, as `docker pull` takes it.",
        examples: ["rust:1.75"],
      },
      cpus: {
        type: "number",
        exclusiveMinimum: 0,
        description: "Processors, also a part of one: 0.5.",
        examples: [2],
      },
      memory: {
        type: "integer",
        minimum: 6 * 1024 ** 2,
        "x-flowc": "size",
        description: "Memory, without swap.",
        examples: [4 * 1024 ** 3],
      },
      pids: {
        type: "integer",
        minimum: 8,
        description: "Processes and threads at one time.",
        examples: [512],
      },
      network: {
        anyOf: [{ type: "boolean" }, { type: "string", minLength: 1 }],
        description: "Without it there is none. A text: the name of a network of the engine.",
        examples: [true],
      },
      user: {
        type: "string",
        minLength: 1,
        description: "Name or uid, or uid:gid.",
        examples: ["1000:1000"],
      },
      read_only: {
        type: "boolean",
        description: "The image's own files cannot be changed. True by default.",
        examples: [false],
      },
      tmp_size: {
        type: "integer",
        minimum: 4096,
        "x-flowc": "size",
        description: "Size of /tmp, which is kept in memory.",
        examples: [256 * 1024 ** 2],
      },
      platform: {
        type: "string",
        minLength: 1,
        description: "Of the image: linux/arm64.",
        examples: ["linux/arm64"],
      },
      copy: {
        type: "boolean",
        description: "The project is copied into the container and not shared with it.",
        examples: [true],
      },
    },
    required: ["image"],
    additionalProperties: false,
  },
  quota: () => ({ instances: null, perSecond: null }),
};
