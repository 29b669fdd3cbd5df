//! From application to a camera's picture: the whole flow of a customer, over HTTP, with a real device.

import assert from "node:assert/strict";
import path from "node:path";
import { tokyo } from "./harness/days.mjs";
import { acceptTerms, apply, Client, CORPORATION, DEVICE, decidable, draft, dynamodb, firstSignIn, form, INDIVIDUAL, operator, playlist, plays, register, scenario, text, until } from "./harness.mjs";
import { start } from "./harness/device.mjs";

const CLOCK = "2026-04-01T09:00+09:00";
const PASSWORD = "hanako-chose-this-1";
const USER = { name: "試験 次郎", email: "jiro@shiken.example.jp", role: "user", language: "ja", attestation: "on" };

scenario("a customer comes from the application to a camera's picture", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step, t }) => {
  const visitor = new Client(instance);
  let place, console_, administrator, user, device, iotbox, camera;
  t.after(() => iotbox?.stop());

  await step("the confirmation screen states what is bought, its price with tax, the dates and the conditions", async () => {
    place = await draft(visitor, CORPORATION);
    const shown = text((await visitor.open(place)).text);
    // Two cameras at 21,600 yen for a year, and 10 % tax.
    for (const words of ["43,200円", "4,320円", "47,520円", "2026年4月1日", "2027年3月31日", "2027年3月1日"]) assert.ok(shown.includes(words), `${words} is missing: ${shown}`);
    for (const words of ["自動で更新", "返金しません", "支払義務", "1年間", "審査"]) assert.ok(shown.includes(words), `${words} is missing`);
    const english = text((await new Client(instance, { language: "en" }).open(place)).text);
    for (const words of ["¥47,520", "31 March 2027", "1 March 2027", "not refunded"]) assert.ok(english.includes(words), `${words} is missing: ${english}`);
    assert.equal((await instance.mails()).length, 0, "nothing is sent before the confirmation");
  });

  await step("the applicant confirms and is told by mail that the application has arrived", async () => {
    const sent = await visitor.fill(place, "/submission", {});
    assert.equal(sent.status, 303, sent.text);
    const mail = await instance.mail("application_received", CORPORATION.contact_email);
    for (const words of ["47,520円", "2台", "30日間", `${instance.portal}${place}`]) assert.ok(mail.text.includes(words), mail.text);
    assert.ok(mail.at.startsWith("2026-04-01T"), mail.at);
  });

  await step("an individual applies too, and a second screen shows both", async () => {
    await apply(new Client(instance), INDIVIDUAL);
    await instance.mail("application_received", INDIVIDUAL.contact_email);
  });

  await step("the operator sees the application with its particulars and its signals", async () => {
    console_ = await operator(instance);
    const page = text((await decidable(console_, place)).text);
    for (const words of [CORPORATION.name, CORPORATION.corporate_number, CORPORATION.contact_email, "照合の結果"]) assert.ok(page.includes(words), `${words} is missing: ${page}`);
    const list = text((await console_.open("/console/applications")).text);
    for (const { name } of [CORPORATION, INDIVIDUAL]) assert.ok(list.includes(name), `${name} is not listed`);
  });

  await step("an application that shares its phone with an open one carries a signal and is not refused", async () => {
    const twin = { ...INDIVIDUAL, name: "別人 二郎", contact_email: "niro@kojin.example.jp" };
    const page = text((await decidable(console_, await apply(new Client(instance), twin))).text);
    assert.ok(page.includes("同じ連絡先による別の申込みがあります。") && page.includes(INDIVIDUAL.name), page);
  });

  await step("the operator approves and registers; the applicant is told each time", async () => {
    const contract = await register(instance, console_, place, "2026-04-01");
    assert.match(contract, /^\/console\/contracts\//);
    await instance.mail("application_approved", CORPORATION.contact_email);
    const mail = await instance.mail("registration_completed", CORPORATION.contact_email);
    for (const words of ["2026年4月1日", "2027年3月31日", "2027年3月1日"]) assert.ok(mail.text.includes(words), mail.text);
    assert.ok(text((await console_.open(contract)).text).includes("2027年3月31日"));
    assert.ok(text((await visitor.open(place)).text).includes("登録が完了し"));
  });

  await step("the administrator signs in with the first password, must choose another and accept the terms", async () => {
    const { client, page } = await firstSignIn(instance, CORPORATION.contact_email, PASSWORD);
    administrator = client;
    assert.ok(page.url.includes("/welcome"), `after the first sign-in stands ${page.url}`);
    const refused = await administrator.send("/devices", DEVICE);
    assert.equal(refused.status, 403, refused.text);
    assert.equal(refused.json.code, "terms_not_accepted");
    await acceptTerms(administrator);
    assert.equal((await administrator.open("/cameras")).status, 200);
  });

  await step("the contract page states the term, its expiry date and the last day to refuse", async () => {
    const page = text((await administrator.open("/contract")).text);
    assert.match(page, /利用開始日[^0-9]*2026年4月1日/);
    assert.match(page, /満了日 2027年3月31日/);
    assert.match(page, /更新拒絶期限 2027年3月1日/);
    assert.ok(page.includes("47,520円"), page);
  });

  await step("the administrator registers a device and the page prints the command that starts it", async () => {
    const answer = await administrator.fill("/devices", "/devices", DEVICE);
    assert.equal(answer.status, 303, answer.text);
    device = answer.location;
    const page = await administrator.open(device);
    const command = text(/<pre><code>([\s\S]*?)<\/code><\/pre>/.exec(page.text)[1]);
    assert.match(command, /iotbox run --follow-service-clock --service http:\/\/127\.0\.0\.1:\d+ --code [0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    camera = /\/cameras\/([\w-]+)/.exec(page.text)[1];
    iotbox = start(command, path.join(instance.data, "device"));
  });

  await step("the live picture arrives in a session that a player can read", async () => {
    const session = await until("the live session opened", async () => {
      const answer = await administrator.send(`/cameras/${camera}/live`, {});
      if (answer.status !== 200) assert.equal(answer.json.code, "camera_offline", answer.text);
      return answer.status === 200 && answer.json;
    });
    assert.ok(session.renew_after_seconds < 300);
    const first = await playlist(session.url);
    await plays(first);
    const more = await until("new segments were added", async () => {
      const list = await playlist(session.url);
      return list.segments.at(-1) !== first.segments.at(-1) && list;
    });
    assert.ok(!more.ended);
    assert.ok(text((await administrator.open(device)).text).includes("利用中"));
  });

  await step("a registered user accepts the terms first and then sees only what the rights allow", async () => {
    const added = await administrator.fill("/users", "/users", USER);
    assert.equal(added.status, 303, added.text);
    const { client, page } = await firstSignIn(instance, USER.email, "jiro-chose-this-1");
    user = client;
    assert.ok(page.url.includes("/welcome"), page.url);
    const before = await user.send(`/cameras/${camera}/live`, {});
    assert.deepEqual([before.status, before.json.code], [403, "terms_not_accepted"]);
    await acceptTerms(user);
    const without = await user.send(`/cameras/${camera}/live`, {});
    assert.deepEqual([without.status, without.json.code], [403, "right_missing"]);
    assert.ok(!text((await user.open("/cameras")).text).includes(DEVICE.name));
    const granted = await administrator.fill(added.location, "/rights", { view: "on" });
    assert.equal(granted.status, 303, granted.text);
    assert.ok(text((await user.open("/cameras")).text).includes(DEVICE.name));
    const live = await user.send(`/cameras/${camera}/live`, {});
    assert.equal(live.status, 200, live.text);
    const recorded = await user.send(`/cameras/${camera}/recording`, await lastSeconds(instance, 5));
    assert.deepEqual([recorded.status, recorded.json.code], [403, "right_missing"]);
    for (const page of ["/devices", "/users", "/contract"]) assert.equal((await user.open(page)).status, 403, page);
  });

  await step("what was done stands in the trail in words that people read", async () => {
    const trail = text((await administrator.open("/users")).text);
    for (const words of ["利用規約への同意", "機器の登録", "ユーザの追加", "権限の変更", "ライブ視聴"]) assert.ok(trail.includes(words), `${words} is missing`);
    assert.doesNotMatch(trail, /\b[a-z]+_[a-z]+\b/);
  });

  await step("the recorded stretch is listed for its day and plays", async () => {
    const day = tokyo(await instance.now());
    const start = await until("six seconds were recorded without a gap", async () => {
      const { json } = await administrator.send(`/cameras/${camera}/intervals`, { date: day });
      assert.equal(json.intervals.length, 1, JSON.stringify(json));
      const [{ start, end }] = json.intervals;
      return Date.parse(end) - Date.parse(start) > 6000 && start;
    });
    const stretch = { start, end: new Date(Date.parse(start) + 4000).toISOString() };
    const session = await administrator.send(`/cameras/${camera}/recording`, stretch);
    assert.equal(session.status, 200, session.text);
    const list = await playlist(session.json.url);
    assert.ok(list.ended && list.seconds >= 3 && list.seconds <= 7, `${list.seconds} s`);
    await plays(list);
  });

  await step("a retired device sends no more and its recordings stay", async () => {
    const { action } = form((await administrator.open(device)).text, "/retirement");
    const retired = await administrator.post(action, {});
    assert.equal(retired.status, 303, retired.text);
    const live = await administrator.send(`/cameras/${camera}/live`, {});
    assert.equal(live.status, 404, live.text);
    assert.ok(text((await administrator.open("/cameras")).text).includes(DEVICE.name));
  });
});

scenario("the ledger knows what became of each mail", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step }) => {
  const gone = { ...CORPORATION, contact_email: "hanako@bounce.example.jp" };
  const annoyed = { ...INDIVIDUAL, contact_email: "complaint+e2e@simulator.amazonses.com" };
  const kinds = ["application_approved", "application_received", "registration_completed", "user_invited"];
  let contract;

  await step("mails go to an address that takes none, to one that complains and to one that takes them", async () => {
    const console_ = await operator(instance);
    contract = await register(instance, console_, await apply(new Client(instance), gone), "2026-04-01");
    await apply(new Client(instance), annoyed);
    await apply(new Client(instance), { ...INDIVIDUAL, name: "架空 二郎", phone: "06-0000-3333" });
    await instance.mail("application_received", INDIVIDUAL.contact_email);
    await Promise.all(kinds.map((kind) => instance.mail(kind, gone.contact_email)));
    // An advance ends when the fate of every mail of the span is written.
    assert.equal((await instance.advance("PT1M")).status, 200);
  });

  await step("each line says whether its mail arrived or failed, when and why", async () => {
    const lines = await ledger(instance, "STATE");
    const outcomes = (to) => lines.filter((line) => line.to === to).map(({ kind, outcome: { state, reason } }) => [kind, state, reason]);
    assert.deepEqual(outcomes(gone.contact_email), kinds.map((kind) => [kind, "failed", "bounced_for_good"]));
    assert.deepEqual(outcomes(annoyed.contact_email), [["application_received", "failed", "complained"]]);
    assert.deepEqual(outcomes(INDIVIDUAL.contact_email), [["application_received", "arrived", undefined]]);
    for (const { outcome, sent_at } of lines) assert.ok(Date.parse(outcome.at) >= Date.parse(sent_at) - 1000 && outcome.at.startsWith("2026-04-01T00:"), `${sent_at} ${outcome.at}`);
  });

  await step("the contract's own lines say the same", async () => {
    const own = await ledger(instance, "NOTICE#", `CONTRACT#${contract.split("/").at(-1)}`);
    assert.deepEqual(own.map((line) => line.kind), kinds.slice(2));
    const all = await ledger(instance, "STATE");
    for (const line of own) assert.deepEqual(line, all.find(({ id }) => id === line.id));
  });

  await step("the mailbox shows what becomes of each mail", async () => {
    const states = (await instance.mails()).map(({ to: [to], state }) => [to, state]);
    for (const [to, state] of states) assert.equal(state, { [gone.contact_email]: "bounced", [annoyed.contact_email]: "complained" }[to] ?? "delivered");
    const page = await (await fetch(`${instance.portal}/_local/mail`)).text();
    for (const words of ["不達", "迷惑メールの申告", "到達"]) assert.ok(page.includes(words), words);
  });
});

/** The lines of the notice ledger in a partition, or each by itself, in the order of their kinds. */
async function ledger(instance, sk, pk = "NOTICE#") {
  const { Items } = await dynamodb(instance, "Scan", { TableName: "ciero-main", ConsistentRead: true });
  const lines = Items.filter((item) => item.PK.S.startsWith(pk) && item.SK.S.startsWith(sk)).map((item) => plain(item.body));
  return lines.sort((a, b) => a.kind.localeCompare(b.kind));
}

/** An attribute value without its types. */
function plain(value) {
  if (value.M) return Object.fromEntries(Object.entries(value.M).map(([name, inner]) => [name, plain(inner)]));
  return value.S ?? Number(value.N);
}

async function lastSeconds(instance, seconds) {
  const end = (await instance.now()) - 1000;
  return { start: new Date(end - seconds * 1000).toISOString(), end: new Date(end).toISOString() };
}
