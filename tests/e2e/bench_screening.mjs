//! How long the screening of one applicant takes beside 10,000 listed names, and how well names are told apart, by the example
//! program of the domain.

import { execFileSync } from "node:child_process";
import path from "node:path";
import { CIERO } from "./harness.mjs";

/** Of one core, what Lambda gives a function of 256 MB: it gives a whole one at 1,769 MB. */
const SHARE = 256 / 1769;

/** Prints the time on a whole core, and what that comes to in one function of 256 MB. */
export function screening(print) {
  const program = path.join(path.dirname(CIERO), "examples", "screening");
  const found = JSON.parse(execFileSync(program, { encoding: "utf8" }));
  if (found.names < 10_000 || found.hits === 0) throw new Error(`nothing was screened: ${JSON.stringify(found)}`);
  const [core, share] = [found.median_ms, found.median_ms / SHARE].map((ms) => ms.toFixed(2));
  print(`screening one applicant, ${found.names} listed names`, `${core} ms on a core, ${share} ms with the share of 256 MB`, "20 ms");
  const [ready, there] = [found.ready_ms, found.ready_ms / SHARE].map((ms) => ms.toFixed(0));
  const [precision, recall] = [found.precision, found.recall].map((share) => share.toFixed(3));
  print("name matching", `${found.pairs} labelled pairs, precision ${precision}, recall ${recall}`, "0.82, 0.95");
  print("making the list ready, once for a function", `${ready} ms on a core, ${there} ms with the share; ${found.memory_mib} MiB`, "256 MB");
}
