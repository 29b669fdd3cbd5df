//! Pictures with a mark in them that decoders pass over, so that they are found again wherever their bytes lie.

import { film } from "./film.mjs";
import { cluster, header } from "./matroska.mjs";
import { PutMedia } from "./put_media.mjs";

const [FRAMES, FRAGMENT_MS] = [10, 10_000];
/** The kind of a unit in a picture that decoders pass over. */
const FILLER = 0x0c;
let reel;

/** Sends so many fragments of ten seconds that end now, each picture with the mark. Returns their end. */
export async function record(instance, stream, mark, many) {
  reel ??= film({ width: 320, height: 180, rate: 1, groups: 1, groupFrames: FRAMES, bitsPerSecond: 50_000 });
  const camera = new PutMedia(instance, stream);
  camera.send(header(reel.header));
  const now = await instance.now();
  const note = Buffer.from([0, 0, 0, 1 + mark.length, FILLER]);
  const pictures = reel.groups[0].map((frame) => Buffer.concat([frame, note, Buffer.from(mark)]));
  for (let n = many; n > 0; n -= 1) camera.send(cluster(now - n * FRAGMENT_MS, pictures, FRAGMENT_MS / FRAMES));
  camera.end();
  await camera.acknowledged("PERSISTED", many);
  return now;
}
