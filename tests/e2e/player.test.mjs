//! What a person who watches is told when the pictures end, in a real Chromium.

import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { demo, DEMO, DEVICE, form, text, until } from "./harness.mjs";
import { moves, openCamera, person, picture, presses, shown, signIn, together } from "./harness/browser.mjs";
import { start } from "./harness/device.mjs";

const TRIES_AGAIN = /自動で接続し直します|Trying again/;

/** Waits for a state of the player and returns its words. */
async function told(page, state, { seconds = 20 } = {}) {
  const player = page.locator(`.player[data-state="${state}"]`);
  await player.waitFor({ timeout: seconds * 1000 });
  return player.locator(".message").innerText();
}

/** Registers another device as the demo's administrator, and tells its camera and the command that starts it. */
async function another(administrator) {
  const answer = await administrator.fill("/devices", "/devices", DEVICE);
  assert.equal(answer.status, 303, answer.text);
  const page = (await administrator.open(answer.location)).text;
  const command = text(/<pre><code>([\s\S]*?)<\/code><\/pre>/.exec(page)[1]);
  return { camera: /\/cameras\/[\w-]+/.exec(page)[0], command };
}

test("a camera without its device is told to be offline, and its picture comes back by itself", { timeout: 240_000 }, (t) =>
  together({ demo: true }, async (instance, chrome) => {
    const { camera, command } = await another(await demo(instance, "administrator"));
    const home = path.join(instance.data, "another");
    let iotbox = start(command, home);
    t.after(() => iotbox.stop());
    const page = await person(chrome);
    await signIn(page, instance, DEMO.administrator);
    await page.waitForURL(/\/cameras$/);
    await page.goto(`${instance.portal}${camera}`);
    await moves(page, "live", { seconds: 60 });
    await iotbox.stop();
    // Until then the last pictures play out, and for 30 s the service still takes the camera for a live one.
    const words = await told(page, "offline", { seconds: 90 });
    assert.match(words, /カメラから映像が届いていません/);
    assert.match(words, TRIES_AGAIN);
    await picture(page, "camera-offline-desktop-ja");
    iotbox = start(command, home);
    await moves(page, "live", { seconds: 60 });
    // An offline answer and the end of a live session without pictures are answers of the service, and the browser reports them.
    assert.deepEqual(page.faults.filter((fault) => !/\b409\b|\b404\b.*getHLSMediaPlaylist/.test(fault)), []);
  }));

test("a right that is taken away and a camera that is retired end the picture for good", { timeout: 240_000 }, () =>
  together({ demo: true }, async (instance, chrome) => {
    const viewer = await person(chrome, { language: "en" });
    await signIn(viewer, instance, DEMO.user);
    await viewer.waitForURL(/\/welcome/);
    await presses(viewer, viewer.locator("#accept button"), /\/cameras/);
    await openCamera(viewer, instance);
    await moves(viewer, "live");
    const page = await person(chrome);
    await signIn(page, instance, DEMO.administrator);
    await page.waitForURL(/\/cameras$/);
    await openCamera(page, instance);
    await moves(page, "live");

    const administrator = await demo(instance, "administrator");
    const [, user] = /href="(\/users\/[^"]+)">見本 次郎</.exec((await administrator.open("/users")).text);
    const changed = await withoutRights(administrator, user);
    assert.equal(changed.status, 303, changed.text);
    await ends(viewer, /no right to this camera/);
    await picture(viewer, "camera-denied-desktop-en");
    // The other one's picture goes on.
    await moves(page, "live");

    const [, device] = /href="(\/devices\/d-[^"]+)"/.exec((await administrator.open("/devices")).text);
    const retired = await administrator.fill(device, "/retirement", {});
    assert.equal(retired.status, 303, retired.text);
    await ends(page, /見つかりません/);
    await picture(page, "camera-retired-desktop-ja");
  }));

/** Takes every right to the only camera away. */
async function withoutRights(administrator, user) {
  const { action, fields } = form((await administrator.open(user)).text, "/rights");
  return administrator.post(action, { csrf: fields.csrf, camera: fields.camera });
}

/** At the next session the picture is taken away with these words, and nobody asks again. */
async function ends(page, words) {
  // What happens by itself every four minutes; the button asks for a new session now.
  await page.locator("[data-live]").click();
  const said = await told(page, "denied");
  assert.match(said, words);
  assert.doesNotMatch(said, TRIES_AGAIN);
  await until("the picture was gone", async () => (await shown(page)) === null);
}
