//! Which processes exist and who their parents are, as the kernel tells it.

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

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

/** Sends a signal to whichever of these processes still run. */
function signal(processes, name) {
  for (const one of processes) {
    try { if (runs(one)) process.kill(one.pid, name); } catch { /* It ended by itself. */ }
  }
}

/**
 * Lets the descendants of a process that have a name run for a moment at a time, and between two moments looks at the world while they
 * stand still. Once the look is satisfied it ends them, as a machine that fails would.
 */
export async function killWhen(pid, name, look, { seconds = 60 } = {}) {
  const deadline = Date.now() + seconds * 1000;
  for (let found = []; Date.now() < deadline; await pause(1)) {
    // Those that are known stand still while new ones are searched for, as that takes longer than a moment.
    signal(found, "SIGSTOP");
    found = named(pid, name);
    signal(found, "SIGSTOP");
    if (found.length > 0 && (await look())) {
      signal(found, "SIGKILL");
      return;
    }
    signal(found, "SIGCONT");
  }
  throw new Error(`waited ${seconds} s in vain for the moment to end ${name}`);
}
