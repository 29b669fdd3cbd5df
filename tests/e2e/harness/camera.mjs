//! RTSP cameras: films by Debian's ffmpeg, played by Debian's gst-rtsp-server.

import { execFile } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Child } from "./instance.mjs";
import { until } from "./poll.mjs";

const SCRIPT = fileURLToPath(new URL("camera.py", import.meta.url));
/** The interpreter that Debian's packages of GObject belong to. */
const PYTHON = "/usr/bin/python3";
const VIDEO = { h264: ["libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-bf", "0"], h265: ["libx265", "-preset", "ultrafast", "-x265-params", "bframes=0:log-level=error"] };
const SOUND = { aac: ["aac"], pcma: ["pcm_alaw", "-ar", "8000", "-ac", "1"], pcmu: ["pcm_mulaw", "-ar", "8000", "-ac", "1"] };

/** Makes a film and returns the mount of a camera that plays it. */
export async function film(folder, name, { video = "h264", sound = "", seconds = 300, size = "320x180", rate = 10, keySeconds = 1, more = [] } = {}) {
  const file = path.join(folder, `${name}.mkv`);
  const args = ["-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${rate}`];
  if (sound) args.push("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000");
  args.push("-t", String(seconds), "-c:v", ...VIDEO[video], "-pix_fmt", "yuv420p", "-g", String(rate * keySeconds), ...more);
  if (sound) args.push("-c:a", ...SOUND[sound]);
  await promisify(execFile)("ffmpeg", [...args, "-y", file]);
  return { name, file, video, sound };
}

/** Starts the cameras of some films; `url` gives each one's address. */
export async function cameras(films, { password = "", port = 0 } = {}) {
  const mounts = films.map((one) => [one.name, one.file, one.video, one.sound].join("="));
  const child = new Child(PYTHON, [SCRIPT, String(port), password, ...mounts]);
  const ready = await until("the cameras were ready", () => /ready: (\d+)/.exec(child.output) ?? (child.runs ? null : Promise.reject(new Error(child.errors))));
  return { child, port: Number(ready[1]), url: (name, user = "") => `rtsp://${user}127.0.0.1:${ready[1]}/${name}`, stop: () => child.stop() };
}
