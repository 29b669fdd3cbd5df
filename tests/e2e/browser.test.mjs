//! A real Chromium: the demo's camera moves within seconds, and a customer comes from the application to the picture.

import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { CORPORATION, demo, DEMO, DEVICE, firstPassword, form, OPERATOR, operator, until } from "./harness.mjs";
import { fill, moves, openCamera, person, PHONE, picture, presses, sent, signIn, together } from "./harness/browser.mjs";
import { start } from "./harness/device.mjs";

const PASSWORD = "hanako-chose-this-1";

test("the demo's camera moves within 10 s of ready, live and recorded, on a desktop and on a phone", { timeout: 200_000 }, () =>
  together({ demo: true }, async (instance, chrome) => {
    const page = await person(chrome);
    await signIn(page, instance, DEMO.administrator);
    await page.waitForURL(/\/cameras$/);
    await openCamera(page, instance);
    const live = await moves(page, "live");
    const seconds = (Date.now() - instance.readyAt) / 1000;
    assert.ok(seconds < 10, `the picture moved ${seconds} s after ready`);
    assert.deepEqual([live.width, live.height], [1280, 720]);
    const delay = await until("the delay was told", () => page.locator(".player").getAttribute("data-delay").then((text) => text && Number(text)));
    assert.ok(delay <= 6, `the picture is ${delay} s behind`);
    await picture(page, "camera-live-desktop-ja");

    const phone = await person(chrome, { viewport: PHONE, dark: true, language: "en" });
    await signIn(phone, instance, DEMO.user);
    await phone.waitForURL(/\/welcome/);
    await picture(phone, "welcome-phone-en-dark", { whole: false });
    await presses(phone, phone.locator("#accept button"), /\/cameras/);
    await openCamera(phone, instance);
    await moves(phone, "live");
    await picture(phone, "camera-live-phone-en-dark");
    await fits(phone);
    await phone.goto(`${instance.portal}/cameras`);
    await picture(phone, "cameras-phone-en-dark");

    await recorded(instance, 40);
    await page.getByRole("button", { name: "10秒戻る" }).click({ clickCount: 2 });
    await moves(page, "recorded");
    await picture(page, "camera-recorded-desktop-ja");
    await page.locator("[data-live]").click();
    await moves(page, "live");
    await page.goto(`${instance.portal}/cameras`);
    await picture(page, "cameras-desktop-ja");

    // Who may only play recordings sees them at once, and is offered no live picture.
    await mayOnlyPlayBack(instance);
    await openCamera(phone, instance);
    await moves(phone, "recorded");
    assert.equal(await phone.locator("[data-live]").count(), 0);
    await picture(phone, "camera-recorded-only-phone-en-dark");
    for (const one of [page, phone]) assert.deepEqual(one.faults, []);
  }));

/** Waits until the demo's camera has been recorded for some seconds. */
const recorded = (instance, seconds) => until(`${seconds} s were recorded`, () => Date.now() - instance.readyAt > seconds * 1000, { seconds: seconds + 10, interval: 250 });

/** The page is as wide as the window, and not wider. */
async function fits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(over <= 0, `${page.url()} is ${over} px too wide`);
}

/** Takes the live picture from the demo's user. */
async function mayOnlyPlayBack(instance) {
  const administrator = await demo(instance, "administrator");
  const [, place] = /href="(\/users\/[^"]+)">見本 次郎</.exec((await administrator.open("/users")).text);
  const { action, fields } = form((await administrator.open(place)).text, "/rights");
  const changed = await administrator.post(action, { camera: fields.camera, play_back: "on" });
  assert.equal(changed.status, 303, changed.text);
}

test("a person applies, is approved, signs in and sees the picture of an own camera move", { timeout: 240_000 }, (t) =>
  together({ demo: false, clock: "2026-04-01T09:00+09:00" }, async (instance, chrome) => {
    const applicant = await person(chrome);
    const place = await applies(applicant, instance);
    await approves(await person(chrome), instance, place);
    const administrator = await person(chrome);
    await firstSignIn(administrator, instance);
    await administrator.goto(`${instance.portal}/contract`);
    await picture(administrator, "contract-desktop-ja");
    assert.match(await administrator.locator(".keydates").innerText(), /2027年3月31日/);

    await administrator.goto(`${instance.portal}/devices`);
    const form = administrator.locator('form[action="/devices"]');
    await picture(administrator, "devices-desktop-ja");
    await fill(form, DEVICE);
    await presses(administrator, form.getByRole("button"), /\/devices\/.+/);
    await picture(administrator, "device-code-desktop-ja");
    const iotbox = start(await administrator.locator(".codebox code").innerText(), path.join(instance.data, "device"));
    t.after(() => iotbox.stop());
    await openCamera(administrator, instance, { silent: true });
    const offline = administrator.locator('.player[data-state="offline"]');
    if (await offline.isVisible()) await picture(administrator, "camera-offline-desktop-ja");
    await moves(administrator, "live", { seconds: 40 });
    await picture(administrator, "camera-own-desktop-ja");
    // An offline answer of the first seconds is an answer of the service, and the browser reports it.
    assert.deepEqual(administrator.faults.filter((fault) => !/\b409\b/.test(fault)), []);
    assert.deepEqual(applicant.faults, []);
  }));

/** Fills the form in by typing, is told of a mistake beside its field, confirms and submits. */
async function applies(page, instance) {
  await page.goto(instance.portal);
  await picture(page, "landing-desktop-ja");
  await page.goto(`${instance.portal}/apply`);
  await picture(page, "apply-desktop-ja");
  const form = page.locator('form[action="/applications"]');
  await fill(form, { ...CORPORATION, corporate_number: "7123456789013" });
  await form.getByRole("button").click();
  const alert = form.getByRole("alert");
  await alert.waitFor();
  assert.ok(await form.locator('[name="corporate_number"]').getAttribute("aria-invalid"), "the mistake stands beside its field");
  assert.equal(await form.locator('[name="name"]').inputValue(), CORPORATION.name, "what was typed is still there");
  await picture(page, "apply-refused-desktop-ja");
  page.faults = page.faults.filter((fault) => !/\b422\b/.test(fault));
  await form.locator('[name="corporate_number"]').fill(CORPORATION.corporate_number);
  await presses(page, form.getByRole("button"), /\/applications\/.+/);
  await picture(page, "confirm-desktop-ja");
  const address = page.url();
  const body = await page.locator("main").innerText();
  for (const words of ["47,520円", "2027年3月31日", "2027年3月1日"]) assert.ok(body.includes(words), `${words} is missing`);
  await page.locator('form[action$="/submission"]').getByRole("button").click();
  await page.getByText("お申し込みを受け付け").waitFor();
  await picture(page, "application-received-desktop-ja");
  return new URL(address).pathname;
}

/** The operator decides and registers in the console. */
async function approves(page, instance, place) {
  await operator(instance, "browser-operator");
  await signIn(page, instance, { ...OPERATOR, name: "browser-operator" });
  await page.waitForURL(/\/console/);
  const decision = page.locator('form[action$="/decision"]');
  await until("the decision was offered", async () => {
    await page.goto(`${instance.portal}/console${place}`);
    return decision.isVisible();
  }, { interval: 250 });
  await picture(page, "console-application-desktop-ja");
  await decision.locator('[value="approve"]').check();
  await decision.getByRole("button").click();
  const registration = page.locator('form[action$="/registration"]');
  await registration.waitFor();
  await picture(page, "console-registration-desktop-ja");
  await presses(page, registration.getByRole("button"), /\/console\/contracts\/.+/);
  await picture(page, "console-contract-desktop-ja");
  await page.goto(`${instance.portal}/console/applications?state=registered`);
  await picture(page, "console-applications-desktop-ja");
  assert.deepEqual(page.faults, []);
}

/** Signs in with the first password, chooses another and accepts the terms. */
async function firstSignIn(page, instance) {
  const email = CORPORATION.contact_email;
  await signIn(page, instance, { name: email, password: await firstPassword(instance, email) });
  await page.locator("#new").fill(PASSWORD);
  await page.locator("#again").fill(PASSWORD);
  await picture(page, "new-password-desktop-ja");
  await page.getByRole("button").click();
  await page.waitForURL(/\/welcome/);
  await picture(page, "welcome-desktop-ja", { whole: false });
  await presses(page, page.locator("#accept button"), /\/cameras/);
  await picture(page, "no-camera-desktop-ja");
}

test("the pages are used by keyboard and look right in both languages, light and dark, wide and narrow", { timeout: 200_000 }, () =>
  together({ demo: true }, async (instance, chrome) => {
    const page = await person(chrome);
    await page.goto(instance.portal);
    const reached = await tabs(page, 14);
    assert.equal(reached[0], "a:#main", "the first stop is the way to the content");
    for (const wanted of ["a:/apply", "a:/sign-in"]) assert.ok(reached.includes(wanted), `${wanted} is not reached: ${reached}`);

    await page.goto(`${instance.portal}/sign-in`);
    await page.keyboard.type(DEMO.administrator.name);
    await page.keyboard.press("Tab");
    await page.keyboard.type(DEMO.administrator.password);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/cameras$/);
    await sent(instance);
    await tabs(page, 30, (stop) => /^a:\/cameras\/./.test(stop));
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/cameras\/.+/);
    await moves(page, "live");
    const controls = await tabs(page, 30);
    for (const wanted of ["button:ライブ", "div:slider"]) assert.ok(controls.some((stop) => stop.startsWith(wanted)), `${wanted} is not reached: ${controls}`);
    for (const [language, dark, viewport, name] of [["en", false, undefined, "desktop-en"], ["ja", true, undefined, "desktop-ja-dark"], ["ja", false, PHONE, "phone-ja"], ["en", true, PHONE, "phone-en-dark"]]) {
      const other = await person(chrome, { language, dark, viewport });
      for (const [place, kind] of [["/", "landing"], ["/apply", "apply"], ["/prices", "prices"], ["/terms", "terms"], ["/sign-in", "sign-in"]]) {
        await other.goto(`${instance.portal}${place}`);
        await picture(other, `${kind}-${name}`, { whole: kind !== "terms" });
        await fits(other);
        const lang = await other.evaluate(() => document.documentElement.lang);
        assert.equal(lang, language, place);
      }
      await signIn(other, instance, DEMO.administrator);
      await other.waitForURL(/\/cameras$/);
      for (const place of ["cameras", "devices", "users", "contract"]) {
        await other.goto(`${instance.portal}/${place}`);
        await picture(other, `${place}-${name}`);
        await fits(other);
      }
      await openCamera(other, instance);
      await moves(other, "live");
      await picture(other, `camera-live-${name}`);
      assert.deepEqual(other.faults, []);
    }
    await recorded(instance, 30);
    await page.locator('.timeline[role="slider"]').focus();
    await page.keyboard.press("Shift+ArrowLeft");
    await moves(page, "recorded");
    assert.deepEqual(page.faults, []);
  }));

/** Presses Tab and tells what is reached, until `found` holds. */
async function tabs(page, times, found = () => false) {
  const stops = [];
  for (let count = 0; count < times; count += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const node = document.activeElement;
      return `${node.localName}:${node.getAttribute("href") ?? node.getAttribute("role") ?? node.textContent.trim()}`;
    });
    stops.push(stop);
    if (found(stop)) break;
  }
  return stops;
}
