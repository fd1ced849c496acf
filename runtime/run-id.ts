// Names of runs: the day, so that lists and folders sort, then five letters that are easy to type.

/** Without vowels, so that no words arise, and without what is read as a digit. */
const letters = "23456789bcdfghjkmnpqrstvwxz";

/**
 * `261121-b7m2x`: the day (UTC) and five random letters. It is unique on a machine for all that counts, as processes
 * and containers are marked with it; `taken` tells of the same state directory.
 */
export function newRunId(now: number, random: () => number, taken: (id: string) => boolean): string {
  const day = new Date(now).toISOString().slice(2, 10).replaceAll("-", "");
  for (;;) {
    let id = `${day}-`;
    for (let i = 0; i < 5; i++) id += letters[Math.floor(random() * letters.length)] ?? "2";
    if (!taken(id)) return id;
  }
}

/** An id as it may stand in a path: nothing else is ever joined to one. */
export function isRunId(text: string): boolean {
  return /^\d{6}-[2-9b-df-hj-np-tv-z]{5}$/.test(text);
}

/** Does what a person typed mean this run? A beginning of it, or of the part behind the dash. */
export function begins(id: string, typed: string): boolean {
  return typed !== "" && (id.startsWith(typed) || id.slice(7).startsWith(typed));
}
