// Colours of the terminal, by what they mean; switched off, text stays as it is.

export type Style = "error" | "warning" | "good" | "note" | "frame" | "strong" | "dim" | "code";

const codes: Readonly<Record<Style, readonly [string, string]>> = {
  error: ["\u001b[1;31m", "\u001b[0m"],
  warning: ["\u001b[1;33m", "\u001b[0m"],
  good: ["\u001b[32m", "\u001b[0m"],
  note: ["\u001b[36m", "\u001b[0m"],
  frame: ["\u001b[34m", "\u001b[0m"],
  strong: ["\u001b[1m", "\u001b[0m"],
  dim: ["\u001b[2m", "\u001b[0m"],
  code: ["\u001b[36m", "\u001b[0m"],
};

/** Paints text in a style, or gives it back unchanged. */
export type Paint = (style: Style, text: string) => string;

export function painter(color: boolean): Paint {
  if (!color) return (_style, text) => text;
  return (style, text) => (text === "" ? "" : codes[style][0] + text + codes[style][1]);
}

/**
 * Are colours wanted on a stream? `FORCE_COLOR` (not `0`) wins, then `NO_COLOR`, then `TERM=dumb`, then whether it is
 * a terminal.
 */
export function wantsColor(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (env["NO_COLOR"] !== undefined && env["NO_COLOR"] !== "") return false;
  return isTerminal && env["TERM"] !== "dumb";
}
