// The Docker runner against the contract of all runners, on a real engine.

import { describe } from "vitest";
import { dockerRunner } from "../runners/docker.ts";
import { aliveIn, docker, image } from "./docker-daemon.ts";
import { runnerContract } from "./runner-contract.ts";

describe("on a Docker engine", { skip: docker === null }, () => {
  const shared = {
    open: async () => dockerRunner({ graceMs: 300 }),
    settings: { image },
    alive: aliveIn,
    adds: { HOME: "/tmp" },
    endsDaemons: true,
  };
  runnerContract("docker", shared);
  runnerContract("docker, without this machine's files", { ...shared, settings: { image, copy: true } });
});
