// What a run remembers of its worktrees: answers that are to be merged, what its branches are at, and who met a conflict.

import type { EventBody, Landed } from "./events.ts";
import type { WorktreePast } from "./git/worktree.ts";

type Answered = Extract<EventBody, { type: "attempt.answered" }>;
type Ended = Extract<EventBody, { type: "attempt.ended" }>;

export class RunTrees {
  /** Attempts under way whose work is done. */
  readonly answers = new Map<number, Answered>();
  /** By branch: the commit that a node of this run has left there, and which node. */
  private readonly branches = new Map<string, { readonly commit: string; readonly n: number }>();
  /** Nodes whose work could not be merged, and has not been since. */
  private readonly conflicts = new Set<number>();

  answered(event: Answered): void {
    this.answers.set(event.n, event);
    const { branch, commit } = event.landed;
    this.branches.set(branch, { commit, n: event.n });
  }

  /** What it has left in another run stands. */
  reused(n: number, { branch, commit }: Landed): void {
    if (branch !== "") this.branches.set(branch, { commit, n });
  }

  ended({ n, outcome, why }: Ended): void {
    this.answers.delete(n);
    if (why === "conflict") this.conflicts.add(n);
    else if (outcome === "succeeded") this.conflicts.delete(n);
  }

  past(n: number, branch: string | null, goesOn: boolean): WorktreePast {
    const last = branch === null ? undefined : this.branches.get(branch);
    return { left: last?.commit ?? null, own: last?.n === n, conflict: this.conflicts.has(n), goesOn };
  }
}
