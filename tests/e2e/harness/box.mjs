//! A box as an installer sets it up: its configuration, a line that can be cut, and what the service has of it.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { createServer, connect } from "node:net";
import path from "node:path";
import { fragments, video } from "./aws.mjs";
import { Child, IOTBOX } from "./instance.mjs";
import { until } from "./poll.mjs";

const KEYS = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_SESSION_TOKEN: "" };
/** Fragments follow each other closer than this while a camera plays. */
const JOINED_SECONDS = 0.5;

/** Runs iotbox with test keys. */
export const iotbox = (args, env = {}) => new Child(IOTBOX, args, { env: { ...process.env, ...KEYS, ...env } });

/** A configuration file of cameras that send to streams of the instance. */
export async function configuration(folder, endpoint, list, general = "") {
  const file = path.join(folder, "iotbox.toml");
  const camera = ([name, source, more]) => `[[camera]]\nname = "${name}"\nsource = "${source}"\nstream = "${name}"\nendpoint = "${endpoint}"\n${more ?? ""}\n`;
  await writeFile(file, `[box]\nstate = "${folder}/state"\n${general}\n${list.map(camera).join("")}`);
  return file;
}

/** A line to an address that can be cut: nothing goes through while it is. What names the address names the line instead. */
export async function line(to) {
  const { hostname, port } = new URL(to);
  let url;
  const open = new Set();
  let cut = false;
  const server = createServer((socket) => {
    if (cut) return socket.destroy();
    const there = connect(Number(port), hostname);
    const renamed = (bytes) => (bytes.includes(to) ? Buffer.from(bytes.toString("latin1").replaceAll(to, url), "latin1") : bytes);
    for (const [one, other, change] of [[socket, there, (bytes) => bytes], [there, socket, renamed]]) {
      open.add(one);
      one.on("data", (bytes) => { if (!cut) other.write(change(bytes)); });
      one.on("error", () => {});
      one.on("close", () => { open.delete(one); other.destroy(); });
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
  assert.equal(url.length, to.length, "an answer keeps its length");
  return {
    url,
    cut() { cut = true; for (const socket of open) socket.destroy(); },
    mend() { cut = false; },
    close() { this.cut(); server.close(); },
  };
}

/** The recording as [start, end] in seconds, each producer's time once, oldest first; and how many came twice. */
export async function recorded(instance, stream) {
  const all = await fragments(instance, stream);
  const once = new Map(all.map((one) => [one.ProducerTimestamp, [one.ProducerTimestamp, one.ProducerTimestamp + one.FragmentLengthInMilliseconds / 1000]]));
  return { spans: [...once.values()].sort((a, b) => a[0] - b[0]), twice: all.length - once.size };
}

/** The gaps of a recording, and where it goes back, as [from, to] in seconds. */
export const gaps = (spans) => spans.slice(1).map(([start], index) => [spans[index][1], start]).filter(([from, to]) => Math.abs(to - from) > JOINED_SECONDS);

/** The status page of a box, and its figures. */
export const page = (box) => /status page: (\S+)/.exec(box.errors)[1];
export const figures = async (box) => (await fetch(`${page(box)}status.json`)).json();

export const createStream = (instance, StreamName) => video(instance, "createStream", { StreamName, DataRetentionInHours: 24 });
export const lasting = (instance, stream, seconds) => until(`${seconds} s of ${stream} were recorded`, async () => {
  const { spans } = await recorded(instance, stream);
  return spans.length > 0 && spans.at(-1)[1] - spans[0][0] >= seconds && spans;
}, { seconds: 60, interval: 200 });
