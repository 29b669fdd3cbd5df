//! A soak of the video plane: cameras that send over a line that is cut at random, to a cloud that is killed, and what must be true afterwards.
//!
//! Some cameras are in a box whose spool makes every outage good; some in a box that is killed once itself, which is a gap; the others
//! send once and forget, so each fragment that did not arrive is a gap.

import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { call, fragments, video } from "./aws.mjs";
import { film } from "./camera.mjs";
import { Child, CIERO, Instance, IOTBOX, scratch } from "./instance.mjs";
import { line } from "./line.mjs";
import { fragment, header } from "./matroska.mjs";
import { answered, Tap } from "./media_tap.mjs";
import { until } from "./poll.mjs";
import { descendants } from "./processes.mjs";
import { PutMedia } from "./put_media.mjs";

const KEYS = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_SESSION_TOKEN: "" };
const FRAGMENT_MS = 1000;
/** A camera's fragments follow each other closer than this, and a player's gap is longer than that. */
const [JOINED_MS, PLAYER_GAP_MS] = [500, 50];
/** How long a box may take from its start to its first picture, and how much a killed one had not in its spool yet. */
const [STARTING_MS, UNWRITTEN_MS] = [15_000, 3_000];
const OFTEN = { seconds: 60, interval: 250 };

/** Numbers from 0 to 1 that a seed repeats. */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A line that tears connections: in the middle of a piece, with its answers lost, or at once. */
class RoughLine {
  constructor(draw) { this.draw = draw; this.tap = new Tap(); this.open = new Set(); this.cuts = 0; }

  static async to(url, draw) {
    const rough = new RoughLine(draw);
    rough.wire = await line(url, (connection) => rough.watch(connection));
    return rough;
  }

  watch(connection) {
    const tap = this.tap.connection();
    const one = { connection, tap, fate: null };
    this.open.add(one);
    const end = () => { this.open.delete(one); connection.destroy(); };
    return {
      sent: (bytes) => {
        let through = bytes;
        if (one.fate === "torn") {
          through = bytes.subarray(0, Math.floor(this.draw() * bytes.length));
          setImmediate(end);
        }
        tap.sent(through);
        return through;
      },
      answered: (bytes) => {
        tap.answered(bytes);
        if (one.fate !== "deaf") return bytes;
        setTimeout(end, 100 + this.draw() * 1000);
        return Buffer.alloc(0);
      },
    };
  }

  /** Cuts one connection that carries media, if there is one. */
  tear() {
    const carrying = [...this.open].filter((one) => one.tap.stream && !one.fate);
    const one = carrying[Math.floor(this.draw() * carrying.length)];
    if (!one) return;
    this.cuts += 1;
    one.fate = ["torn", "deaf", "gone"][Math.floor(this.draw() * 3)];
    if (one.fate === "gone") { this.open.delete(one); one.connection.destroy(); }
  }
}

/** Several cameras in one iotbox that play a file. */
class Box {
  constructor(folder, name, streams, source, endpoint) { Object.assign(this, { folder, name, streams, source, endpoint }); }

  async start() {
    const config = path.join(this.folder, `${this.name}.toml`);
    const camera = (name) => `[[camera]]\nname = "${name}"\nsource = "${this.source}"\nstream = "${name}"\nendpoint = "${this.endpoint}"\n`;
    await writeFile(config, `[box]\nstate = "${this.folder}/${this.name}"\nstatus = "127.0.0.1:0"\nspool_mb = 200\n${this.streams.map(camera).join("")}`);
    this.child = new Child(IOTBOX, ["run", "--config", config], { env: { ...process.env, ...KEYS } });
  }

  async figures() {
    const [, url] = /status page: (\S+)/.exec(this.child.errors);
    return (await (await fetch(`${url}status.json`)).json()).cameras;
  }

  async die() { this.child.process.kill("SIGKILL"); await this.child.end(); }

  /** Waits until only the present is on its way. */
  drained() {
    return until(`${this.name} has sent what waited`, async () => (await this.figures()).every((one) => one.waiting_from_before === 0 && one.waiting <= 2), { seconds: 300, interval: 500 });
  }
}

/** A camera without a spool: a fragment that does not arrive is gone. */
class Forgetful {
  constructor(endpoint, stream) { Object.assign(this, { endpoint, stream, made: [], put: null, began: Date.now() }); }

  start() { this.timer = setInterval(() => this.second(), FRAGMENT_MS); }

  second() {
    const timecode = this.began + this.made.length * FRAGMENT_MS;
    this.made.push(timecode);
    if (!this.put || this.put.closed || this.put.of("ERROR").length > 0) {
      this.put?.cut();
      this.put = new PutMedia({ aws: this.endpoint }, this.stream);
      this.put.send(header());
    }
    this.put.send(fragment(timecode, { frames: 10, bytes: 30_000 }));
  }

  async stop() {
    clearInterval(this.timer);
    this.put.end();
    await until("its connection ended", () => this.put.closed, { seconds: 40 });
  }
}

/** What the cloud holds in memory, in megabytes: its own process, and the functions. */
function memory(pid) {
  const resident = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) / 1024;
  const others = descendants(pid).map((one) => { try { return resident(one.pid); } catch { return 0; } });
  return { own: resident(pid), functions: others.reduce((sum, one) => sum + one, 0) };
}

const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

/** The mean of the samples of a part of the last life, from one share of it to another. */
const during = (samples, [from, to], of) => mean(samples.slice(Math.floor(samples.length * from), Math.ceil(samples.length * to)).map(of));

async function hls(instance, StreamName, more) {
  const api = await video(instance, "getDataEndpoint", { StreamName, APIName: "GET_HLS_STREAMING_SESSION_URL" });
  const body = JSON.stringify({ StreamName, DiscontinuityMode: "ON_DISCONTINUITY", DisplayFragmentTimestamp: "ALWAYS", ...more });
  const answer = await call({ aws: api.DataEndpoint }, { service: "kinesisvideo", path: "/getHLSStreamingSessionURL", headers: { "content-type": "application/json" }, body });
  if (answer.status !== 200) throw new Error(answer.text);
  const url = answer.json.HLSStreamingSessionURL;
  const load = async (place) => {
    const answer = await fetch(place);
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.text();
  };
  const media = new URL((await load(url)).split("\n").find((text) => text && !text.startsWith("#")), url);
  return { read: async () => entries(await load(media)), segment: async ({ uri }) => load(new URL(uri, media)) };
}

/** The entries of a media playlist: address, time, length, and whether a discontinuity stands before it. */
function entries(text) {
  const all = [];
  let next = { breaks: false };
  for (const one of text.split("\n")) {
    if (one.startsWith("#EXT-X-DISCONTINUITY")) next.breaks = true;
    else if (one.startsWith("#EXT-X-PROGRAM-DATE-TIME:")) next.at = Date.parse(one.slice(25));
    else if (one.startsWith("#EXTINF:")) next.ms = Math.round(parseFloat(one.slice(8)) * 1000);
    else if (one && !one.startsWith("#")) { all.push({ ...next, uri: one }); next = { breaks: false }; }
  }
  return all;
}

const twice = (list) => list.length - new Set(list).size;
const repeated = (list) => Math.max(twice(list.map(({ at }) => at)), twice(list.map(({ uri }) => uri)));

/** Someone who watches one live camera after another. */
async function watch(state, streams, found) {
  for (let turn = 0; !state.over; turn += 1) {
    try {
      const session = await hls(state.instance, streams[turn % streams.length], { PlaybackMode: "LIVE", HLSFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP" } });
      for (let n = 0; n < 3 && !state.over; n += 1) {
        const list = await session.read();
        found.repeated += repeated(list);
        await session.segment(list.at(-1));
        found.live += 1;
        await pause(1000);
      }
    } catch {
      await pause(1000); // A cloud that is killed answers nobody, and a camera that was cut is not live.
    }
  }
}

/** Checks the recording of one stream: what is lost, wrong, twice, and where its gaps are. */
async function judge(instance, name, { sent, persisted }) {
  const listed = await fragments(instance, name);
  const known = new Map(listed.map((one) => [one.FragmentNumber, Math.round(one.ProducerTimestamp * 1000)]));
  const lost = [...persisted].filter(([number, timecode]) => known.get(number) !== timecode).length;
  let wrong = 0;
  const numbers = [...known.keys()];
  for (let at = 0; at < numbers.length; at += 250) {
    const body = JSON.stringify({ StreamName: name, Fragments: numbers.slice(at, at + 250) });
    const request = { service: "kinesisvideo", path: "/getMediaForFragmentList", headers: { "content-type": "application/json" }, body };
    const got = await until("the media was answered", async () => { const answer = await call(instance, request); return answer.status === 200 && answered(answer.bytes); }, OFTEN);
    const right = got.filter(({ number, timecode, hash }) => known.get(number) === timecode && sent.get(timecode) === hash);
    wrong += Math.min(250, numbers.length - at) - new Set(right.map(({ number }) => number)).size;
  }
  const once = new Map(listed.map((one) => [Math.round(one.ProducerTimestamp * 1000), one.FragmentLengthInMilliseconds]));
  const spans = [...once].sort((a, b) => a[0] - b[0]);
  const range = { StartTimestamp: spans[0][0] / 1000, EndTimestamp: spans.at(-1)[0] / 1000 + 1 };
  const list = await until("the playlist was answered", async () => (await hls(instance, name, { PlaybackMode: "ON_DEMAND", MaxMediaPlaylistFragmentResults: 5000, HLSFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: range } })).read(), OFTEN);
  const differs = list.length !== spans.length || list.some(({ at }, index) => at !== spans[index][0]);
  // A gap is told before the fragment that follows it, and nowhere else; a playlist's first fragment says nothing about what was before it.
  const isBreak = (index) => Math.abs(spans[index][0] - spans[index - 1][0] - spans[index - 1][1]) > PLAYER_GAP_MS;
  const untold = list.filter((one, index) => index > 0 && !differs && one.breaks !== isBreak(index)).length;
  const gaps = spans.slice(1).map(([at], index) => [spans[index][0] + spans[index][1], at]).filter(([from, to]) => Math.abs(to - from) > JOINED_MS);
  return { acknowledged: persisted.size, listed: listed.length, lost, wrong, resent: listed.length - once.size, repeated: repeated(list), differs: Number(differs), untold, gaps, times: new Set(once.keys()) };
}

/**
 * Soaks for so many seconds. `kills` says at which shares of the time the cloud is killed. Returns sums over all cameras, the memory of
 * the cloud's last life, and `failures`: a sentence for each promise that was broken.
 */
export async function soak({ cameras = 20, seconds = 600, kills = [0.1, 0.25], seed = Date.now() % 1e9, pauseSeconds = 1.5 } = {}) {
  const draw = random(seed);
  const folder = await scratch();
  const state = { instance: await Instance.start({ demo: false }), over: false };
  const data = state.instance.data;
  const rough = await RoughLine.to(state.instance.aws, draw);
  const names = Array.from({ length: cameras }, (_, index) => `soak-${index}`);
  const few = Math.max(1, Math.floor(cameras / 6));
  const [killed, forgotten, kept] = [names.slice(0, few), names.slice(few, 3 * few), names.slice(3 * few)];
  const boxes = [];
  const found = { seed, cameras, cuts: 0, kills: 0, live: 0, repeated: 0, samples: [], failures: [] };
  try {
    for (const StreamName of names) await video(state.instance, "createStream", { StreamName, DataRetentionInHours: 24 });
    const { file } = await film(folder, "film", { seconds: 60, size: "640x360", rate: 15 });
    const steady = new Box(folder, "steady", kept, file, rough.wire.url);
    const mortal = new Box(folder, "mortal", killed, file, rough.wire.url);
    boxes.push(steady, mortal);
    const forgetful = forgotten.map((name) => new Forgetful(rough.wire.url, name));
    for (const box of boxes) await box.start();
    for (const camera of forgetful) camera.start();
    await until("every camera was recorded", () => names.every((name) => rough.tap.of(name).persisted.size > 1), { seconds: 120 });

    const watching = watch(state, names, found);
    const began = Date.now();
    const share = () => (Date.now() - began) / 1000 / seconds;
    const events = [
      ...kills.map((at) => [at, async () => {
        state.instance.child.process.kill("SIGKILL");
        await state.instance.child.end();
        await pause(500 + draw() * 2000);
        state.instance = await Instance.start(state.instance.place);
        Object.assign(found, { kills: found.kills + 1, samples: [] });
      }]),
      [0.45, async () => { found.diedAt = Date.now(); await mortal.die(); await pause(4000); await mortal.start(); found.backAt = Date.now(); }],
    ].sort(([a], [b]) => a - b);
    let nextCut = began, lineIsBack = 0, sampled = 0;
    while (share() < 1) {
      if (events.length > 0 && share() >= events[0][0]) await events.shift()[1]();
      if (Date.now() > nextCut) {
        // One in twenty is the whole line.
        if (draw() < 0.05) { rough.wire.cut(); lineIsBack = Date.now() + 1000 + draw() * 6000; found.cuts += 1; } else rough.tear();
        nextCut = Date.now() - Math.log(1 - draw()) * pauseSeconds * 1000;
      }
      if (lineIsBack && Date.now() > lineIsBack) { rough.wire.mend(); lineIsBack = 0; }
      if (Date.now() - sampled >= 1000) { found.samples.push(memory(state.instance.child.pid)); sampled = Date.now(); }
      await pause(50);
    }
    rough.wire.mend();
    state.over = true;
    await watching;
    for (const box of boxes) await box.drained();
    for (const camera of forgetful) await camera.stop();
    const figures = await steady.figures();
    for (const box of boxes) await box.child.stop();
    await conclude({ state, rough, found, figures, killed, forgetful, kept });
    await state.instance.stop();
    const check = new Child(CIERO, ["video", "check", "--data", data]);
    const { code } = await check.end(120);
    found.check = check.output.trim().split("\n").at(-1);
    if (code !== 0) found.failures.push(`the store is not in order: ${check.output}${check.errors}`);
    return found;
  } catch (error) {
    const tails = boxes.map((box) => box.child?.errors.slice(-1500) ?? "");
    throw new Error(`seed ${seed}: ${error.message}\n${state.instance.tail()}\n${tails.join("\n")}`, { cause: error });
  } finally {
    state.over = true;
    rough.wire.close();
    for (const box of boxes) await box.child?.stop();
    await state.instance.stop();
    for (const place of [folder, data]) await rm(place, { recursive: true, force: true });
  }
}

/** Judges all streams and writes what is broken. */
async function conclude({ state, rough, found, figures, killed, forgetful, kept }) {
  const broken = (sentence) => found.failures.push(sentence);
  const judged = new Map();
  for (const name of [...kept, ...killed, ...forgetful.map(({ stream }) => stream)]) judged.set(name, await judge(state.instance, name, rough.tap.of(name)));
  const sum = (of) => [...judged.values()].reduce((sum, one) => sum + one[of], 0);
  for (const of of ["acknowledged", "listed", "lost", "wrong", "resent", "differs", "untold"]) found[of] = sum(of);
  found.repeated += sum("repeated");
  found.cuts += rough.cuts;
  found.gaps = 0;
  for (const [name, one] of judged) {
    found.gaps += one.gaps.length;
    for (const of of ["lost", "wrong", "repeated", "differs", "untold"]) if (one[of] > 0) broken(`${name}: ${one[of]} ${of}`);
  }
  if (rough.tap.changed > 0) broken(`${rough.tap.changed} fragments were sent again with other bytes`);
  const shown = (gaps) => JSON.stringify(gaps.map((gap) => gap.map((at) => new Date(at).toISOString())));
  for (const name of kept) if (judged.get(name).gaps.length > 0) broken(`${name} has a spool and gaps: ${shown(judged.get(name).gaps)}`);
  for (const { name, lost, not_kept } of figures) if (lost + not_kept > 0) broken(`the box lost ${lost + not_kept} of ${name}`);
  for (const name of killed) {
    const [gap, ...others] = judged.get(name).gaps;
    const isRight = gap && others.length === 0 && gap[0] <= found.diedAt && gap[0] > found.diedAt - UNWRITTEN_MS && gap[1] >= found.backAt && gap[1] < found.backAt + STARTING_MS;
    if (!isRight) broken(`${name} should have one gap, from ${new Date(found.diedAt).toISOString()} to ${new Date(found.backAt).toISOString()}: ${shown(judged.get(name).gaps)}`);
  }
  found.dropped = 0;
  for (const { stream, made } of forgetful) {
    const { times } = judged.get(stream);
    const { sent, persisted } = rough.tap.of(stream);
    const kept = new Set(persisted.values());
    const wrongly = made.filter((at) => (times.has(at) && !sent.has(at)) || (!times.has(at) && kept.has(at)));
    if (wrongly.length > 0) broken(`${stream}: ${wrongly.length} of its gaps are not where they should be`);
    found.dropped += made.filter((at) => !times.has(at)).length;
  }
  const parts = [[0.2, 0.4], [0.5, 0.7], [0.8, 1]];
  [found.early, found.middle, found.late] = parts.map((part) => ({ own: during(found.samples, part, ({ own }) => own), functions: during(found.samples, part, ({ functions }) => functions) }));
}
