//! A real film for cameras of tests: ffmpeg's moving test picture as H.264, cut into groups of pictures; and ffmpeg as its judge.

import { spawnSync } from "node:child_process";

function run(program, args) {
  const done = spawnSync(program, args, { maxBuffer: 1 << 28 });
  if (done.error) throw new Error(`${program} is needed: ${done.error.message}`);
  return { status: done.status, output: done.stdout, errors: done.stderr.toString("utf8") };
}

/** Splits a byte stream of H.264 into its units. */
function units(bytes) {
  const starts = [];
  for (let at = bytes.indexOf("000001", 0, "hex"); at >= 0; at = bytes.indexOf("000001", at + 3, "hex")) starts.push(at + 3);
  return starts.map((start, index) => {
    let end = index + 1 < starts.length ? starts[index + 1] - 3 : bytes.length;
    while (end > start && bytes[end - 1] === 0) end -= 1;
    return bytes.subarray(start, end);
  });
}

const [IDR, PARAMETERS, PICTURE_PARAMETERS, DELIMITER] = [5, 7, 8, 9];

/** Returns groups of pictures, each a list of frames, and what a decoder must know; every group has the same number of frames. */
export function film({ width, height, rate, groups, groupFrames, bitsPerSecond }) {
  const kilobits = `${bitsPerSecond / 1000}k`;
  const parameters = `aud=1:slices=1:scenecut=0:nal-hrd=cbr:keyint=${groupFrames}:min-keyint=${groupFrames}`;
  const { status, output, errors } = run("ffmpeg", [
    "-v", "error", "-f", "lavfi", "-i", `testsrc2=size=${width}x${height}:rate=${rate}`, "-frames:v", String(groups * groupFrames),
    "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-b:v", kilobits, "-minrate", kilobits, "-maxrate", kilobits,
    "-bufsize", kilobits, "-x264-params", parameters, "-f", "h264", "-",
  ]);
  if (status !== 0) throw new Error(`ffmpeg made no film: ${errors}`);
  const found = [];
  let sps, pps, frame;
  for (const unit of units(output)) {
    const kind = unit[0] & 0x1f;
    if (kind === DELIMITER) {
      frame = { key: false, parts: [] };
      found.push(frame);
    } else if (kind === PARAMETERS) sps ??= unit;
    else if (kind === PICTURE_PARAMETERS) pps ??= unit;
    else {
      frame.key ||= kind === IDR;
      const length = Buffer.alloc(4);
      length.writeUInt32BE(unit.length);
      frame.parts.push(length, unit);
    }
  }
  const all = [];
  for (const { key, parts } of found) {
    if (key) all.push([]);
    all.at(-1).push(Buffer.concat(parts));
  }
  const counted = (unit) => Buffer.concat([Buffer.from([unit.length >> 8, unit.length & 0xff]), unit]);
  const codecPrivate = Buffer.concat([Buffer.from([1, sps[1], sps[2], sps[3], 0xff, 0xe1]), counted(sps), Buffer.from([1]), counted(pps)]);
  return { groups: all, header: { codecPrivate, width, height } };
}

/** Decodes a whole file; returns what ffmpeg had to say, which is nothing for a sound file. */
export const decode = (file) => {
  const { status, errors } = run("ffmpeg", ["-v", "error", "-xerror", "-i", file, "-f", "null", "-"]);
  return status === 0 ? errors : `ended with ${status}: ${errors}`;
};

/** Counts the frames of a file and reads its duration in seconds, as ffprobe finds them by decoding. */
export function probe(file) {
  const entries = "stream=nb_read_frames,width:format=duration";
  const { output, errors } = run("ffprobe", ["-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", entries, "-of", "json", file]);
  if (errors) throw new Error(errors);
  const { streams: [stream], format } = JSON.parse(output);
  return { frames: Number(stream.nb_read_frames), width: stream.width, seconds: Number(format.duration) };
}
