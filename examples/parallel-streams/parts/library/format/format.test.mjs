// Tests of what people read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { written } from "./format.mjs";

test("three languages", () => {
  const money = { cents: 123456n, currency: "EUR" };
  const plain = (language) => written(money, language).replace(/[\u00a0\u202f]/g, " ");
  assert.deepEqual(["en", "de", "fr"].map(plain), ["€1,234.56", "1.234,56 €", "1 234,56 €"]);
});
