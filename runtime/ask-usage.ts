// What the agent of one attempt uses: added up over its commands, and told every few seconds while it changes.

import type { Usage } from "./agent.ts";
import { largest, noUsage, plus } from "./usage.ts";

/** It is told no more often than so. */
const tellMs = 2_000;

export class AskUsage {
  private readonly world: { timer(ms: number, wake: () => void): () => void; now(): number };
  private readonly tell: (usage: Usage) => void;
  /** Of the commands that have ended. */
  private before = noUsage;
  private now = noUsage;
  private served: Usage = noUsage;
  private told: Usage = noUsage;
  private toldAt = Number.NEGATIVE_INFINITY;
  private takeBack: (() => void) | null = null;

  constructor(world: AskUsage["world"], tell: (usage: Usage) => void) {
    this.world = world;
    this.tell = tell;
  }

  get total(): Usage {
    return largest(plus(this.before, this.now), this.served);
  }

  /** All in all of the command that runs. */
  hear(usage: Usage): void {
    this.now = usage;
    const wait = this.toldAt + tellMs - this.world.now();
    if (wait <= 0) this.say();
    else this.takeBack ??= this.world.timer(wait, () => this.say());
  }

  /** What its model's API has told all in all, of every request. */
  serve(usage: Usage): void {
    this.served = usage;
    this.hear(this.now);
  }

  /** The command has ended; another may follow. */
  next(): void {
    this.before = plus(this.before, this.now);
    this.now = noUsage;
  }

  /** Tells what was not told yet. */
  end(): void {
    this.say();
  }

  private say(): void {
    this.takeBack?.();
    this.takeBack = null;
    const { total } = this;
    if (JSON.stringify(total) === JSON.stringify(this.told)) return;
    this.told = total;
    this.toldAt = this.world.now();
    this.tell(total);
  }
}

export function overBudget(spent: number): string {
  return `It has spent ${dollars(spent)}, all that its budget still allowed.`;
}

function dollars(amount: number): string {
  return `${Number(amount.toFixed(4))}USD`;
}
