//! A few elements of Matroska, enough for a stream of fragments as a camera sends it.

const size = (length) => { const bytes = Buffer.alloc(8); bytes.writeUInt32BE(length, 4); bytes[0] = 0x01; return bytes; };
const element = (id, ...content) => { const body = Buffer.concat(content); return Buffer.concat([Buffer.from(id, "hex"), size(body.length), body]); };
const number = (id, value) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64BE(BigInt(value)); return element(id, bytes); };
const text = (id, value) => element(id, Buffer.from(value, "utf8"));

// An avcC of a small baseline picture: readers of stored media need it, ingestion does not look inside.
const CODEC_PRIVATE = Buffer.from("0142c01effe100106742c01ed9005005bb0110000003001001000468ce3c80", "hex");

/** What every connection begins with: EBML header, an endless segment, its facts and one video track. */
export function header({ codecPrivate = CODEC_PRIVATE, width = 1280, height = 720 } = {}) {
  const ebml = element("1a45dfa3", number("4286", 1), number("42f7", 1), number("42f2", 4), number("42f3", 8), text("4282", "matroska"), number("4287", 2), number("4285", 2));
  const info = element("1549a966", number("2ad7b1", 1_000_000), text("4d80", "ciero-e2e"), text("5741", "ciero-e2e"));
  const picture = element("e0", number("b0", width), number("ba", height));
  const track = element("ae", number("d7", 1), number("73c5", 1), number("83", 1), text("86", "V_MPEG4/ISO/AVC"), element("63a2", codecPrivate), picture);
  return Buffer.concat([ebml, Buffer.from("1853806701ffffffffffffff", "hex"), info, element("1654ae6b", track)]);
}

/** One fragment of these frames, the first of which is a key frame. */
export function cluster(timecodeMs, frames, frameMs) {
  const blocks = frames.map((data, index) => {
    const head = Buffer.from([0x81, 0, 0, index === 0 ? 0x80 : 0]);
    head.writeInt16BE(index * frameMs, 1);
    return element("a3", head, data);
  });
  return element("1f43b675", number("e7", timecodeMs), ...blocks);
}

/** One fragment: a key frame and some more, the whole about `bytes` long. */
export function fragment(timecodeMs, { frames = 5, bytes = 20_000, frameMs = 100 } = {}) {
  const pictures = Array.from({ length: frames }, (_, index) => {
    const picture = Buffer.alloc(Math.max(16, Math.floor(bytes / frames)), index + 1);
    picture.writeUInt32BE(picture.length - 4);
    picture[4] = index === 0 ? 0x65 : 0x41;
    return picture;
  });
  return cluster(timecodeMs, pictures, frameMs);
}
