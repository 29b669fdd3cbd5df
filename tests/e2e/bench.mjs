//! Prints the figures of the README, each with the bound that the service sets itself.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { dueCost, dueYear } from "./bench_due.mjs";
import { purgeCost } from "./bench_purge.mjs";
import { print } from "./harness/figures.mjs";
import { descendants, Instance, invoke, ROOT, until, video } from "./harness.mjs";
import { browser, moves, person, presses } from "./harness/browser.mjs";
import { fragment, header } from "./harness/matroska.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const CAMERAS = 50;
const BITS_PER_SECOND = 2_000_000;
const LOAD_SECONDS = 30;
const TICKS_PER_SECOND = 100; // CLK_TCK on Linux

/** Processor seconds that a process and those that it waited for have used. */
function processorSeconds(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Proportional set size of a process and its descendants, in MiB. */
function proportionalMib(pid) {
  const kilobytes = [pid, ...descendants(pid).map((one) => one.pid)].map((one) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${one}/smaps_rollup`, "latin1"))[1]);
    } catch {
      return 0; // It has ended meanwhile.
    }
  });
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024;
}

/** Start, first picture and live delay, as a person with a browser sees them. */
async function start() {
  const chrome = await browser();
  let instance = await Instance.start();
  try {
    print("first start to ready, demo seeded", `${instance.readyAt - instance.startedAt} ms`, "5000 ms");
    await instance.stop();
    instance = await Instance.start(instance.place);
    print("later start to ready", `${instance.readyAt - instance.startedAt} ms`, "5000 ms");
    const page = await person(chrome);
    await page.goto(`${instance.portal}/sign-in`);
    await presses(page, page.getByRole("button", { name: "見本 花子" }), /\/cameras$/);
    await page.locator("a.camera-tile").first().click();
    await moves(page, "live");
    print("start to a moving picture in the browser", `${Date.now() - instance.startedAt} ms`, "10000 ms");
    const player = page.locator(".player");
    const delays = [];
    for (let second = 0; second < 20; second += 1) {
      await pause(1000);
      delays.push(Number(await player.getAttribute("data-delay")));
    }
    delays.sort((a, b) => a - b);
    print("live delay, capture to player", `${delays[10]} s (most ${delays.at(-1)} s)`, "6 s");
  } finally {
    await chrome.close();
    await instance.stop();
    await instance.remove();
  }
}

/** What the embedded cloud needs at rest with every function warm, and what fifty cameras cost it. */
async function load() {
  const instance = await Instance.start({ demo: false });
  try {
    await wakeAll(instance);
    await pause(2000);
    print("ciero with its functions at rest (PSS)", `${proportionalMib(instance.child.pid).toFixed(0)} MiB, ${descendants(instance.child.pid).length} functions`, "250 MiB");
    await cameras(instance);
  } finally {
    await instance.stop();
    await instance.remove();
  }
}

/** Gives every function one of its samples; what it makes of it does not matter, only that it runs afterwards. */
async function wakeAll(instance) {
  const events = path.join(ROOT, "events");
  for (const name of readdirSync(events)) {
    const [sample] = readdirSync(path.join(events, name)).sort();
    const answer = await invoke(instance, name, JSON.parse(readFileSync(path.join(events, name, sample), "utf8")));
    if (answer.status !== 200) throw new Error(`${name} was not woken: ${answer.text}`);
  }
  const [awake, known] = [descendants(instance.child.pid).length, readdirSync(events).length];
  if (awake < known) throw new Error(`only ${awake} of ${known} functions are awake`);
}

async function cameras(instance) {
  const now = await instance.now();
  const names = Array.from({ length: CAMERAS }, (_, index) => `bench-${index}`);
  for (const name of names) await video(instance, "createStream", { StreamName: name, DataRetentionInHours: 1 });
  const lines = names.map((name) => new PutMedia(instance, name));
  await until("every camera was connected", () => lines.every((line) => line.status === 200));
  for (const line of lines) line.send(header());
  const frames = 15;
  const before = processorSeconds(instance.child.pid);
  const began = Date.now();
  for (let second = 0; second < LOAD_SECONDS; second += 1) {
    const bytes = fragment(now + second * 1000, { frames, bytes: BITS_PER_SECOND / 8, frameMs: 66 });
    for (const line of lines) {
      line.send(bytes);
      await pause(1000 / CAMERAS - 1);
    }
    await pause(Math.max(0, began + (second + 1) * 1000 - Date.now()));
  }
  const elapsed = (Date.now() - began) / 1000;
  for (const line of lines) line.end();
  // The last fragment of a connection is complete when the connection ends.
  const persisted = () => lines.reduce((sum, line) => sum + line.of("PERSISTED").length, 0);
  await until("every fragment was persisted", () => persisted() === CAMERAS * LOAD_SECONDS, { seconds: 20 }).catch(() => {});
  const used = processorSeconds(instance.child.pid) - before;
  print(`PutMedia, ${CAMERAS} cameras at 2 Mbit/s: persisted`, `${persisted()} of ${CAMERAS * LOAD_SECONDS}`, "all");
  print("PutMedia, processor", `${(used / elapsed).toFixed(2)} cores`, "1 core");
}

await start();
await load();
await dueYear(print);
await purgeCost(print, [100, 1_000]);
await dueCost(print, process.argv.includes("--many") ? [0, 10_000, 100_000] : [0, 2_000]);
