//! Packaging, parsing and ingest beside Debian's ffmpeg and GStreamer and a plain copy, on one Matroska file in one run; and a store of a
//! million fragments.
//!
//! MEDIA_EXAMPLES names the folder of the examples, which should be those of an optimised build; MEDIA_REPEATS is how often each
//! is measured, MEDIA_FRAGMENTS how many the large store has.

import { execFileSync } from "node:child_process";
import { rmSync, statSync } from "node:fs";
import path from "node:path";
import { film } from "./harness/camera.mjs";
import { print } from "./harness/figures.mjs";
import { ROOT, scratch } from "./harness.mjs";

const EXAMPLES = path.resolve(process.env.MEDIA_EXAMPLES ?? path.join(ROOT, "target/measured/examples"));
const REPEATS = Number(process.env.MEDIA_REPEATS ?? 5);
const FRAGMENTS = process.env.MEDIA_FRAGMENTS ?? "1000000";
const FILE_BYTES = 600e6;

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const run = (name, ...args) => execFileSync(path.join(EXAMPLES, name), args, { encoding: "utf8" });

/** Runs a command line; returns seconds of processor time, its own and the kernel's for it, and of the clock. */
function timed(command) {
  const script = `exec 3>&2 2>/dev/null; TIMEFORMAT='%U %S %R'; { time { ${command}; } 2>&3 >&2; } 2>&1`;
  const [user, system, wall] = execFileSync("bash", ["-c", `set -e; ${script}`], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" }, stdio: ["ignore", "pipe", "inherit"] }).trim().split(" ").map(Number);
  return { cpu: user + system, wall };
}

/** Repeats each of some measurements in turn, so that what else the machine does meets all of them; returns the medians. */
function inTurn(measurements) {
  const all = Object.fromEntries(Object.keys(measurements).map((name) => [name, []]));
  for (let n = 0; n < REPEATS; n += 1) for (const [name, measure] of Object.entries(measurements)) all[name].push(measure());
  return Object.fromEntries(Object.entries(all).map(([name, found]) => [name, median(found)]));
}

const folder = await scratch();
try {
  const rate = ["-b:v", "4M", "-minrate", "4M", "-maxrate", "4M", "-bufsize", "1M", "-nal-hrd", "cbr"];
  // Noise keeps the encoder at its rate; ten seconds of it are repeated as they are.
  const short = await film(folder, "short", { seconds: 10, size: "1920x1080", rate: 30, more: ["-vf", "noise=alls=8:allf=t", ...rate] });
  const file = path.join(folder, "long.mkv");
  const laps = Math.ceil(FILE_BYTES / statSync(short.file).size) - 1;
  execFileSync("ffmpeg", ["-v", "error", "-stream_loop", String(laps), "-i", short.file, "-c", "copy", "-y", file]);
  const megabytes = (statSync(file).size / 1e6).toFixed(0);

  const made = path.join(folder, "made");
  const making = (command) => () => { const { cpu } = timed(command); rmSync(made); return cpu; };
  const packaged = inTurn({
    ours: making(`'${path.join(EXAMPLES, "package")}' '${file}' '${made}' >/dev/null`),
    ffmpeg: making(`ffmpeg -v error -i '${file}' -c copy -movflags frag_keyframe+empty_moov -f mp4 -y '${made}'`),
    gstreamer: making(`gst-launch-1.0 -q filesrc location='${file}' ! matroskademux ! mp4mux fragment-duration=1000 ! filesink location='${made}'`),
    cp: making(`cp --reflink=never '${file}' '${made}'`),
  });
  const beside = (name) => `${name} ${packaged[name].toFixed(2)} s (${(packaged.ours / packaged[name]).toFixed(2)})`;
  print(`packaging ${megabytes} MB of Matroska, processor time`, `${packaged.ours.toFixed(2)} s, ${beside("ffmpeg")}, ${beside("gstreamer")}, ${beside("cp")}`, "0.5 of ffmpeg, under GStreamer");

  const store = path.join(folder, "store");
  const ingested = inTurn({
    ours: () => { const seconds = parseFloat(run("ingest", file, store)); rmSync(store, { recursive: true }); return seconds; },
    cp: () => { const { wall } = timed(`cp --reflink=never '${file}' '${made}' && sync '${made}'`); rmSync(made); return wall; },
  });
  print(`ingest of ${megabytes} MB beside cp and sync`, `${ingested.ours.toFixed(2)} s, cp ${ingested.cp.toFixed(2)} s: ${(ingested.ours / ingested.cp).toFixed(2)} times`, "1.5 times");
  rmSync(file);

  const parsed = Array.from({ length: REPEATS }, () => run("parse", "1").trim().split("\n").map((line) => line.split(": ")));
  for (const [index, [place]] of parsed[0].entries()) {
    const speeds = parsed.map((lines) => parseFloat(lines[index][1]));
    print(`parsing blocks of 4 KiB ${place}`, `${median(speeds).toFixed(1)} million a second and core`, index === 0 ? "10 million" : "-");
  }

  const bounds = { index: "128 bytes", opened: "1000 ms", "first segment of a minute whose playlist is there": "5 ms at p99", "playlist of 1,000 fragments": "5 ms at p99" };
  for (const line of run("million", path.join(folder, "million"), FRAGMENTS).trim().split("\n")) {
    const [name, value] = line.startsWith("opened in ") ? ["opened", line.slice(10)] : line.split(": ");
    if (value) print(`store of ${Number(FRAGMENTS).toLocaleString("en")}: ${name}`, value, bounds[name] ?? "-");
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
