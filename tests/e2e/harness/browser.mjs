//! A real Chromium, with H.264, driven as a person drives it.

import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { fragments, video } from "./aws.mjs";
import { Instance } from "./instance.mjs";
import { until } from "./poll.mjs";

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const PICTURES = fileURLToPath(new URL("../screenshots/", import.meta.url));
const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Starts the browser. */
export async function browser() {
  if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is not there; install chromium or name it in CHROMIUM`);
  await mkdir(PICTURES, { recursive: true });
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS, headless: true });
}

/** A person's own window. What the page's console reports as an error is kept in `page.faults`. */
export async function person(chrome, { language = "ja", viewport = DESKTOP, dark = false } = {}) {
  const context = await chrome.newContext({
    viewport,
    locale: language === "ja" ? "ja-JP" : "en-GB",
    colorScheme: dark ? "dark" : "light",
    timezoneId: "Europe/Berlin", // The pages tell Tokyo's time wherever the browser is.
    isMobile: viewport === PHONE,
    hasTouch: viewport === PHONE,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => { if (message.type() === "error") page.faults.push(`${message.text()} (${message.location().url})`); });
  return page;
}

export const picture = (page, name, { whole = true } = {}) => page.screenshot({ path: path.join(PICTURES, `${name}.png`), fullPage: whole });

/** Waits until the pages' own scripts have followed a form to another page. */
export async function presses(page, button, arrives) {
  await button.click();
  await page.waitForURL(arrives);
  await page.waitForLoadState("load");
}

/** Fills a form's fields in by their names. */
export async function fill(form, values) {
  for (const [name, value] of Object.entries(values)) {
    const field = form.locator(`[name="${name}"]`).first();
    const [tag, type] = await field.evaluate((node) => [node.tagName, node.type]);
    if (type === "radio") await form.locator(`[name="${name}"][value="${value}"]`).check();
    else if (type === "checkbox") await field.check();
    else if (tag === "SELECT") await field.selectOption(value);
    else await field.pressSequentially(value);
  }
}

/** What the video shows now: its time, its size and a coarse copy of its pixels. */
export const shown = (page) => page.evaluate(() => {
  const video = [...document.querySelectorAll(".player video")].find((one) => one.readyState >= 2 && one.videoWidth > 0);
  if (!video) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: 160, height: 90 });
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, canvas.width, canvas.height);
  return { time: video.currentTime, width: video.videoWidth, height: video.videoHeight, pixels: [...pen.getImageData(0, 0, canvas.width, canvas.height).data] };
});

/** How many of the picture's points differ visibly between two moments. */
export function differing(one, other) {
  let count = 0;
  for (let at = 0; at < one.pixels.length; at += 4) {
    const change = [0, 1, 2].reduce((sum, colour) => sum + Math.abs(one.pixels[at + colour] - other.pixels[at + colour]), 0);
    if (change > 60) count += 1;
  }
  return count;
}

/** Waits until the picture has moved: its time went on and its points changed. Returns the later moment. */
export async function moves(page, state, { seconds = 20 } = {}) {
  const player = page.locator(`.player[data-state="${state}"]`);
  await player.waitFor({ timeout: seconds * 1000 });
  const first = await until("a picture was shown", () => shown(page), { seconds });
  return until("the picture moved", async () => {
    const now = await shown(page);
    return now && now.time > first.time + 0.5 && differing(first, now) > 50 && now;
  }, { seconds, interval: 250 });
}

/** Runs with an embedded cloud and a browser, and stops both; on a failure the log's end is shown. */
export async function together(options, run) {
  const chrome = await browser();
  let instance;
  try {
    instance = await Instance.start(options);
    await run(instance, chrome);
  } catch (error) {
    for (const [at, page] of chrome.contexts().flatMap((context) => context.pages()).entries()) await picture(page, `failed-${at}`).catch(() => {});
    if (instance) console.error(instance.tail());
    throw error;
  } finally {
    await chrome.close();
    await instance?.stop();
    await instance?.remove();
  }
}

export async function signIn(page, instance, { name, password, door = "/sign-in" }) {
  await page.goto(`${instance.portal}${door}`);
  await page.locator("#name").fill(name);
  await page.locator("#password").fill(password);
  await page.locator("form").first().getByRole("button").click();
}

/** Waits until some camera has sent something: a page that is opened sooner says that it is offline until then, and the browser reports it. */
export const sent = (instance) => until("a camera sent something", async () => {
  const { StreamInfoList } = await video(instance, "listStreams", {});
  const lists = await Promise.all(StreamInfoList.map(({ StreamName }) => fragments(instance, StreamName)));
  return lists.some((list) => list.length > 0);
});

/** Opens the only camera of the list, by default once it has sent something. */
export async function openCamera(page, instance, { silent = false } = {}) {
  if (!silent) await sent(instance);
  await page.goto(`${instance.portal}/cameras`);
  await page.locator(".camera-tile").first().click();
  await page.waitForURL(/\/cameras\/.+/);
}
