// How long limits let a run take at least, as a plan tells before it.

import { afterAll, describe, expect, it } from "vitest";
import { leastCase } from "../cli/plan-times.ts";
import { outline } from "../runtime/outline.ts";
import { planOf, removeFolders } from "./pretend.ts";
import { noFiles } from "./run-world.ts";

afterAll(removeFolders);

const tasks = `limit api { requests: 100 per 1m, tokens: 10_000 per 1m }
task look() -> int {
  run "true"
  return 3
}
task one(i: int) -> int {
  uses: [api]
  run "true"
  return i
}
task long(text: string) -> string {
  uses: [api(tokens: len(split(text, " ")))]
  run "true"
  return text
}
task kept(i: int) -> int {
  uses: [api]
  cache: true
  reads: []
  run "true"
  return i
}
`;

const cases: Readonly<Record<string, { body: string; more?: string; says: string | null }>> = {
  "whole windows but the first": {
    body: "all = for i in range(1200) { one(i) }\n  return len(all)",
    says: "at least 11m by the limit `api`: 1_200 requests at 100 per 1m",
  },
  "one more than a window": {
    body: "all = for i in range(101) { one(i) }\n  return len(all)",
    says: "at least 1m by the limit `api`: 101 requests at 100 per 1m",
  },
  "nothing where all go at once": {
    body: "all = for i in range(100) { one(i) }\n  return len(all)",
    says: null,
  },
  "not what a branch may spare": {
    body: `a = look()
  if a > 2 {
    many = for i in range(500) { one(i) }
  }
  all = for i in range(150) { one(i) }
  return len(all)`,
    says: "at least 1m by the limit `api`: 150 requests at 100 per 1m",
  },
  "not what `enough` or a cache may spare": {
    body: `some = for i in range(500) {
    enough: 3
    one(i)
  }
  known = for i in range(500) { kept(i) }
  all = for i in range(201) { one(i) }
  return len(some) + len(known) + len(all)`,
    says: "at least 2m by the limit `api`: 201 requests at 100 per 1m",
  },
  "what is not known yet counts for nothing, and is told": {
    body: `a = look()
  more = for i in range(a) { one(i) }
  all = for i in range(301) { one(i) }
  return len(more) + len(all)`,
    says: "at least 3m by the limit `api`: 301 requests at 100 per 1m, without what is not yet known",
  },
  "amounts that are computed count for nothing, and their requests do": {
    body: `all = for i in range(250) { long("a b c ~{i}") }
  return len(all)`,
    says: "at least 2m by the limit `api`: 250 requests at 100 per 1m",
  },
  "the longest of several": {
    more: `limit slow { requests: 1 per 1h }
task rare(i: int) -> int {
  uses: [api, slow]
  run "true"
  return i
}
`,
    body: "all = for i in range(25) { rare(i) }\n  return len(all)",
    says: "at least 1d by the limit `slow`: 25 requests at 1 per 1h",
  },
  "without what is kept back for others": {
    more: `limit shared { requests: 100 per 1m, reserve: 10% }
task polite(i: int) -> int {
  uses: [shared]
  run "true"
  return i
}
`,
    body: "all = for i in range(91) { polite(i) }\n  return len(all)",
    says: "at least 1m by the limit `shared`: 91 requests at 90 per 1m",
  },
};

describe("how long limits let a run take at least", () => {
  it.each(Object.entries(cases))("%s", (_name, { body, more = "", says }) => {
    const { plan } = planOf(`${tasks}${more}flow main() -> int {\n  ${body}\n}\n`);
    expect(leastCase(outline(plan, {}, noFiles))).toBe(says);
  });
});
