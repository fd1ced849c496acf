// The Docker runner against the contract of all runners, on a real engine.

import { describe } from "vitest";
import { dockerRunner } from "../runners/docker.ts";
import { aliveIn, docker, image } from "./docker-daemon.ts";
import { runnerContract } from "./runner-contract.ts";

describe("on a Docker engine", { skip: docker === null }, () => {
  runnerContract("docker", {
    open: async () => dockerRunner({ graceMs: 300 }),
    settings: { image },
    alive: aliveIn,
    adds: { HOME: "/tmp" },
    endsDaemons: true,
  });
});
