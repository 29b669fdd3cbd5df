//! What due work costs: a tick's speed, its requests and capacity units, and a year of the demo.

import { Instance } from "./harness/instance.mjs";
import { between, contracts, counts, tick } from "./harness/due.mjs";

const CLOCK = "2026-04-01T09:01+09:00";
const TODAY = "2026-04-01";
const LATER = "2026-10-01";
/** Equal work due beside few and many contracts that have nothing due. */
const DUE = 1_000;

/** Runs one tick of `due` contracts beside `others`; returns seconds and what the services were asked. */
async function measured(due, others, counted, channel = []) {
  if (counted) process.env.CIERO_COUNT_REQUESTS = "1";
  else delete process.env.CIERO_COUNT_REQUESTS;
  const instance = await Instance.start({ demo: false, clock: CLOCK });
  try {
    if (others > 0) contracts(instance, others, LATER);
    // One tick first, so that every function has been started.
    contracts(instance, 20, "2026-03-31", channel);
    await tick(instance);
    contracts(instance, due, TODAY, channel);
    const before = await counts(instance);
    const seconds = await tick(instance);
    return { seconds, asked: between(before, await counts(instance)) };
  } finally {
    await instance.stop();
    await instance.remove();
  }
}

/** Prints the speed of a tick: fees of contracts that a reseller bills, and invoices with their debt, next tasks and mail. */
export async function dueSpeed(print) {
  const speed = async (channel) => {
    const { seconds } = await measured(2 * DUE, 0, false, channel);
    return `${Math.round((2 * DUE) / seconds)} items/s`;
  };
  print("due sweep to committed effect, without mail", await speed([]), "700 items/s");
  print("due sweep to committed invoice, its mail sent beside", await speed("direct"), "-");
}

/** Prints how long a year of the demo takes. */
export async function dueYear(print) {
  const instance = await Instance.start({ clock: CLOCK });
  try {
    const started = performance.now();
    const answer = await instance.advance("P1Y");
    if (answer.status !== 200) throw new Error(await answer.text());
    print("advancing the demo by one year", `${((performance.now() - started) / 1000).toFixed(1)} s`, "10 s");
  } finally {
    await instance.stop();
    await instance.remove();
  }
}

/** Prints what equal work costs beside few and many contracts. */
export async function dueCost(print, sizes) {
  for (const others of sizes) {
    const { asked } = await measured(DUE, others, true);
    for (const [name, { requests, units }] of Object.entries(asked)) {
      print(`${DUE} due beside ${others}: ${name}`, `${(requests / DUE).toFixed(3)} requests`, units > 0 ? `${(units / DUE).toFixed(2)} units each` : "-");
    }
  }
}
