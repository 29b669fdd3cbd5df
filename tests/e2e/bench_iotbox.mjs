//! What iotbox costs while it relays cameras: its share of a core and its memory, for one camera and for many in one box.
//!
//! IOTBOX_BIN and CIERO_BIN name the programs, which should be those of a release build; IOTBOX_SECONDS is how long each is
//! measured, IOTBOX_CAMERAS how many are many.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Child, fragments, Instance, IOTBOX, scratch, until, video } from "./harness.mjs";
import { cameras, film } from "./harness/camera.mjs";
import { print } from "./harness/figures.mjs";

const SECONDS = Number(process.env.IOTBOX_SECONDS ?? 30);
const MANY = Number(process.env.IOTBOX_CAMERAS ?? 50);
const TICKS = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Seconds of processor time so far, and megabytes that are resident now. */
function cost(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))[1];
  return { cpu: (Number(fields[11]) + Number(fields[12])) / TICKS, megabytes: Number(resident) / 1024 };
}

async function measure(instance, folder, url, count) {
  const names = Array.from({ length: count }, (_, index) => `cam-${count}-${index}`);
  for (const StreamName of names) await video(instance, "createStream", { StreamName, DataRetentionInHours: 24 });
  const config = path.join(folder, `${count}.toml`);
  const camera = (name) => `[[camera]]\nname = "${name}"\nsource = "${url}"\nstream = "${name}"\nendpoint = "${instance.aws}"\n`;
  await writeFile(config, `[box]\nstate = "${folder}/state"\nspool_mb = 200\n${names.map(camera).join("")}`);
  const box = new Child(IOTBOX, ["run", "--config", config], { env: { ...process.env, AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_SESSION_TOKEN: "" } });
  try {
    await until("every camera was recorded", async () => {
      for (const name of names) if ((await fragments(instance, name)).length < 2) return false;
      return true;
    }, { seconds: 120, interval: 1000 });
    const began = Date.now(), before = cost(box.pid);
    await pause(SECONDS * 1000);
    const after = cost(box.pid), seconds = (Date.now() - began) / 1000;
    const { bytes, ms } = (await fragments(instance, names.at(-1))).reduce((sum, one) => ({ bytes: sum.bytes + one.FragmentSizeInBytes, ms: sum.ms + one.FragmentLengthInMilliseconds }), { bytes: 0, ms: 0 });
    return { percent: ((after.cpu - before.cpu) / seconds) * 100, megabytes: after.megabytes, mbit: (bytes * 8) / ms / 1000 };
  } catch (error) {
    throw new Error(`${error.message}\n${box.output.slice(-2000)}${box.errors.slice(-2000)}`);
  } finally {
    await box.stop();
  }
}

const folder = await scratch();
const instance = await Instance.start({ demo: false });
let server;
try {
  const seconds = 2 * SECONDS + 200;
  const rate = ["-b:v", "4M", "-minrate", "4M", "-maxrate", "4M", "-bufsize", "1M", "-nal-hrd", "cbr"];
  // Noise keeps the encoder at its rate; ten seconds of it are repeated as they are.
  const short = await film(folder, "short", { seconds: 10, size: "1920x1080", rate: 30, more: ["-vf", "noise=alls=8:allf=t", ...rate] });
  const file = path.join(folder, "long.mkv");
  execFileSync("ffmpeg", ["-v", "error", "-stream_loop", String(Math.ceil(seconds / 10)), "-i", short.file, "-c", "copy", "-y", file]);
  server = await cameras([{ ...short, name: "long", file }]);
  for (const [count, bound] of [[1, "under 2 %, 30 MB"], [MANY, "under 100 %"]]) {
    const { percent, megabytes, mbit } = await measure(instance, folder, server.url("long"), count);
    print(`iotbox relays ${count} camera(s), 1080p30 ${mbit.toFixed(1)} Mbit/s`, `${percent.toFixed(1)} %, ${megabytes.toFixed(1)} MB`, bound);
  }
} finally {
  await server?.stop();
  await instance.stop();
  await instance.remove();
  await rm(folder, { recursive: true, force: true });
}
