// All explanations of what flowc can complain about, by code; the texts stand in explanations-*.ts, by topic.

import type { Explanation } from "./explanation.ts";
import { calls } from "./explanations-calls.ts";
import { early } from "./explanations-early.ts";
import { flows } from "./explanations-flows.ts";
import { handlers } from "./explanations-handlers.ts";
import { idle } from "./explanations-idle.ts";
import { modules } from "./explanations-modules.ts";
import { names } from "./explanations-names.ts";
import { overlaps } from "./explanations-overlaps.ts";
import { places } from "./explanations-places.ts";
import { tasks } from "./explanations-tasks.ts";
import { text } from "./explanations-text.ts";
import { types } from "./explanations-types.ts";

/** In the order of the alphabet. */
export const explanations: readonly Explanation[] = [
  ...text,
  ...modules,
  ...names,
  ...types,
  ...calls,
  ...tasks,
  ...places,
  ...flows,
  ...handlers,
  ...idle,
  ...early,
  ...overlaps,
].sort((a, b) => (a.code < b.code ? -1 : 1));
