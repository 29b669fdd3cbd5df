//! Whatever stops a contract stops its pictures: measures (13), non-payment (6-2), cancellation (15-1).

import assert from "node:assert/strict";
import { tokyo } from "./harness/days.mjs";
import { acceptTerms, changesNothing, CORPORATION, customer, DEMO, demo, DEVICE, device, operator, OPERATOR, playlist, plays, scenario, text, until, Client } from "./harness.mjs";

/** The longest that a session address lives, in milliseconds (18-1). */
const LONGEST_MS = 300_000;
const SECOND = { name: "operator-2", password: "demo-operator-2", door: "/console/sign-in" };

const written = (day) => { const [year, month, date] = day.split("-").map(Number); return `${year}年${month}月${date}日`; };
const plus = (day, days) => new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

/** Asks for a live session, a recorded stretch and a day's list, and returns how each was answered. */
async function asked(client, camera, now) {
  const stretch = { start: new Date(now - 4000).toISOString(), end: new Date(now - 1000).toISOString() };
  const answers = [
    await client.send(`/cameras/${camera}/live`, {}),
    await client.send(`/cameras/${camera}/recording`, stretch),
    await client.send(`/cameras/${camera}/intervals`, { date: tokyo(now) }),
  ];
  return answers.map(({ status, json }) => (status === 200 ? "200" : `${status} ${json.code}`));
}

/** A live session; checks that its address plays and is sealed to end within 300 s (that it does then is a test of the embedded service). */
async function watches(client, camera) {
  const session = await until("a live session was open", async () => {
    const answer = await client.send(`/cameras/${camera}/live`, {});
    if (answer.status !== 200) assert.equal(answer.json.code, "camera_offline", answer.text);
    return answer.status === 200 && answer.json;
  });
  const lives = Date.parse(session.expires_at) - Date.parse(session.now);
  assert.ok(lives > 0 && lives <= LONGEST_MS, `the address lives ${lives} ms`);
  assert.ok(session.renew_after_seconds * 1000 < lives, `${session.renew_after_seconds} s`);
  await plays(await playlist(session.url));
  return session;
}

scenario("a measure of Art. 13 stops viewing, its lifting brings it back, and a rescission ends it", { demo: true, chain: true }, async ({ instance, step }) => {
  const [first, second, administrator, user] = [await demo(instance, "operator"), new Client(instance), await demo(instance, "administrator"), await demo(instance, "user")];
  await second.signIn(SECOND);
  await acceptTerms(user);
  const camera = /\/cameras\/([\w-]+)/.exec((await administrator.open("/cameras")).text)[1];
  const contract = /\/console\/contracts\/c-[\w-]+/.exec((await first.open("/console/contracts")).text)[0];
  const today = tokyo(await instance.now());
  let suspendedAt;
  const measure = { ground: "13-1-1", evidence: "事案 7", arose_on: today };
  const refused = async (operator, path, fields, status, code) => {
    const answer = await changesNothing(instance, () => operator.send(`${contract}/${path}`, fields));
    assert.deepEqual([answer.status, answer.json.code], [status, code], answer.text);
  };
  const done = async (operator, path, fields) => {
    const answer = await operator.send(`${contract}/${path}`, fields);
    assert.ok(answer.status < 300, `${path}: ${answer.status} ${answer.text}`);
  };

  await step("the camera is watched, under an address that lives 300 s at most", async () => {
    for (const person of [administrator, user]) await watches(person, camera);
  });

  await step("a measure without evidence, without a ground or by a customer changes nothing", async () => {
    await refused(first, "measures", { ...measure, evidence: " " }, 422, "evidence_missing");
    await refused(first, "measures", { ...measure, ground: "" }, 422, "ground_missing");
    const customer = await administrator.send(`${contract}/measures`, measure);
    assert.ok(customer.status >= 400 && customer.status < 500, customer.text);
    await watches(administrator, camera);
  });

  await step("from the suspension on nobody gets a session, a recording or a list", async () => {
    await done(first, "measures", measure);
    suspendedAt = await instance.now();
    for (const person of [administrator, user]) {
      assert.deepEqual(await asked(person, camera, suspendedAt), ["403 suspended", "403 suspended", "403 suspended"]);
    }
    await refused(first, "measures", measure, 409, "already_suspended");
  });

  await step("nothing of the use begins anew, and what limits it stays open (D-09)", async () => {
    const newcomer = { name: "見本 四郎", email: "shiro@example.jp", role: "user", language: "ja", attestation: "on" };
    for (const [path, fields] of [["/users", newcomer], ["/devices", { ...DEVICE, serial: "E2E-7001" }]]) {
      const answer = await administrator.send(path, fields);
      assert.deepEqual([answer.status, answer.json.code], [409, "suspended"], answer.text);
    }
    const place = /\/users\/u-[\w-]+/.exec((await administrator.open("/users")).text)[0];
    assert.equal((await administrator.open(place)).status, 200);
  });

  await step("the customer still signs in and is told, without the ground and the evidence (D-09)", async () => {
    const page = text((await administrator.open("/contract")).text);
    assert.ok(page.includes("ご利用を停止しています。"), page);
    assert.ok(!page.includes("事案 7") && !page.includes("13-1-1"), page);
    await instance.mail("suspended", DEMO.administrator.name);
  });

  await step("lifted with a reason, the camera is watched again, with what was recorded meanwhile (D-09)", async () => {
    await refused(first, "lift", { reason: " " }, 422, "reason_missing");
    await done(first, "lift", { reason: "是正を確認した" });
    for (const person of [administrator, user]) await watches(person, camera);
    const stretch = { start: new Date(suspendedAt).toISOString(), end: new Date(suspendedAt + 2000).toISOString() };
    const recorded = await until("the pictures of the suspension could be played", async () => {
      const answer = await administrator.send(`/cameras/${camera}/recording`, stretch);
      return answer.status === 200 && answer.json;
    });
    await plays(await playlist(recorded.url));
    await instance.mail("suspension_lifted", DEMO.administrator.name);
    await refused(first, "lift", { reason: "是正を確認した" }, 409, "not_suspended");
  });

  await step("a proposal to rescind stops nothing, and who proposed it cannot agree", async () => {
    await refused(first, "rescission/approval", {}, 409, "nothing_proposed");
    await done(first, "rescission", { ...measure, ground: "17-2" });
    await refused(first, "rescission/approval", {}, 409, "second_operator_needed");
    assert.ok(text((await second.open("/console/cases")).text).includes("解除の提案が、別の担当者の同意を待っています"));
    await watches(administrator, camera);
  });

  await step("with the second operator's agreement viewing is dead at once, and the day of the data is told", async () => {
    await done(second, "rescission/approval", {});
    assert.ok(!text((await second.open("/console/cases")).text).includes("解除の提案が、別の担当者の同意を待っています"));
    const now = await instance.now();
    for (const person of [administrator, user]) {
      assert.deepEqual(await asked(person, camera, now), ["403 contract_ended", "403 contract_ended", "403 contract_ended"]);
    }
    const page = text((await administrator.open("/contract")).text);
    assert.ok(page.includes("契約は終了しています。"), page);
    // The 30 days in which the data can still be fetched follow the day after the end (15-3).
    assert.ok(page.includes(`${written(plus(today, 31))} 以降に消去`), page);
    await instance.mail("rescinded", DEMO.administrator.name);
    await refused(first, "measures", measure, 409, "contract_ended");
  });
});

scenario("what is not paid stops viewing after a demand only, and a cancellation on its own day", { demo: false, clock: "2026-04-01T09:00+09:00", chain: true }, async ({ instance, step }) => {
  const console_ = await operator(instance);
  const { client, contract, email, password } = await customer(instance, console_, CORPORATION);
  const { camera } = await device(client);
  // Nothing sends: who may watch is told that the camera is offline, who may not is told why.
  const LIVE = ["409", "camera_offline"];
  const live = async () => {
    await client.signIn({ name: email, password });
    const answer = await client.send(`/cameras/${camera}/live`, {});
    return [String(answer.status), answer.json.code];
  };
  const on = async (day) => {
    const days = Math.round((Date.parse(day) - Date.parse(tokyo(await instance.now()))) / 86_400_000);
    const advanced = await instance.advance(`P${days}D`);
    assert.equal(advanced.status, 200, await advanced.text());
    const settled = await instance.advance("PT1M");
    assert.equal(settled.status, 200, await settled.text());
    await console_.signIn(OPERATOR);
  };

  await step("unpaid and demanded, it may still be watched until the last day of the grace", async () => {
    assert.deepEqual(await live(), LIVE);
    // 31 May 2026 is a Sunday, so the invoice is due on 1 June and demanded on the 9th, with 14 days.
    await on("2026-06-23");
    await instance.mail("demand", email);
    assert.deepEqual(await live(), LIVE);
  });

  await step("the day after it is suspended (6-2), and invoices can still be read", async () => {
    await on("2026-06-24");
    assert.deepEqual(await live(), ["403", "suspended"]);
    assert.equal((await client.open("/invoices")).status, 200);
  });

  await step("the payment lifts it", async () => {
    const paid = await console_.send(`${contract}/receipts`, { reference: "bank-1", received_on: "2026-06-24", yen: "47520" });
    assert.ok(paid.status < 300, paid.text);
    assert.deepEqual(await live(), LIVE);
  });

  await step("the confirmation of a cancellation names days left, no refund, and the day of the data (15-1)", async () => {
    await live();
    const page = text((await client.open("/contract/cancellation?on=2026-07-10")).text);
    for (const words of ["2026年7月10日", "17日", "ありません", "2026年8月10日 以降に消去"]) assert.ok(page.includes(words), `${words} is missing: ${page}`);
    const past = await client.send("/contract/cancellation", { on: "2026-06-23", confirm: "on" });
    assert.deepEqual([past.status, past.json.code], [409, "cancellation_in_the_past"]);
    const sent = await client.fill("/contract/cancellation?on=2026-07-10", "/contract/cancellation", { on: "2026-07-10", confirm: "on" });
    assert.equal(sent.status, 303, sent.text);
    await instance.mail("cancellation_received", email);
  });

  await step("on its last day it may be watched, the day after not, and nothing is refunded", async () => {
    await on("2026-07-10");
    assert.deepEqual(await live(), LIVE);
    await on("2026-07-11");
    assert.deepEqual(await live(), ["403", "contract_ended"]);
    await instance.mail("contract_ended", email);
    const page = text((await client.open("/contract")).text);
    assert.ok(page.includes("契約は終了しています。") && page.includes("2026年8月10日 以降に消去"), page);
    assert.ok(!text((await client.open("/invoices")).text).includes("-47,520円"));
  });
});
