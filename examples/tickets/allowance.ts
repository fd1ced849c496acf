// How much may be taken in any window of time, and what was.

export interface Count {
  readonly unit: string;
  readonly allowed: number;
  readonly windowMs: number;
  readonly taken: number;
  /** The most in any window. */
  readonly most: number;
  /** How often it was more than was left. */
  readonly refused: number;
}

export class Allowance {
  private readonly unit: string;
  private readonly allowed: number;
  private readonly windowMs: number;
  private readonly inWindow: { readonly at: number; readonly amount: number }[] = [];
  private used = 0;
  private taken = 0;
  private most = 0;
  private refused = 0;

  constructor(unit: string, allowed: number, windowMs: number) {
    this.unit = unit;
    this.allowed = allowed;
    this.windowMs = windowMs;
  }

  fits(amount: number, now: number): boolean {
    for (
      let [first] = this.inWindow;
      first !== undefined && first.at <= now - this.windowMs;
      [first] = this.inWindow
    ) {
      this.used -= first.amount;
      this.inWindow.shift();
    }
    const fits = this.used + amount <= this.allowed;
    if (!fits) this.refused++;
    return fits;
  }

  take(amount: number, now: number): void {
    this.inWindow.push({ at: now, amount });
    this.used += amount;
    this.taken += amount;
    this.most = Math.max(this.most, this.used);
  }

  count(): Count {
    const { unit, allowed, windowMs, taken, most, refused } = this;
    return { unit, allowed, windowMs, taken, most, refused };
  }
}
