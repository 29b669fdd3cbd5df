//! The soak: 20 cameras for ten minutes over a line that is cut at random, to a cloud that is killed twice. Ends with 1 where a promise is
//! broken. SOAK_SECONDS, SOAK_CAMERAS and SOAK_SEED make it shorter, smaller and the same again.

import { print } from "./harness/figures.mjs";
import { soak } from "./harness/soak.mjs";

/** Memory may differ by this much, in megabytes: pages that are kept for the next request. */
const STEADY_MB = 8;

const number = (name) => (process.env[name] === undefined ? undefined : Number(process.env[name]));
const seconds = number("SOAK_SECONDS") ?? 600;
const found = await soak({ cameras: number("SOAK_CAMERAS"), seconds, seed: number("SOAK_SEED") });
const { early, middle, late } = found;
const pair = (of) => `${early[of].toFixed(0)} MB early, ${middle[of].toFixed(0)} MB amid, ${late[of].toFixed(0)} MB late`;
if (late.own > early.own * 1.1 + STEADY_MB) found.failures.push(`memory grew: ${pair("own")}`);
print(`soak of ${found.cameras} cameras, seed ${found.seed}`, `${(seconds / 60).toFixed(1)} min, ${found.cuts} cuts, killed ${found.kills} times`, "10 min, 2 times");
print("soak, PERSISTED fragments lost, or other bytes", `${found.lost} of ${found.acknowledged}, ${found.wrong}`, "0, 0");
print("soak, fragments twice in a playlist", `${found.repeated} (${found.resent} arrived twice; ${found.live} live playlists)`, "0");
print("soak, gaps that are told wrongly", `${found.differs + found.untold} of ${found.gaps} (${found.dropped} fragments of cameras without a spool)`, "0");
print("soak, memory of the cloud in its last life", pair("own"), "no growth");
print("soak, memory of its functions", pair("functions"), "-");
print("soak, the store afterwards", found.check, "0 inconsistencies");
for (const failure of found.failures) console.error(failure);
process.exitCode = found.failures.length > 0 ? 1 : 0;
