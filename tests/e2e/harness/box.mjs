//! A box as an installer sets it up: its configuration, a line that can be cut, and what the service has of it.

import { writeFile } from "node:fs/promises";
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
