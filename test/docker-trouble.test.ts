// What can go wrong with Docker: told in a sentence, and no container is left of it.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { problemOf } from "../runners/docker-problems.ts";
import { containersOf, docker, image, importTree } from "./docker-daemon.ts";
import { canStart, OwnDocker, until } from "./docker-own.ts";
import { type DockerPlace, dockerPlaces } from "./docker-place.ts";

const placeOf = dockerPlaces();

describe("without an engine", () => {
  const refusal = async (env: Readonly<Record<string, string>>) => placeOf(env).ask({ image });
  test("it is said what to do", async () => {
    expect(await refusal({ DOCKER_HOST: "unix:///no/such.sock" })).toMatchObject({
      problem: "refused",
      message: expect.stringMatching(
        /^No Docker engine answers at unix:\/\/\/no\/such\.sock: .*\nStart it, or .*DOCKER_HOST=/,
      ),
    });
    expect(await refusal({ DOCKER_HOST: "tcp://127.0.0.1:1" })).toMatchObject({ problem: "refused" });
  });
  test("a socket that may not be used", () => {
    const error = Object.assign(new Error("connect EACCES /run/docker.sock"), { code: "EACCES" });
    expect(problemOf(error, { where: "/run/docker.sock", image, known: false })).toEqual({
      problem: "refused",
      message: expect.stringContaining("sudo usermod -aG docker"),
    });
  });
  test("an address that is none, and certificates that are not there", async () => {
    expect(await refusal({ DOCKER_HOST: "build:2375" })).toMatchObject({
      problem: "refused",
      message: expect.stringContaining("is no address of a Docker engine"),
    });
    expect(
      await refusal({
        DOCKER_HOST: "tcp://127.0.0.1:1",
        DOCKER_TLS_VERIFY: "1",
        DOCKER_CERT_PATH: "/nowhere",
      }),
    ).toMatchObject({ problem: "refused", message: expect.stringContaining("export DOCKER_CERT_PATH=") });
  });
  test("nothing of a run is found", async () => {
    expect(await placeOf({ DOCKER_HOST: "unix:///no/such.sock" }).runner.find("any")).toEqual([]);
  });
});

describe("images", { skip: docker === null }, () => {
  test("one that is absent and cannot be fetched", async () => {
    const place = placeOf();
    expect(await place.ask({ image: "127.0.0.1:1/no/such:1" })).toMatchObject({
      message: expect.stringMatching(/`127\.0\.0\.1:1\/no\/such:1` is not on the engine.*\n.*docker pull/),
    });
    expect(place.told).toEqual(["Docker fetches the image 127.0.0.1:1/no/such:1 …"]);
    expect(await place.ask({ image: "No Such" })).toMatchObject({ problem: "refused" });
  });
  test("one without a shell", async () => {
    const tree = mkdtempSync(join(tmpdir(), "flowc-bare-"));
    writeFileSync(join(tree, "file"), "");
    if (docker !== null) await importTree(docker, tree, "flowc-test/bare:1");
    rmSync(tree, { recursive: true });
    expect(await placeOf().ask({ image: "flowc-test/bare:1" })).toMatchObject({
      problem: "refused",
      message: expect.stringContaining("has no shell (`sh`)"),
    });
    await docker?.getImage("flowc-test/bare:1").remove();
  });
  test("users and networks that are not there, and more processors than there are", async () => {
    for (const [more, said] of [
      [{ user: "nobody-here" }, "unable to find user"],
      [{ network: "no-such-net" }, "no-such-net"],
      [{ cpus: 4096 }, "CPUs"],
    ] as const)
      expect(await placeOf().ask({ image, ...more })).toMatchObject({
        problem: "refused",
        message: expect.stringContaining(said),
      });
  });
});

describe("a container", { skip: docker === null }, () => {
  test("works as the user who runs flowc, and its files are that user's", async () => {
    const place = placeOf();
    const instance = await place.open({ image });
    const workspace = await place.workspace(instance, "project");
    await place.sh(workspace, "echo done > made");
    const made = join(place.folder, "project", "made");
    expect([readFileSync(made, "utf8"), statSync(made).uid]).toEqual(["done\n", process.getuid?.()]);
    const { out } = await place.sh(
      workspace,
      "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; ls /sys/class/net",
    );
    expect(out).toMatch(/^CapEff:\t0+\nNoNewPrivs:\t1\nlo\n$/);
    await instance.close();
  });
  test("that ignores TERM is ended, and the next command finds it well", async () => {
    const place = placeOf();
    const instance = await place.open({ image });
    const workspace = await place.workspace(instance);
    const controller = new AbortController();
    const stubborn = place.sh(workspace, "trap '' TERM; while :; do sleep 1000; done", controller.signal);
    controller.abort();
    expect((await stubborn).exit.kind).toMatch(/signalled|not-started/);
    expect((await place.sh(workspace, "echo on")).out).toBe("on\n");
    expect(await instance.isWell()).toBe(true);
    await instance.close();
  });
  test("with a full /tmp, without network, with read-only files, with few processes: the failure names the key", async () => {
    const place = placeOf();
    const instance = await place.open({ image, tmp_size: 1_000_000, pids: 12 });
    const workspace = await place.workspace(instance);
    for (const [script, key] of [
      ["dd if=/dev/zero of=/tmp/x bs=1M count=5", "tmp_size"],
      ["wget http://example.invalid/", "network: true"],
      ["touch /etc/x", "read_only: false"],
      ["for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 100 & done", "pids"],
    ] as const)
      expect((await place.sh(workspace, script)).exit).toMatchObject({ hint: expect.stringContaining(key) });
    expect((await place.sh(workspace, "echo on")).out).toBe("on\n");
    await instance.close();
  });
  test("that needs too much memory", async () => {
    const place = placeOf();
    const instance = await place.open({ image, memory: 20 * 1024 ** 2 });
    const workspace = await place.workspace(instance);
    const greedy = "x=$(head -c 60000000 /dev/zero | tr '\\0' a); echo ${#x}";
    expect((await place.sh(workspace, greedy)).exit).toEqual({
      kind: "signalled",
      signal: "SIGKILL",
      hint: expect.stringContaining("more memory than its container may have (20MB)"),
    });
    expect((await place.sh(workspace, "kill -KILL $$")).exit).toEqual({
      kind: "signalled",
      signal: "SIGKILL",
    });
    await instance.close();
  });
  test("that is killed or removed from outside is lost, and so told", async () => {
    const place = placeOf();
    for (const [end, said] of [
      [(ref: string) => docker?.getContainer(ref).kill(), "ended from outside (exit code 137)"],
      [(ref: string) => docker?.getContainer(ref).remove({ force: true }), "from outside"],
    ] as const) {
      const instance = await place.open({ image });
      const workspace = await place.workspace(instance);
      const { ended } = await place.begun(workspace, "echo begun; sleep 1000");
      await end(instance.ref);
      expect(await ended).toEqual({ kind: "lost", message: expect.stringContaining(said) });
      expect(await instance.isWell()).toBe(false);
      expect((await place.sh(workspace, "echo more")).exit.kind).toBe("lost");
      await instance.close();
    }
  });
  test("of the same attempt asked for twice is one", async () => {
    const place = placeOf();
    const spec = {
      tag: { run: place.run, node: 1000, attempt: 1 },
      settings: { image },
      project: join(place.folder, "project"),
      folder: place.folder,
      needs: { cpu: 10_000, memoryBytes: null },
    };
    await place.runner.open(spec);
    const again = await place.runner.open(spec);
    expect((await containersOf(place.run)).length).toBe(1);
    if ("problem" in again) throw new Error(again.message);
    expect(await again.isWell()).toBe(true);
    await again.close();
  });
});

describe("a project that is copied", { skip: docker === null }, () => {
  test("comes without what git ignores, once, then what has changed; much of it is told, too much is refused", async () => {
    const place = placeOf();
    const project = join(place.folder, "project");
    const listed = "find . -type f | sort | xargs wc -c | grep -v total";
    writeFileSync(join(project, "a"), "1");
    mkdirSync(join(project, "node_modules"));
    writeFileSync(join(project, "node_modules/b"), "1");
    const instance = await place.open({ image, copy: true });
    const listing = async () => (await place.sh(await place.workspace(instance, "project"), listed)).out;
    expect(await listing()).toMatch(/^\s*1 \.\/a\n$/);
    expect(place.told).toEqual([]);
    writeFileSync(join(project, "large"), "");
    truncateSync(join(project, "large"), 21e6);
    expect(await listing()).toMatch(/^\s*1 \.\/a\n\s*21000000 \.\/large\n$/);
    expect(place.told).toEqual([`flowc sends 21 MB to the container ${instance.ref} …`]);
    truncateSync(join(project, "large"), 201e6);
    const { exit } = await place.sh(await place.workspace(instance, "project"), listed);
    expect(exit).toMatchObject({
      kind: "not-started",
      message: expect.stringContaining("into each container"),
    });
    expect(place.told).toHaveLength(1);
    await instance.close();
  });
});

describe("an owner that is killed", { skip: docker === null }, () => {
  const owner = (run: string, folder: string, script: string) => `
    import { dockerRunner } from ${JSON.stringify(new URL("../runners/docker.ts", import.meta.url).href)};
    const tag = { run: ${JSON.stringify(run)}, node: 1, attempt: 1 };
    const folder = ${JSON.stringify(folder)};
    const needs = { cpu: null, memoryBytes: null };
    const settings = { image: ${JSON.stringify(image)} };
    const instance = await dockerRunner({ env: {} }).open({ tag, settings, project: folder, folder, needs });
    const workspace = await instance.workspace({ tag, kind: "scratch", scratch: folder + "/scratch" });
    const io = { stdoutPath: folder + "/out", stderrPath: folder + "/err", filter: null };
    const argv = ["sh", "-c", ${JSON.stringify(script)}];
    void workspace.exec({ argv, env: {}, cwd: "" }, io, new AbortController().signal);
    setInterval(async () => {
      const { existsSync } = await import("node:fs");
      if (existsSync(io.stdoutPath)) console.log("ready");
    }, 5);
  `;
  const killed = async (place: DockerPlace, script: string): Promise<void> => {
    const folder = join(place.folder, "owner");
    mkdirSync(folder);
    const argv = ["--import", "tsx", "--input-type=module", "-e", owner(place.run, folder, script)];
    const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  test("leaves a container that ends by itself when its command has ended", async () => {
    const place = placeOf();
    await killed(place, "echo begun; sleep 0.2");
    const [name = ""] = await place.runner.find(place.run);
    await until(async () => (await docker?.getContainer(name).inspect())?.State.Running === false);
    await place.runner.end([name]);
  });
  test("leaves a container that is found, and ended with what runs there", async () => {
    const place = placeOf();
    await killed(place, "trap '' TERM; echo begun; while :; do sleep 1000; done");
    const found = await place.runner.find(place.run);
    expect(found).toEqual([`flowc-${place.run}-1-1`]);
    await place.runner.end(found, { isOurs: () => false });
    expect(await place.runner.find(place.run)).toEqual(found);
    expect(await place.runner.find(place.run, new Set(found))).toEqual([]);
    await place.runner.end(found);
    expect(await place.runner.find(place.run)).toEqual([]);
  });
});

describe("an engine whose disk is full", { skip: !canStart("dockerd") }, () => {
  test("says so, whether files come or are made, and is left as it was", { timeout: 120_000 }, async () => {
    const own = new OwnDocker();
    try {
      mkdirSync(`${own.folder}/root`);
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=60m", "tmpfs", `${own.folder}/root`]);
      await own.start();
      const place = placeOf({ DOCKER_HOST: own.host });
      const instance = await place.open({ image, copy: true });
      const workspace = await place.workspace(instance);
      const from = join(place.folder, "large");
      writeFileSync(from, "");
      truncateSync(from, 100e6);
      await expect(workspace.put([{ from, to: "large" }])).rejects.toMatchObject({
        problem: "refused",
        message: expect.stringContaining("is full. See what takes it: docker system df"),
      });
      expect((await place.sh(workspace, "dd if=/dev/zero of=more bs=1M count=100")).exit).toEqual({
        kind: "exited",
        code: 1,
        hint: expect.stringContaining("There is no room left"),
      });
      await instance.close();
      expect(await own.docker.listContainers({ all: true })).toEqual([]);
      expect((await own.docker.listVolumes()).Volumes).toEqual([]);
    } finally {
      await own.end();
    }
  });
});

describe("an engine that dies", { skip: !canStart("dockerd") }, () => {
  test("is told as lost at once, by what runs and by what is asked then", { timeout: 120_000 }, async () => {
    const own = new OwnDocker();
    try {
      await own.start();
      const place = placeOf({ DOCKER_HOST: own.host });
      const instance = await place.open({ image });
      const workspace = await place.workspace(instance);
      const { ended } = await place.begun(workspace, "echo begun; sleep 1000");
      await own.kill("SIGKILL");
      expect(await ended).toEqual({
        kind: "lost",
        message: expect.stringContaining("does not answer any more"),
      });
      expect(await instance.isWell()).toBe(false);
      await instance.close();
      expect(await place.ask({ image })).toMatchObject({ problem: "lost" });
    } finally {
      await own.end();
    }
  });
  test("and one that is stuck is not waited for for ever", { timeout: 120_000 }, async () => {
    const own = new OwnDocker();
    try {
      await own.start();
      const place = placeOf({ DOCKER_HOST: own.host });
      const instance = await place.open({ image });
      const workspace = await place.workspace(instance);
      own.pause();
      const stop = new AbortController();
      const work = place.sh(workspace, "sleep 1000", stop.signal);
      stop.abort();
      const found = place.runner.find(place.run);
      await expect(found).rejects.toThrow(/did not answer at .*: there is no answer/);
      await instance.close();
      expect((await work).exit).toEqual({ kind: "signalled", signal: "SIGKILL" });
      own.goOn();
      await place.runner.end(await place.runner.find(place.run));
      expect(await own.docker.listContainers({ all: true })).toEqual([]);
    } finally {
      own.goOn();
      await own.end();
    }
  });
});
