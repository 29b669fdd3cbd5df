//! The speed of due work and of a year of the demo, measured on the program that CIERO_BIN names.

import { dueSpeed, dueYear } from "./bench_due.mjs";
import { print } from "./harness/figures.mjs";

await dueSpeed(print);
await dueYear(print);
