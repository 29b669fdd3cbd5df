//! What a player does with a session address: playlists and segments, read without a browser.

import assert from "node:assert/strict";

async function load(url) {
  const answer = await fetch(url);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, `${url} answered ${answer.status}: ${bytes.toString("utf8").slice(0, 300)}`);
  return bytes;
}

/** Reads the media playlist behind a session address. */
export async function playlist(url) {
  const master = (await load(url)).toString("utf8");
  const media = master.split("\n").find((line) => line && !line.startsWith("#"));
  const place = new URL(media, url);
  const lines = (await load(place)).toString("utf8").split("\n");
  const map = lines.map((line) => /#EXT-X-MAP:URI="([^"]+)"/.exec(line)?.[1]).find(Boolean);
  return {
    text: lines.join("\n"),
    init: map && new URL(map, place).href,
    segments: lines.filter((line) => line && !line.startsWith("#")).map((line) => new URL(line, place).href),
    dates: lines.filter((line) => line.startsWith("#EXT-X-PROGRAM-DATE-TIME:")).map((line) => Date.parse(line.slice(25))),
    seconds: lines.filter((line) => line.startsWith("#EXTINF:")).reduce((sum, line) => sum + parseFloat(line.slice(8)), 0),
    ended: lines.some((line) => line.startsWith("#EXT-X-ENDLIST")),
  };
}

/** Loads the start and the first segment of a playlist, and checks that they are fragmented MP4. */
export async function plays(list) {
  const kinds = (bytes) => { const found = []; for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at)) found.push(bytes.toString("latin1", at + 4, at + 8)); return found; };
  const init = kinds(await load(list.init)), segment = kinds(await load(list.segments[0]));
  assert.ok(init.includes("moov"), `the start of the film holds ${init}`);
  assert.ok(segment.includes("moof") && segment.includes("mdat"), `the first segment holds ${segment}`);
}
