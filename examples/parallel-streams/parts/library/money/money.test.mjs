// Tests of amounts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { of, plus, shared } from "./money.mjs";

test("no cent is lost", () => {
  const parts = shared(of("10", "EUR"), 3);
  assert.deepEqual(
    parts.map(({ cents }) => cents),
    [334n, 333n, 333n],
  );
  assert.deepEqual(parts.reduce(plus), of("10.00", "EUR"));
});

test("what differs is not added", () => {
  assert.throws(() => plus(of("1", "EUR"), of("1", "USD")), /cannot be added/);
});
