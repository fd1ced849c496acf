// Engines that are reached another way than by this machine's socket, and images that are fetched.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loginFor } from "../runners/docker-login.ts";
import { docker, image } from "./docker-daemon.ts";
import { canStart, certificates, freePort, hasSshd, OwnDocker, ownRegistry, ownSsh } from "./docker-own.ts";
import { type DockerPlace, dockerPlaces } from "./docker-place.ts";

const placeOf = dockerPlaces();

/** Files go there and come back, a command ends, another is stopped. */
async function works(place: DockerPlace): Promise<void> {
  writeFileSync(join(place.folder, "project", "input"), "from here\n");
  const instance = await place.open({ image });
  const workspace = await place.workspace(instance, "project");
  expect(workspace.here).toBe(false);
  const { exit, out } = await place.sh(workspace, "cat input; tr a-z A-Z < input > output; exit 3");
  expect([exit, out]).toEqual([{ kind: "exited", code: 3 }, "from here\n"]);
  const output = await workspace.read(join(workspace.path, "output"), 100);
  expect(Buffer.from(output?.bytes ?? []).toString()).toBe("FROM HERE\n");
  const stop = new AbortController();
  const stopped = place.sh(workspace, "echo begun; sleep 1000", stop.signal);
  stop.abort();
  expect((await stopped).exit.kind).toMatch(/signalled|not-started/);
  await workspace.close();
  expect(await place.runner.find(place.run)).toEqual([instance.ref]);
  await instance.close();
  expect(await place.runner.find(place.run)).toEqual([]);
}

describe("an engine behind TCP with TLS", { skip: !canStart("dockerd") || !canStart("openssl") }, () => {
  test("works, and is not spoken to when it is not trusted", { timeout: 120_000 }, async () => {
    const own = new OwnDocker();
    try {
      const [certs, others] = [join(own.folder, "certs"), join(own.folder, "others")];
      certificates(certs);
      certificates(others);
      const port = await freePort();
      const tls = ["--tlsverify", "--tlscacert", `${certs}/ca.pem`, "--tlscert", `${certs}/server-cert.pem`];
      await own.start(...tls, "--tlskey", `${certs}/server-key.pem`, "-H", `tcp://127.0.0.1:${port}`);
      const host = { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: "1" };
      await works(placeOf({ ...host, DOCKER_CERT_PATH: certs }));
      expect(await own.docker.listContainers({ all: true })).toEqual([]);
      expect(await placeOf({ ...host, DOCKER_CERT_PATH: others }).ask({ image })).toMatchObject({
        problem: "refused",
        message: expect.stringMatching(/cannot be trusted, or does not trust us: .*\n.*DOCKER_CERT_PATH/),
      });
    } finally {
      await own.end();
    }
  });
});

describe("an engine behind ssh", { skip: docker === null || !hasSshd || !canStart("docker") }, () => {
  test("works, and ssh's own words are told when it does not", { timeout: 120_000 }, async () => {
    const ssh = await ownSsh();
    try {
      const env = {
        DOCKER_HOST: `ssh://root@127.0.0.1:${ssh.port}`,
        PATH: `${ssh.bin}:${process.env["PATH"]}`,
      };
      await works(placeOf(env));
      const nobody = { ...env, DOCKER_HOST: `ssh://nobody@127.0.0.1:${ssh.port}` };
      expect(await placeOf(nobody).ask({ image })).toMatchObject({
        problem: "refused",
        message: expect.stringContaining("Permission denied"),
      });
    } finally {
      await ssh.end();
    }
  });
});

describe("an image in a registry", { skip: docker === null || !canStart("docker-registry") }, () => {
  test("is fetched once for all who ask, and that is told", async () => {
    const registry = await ownRegistry();
    const name = `${registry.address}/flowc/busybox:1`;
    try {
      await docker?.getImage(image).tag({ repo: `${registry.address}/flowc/busybox`, tag: "1" });
      const pushed = await docker
        ?.getImage(name)
        .push({ authconfig: { username: "", password: "", serveraddress: registry.address } });
      for await (const _ of pushed ?? []);
      await docker?.getImage(name).remove();
      const place = placeOf();
      const instances = await Promise.all([place.open({ image: name }), place.open({ image: name })]);
      expect(place.told).toEqual([
        `Docker fetches the image ${name} …`,
        `Docker has fetched the image ${name}.`,
      ]);
      expect(await place.runner.identity({ image: name })).toBe(await place.runner.identity({ image }));
      await Promise.all(instances.map((instance) => instance.close()));
      expect(await place.ask({ image: `${registry.address}/flowc/other:1` })).toMatchObject({
        problem: "refused",
        message: expect.stringContaining("not found"),
      });
    } finally {
      await docker
        ?.getImage(name)
        .remove()
        .catch(() => {});
      await registry.end();
    }
  });
});

test("who has logged in to a registry is that to it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "flowc-login-"));
  try {
    const auth = Buffer.from("me:se:cret").toString("base64");
    const config = { auths: { "ghcr.io": { auth } }, credHelpers: { "r.example": "flowctest" } };
    writeFileSync(join(folder, "config.json"), JSON.stringify(config));
    mkdirSync(join(folder, "bin"));
    const helper = '#!/bin/sh\nread -r host; echo "{\\"Username\\":\\"at $host\\",\\"Secret\\":\\"s\\"}"\n';
    writeFileSync(join(folder, "bin/docker-credential-flowctest"), helper, { mode: 0o755 });
    const env = { DOCKER_CONFIG: folder, PATH: `${folder}/bin:${process.env["PATH"]}` };
    expect(await loginFor("ghcr.io/me/it:1", env)).toEqual({
      serveraddress: "ghcr.io",
      username: "me",
      password: "se:cret",
    });
    expect(await loginFor("r.example/it", env)).toMatchObject({ username: "at r.example", password: "s" });
    expect(await loginFor("debian:12", env)).toBe(null);
    expect(await loginFor("debian:12", { DOCKER_CONFIG: "/nowhere" })).toBe(null);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
