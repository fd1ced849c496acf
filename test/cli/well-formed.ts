// Looks whether markup is well-formed: what opens closes, and text holds nothing that markup is made of.

import { expect } from "vitest";

/** How many tags it has. `alone`: names of those that never close. */
export function wellFormed(text: string, alone: readonly string[] = []): number {
  const open: string[] = [];
  let count = 0;
  for (const [, end, name = "", rest = ""] of text.matchAll(/<(\/?)([a-zA-Z]+)((?:[^"<>]|"[^"<]*")*)>/g)) {
    count++;
    if (end === "/") expect(open.pop()).toBe(name);
    else if (!rest.endsWith("/") && !alone.includes(name)) open.push(name);
  }
  expect(open).toEqual([]);
  expect(text.replace(/<[^<>]*>/g, "")).not.toMatch(/[<>]|&(?!(?:amp|lt|gt|quot|#39);)/);
  return count;
}
