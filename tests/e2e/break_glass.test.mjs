//! Staff look at a customer's video only on another's grant, within it, and the customer reads every look (21-7).

import assert from "node:assert/strict";
import test from "node:test";
import { changesNothing, CORPORATION, customer, device, GROUPS, operator, OPERATOR, playlist, plays, scenario, text, until, video } from "./harness.mjs";
import { moves, person, picture, signIn, together } from "./harness/browser.mjs";
import { film } from "./harness/film.mjs";
import { cluster, header } from "./harness/matroska.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const CLOCK = "2026-04-01T09:00+09:00";
const MANY = 12;
const FRAGMENT_MS = 10_000;
const RATE = 10;
const SHAPE = { width: 320, height: 180, rate: RATE, groups: MANY, groupFrames: (FRAGMENT_MS * RATE) / 1000, bitsPerSecond: 50_000 };
const NOWHERE = "v-0000000000000000";
const ASKED = { ticket: "T-1024", ground: "fault", reason: "映像が乱れるとの連絡を受けた", minutes: "10" };
const iso = (ms) => new Date(ms).toISOString();

/** What someone sees of an answer. */
const seen = ({ status, json }) => JSON.stringify([status, json]);

scenario("staff look at a recording on a grant, and at nothing else", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step }) => {
  const desk = {};
  let client, contract, camera, from, to, view;
  const ask = (who, path, body = {}) => desk[who].send(`${view}/${path}`, body);
  const stretch = { start: 0, end: 0 };
  const code = (answer) => [answer.status, answer.json.code];
  const trail = async () => text((await client.open("/users")).text);
  const request = async (pictures) => {
    await desk.a.open(contract);
    const fields = { ...ASKED, camera, ...pictures };
    const answer = await desk.a.send(`${contract}/views`, fields);
    assert.equal(answer.status, 201, answer.text);
    view = answer.json.location;
  };
  const granted = async () => {
    await desk.b.open(view);
    const answer = await desk.b.fill(view, "/grant", {});
    assert.equal(answer.status, 303, text(answer.text));
  };

  await step("there is a customer with a recorded camera", async () => {
    const all = await operator(instance);
    ({ client, contract } = await customer(instance, all, CORPORATION));
    ({ camera } = await device(client));
    const stream = `ciero-${camera}`;
    await video(instance, "createStream", { StreamName: stream, DataRetentionInHours: 720 });
    const { groups, header: facts } = film(SHAPE);
    const now = await instance.now();
    const media = new PutMedia(instance, stream);
    media.send(header(facts));
    for (const [n, group] of groups.entries()) media.send(cluster(now - (MANY - n) * FRAGMENT_MS, group, 1000 / RATE));
    media.end();
    await media.acknowledged("PERSISTED", MANY);
    [from, to] = [now - 8 * FRAGMENT_MS, now - 2 * FRAGMENT_MS];
    Object.assign(stretch, { start: iso(from), end: iso(to) });
    for (const name of ["support-a", "support-b"]) desk[name.at(-1)] = await operator(instance, name, ["support"]);
    for (const group of GROUPS.filter((one) => one !== "support")) desk[group] = await operator(instance, `other-${group}`, [group]);
  });

  await step("a request lacks nothing, and its form stands on the contract's page", async () => {
    const refused = await desk.a.fill(contract, "/views", { ...ASKED, camera, pictures: "recorded", ticket: "" });
    assert.equal(refused.status, 422, text(refused.text));
    // A browser's field has minutes; a program says seconds too.
    await request({ pictures: "recorded", from: iso(from), to: iso(to) });
    assert.ok((await trail()).includes("保守閲覧の申請"));
  });

  await step("nobody sees anything before the grant, and nobody grants the own request", async () => {
    const own = await changesNothing(instance, () => desk.a.send(`${view}/grant`, {}));
    assert.deepEqual(code(own), [409, "second_operator_needed"]);
    assert.deepEqual(code(await ask("a", "recording", stretch)), [404, "not_found"]);
    assert.ok(!(await desk.a.open(view)).text.includes("data-camera"));
  });

  await step("once granted, who asked plays exactly the granted span", async () => {
    await granted();
    assert.ok((await desk.a.open(view)).text.includes(`data-sessions="${view}"`));
    const { status, json } = await ask("a", "recording", stretch);
    assert.equal(status, 200, JSON.stringify(json));
    const list = await playlist(json.url);
    await plays(list);
    const { json: day } = await ask("a", "intervals", { date: "2026-04-01" });
    assert.deepEqual(day.intervals.map((one) => [Date.parse(one.start) >= from, Date.parse(one.end) <= to + FRAGMENT_MS]), [[true, true]]);
    const outside = [{ start: iso(from - 1), end: iso(to) }, { start: iso(from), end: iso(to + 1) }, { start: iso(to), end: iso(from) }];
    for (const one of outside) assert.deepEqual(code(await ask("a", "recording", one)), [404, "not_found"]);
    assert.deepEqual(code(await ask("a", "live")), [404, "not_found"]);
  });

  await step("the customer reads at once who looked, for what, at which camera and which time", async () => {
    const shown = await trail();
    for (const part of ["運営会社の保守担当", "保守閲覧の承認", "保守閲覧（録画）", "障害の解析", "2026年4月1日 08:5", "正面入口"]) assert.ok(shown.includes(part), part);
    for (const part of ["support-a", "support-b", ASKED.reason]) assert.ok(!shown.includes(part), part);
  });

  await step("the same 404 for whoever granted it, every other group and the customer, as for a view that does not exist", async () => {
    const nowhere = view.replace(/v-[^/]+$/, NOWHERE);
    const post = (who, place) => who.send(`${place}/recording`, stretch);
    const expected = seen(await post(desk.a, nowhere));
    for (const [name, who] of [...Object.entries(desk).filter(([one]) => one !== "a"), ["customer", client]]) {
      await who.open(name === "customer" ? "/cameras" : "/console/contracts");
      assert.equal(seen(await post(who, view)), expected, name);
    }
    for (const [name, who] of Object.entries(desk).filter(([one]) => GROUPS.includes(one))) {
      for (const place of [view, "/console/views"]) assert.equal((await who.request("GET", place, { headers: { accept: "text/html" } })).status, 404, name);
      assert.equal(seen(await who.send(`${view}/grant`, {})), seen(await who.send(`${nowhere}/grant`, {})), name);
    }
  });

  await step("in its last five minutes no address is given, and after its end the view is over", async () => {
    assert.equal((await instance.advance("PT6M")).status, 200);
    await desk.a.open(view);
    assert.deepEqual(code(await ask("a", "recording", stretch)), [404, "not_found"]);
    assert.equal((await instance.advance("PT5M")).status, 200);
    const page = (await desk.a.open(view)).text;
    assert.ok(text(page).includes("終了") && !page.includes("data-camera"), text(page));
    assert.deepEqual(code(await ask("a", "intervals", { date: "2026-04-01" })), [404, "not_found"]);
    assert.deepEqual(code(await desk.b.send(`${view}/closing`, {})), [409, "view_over"]);
  });

  await step("a grant of the live picture shows no recording, and the other operator closes it", async () => {
    await request({ pictures: "live" });
    await granted();
    await desk.a.open(view);
    // The camera has no pictures now; that it is said means that the address was not refused.
    assert.deepEqual(code(await ask("a", "live")), [409, "camera_offline"]);
    assert.deepEqual(code(await ask("a", "recording", stretch)), [404, "not_found"]);
    const closed = await desk.b.fill(view, "/closing", {});
    assert.equal(closed.status, 303, text(closed.text));
    assert.deepEqual(code(await ask("a", "live")), [404, "not_found"]);
    const shown = await trail();
    for (const part of ["保守閲覧（ライブ）", "保守閲覧の取消し"]) assert.ok(shown.includes(part), part);
    await until("the list showed both views", async () => ((await desk.b.open("/console/views")).text.match(/T-1024/g) ?? []).length === 2);
  });
});

test("the page of a granted view shows the live picture", { timeout: 240_000 }, () =>
  together({ demo: true }, async (instance, chrome) => {
    const [a, b] = [await operator(instance, "support-a", ["support"]), await operator(instance, "support-b", ["support"])];
    const [, contract] = /href="(\/console\/contracts\/c-[^"]+)"/.exec((await a.open("/console/contracts")).text);
    const asked = await a.fill(contract, "/views", { ...ASKED, pictures: "live" });
    assert.equal(asked.status, 303, text(asked.text));
    const granted = await b.fill(asked.location, "/grant", {});
    assert.equal(granted.status, 303, text(granted.text));
    const page = await person(chrome);
    await signIn(page, instance, { ...OPERATOR, name: "support-a" });
    await page.waitForURL(/\/console\//);
    await page.goto(`${instance.portal}${asked.location}`);
    await moves(page, "live", { seconds: 60 });
    await picture(page, "staff-view-desktop-ja");
    const closed = await b.fill(asked.location, "/closing", {});
    assert.equal(closed.status, 303, text(closed.text));
    // What happens by itself every four minutes; the button asks for a new session now.
    await page.locator("[data-live]").click();
    await page.locator('.player[data-state="denied"]').waitFor();
  }));
