//! Runs the simulation from the command line; see scripts/simulate.

import { parseArgs } from "node:util";
import { simulate } from "./simulate.mjs";

const option = (fallback) => ({ type: "string", default: String(fallback) });
const { values } = parseArgs({ options: { contracts: option(200), years: option(10), seed: option(1), kills: option(0.05) } });
const [contracts, years, seed, kills] = [values.contracts, values.years, values.seed, values.kills].map(Number);
if (![contracts, years, seed, kills].every(Number.isFinite)) throw new Error("the options take numbers");
const started = Date.now();
const done = await simulate({ contracts, years, seed, kills, say: (line) => process.stderr.write(`${line}\n`) });
console.log(`seed ${seed}: ${done.contracts} contracts over ${years} years, ${done.killed} disturbances, ${done.acts} acts, ${done.notices} notices as expected, ${Math.round((Date.now() - started) / 1000)} s`);
