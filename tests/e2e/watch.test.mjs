//! A camera that stops recording: the customer is told within minutes, once, and sees since when and what is missing.

import assert from "node:assert/strict";
import path from "node:path";
import { CORPORATION, customer, DEVICE, fragments, invoke, operator, scenario, text, until } from "./harness.mjs";
import { start } from "./harness/device.mjs";
import { fragment, header } from "./harness/matroska.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const CLOCK = "2026-04-01T09:00+09:00";
/** Players pass over what is shorter. */
const JOINED_MS = 2000;
const FRAGMENT_MS = 10_000;
const MINUTE_MS = 60_000;

/** One tick of the watch, now. */
async function tick(instance) {
  const time = new Date(await instance.now()).toISOString();
  const answer = await invoke(instance, "camera-watch", { source: "aws.events", "detail-type": "Scheduled Event", time, detail: {} });
  assert.ok(answer.status === 200 && !answer.json.errorMessage, answer.text);
  return answer.json;
}

/** Every fragment as [start, end] in milliseconds, by the camera's clock. */
async function recorded(instance, stream) {
  const all = (await fragments(instance, stream)).map((one) => {
    const from = Math.round(one.ProducerTimestamp * 1000);
    return [from, from + one.FragmentLengthInMilliseconds];
  });
  return all.sort((a, b) => a[0] - b[0]);
}

/** The gaps between fragments. */
function gaps(all) {
  const found = [];
  let end = all[0][1];
  for (const [from, to] of all) {
    if (from - end > JOINED_MS) found.push([end, from]);
    end = Math.max(end, to);
  }
  return found;
}

/** The gaps that the camera's page lists, oldest first; one without an end goes on. */
function listed(page) {
  const rows = [...page.matchAll(/<li data-start="([^"]+)"(?: data-end="([^"]+)")?/g)];
  return rows.map(([, from, to]) => [Date.parse(from), to ? Date.parse(to) : null]).reverse();
}

scenario("a camera that stops recording is noticed, told and shown", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step, t }) => {
  const to = CORPORATION.contact_email;
  let client, console_, camera, stream, command, iotbox, last;
  const home = path.join(instance.data, "device");
  t.after(() => iotbox?.stop());
  const mails = async (kind) => (await instance.mails()).filter((mail) => mail.kind === kind);
  const tile = async () => text((await client.open("/cameras")).text);
  const shows = (words) => until(`the tile showed ${words}`, async () => { await tick(instance); return (await tile()).includes(words); });

  await step("a device that has not started is not watched", async () => {
    console_ = await operator(instance);
    ({ client } = await customer(instance, console_, CORPORATION));
    const answer = await client.fill("/devices", "/devices", DEVICE);
    const page = await client.open(answer.location);
    command = text(/<pre><code>([\s\S]*?)<\/code><\/pre>/.exec(page.text)[1]);
    camera = /\/cameras\/([\w-]+)/.exec(page.text)[1];
    stream = `ciero-${camera}`;
    assert.deepEqual(await tick(instance), { watched: 0, stopped: 0, unread: 0, told: 0, quiet: false });
  });

  await step("a camera whose pictures arrive is shown as recording", async () => {
    iotbox = start(command, home);
    await shows("録画中");
    assert.equal((await mails("recording_stopped")).length, 0);
  });

  await step("when the pictures stop, the customer is told once and the tile says since when", async () => {
    await iotbox.stop();
    last = (await recorded(instance, stream)).at(-1)[1];
    assert.equal((await instance.advance("PT8M")).status, 200);
    const mail = await instance.mail("recording_stopped", to);
    assert.ok(mail.text.includes(DEVICE.name) && mail.text.includes("映像が届いていません"), mail.text);
    for (let again = 0; again < 3; again += 1) assert.equal((await tick(instance)).told, 0);
    assert.equal((await mails("recording_stopped")).length, 1);
    assert.ok((await tile()).includes("オフライン 2026年4月1日 09:0"), await tile());
    const page = (await client.open(`/cameras/${camera}`)).text;
    assert.deepEqual(listed(page), [[last, null]]);
    assert.ok(text(page).includes("継続中"));
  });

  await step("operators see which camera stands still", async () => {
    const page = text((await console_.open("/console/cameras")).text);
    assert.ok(page.includes(camera) && page.includes("オフライン"), page);
  });

  await step("when the device is back the tile says so, and the page shows the gap exactly", async () => {
    iotbox = start(command, home);
    await shows("録画中");
    const expected = gaps(await recorded(instance, stream));
    assert.equal(expected[0][0], last);
    assert.deepEqual(listed((await client.open(`/cameras/${camera}`)).text), expected);
    assert.equal((await mails("recording_resumed")).length, 0, "one minute of pictures is no end of an outage");
  });

  await step("recording without a gap for ten minutes ends the outage, with one notice", async () => {
    await iotbox.stop();
    assert.equal((await instance.advance("PT32M")).status, 200);
    // A device that was cut off sends what it has kept: the last twelve minutes, by its own clock.
    const now = await instance.now();
    const device = new PutMedia(instance, stream);
    device.send(header());
    const many = (12 * MINUTE_MS) / FRAGMENT_MS;
    for (let n = many; n > 0; n -= 1) device.send(fragment(now - n * FRAGMENT_MS, { frames: 10, bytes: 2000, frameMs: FRAGMENT_MS / 10 }));
    device.end();
    await device.acknowledged("PERSISTED", many);
    await until("the outage was over", async () => (await tick(instance)).told === 1 || (await mails("recording_resumed")).length > 0);
    const mail = await instance.mail("recording_resumed", to);
    assert.ok(mail.text.includes(DEVICE.name) && mail.text.includes("録画のない時間"), mail.text);
    await tick(instance);
    assert.equal((await mails("recording_resumed")).length, 1);
    assert.equal((await mails("recording_stopped")).length, 1, "a second silence of the same outage is not told again");
    const expected = gaps(await recorded(instance, stream));
    assert.ok(expected.length >= 2, JSON.stringify(expected));
    assert.deepEqual(listed((await client.open(`/cameras/${camera}`)).text), expected);
  });
});
