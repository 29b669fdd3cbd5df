//! A short slice of the simulation: a few contracts over two years, killed at random. scripts/simulate runs it long.

import assert from "node:assert/strict";
import test from "node:test";
import { simulate } from "./simulation/simulate.mjs";

test("contracts over two years, killed at random, come out as the terms say", { timeout: 600_000 }, async () => {
  const done = await simulate({ contracts: 6, years: 2, seed: 7, kills: 0.2 });
  assert.equal(done.contracts, 6);
  assert.ok(done.killed > 0, "nothing was disturbed");
});
