// Numbers, times and words as people write them in a plan: `1.2M`, `1,200,000`, `1 h 30 min`; and back again.

/** `850k`, `1.2M a week`, `about 12,300 per week`; null if it is no count. */
export function countOf(text: string): number | null {
  const found =
    /^(?:about |ca\. |~ ?)?(\d+(?:[,_ ]\d{3})*(?:\.\d+)?) ?(k|m|thousand|million)?(?: ?(?:\/|a|per) ?week)?$/i.exec(
      text.trim(),
    );
  if (found === null) return null;
  const [, digits = "", unit = ""] = found;
  const times = unit === "" ? 1 : /^(?:k|thousand)$/i.test(unit) ? 1000 : 1_000_000;
  return Math.round(Number(digits.replace(/[,_ ]/g, "")) * times);
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 28_800 };

/** Seconds in `45 min`, `1h 30m`, `1.5 hours`, `2 days` (of eight hours); null if it is no time. */
export function secondsOf(text: string): number | null {
  const part = /(\d+(?:\.\d+)?) ?(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)\b/gi;
  const rest = text
    .replace(part, "")
    .replace(/\b(?:about|and)\b|[~,]/gi, "")
    .trim();
  const parts = [...text.matchAll(part)];
  if (parts.length === 0 || rest !== "") return null;
  return Math.round(
    parts.reduce(
      (sum, [, digits = "", unit = ""]) =>
        sum + Number(digits) * (seconds[unit.charAt(0).toLowerCase()] ?? 0),
      0,
    ),
  );
}

export function spellCount(count: number): string {
  if (count >= 1_000_000) return `${(count / 1_000_000).toFixed(1)}M`;
  return count >= 10_000 ? `${Math.round(count / 1000)}k` : String(count);
}

export function spellTime(duration: number): string {
  if (duration < 60) return `${duration.toFixed(1)} s`;
  const minutes = Math.round(duration / 60);
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return `${minutes} min`;
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

export function spellSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

/** The word that is most like it, if one is: for a message about a misspelt one. */
export function nearest(word: string, known: Iterable<string>): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const steps = distance(word.toLowerCase(), candidate.toLowerCase(), least);
    if (steps < least) {
      least = steps;
      best = candidate;
    }
  }
  return best;
}

/** How many letters to change, add or remove; `most` if it is not less than that. */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) >= most) return most;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a.charAt(i - 1) === b.charAt(j - 1) ? 0 : 1),
        ),
      );
    row = next;
  }
  return Math.min(most, row[b.length] ?? most);
}
