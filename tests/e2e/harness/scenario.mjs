//! A test with an embedded cloud of its own, whose log is shown only where a step fails.

import test from "node:test";
import { Instance } from "./instance.mjs";

/**
 * Starts an instance, runs the body and stops it. `step` is a subtest; in a chain the steps after a failed one are
 * left out, because they would only repeat its failure.
 */
export function scenario(name, { chain = false, ...options }, body) {
  test(name, { timeout: 280_000 }, async (t) => {
    const instance = await Instance.start(options);
    const state = { instance, failed: false };
    const step = async (sentence, run) => {
      if (chain && state.failed) return;
      await t.test(sentence, async (inner) => {
        try {
          await run(inner);
        } catch (error) {
          state.failed = true;
          throw error;
        }
      });
    };
    try {
      await body({ instance, step, t, replace: (next) => { state.instance = next; } });
    } catch (error) {
      state.failed = true;
      throw error;
    } finally {
      await state.instance.stop();
      if (state.failed) console.error(state.instance.tail());
      await state.instance.remove();
    }
  });
}
