// What can be told of the kind `local` without starting anything.

import type { KindFacts } from "../runtime/runner.ts";

export const localKind: KindFacts = {
  kind: "local",
  settingsSchema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: {},
    additionalProperties: false,
  },
  quota: () => ({ instances: null, perSecond: null }),
};
