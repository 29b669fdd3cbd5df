//! Waiting for what the service does on its own: asked again and again until a deadline, never for a fixed time.

import { setTimeout as pause } from "node:timers/promises";

const INTERVAL_MS = 50;

/** Asks until the answer is neither null, undefined nor false, and returns it; afterwards the sentence is the failure. */
export async function until(sentence, ask, { seconds = 30, interval = INTERVAL_MS } = {}) {
  const deadline = Date.now() + seconds * 1000;
  let trouble = "";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
      trouble = "";
    } catch (error) {
      trouble = `: ${error.message}`;
    }
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain until ${sentence}${trouble}`);
    await pause(interval);
  }
}
