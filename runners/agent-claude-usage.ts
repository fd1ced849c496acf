// What Claude Code has used: as it tells in the end, and until then by the messages of its model, each counted once.

import type { Usage } from "../runtime/agent.ts";
import { type Fields, fieldsOf, listOf, noUsage, numberIn, textIn } from "./agent-lines.ts";
import { priceOf, type Tokens } from "./agent-prices.ts";

const noTokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

interface Message {
  readonly model: string;
  readonly tokens: Tokens;
  /** Characters of its blocks, which come one by one: its first event counts one token of output, whatever comes after. */
  readonly length: number;
}

export class ClaudeUsage {
  private readonly messages = new Map<string, Message>();
  private sum: { readonly tokens: Tokens; readonly cost: number | null } | null = null;
  /** What the process had used before: it tells all that it ever used. */
  private readonly before: { readonly tokens: Tokens; readonly cost: number };

  constructor(before?: ClaudeUsage) {
    this.before = before?.sofar() ?? { tokens: noTokens, cost: 0 };
  }

  /** A message of the model, or a block of it. */
  said(message: Fields): void {
    const id = textIn(message, "id");
    const usage = fieldsOf(message["usage"]);
    const tokens: Tokens = {
      input: numberIn(usage, "input_tokens") ?? 0,
      output: numberIn(usage, "output_tokens") ?? 0,
      cacheRead: numberIn(usage, "cache_read_input_tokens") ?? 0,
      cacheWrite: numberIn(usage, "cache_creation_input_tokens") ?? 0,
    };
    const length = listOf(message["content"]).reduce(
      (all: number, block) => all + lengthOf(fieldsOf(block)),
      0,
    );
    const known = this.messages.get(id)?.length ?? 0;
    this.messages.set(id, { model: textIn(message, "model"), tokens, length: known + length });
  }

  /** The event `result`: of all models, also those that it asks for small things of its own. */
  told(result: Fields): void {
    const models = Object.values(fieldsOf(result["modelUsage"])).map(fieldsOf);
    const sum = (name: string) => models.reduce((all, model) => all + (numberIn(model, name) ?? 0), 0);
    this.sum = {
      tokens: {
        input: sum("inputTokens"),
        output: sum("outputTokens"),
        cacheRead: sum("cacheReadInputTokens"),
        cacheWrite: sum("cacheCreationInputTokens"),
      },
      cost: numberIn(result, "total_cost_usd"),
    };
  }

  now(): Usage {
    const requests = this.messages.size;
    const seen = this.seen();
    if (this.sum === null) return requests === 0 ? { ...noUsage, cost: 0 } : { requests, ...seen };
    const told = minus(this.sum.tokens, this.before.tokens);
    const cost = this.sum.cost === null ? null : this.sum.cost - this.before.cost;
    const missed = heard(seen) - heard(told);
    if (missed <= 0 || requests === 0) return { requests, ...told, cost };
    // Ended by a bound of its own, it has not counted the last message.
    const last = [...this.messages.values()].at(-1) ?? { model: "", tokens: noTokens, length: 0 };
    const tokens = tokensOf(last);
    const price = priceOf(last.model, tokens);
    return {
      requests,
      input: told.input + tokens.input,
      output: told.output + tokens.output,
      cacheRead: told.cacheRead + tokens.cacheRead,
      cacheWrite: told.cacheWrite + tokens.cacheWrite,
      cost: cost === null || price === null ? cost : cost + price,
    };
  }

  /** All that the process has told by now: what came before the next request. */
  private sofar(): { readonly tokens: Tokens; readonly cost: number } {
    if (this.sum === null) return this.before;
    return { tokens: this.sum.tokens, cost: this.sum.cost ?? this.before.cost };
  }

  private seen(): Omit<Usage, "requests"> {
    let tokens = noTokens;
    let cost: number | null = 0;
    for (const message of this.messages.values()) {
      const used = tokensOf(message);
      const price = priceOf(message.model, used);
      cost = cost === null || price === null ? null : cost + price;
      tokens = plus(tokens, used);
    }
    return { ...tokens, cost };
  }
}

function tokensOf({ tokens, length }: Message): Tokens {
  return { ...tokens, output: Math.max(tokens.output, Math.ceil(length / 4)) };
}

function lengthOf(block: Fields): number {
  const text = textIn(block, "text") || textIn(block, "thinking");
  return text === "" ? JSON.stringify(block["input"] ?? "").length : text.length;
}

/** What a model has read: known exactly as soon as it begins to speak. */
function heard({ input, cacheRead, cacheWrite }: Tokens): number {
  return input + cacheRead + cacheWrite;
}

function plus(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  };
}

function minus(a: Tokens, b: Tokens): Tokens {
  return {
    input: a.input - b.input,
    output: a.output - b.output,
    cacheRead: a.cacheRead - b.cacheRead,
    cacheWrite: a.cacheWrite - b.cacheWrite,
  };
}
