// Where tasks run: declared runners in the plan, and the place that each of them means in a run.

import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nodeHost } from "../cli/host.ts";
import { compile } from "../compiler/compile.ts";
import type { Plan } from "../compiler/plan.ts";
import { decodePlan } from "../runtime/journal-codec.ts";
import { placeOf, secretsNeeded, withSecrets } from "../runtime/places.ts";
import { planChanges } from "../runtime/plan-changes.ts";

const folder = mkdtempSync(join(tmpdir(), "flowc-places-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function planOf(text: string): Plan {
  const path = join(folder, "main.flow");
  writeFileSync(path, text);
  const { plan, diagnostics } = compile(path, nodeHost(folder, path));
  if (plan === null) throw new Error(diagnostics.map(({ label }) => label).join("\n"));
  return plan;
}

const rust = `
runner rust {
  docker: { image: "rust:1.75", cpus: 2, memory: 4GB }
  e2b: { template: "rust", api_key: secret("E2B_API_KEY") }
  local: {}
  instances: 30
  spawn: 30 per 1m
  reuse: 10
}

runner other { local: {}, instances: { min: 1, max: 3 } }

task build() { runner: rust, run "make" }
task lint() { run "make lint" }
task spare() { runner: other, run "true" }

flow main() {
  build()
  lint()
}

flow release() {
  build() with { runner: other }
  spare()
}
`;

describe("declared runners in the plan", () => {
  const plan = planOf(rust);

  it("are those that a task names, with each kind's settings as plain values", () => {
    expect(plan.runners).toEqual([
      {
        name: "rust",
        kinds: [
          { kind: "docker", settings: { image: "rust:1.75", cpus: 2, memory: 4 * 1024 ** 3 } },
          { kind: "e2b", settings: { template: "rust", api_key: { secret: "E2B_API_KEY" } } },
          { kind: "local", settings: {} },
        ],
        instances: { min: 0, max: 30 },
        spawn: { amount: 30, perSeconds: 60 },
        reuse: 10,
      },
    ]);
    expect(plan.tasks["build"]?.settings.runner).toBe("rust");
    expect(plan.tasks["lint"]?.settings.runner).toBe("local");
    expect(plan.secrets).toEqual([]);
    expect(secretsNeeded(plan, null)).toEqual([]);
    expect(secretsNeeded(plan, "e2b")).toEqual(["E2B_API_KEY"]);
  });

  it("may be changed since a run began", () => {
    const now = planOf(rust.replace("cpus: 2", "cpus: 4"));
    expect(planChanges(plan, now)).toEqual(["runner rust"]);
    const api = (rate: string): Plan =>
      planOf(`limit api { requests: ${rate} }\ntask t() { uses: [api], run "true" }\nflow main() { t() }`);
    expect(planChanges(api("4 per 10s"), api("5 per 30s"))).toEqual(["limit api"]);
  });

  it("are none in the plan of an older flowc", () => {
    const { runners: _, ...older } = plan;
    const text = JSON.stringify(older);
    const decoded = decodePlan(text, createHash("sha256").update(text).digest("hex"));
    expect(decoded).toEqual({ plan: { ...older, runners: [] } });
  });
});

describe("the place of a runner in a run", () => {
  const plan = planOf(rust);
  const bounds = { instances: { min: 0, max: 30 }, spawn: { amount: 30, perSeconds: 60 }, reuse: 10 };

  it("is its first kind, or the one that was asked for", () => {
    const { kinds = [] } = plan.runners[0] ?? {};
    expect(placeOf(plan, "rust", null)).toEqual({ ...kinds[0], ...bounds });
    expect(placeOf(plan, "rust", "e2b")).toEqual({ ...kinds[1], ...bounds });
  });

  it("is this machine for what names none, whatever was asked for", () => {
    const here = { kind: "local", settings: {}, instances: null, spawn: null, reuse: 1 };
    expect(placeOf(plan, "local", "docker")).toEqual(here);
  });

  it("is told when there is none", () => {
    expect(placeOf(plan, "rust", "chroot")).toEqual({
      problem: "The runner `rust` cannot run on chroot; it has docker, e2b, local.",
    });
    expect(placeOf(plan, "gone", null)).toEqual({ problem: "The plan has no runner `gone`." });
  });

  it("gets the values of its secrets last, at any depth", () => {
    const place = placeOf(plan, "rust", "e2b");
    const settings = "problem" in place ? {} : { ...place.settings, also: [{ key: { secret: "OTHER" } }] };
    expect(withSecrets(settings, new Map([["E2B_API_KEY", "e2b_1"]]))).toEqual({
      template: "rust",
      api_key: "e2b_1",
      also: [{ key: "" }],
    });
  });
});
