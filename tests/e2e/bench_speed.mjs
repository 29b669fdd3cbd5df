//! The speed of due work, of a year of the demo and of screening, measured on the program that CIERO_BIN names.

import { dueSpeed, dueYear } from "./bench_due.mjs";
import { screening } from "./bench_screening.mjs";
import { print } from "./harness/figures.mjs";

await dueSpeed(print);
await dueYear(print);
screening(print);
