//! Which processes exist and who their parents are, as the kernel tells it.

import { readdirSync, readFileSync } from "node:fs";

/** Returns state, parent and start time of a process, or null. The start time tells a reused id apart. */
function read(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { pid, state: fields[0], parent: Number(fields[1]), started: fields[19] };
  } catch {
    return null;
  }
}

/** Returns every process that descends from one. */
export function descendants(pid) {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((name) => read(Number(name))).filter(Boolean);
  const found = [];
  for (let parents = [pid]; parents.length > 0; ) {
    const children = all.filter((one) => parents.includes(one.parent));
    found.push(...children);
    parents = children.map((one) => one.pid);
  }
  return found;
}

/** Returns the descendants of a process whose command line names something. */
export function named(pid, name) {
  return descendants(pid).filter((one) => {
    try {
      return readFileSync(`/proc/${one.pid}/cmdline`, "utf8").split("\0").includes(name);
    } catch {
      return false; // It has ended meanwhile.
    }
  });
}

/** Tells whether a process of a former list still runs; a dead one that nobody has collected does not. */
export function runs(process) {
  const now = read(process.pid);
  return now !== null && now.started === process.started && now.state !== "Z" && now.state !== "X";
}
