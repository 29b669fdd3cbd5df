//! What the operator says to everyone: a change of the terms, an interruption, and the end of the service.

import assert from "node:assert/strict";
import { apply, changesNothing, Client, CORPORATION, customer, INDIVIDUAL, invoke, OPERATOR, operator, register, scenario, text, until } from "./harness.mjs";
import { browser, person, PHONE } from "./harness/browser.mjs";

const CLOCK = "2026-04-15T12:00+09:00";
const TEXT = "# 規約\n\n## 第1条（範囲）\n\n新しい本文\n";
const DRAFT = {
  version: "2026-05-16",
  effective_from: "2026-05-15",
  supersedes: "",
  ja: TEXT,
  en: "# Terms\n\n## Article 1 (Scope)\n\nNew text\n",
  necessity: "法令の改正に合わせるため",
  purpose: "規約の目的に沿う",
  reasonableness: "お客様の負担は増えない",
};
const PLANNED = {
  category: "planned",
  scope: "all",
  starts_at: "2026-06-10T02:00",
  planned_end: "2026-06-10T04:00",
  ja: "設備を入れ替えます。",
  en: "Equipment is replaced.",
};

function refused(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json.errors?.[0].code ?? answer.json.code, code, answer.text);
}

const done = (answer) => assert.ok(answer.status < 300, answer.text) ?? answer;

scenario("terms are changed and the service is interrupted, in public and in time", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step }) => {
  const to = CORPORATION.contact_email;
  const guest = new Client(instance);
  let writer, second, client, again, account;
  const mails = async (kind) => (await instance.mails()).filter((mail) => mail.kind === kind);
  const inForce = async () => /版 ([\d-]+)/.exec(text((await guest.open("/terms")).text))[1];
  const send = async (who, place, body = {}) => {
    await who.open("/console/terms");
    return who.send(place, body);
  };
  /** What the contract costs and how long it runs, as its pages say. */
  const money = async () => {
    const contract = text((await client.open("/contract")).text);
    const invoices = text((await client.open("/invoices")).text);
    return [/満了日\D*\d+年\d+月\d+日/.exec(contract)[0], new Set(invoices.match(/[\d,]+円/g))];
  };
  const status = async () => (await guest.request("GET", "/status", { headers: { accept: "application/json" } })).json;

  await step("a draft names its reasons, and another operator than its author approves it", async () => {
    writer = await operator(instance, "writer");
    second = await operator(instance, "second");
    const made = await customer(instance, writer, CORPORATION);
    client = made.client;
    /** A session does not outlive a month. */
    again = async () => {
      await writer.signIn({ ...OPERATOR, name: "writer" });
      await client.signIn({ name: made.email, password: made.password });
    };
    refused(await send(writer, "/console/terms", { ...DRAFT, necessity: "" }), 422, "required");
    done(await send(writer, "/console/terms", DRAFT));
    refused(await send(writer, "/console/terms/2026-05-16/publication"), 409, "terms_not_approved");
    refused(await changesNothing(instance, () => send(writer, "/console/terms/2026-05-16/approval")), 409, "second_operator_needed");
    done(await send(second, "/console/terms/2026-05-16/approval"));
  });

  await step("a publication one day too early is refused and leaves nothing behind", async () => {
    const answer = await send(writer, "/console/terms/2026-05-16/publication");
    refused(answer, 409, "effective_too_early");
    assert.ok(answer.json.detail.includes("2026-05-16"), answer.text);
    assert.equal((await guest.request("GET", "/terms/2026-05-16", {})).status, 404);
    assert.equal((await mails("terms_published")).length, 0);
  });

  await step("an edit takes the approval away; approved again it is published, told and proven", async () => {
    done(await send(writer, "/console/terms", { ...DRAFT, effective_from: "2026-05-16" }));
    refused(await send(writer, "/console/terms/2026-05-16/publication"), 409, "terms_not_approved");
    const approved = await second.fill("/console/terms/2026-05-16", "/approval", {});
    assert.equal(approved.status, 303, approved.text);
    const published = await writer.fill("/console/terms/2026-05-16", "/publication", {});
    assert.equal(published.status, 303, published.text);
    const mail = await instance.mail("terms_published", to);
    assert.ok(mail.text.includes("2026年5月16日"), mail.text);
    const raw = await guest.request("GET", "/terms/2026-05-16/text", {});
    assert.equal(raw.text, TEXT);
    const proof = (await writer.open("/console/terms/2026-05-16")).text;
    assert.equal(text(proof).split("公表した本文を表示").length - 1, 2, "in both languages");
    const copy = /href="(\/console\/terms\/2026-05-16\/pages\/\w+)"/.exec(proof)[1];
    assert.ok((await writer.request("GET", copy, {})).text.includes("新しい本文"));
    refused(await send(writer, "/console/terms", DRAFT), 409, "terms_published");
  });

  await step("everyone sees what changes, and the version comes into force by the clock", async () => {
    const changes = (await guest.open("/terms/2026-05-16/changes")).text;
    assert.ok(changes.includes("<ins") && changes.includes("<del"), changes);
    assert.equal(await inForce(), "2026-04-01");
    assert.equal((await instance.advance("P30D")).status, 200);
    assert.equal(await inForce(), "2026-04-01", "the last day of the month");
    assert.equal((await instance.advance("P1D")).status, 200);
    assert.equal(await inForce(), "2026-05-16");
    await again();
    const looked = await until("the page was looked at again", async () => {
      const count = text((await writer.open("/console/terms/2026-05-16")).text).split("公表した本文を表示").length - 1;
      return count >= 4 && count;
    });
    assert.ok(looked >= 4);
  });

  await step("watching goes on, and the legal desk sees who has not agreed to the new version", async () => {
    assert.equal((await client.open("/cameras")).status, 200);
    const page = text((await writer.open("/console/consents")).text);
    assert.ok(page.includes(CORPORATION.contact_name) && page.includes("2026-04-01"), page);
  });

  await step("planned maintenance without its lead time is refused, with it every customer is told", async () => {
    account = await money();
    refused(await send(writer, "/console/interruptions", { ...PLANNED, starts_at: "2026-05-22T02:00", planned_end: "2026-05-22T04:00" }), 409, "lead_time_too_short");
    refused(await send(writer, "/console/interruptions", { ...PLANNED, category: "" }), 422, "required");
    assert.equal((await status()).toCome.length, 0);
    done(await send(writer, "/console/interruptions", PLANNED));
    const mail = await instance.mail("interruption", to);
    assert.ok(mail.subject.includes("保守による停止") && mail.text.includes("2026年6月10日 02:00"), mail.text);
    const now = await status();
    assert.deepEqual([now.state, now.toCome.length], ["operational", 1]);
  });

  await step("while it lasts the status page says so and the camera watch tells no customer", async () => {
    const hours = (Date.parse("2026-06-10T02:30+09:00") - (await instance.now())) / 3_600_000;
    assert.equal((await instance.advance(`PT${Math.ceil(hours * 60)}M`)).status, 200);
    assert.equal((await status()).state, "interrupted");
    await again();
    const time = new Date(await instance.now()).toISOString();
    const watch = await invoke(instance, "camera-watch", { source: "aws.events", "detail-type": "Scheduled Event", time, detail: {} });
    assert.equal(watch.json.quiet, true, watch.text);
    const chrome = await browser();
    try {
      const page = await person(chrome, { viewport: PHONE, dark: true });
      await page.goto(`${instance.portal}/status`);
      await page.getByText("設備を入れ替えます。").first().waitFor();
      assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "稼働状況");
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= PHONE.width, `the page is ${width} wide`);
      assert.deepEqual(page.faults, []);
    } finally {
      await chrome.close();
    }
  });

  await step("its end is told, and neither fee nor term has changed (8-2)", async () => {
    const { id } = (await status()).ongoing[0];
    refused(await send(writer, `/console/interruptions/${id}/calling-off`), 409, "already_begun");
    done(await send(writer, `/console/interruptions/${id}/end`));
    const mail = await until("the end was told", async () => (await mails("interruption")).find((one) => one.subject.includes("停止が終わった")));
    assert.ok(mail.text.includes("終了"), mail.text);
    assert.equal((await status()).state, "operational");
    refused(await send(writer, `/console/interruptions/${id}/end`), 409, "interruption_over");
    assert.deepEqual(await money(), account);
  });

  await step("an accident is recorded at once with its category and told afterwards", async () => {
    const at = new Date((await instance.now()) - 60_000).toISOString();
    const answer = done(await send(writer, "/console/interruptions", { ...PLANNED, category: "accident", starts_at: at, planned_end: "" }));
    assert.equal((await mails("interruption")).length, 2);
    done(await send(writer, `/console/interruptions/${answer.json.id}/end`));
    await until("the end was told", async () => (await mails("interruption")).length === 3);
    assert.equal((await status()).past.length, 2);
  });
});

scenario("the service ends, and no last day is set before every customer was reached", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step }) => {
  const OTHER = { ...INDIVIDUAL, contact_email: "ichiro@bounce.example.jp" };
  let legal, client, lost;
  const send = async (place, body = {}) => {
    await legal.open("/console/service-end");
    return legal.send(`/console/service-end${place}`, body);
  };
  const day = (last_day) => send("/day", { last_day });

  await step("every contract is told, a month ahead at least", async () => {
    legal = await operator(instance);
    ({ client } = await customer(instance, legal, CORPORATION));
    lost = (await register(instance, legal, await apply(new Client(instance), OTHER))).split("/").at(-1);
    const body = { not_before: "2026-06-30", ja: "事業の見直しのためです。", en: "We change our business." };
    refused(await send("", { ...body, not_before: "2026-05-14" }), 409, "service_end_too_soon");
    refused(await day("2026-06-30"), 409, "service_end_not_announced");
    done(await send("", body));
    const mail = await instance.mail("service_end_announced", CORPORATION.contact_email);
    assert.ok(mail.text.includes("2026年6月30日") && mail.text.includes(body.ja), mail.text);
    await instance.mail("service_end_announced", OTHER.contact_email);
    assert.equal((await instance.advance("PT10M")).status, 200);
  });

  await step("a customer whose mail bounced keeps the day from being set, and is named", async () => {
    const answer = await until("one was reached and one was not", async () => {
      const answer = await day("2026-06-30");
      return answer.json.detail?.trim().endsWith(lost) && !answer.json.detail.includes(" c-", answer.json.detail.indexOf(lost)) && answer;
    });
    refused(answer, 409, "notices_not_proven");
    const page = text((await legal.open("/console/service-end")).text);
    assert.ok(page.includes("不達") && page.includes("到達"), page);
  });

  await step("with a second channel on record the day is set and told", async () => {
    const posted = { contract: lost, channel: "配達証明郵便", sent_on: "2026-04-15", proof: "123-45" };
    refused(await send("/deliveries", { ...posted, proof: "" }), 422, "required");
    done(await send("/deliveries", posted));
    refused(await day("2026-06-29"), 409, "service_end_before_announced");
    done(await day("2026-06-30"));
    const mail = await instance.mail("service_end_set", CORPORATION.contact_email);
    assert.ok(mail.text.includes("2026年6月30日"), mail.text);
    await until("the contract shows it", async () => text((await client.open("/contract")).text).includes("サービスの終了により"));
  });

  await step("on the day after it every contract has ended with that cause", async () => {
    assert.equal((await instance.advance("P78D")).status, 200);
    const mail = await instance.mail("contract_ended", CORPORATION.contact_email);
    assert.ok(mail.text.includes("サービスの終了") && mail.text.includes("2026年6月30日"), mail.text);
    await legal.signIn(OPERATOR);
    const other = text((await legal.open(`/console/contracts/${lost}`)).text);
    assert.ok(other.includes("終了") && other.includes("サービスの終了"), other);
  });
});
