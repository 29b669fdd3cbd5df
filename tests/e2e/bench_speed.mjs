//! The speed of due work, measured on the program that CIERO_BIN names.

import { dueSpeed } from "./bench_due.mjs";
import { print } from "./harness/figures.mjs";

await dueSpeed(print);
