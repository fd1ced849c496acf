// Nodes that may be done only once and of which nobody can say how they ended: what a person is told to decide.

import type { RunView } from "../runtime/run-view.ts";
import { unknownText } from "./render/people.ts";
import { visible } from "./render/text.ts";
import { shellWord } from "./stop.ts";

/** So many are explained; of more only how many there are. */
const shownMax = 5;

/** Commands about each of them with what they say, as they are typed in another terminal. */
export function settleCommands(view: RunView, flag: string): readonly (readonly [string, string])[] {
  return [...view.undecided()].slice(0, shownMax).flatMap((n) => {
    const words = `${view.id} ${shellWord(view.name(n))}${flag}`;
    const answer = view.plan.tasks[view.task(n) ?? ""]?.answer ?? null;
    return [
      [`flowc approve ${words}${answer === null ? "" : " --value JSON"}`, "if it has happened"],
      [`flowc reject ${words}`, "if it has failed"],
    ] as const;
  });
}

/** What is known of each, and the commands that settle it. */
export function askLines(view: RunView, flag: string): readonly string[] {
  const nodes = [...view.undecided()];
  if (nodes.length === 0) return [];
  const commands = [
    ...settleCommands(view, flag),
    ...nodes.slice(0, shownMax).map((n) => {
      const name = shellWord(view.name(n));
      return [`flowc run --resume ${view.id} --again ${name}${flag}`, "to do it again"] as const;
    }),
  ];
  const width = Math.max(...commands.map(([command]) => command.length));
  const lines = nodes.slice(0, shownMax).map((n) => unknownText(view, n));
  const more = nodes.length - shownMax;
  if (more > 0) lines.push(`… and ${more} more`);
  return [...lines, ...commands.map(([command, why]) => `  ${visible(command).padEnd(width)}  ${why}`)];
}
