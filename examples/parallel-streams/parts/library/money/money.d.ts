// What the other parts of the library know of amounts of money.

/** So many hundredths of a currency. */
export interface Money {
  readonly cents: bigint;
  readonly currency: string;
}

/** `of("12.34", "EUR")`. Throws if that is no amount. */
export function of(text: string, currency: string): Money;

/** Throws if the currencies differ. */
export function plus(a: Money, b: Money): Money;

/** Shares without losing a cent: the first get one more. */
export function shared(money: Money, among: number): Money[];
