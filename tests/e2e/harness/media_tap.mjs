//! Reads along on a line to PutMedia: which fragments went through whole, with a hash of their bytes, and what was acknowledged.

import { createHash } from "node:crypto";

const [SEGMENT, CLUSTER, TAGS, TIMECODE] = [0x18538067, 0x1f43b675, 0x1254c367, 0xe7];
const PERSISTED = /"EventType":"PERSISTED","FragmentTimecode":(\d+),"FragmentNumber":"(\d+)"/g;

/** Reads the head of an element: its identifier, its length (null without an end), and where its payload begins; null when bytes are missing. */
function head(bytes) {
  if (bytes.length < 12) return null;
  const idLength = Math.clz32(bytes[0]) - 23;
  const sizeLength = Math.clz32(bytes[idLength]) - 23;
  let size = BigInt(bytes[idLength]) & ((1n << BigInt(8 - sizeLength)) - 1n);
  for (const byte of bytes.subarray(idLength + 1, idLength + sizeLength)) size = (size << 8n) | BigInt(byte);
  const start = idLength + sizeLength;
  const endless = size === (1n << BigInt(7 * sizeLength)) - 1n;
  return { id: bytes.readUIntBE(0, idLength), start, end: endless ? null : start + Number(size) };
}

/** Finds clusters of known length and tags in Matroska that arrives in pieces. */
class Clusters {
  constructor(found) { this.found = found; this.rest = Buffer.alloc(0); }
  take(bytes) {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    for (let one = head(this.rest); one; one = head(this.rest)) {
      const end = one.id === SEGMENT ? one.start : one.end;
      if (end === null) throw new Error("an element without an end");
      if (this.rest.length < end) return;
      this.found(one, this.rest.subarray(0, end));
      this.rest = this.rest.subarray(end);
    }
  }
}

/** A cluster's timecode, which stands first in it, and the hash of all its bytes. */
function fragment({ start }, bytes) {
  const child = bytes.subarray(start);
  const { id, start: at, end } = head(child);
  if (id !== TIMECODE) throw new Error("a cluster without its timecode in front");
  let timecode = 0n;
  for (const byte of child.subarray(at, end)) timecode = (timecode << 8n) | BigInt(byte);
  return { timecode: Number(timecode), hash: createHash("sha1").update(bytes).digest("hex") };
}

/** The fragments in an answer of GetMediaForFragmentList: number, timecode and hash of each. */
export function answered(bytes) {
  const all = [];
  let number;
  const clusters = new Clusters((one, raw) => {
    if (one.id === TAGS) number = /AWS_KINESISVIDEO_FRAGMENT_NUMBER[^\d]*(\d+)/.exec(raw.toString("latin1"))?.[1] ?? number;
    if (one.id === CLUSTER) all.push({ number, ...fragment(one, raw) });
  });
  // The last element may be shorter than the longest head.
  clusters.take(Buffer.concat([bytes, Buffer.from("ec8a00000000000000000000", "hex")]));
  return all;
}

/** What went over a line, for each stream: hashes of whole fragments by timecode, and timecodes of persisted ones by their number. */
export class Tap {
  streams = new Map();
  changed = 0;

  of(name) {
    if (!this.streams.has(name)) this.streams.set(name, { sent: new Map(), persisted: new Map() });
    return this.streams.get(name);
  }

  /** Reads one connection from its beginning. */
  connection() {
    const upload = new Upload((one, raw) => {
      if (one.id !== CLUSTER) return;
      const { timecode, hash } = fragment(one, raw);
      const { sent } = this.of(upload.stream);
      if ((sent.get(timecode) ?? hash) !== hash) this.changed += 1;
      sent.set(timecode, hash);
    });
    let text = "";
    return {
      get stream() { return upload.stream; },
      sent: (bytes) => upload.take(bytes),
      answered: (bytes) => {
        if (!upload.stream) return;
        text += bytes.toString("latin1");
        const end = text.lastIndexOf("\n") + 1;
        for (const [, timecode, number] of text.slice(0, end).matchAll(PERSISTED)) this.of(upload.stream).persisted.set(number, Number(timecode));
        text = text.slice(end);
      },
    };
  }
}

/** The requests of one connection; only the media of PutMedia is looked at. */
class Upload {
  constructor(found) { this.found = found; this.rest = Buffer.alloc(0); this.next = this.request; this.stream = null; }

  take(bytes) {
    this.rest = Buffer.concat([this.rest, bytes]);
    while (this.next()) { /* until more bytes are needed */ }
  }

  /** Takes so many bytes, or those up to and with an end; null when they are not all there. */
  cut(end) {
    const at = typeof end === "number" ? end : this.rest.indexOf(end) < 0 ? Infinity : this.rest.indexOf(end) + end.length;
    if (at > this.rest.length) return null;
    const taken = this.rest.subarray(0, at);
    this.rest = this.rest.subarray(at);
    return taken;
  }

  request() {
    const text = this.cut("\r\n\r\n")?.toString("latin1");
    if (text === undefined) return false;
    if (text.startsWith("POST /putMedia ")) {
      this.stream = /^x-amzn-stream-name: *(\S+)/im.exec(text)[1];
      this.clusters = new Clusters(this.found);
      this.next = this.chunk;
    } else {
      const length = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
      this.next = () => this.cut(length) !== null && ((this.next = this.request), true);
    }
    return true;
  }

  chunk() {
    const line = this.cut("\r\n")?.toString("latin1");
    if (line === undefined) return false;
    const length = parseInt(line, 16);
    this.next = () => {
      const bytes = this.cut(length + 2);
      if (!bytes) return false;
      this.next = length === 0 ? this.request : this.chunk;
      this.clusters.take(bytes.subarray(0, length));
      return true;
    };
    return true;
  }
}
