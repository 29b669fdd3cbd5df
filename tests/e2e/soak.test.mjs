//! A slice of the soak: a line that is cut at random and a cloud that is killed lose nothing that was acknowledged.

import assert from "node:assert/strict";
import test from "node:test";
import { soak } from "./harness/soak.mjs";

test("cuts and a kill lose nothing that was acknowledged, double nothing, and every gap is told", { timeout: 200_000 }, async (t) => {
  const found = await soak({ cameras: 6, seconds: 18, kills: [0.2], pauseSeconds: 0.7 });
  t.diagnostic(`seed ${found.seed}: ${found.cuts} cuts, ${found.acknowledged} fragments acknowledged, ${found.gaps} gaps`);
  assert.deepEqual(found.failures, [], `seed ${found.seed}`);
  assert.equal(found.kills, 1);
  assert.ok(found.cuts > 5 && found.acknowledged > 60, "it was a soak");
});
