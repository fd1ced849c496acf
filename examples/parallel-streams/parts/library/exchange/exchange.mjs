// Amounts in another currency.

/** `rates`: what one unit of each currency is worth in one and the same. Half cents go to the even one. */
export function exchanged({ cents, currency }, to, rates) {
  const [from, into] = [rates[currency], rates[to]];
  if (from === undefined || into === undefined) throw new Error(`there is no rate from ${currency} to ${to}`);
  const exact = (Number(cents) * from) / into;
  const low = Math.floor(exact);
  const up = exact - low > 0.5 || (exact - low === 0.5 && low % 2 !== 0);
  return { cents: BigInt(low + (up ? 1 : 0)), currency: to };
}
