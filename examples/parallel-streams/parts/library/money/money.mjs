// Amounts of money in whole hundredths.

export function of(text, currency) {
  const [, sign, whole, part = ""] = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  if (whole === undefined) throw new Error(`${text} is no amount`);
  const cents = BigInt(whole) * 100n + BigInt(part.padEnd(2, "0"));
  return { cents: sign === "-" ? -cents : cents, currency };
}

export function plus(a, b) {
  if (a.currency !== b.currency) throw new Error(`${a.currency} and ${b.currency} cannot be added`);
  return { cents: a.cents + b.cents, currency: a.currency };
}

export function shared({ cents, currency }, among) {
  const each = cents / BigInt(among);
  const rest = Number(cents - each * BigInt(among));
  return Array.from({ length: among }, (_, i) => ({ cents: each + (i < rest ? 1n : 0n), currency }));
}
