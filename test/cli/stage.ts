// A run shown in a pretend terminal: the test says what happens and how time passes, and reads the screen.

import { blockProgress } from "../../cli/render/block.ts";
import { type Left, type Progress, plainProgress, type Stage } from "../../cli/render/progress.ts";
import type { Plan } from "../../compiler/plan.ts";
import { decide } from "../../runtime/decide.ts";
import { type End, World, type WorldOptions } from "../run-world.ts";
import { Terminal } from "./terminal.ts";

export class Shown {
  readonly world: World;
  readonly terminal: Terminal;
  readonly progress: Progress;
  /** How many times something was written. */
  writes = 0;
  left: Left | null = null;
  private tick: () => void = () => {};
  private goOn: () => void = () => {};

  constructor(
    plan: Plan,
    config: WorldOptions & { columns?: number; rows?: number; ui?: "block" | "plain" } = {},
  ) {
    const { columns = 60, rows = 24, ui = "block" } = config;
    this.world = new World(plan, config);
    this.terminal = new Terminal(columns, rows);
    const stage: Stage = {
      channel: {
        color: false,
        columns: () => this.terminal.columns,
        rows: () => this.terminal.rows,
        write: (text) => {
          this.writes++;
          this.terminal.write(text);
        },
      },
      now: () => this.world.now,
      every: (_ms, then) => {
        this.tick = then;
        return () => {
          this.tick = () => {};
        };
      },
      onContinue: (then) => {
        this.goOn = then;
        return () => {};
      },
      left: () => this.left,
    };
    this.progress = ui === "block" ? blockProgress(stage) : plainProgress(stage);
    this.world.check = (run, event) => {
      const seq = this.world.events.length;
      this.progress.watch({ events: [{ ...event, seq, epoch: 1 }], changed: [], run, waits: false });
    };
    this.world.start();
    this.starts();
  }

  /** Everything starts that may. */
  starts(): this {
    for (;;) {
      const decision = decide(this.world.run, this.world.now);
      if (decision.do !== "append") return this;
      this.world.append(decision.event);
    }
  }

  /** A node ends, and others start. */
  end(name: string, end: End = { value: name }): this {
    this.world.end(this.world.run.find(name) ?? 0, end);
    return this.starts();
  }

  /** Time passes, a frame at a time. */
  wait(ms: number): this {
    for (let passed = 0; passed < ms; passed += 100) {
      this.world.now += 100;
      this.tick();
    }
    return this;
  }

  /** A timer fires. */
  frame(): this {
    this.tick();
    return this;
  }

  /** The program was stopped and goes on. */
  stoppedAndBack(): this {
    this.goOn();
    return this;
  }

  /** The screen as a person reads it, a line each. */
  get lines(): readonly string[] {
    return this.terminal.text().split("\n").slice(0, -1);
  }
}
