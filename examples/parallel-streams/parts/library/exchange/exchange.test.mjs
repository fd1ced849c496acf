// Tests of the exchange.

import assert from "node:assert/strict";
import { test } from "node:test";
import { exchanged } from "./exchange.mjs";

test("there, and an unknown currency", () => {
  const rates = { EUR: 1.1, USD: 1 };
  assert.deepEqual(exchanged({ cents: 1000n, currency: "EUR" }, "USD", rates), {
    cents: 1100n,
    currency: "USD",
  });
  assert.throws(() => exchanged({ cents: 1n, currency: "EUR" }, "XYZ", rates), /no rate/);
});
