// Words as shells write them: quotes of a half-typed line are taken off, and what is offered is quoted as it was begun.

import type { Choice } from "./args-half.ts";
import type { Shell } from "./request.ts";

export interface Unquoted {
  readonly words: readonly string[];
  /** The last word is inside of such a quote. */
  readonly quote: "'" | '"' | null;
}

/** Takes words as bash has split them, where `--option=value` is three. */
export function unquoted(raw: readonly string[]): Unquoted {
  const joined: string[] = [];
  let glue = false;
  for (const word of raw) {
    const sign = word === "=" && joined.length > 0;
    if ((sign || glue) && joined.length > 0) joined[joined.length - 1] += word;
    else joined.push(word);
    glue = sign;
  }
  const words = joined.map(unquote);
  return { words: words.map(({ text }) => text), quote: words.at(-1)?.quote ?? null };
}

function unquote(word: string): { readonly text: string; readonly quote: Unquoted["quote"] } {
  let text = "";
  let quote: Unquoted["quote"] = null;
  for (let i = 0; i < word.length; i++) {
    const sign = word[i] ?? "";
    if (sign === "\\" && quote !== "'") text += word[++i] ?? "";
    else if (sign === quote) quote = null;
    else if (quote === null && (sign === "'" || sign === '"')) quote = sign;
    else text += sign;
  }
  return { text, quote };
}

/** A word that a shell reads as this text, in the quote that is open. */
function quoted(text: string, quote: Unquoted["quote"]): string {
  if (quote === "'") return text.replaceAll("'", "'\\''");
  if (quote === '"') return text.replace(/["\\$`]/g, "\\$&");
  return text.replace(/[^\w@%+=:,./-]/g, "\\$&");
}

/**
 * What the scripts read: a line a choice, with a tab before what it says; or one line that begins with a colon, which
 * asks the shell to look for files.
 */
export function answersFor(
  shell: Shell,
  offered: readonly Choice[] | string,
  at: { readonly quote: Unquoted["quote"]; readonly typed: string },
): string {
  if (typeof offered === "string") return `:${offered}\n`;
  // Bash replaces what stands behind the last of the signs at which it breaks words.
  const cut = Math.max(...[...":="].map((sign) => at.typed.lastIndexOf(sign))) + 1;
  return offered
    .filter(({ text }) => !/[\u0000-\u001f]/.test(text))
    .map(({ text, says }) => {
      const shown = shell === "bash" ? quoted(text.slice(cut), at.quote) : text;
      return says === "" ? `${shown}\n` : `${shown}\t${says.replace(/[\u0000-\u001f]+/g, " ")}\n`;
    })
    .join("");
}
