// Values as people write them in a flow.

/** A duration, such as `1h30m`. */
export function spellSeconds(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1000)}ms`;
  const parts: string[] = [];
  // What is below a millisecond comes from adding.
  let left = Math.round(seconds * 1000) / 1000;
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3_600],
    ["m", 60],
  ] as const) {
    if (left >= length) parts.push(`${Math.floor(left / length)}${unit}`);
    left %= length;
  }
  if (left > 0) parts.push(`${Number(left.toFixed(3))}s`);
  return parts.join("");
}

/** A size, such as `4GB`. */
export function spellBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  let amount = bytes;
  for (; amount >= 1024 && at < units.length - 1; at++) amount /= 1024;
  return `${Math.round(amount * 10) / 10}${units[at]}`;
}

/** Money, such as `12.40USD`; cents, but of less than one what there is. */
export function spellMoney(dollars: number): string {
  const whole = Math.abs(dollars - Math.round(dollars)) < 0.000_05;
  if (whole) return `${Math.round(dollars)}USD`;
  return `${dollars.toFixed(Math.abs(dollars) < 0.01 ? 4 : 2)}USD`;
}
