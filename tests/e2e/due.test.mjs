//! Due work: a thinned walk equals the full one, and poison ends in front of a person.

import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import test from "node:test";
import { contractItems, contracts } from "./harness/due.mjs";
import { dynamodb } from "./harness/aws.mjs";
import { Instance, OPERATOR, operator, scenario, scratch, until } from "./harness.mjs";

/** All that contracts hold, in the order of their keys; moments as days in Tokyo, as a thinned run may come later in its day. */
async function held(instance) {
  const tokyo = (moment) => new Date(Date.parse(moment) + 9 * 3_600_000).toISOString().slice(0, 10);
  const found = [];
  for (const item of await contractItems(instance)) {
    // The mail service names a mail as it likes.
    if (item.SK.S.startsWith("NOTICE#")) delete item.body.M.mail_id;
    found.push(JSON.stringify(sorted(item)).replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, tokyo));
  }
  return found.sort();
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

async function advanced(instance, duration) {
  const answer = await instance.advance(duration);
  assert.equal(answer.status, 200, await answer.text());
}

test("a week in one jump, thinned to a run a day, equals the same week hour by hour", { timeout: 280_000 }, async () => {
  const data = await scratch();
  let instance = await Instance.start({ demo: false, clock: "2026-04-01T09:01+09:00" });
  const { place } = instance;
  try {
    // In the week from 2027-03-28: one term is renewed and billed, one gets its last reminder, one its first.
    for (const start of ["2026-04-02", "2026-05-03", "2026-07-01"]) contracts(instance, 2, start, "direct");
    await advanced(instance, "P361D");
    const before = await held(instance);
    await instance.stop();
    await cp(instance.data, data, { recursive: true });
    // Under the same addresses, because the mails name them.
    instance = await Instance.start({ ...place, demo: false });
    await advanced(instance, "P7D");
    const jumped = await held(instance);
    await instance.stop();
    instance = await Instance.start({ ...place, demo: false, data });
    for (let hour = 0; hour < 7 * 24; hour += 1) await advanced(instance, "PT1H");
    const walked = await held(instance);
    assert.deepEqual(walked.filter((item) => !jumped.includes(item)), []);
    assert.equal(walked.length, jumped.length);
    assert.ok(jumped.length >= before.length + 12, `little happened in this week: ${jumped.length - before.length} items`);
  } finally {
    await instance.stop();
    for (const folder of [place.data, data]) await rm(folder, { recursive: true, force: true });
  }
});

scenario("a reseller gets one invoice a month for all its customers, and they get none", { demo: false, clock: "2026-04-01T09:01+09:00", chain: true }, async ({ instance, step }) => {
  contracts(instance, 2, "2026-04-02");
  contracts(instance, 1, "2026-04-30");
  contracts(instance, 1, "2026-05-02");
  const toReseller = async () => (await instance.mails()).filter((mail) => mail.to.includes("reseller@example.jp"));

  await step("before the month is over nothing is billed", async () => {
    await advanced(instance, "P29D");
    assert.deepEqual(await instance.mails(), []);
  });

  await step("after it there is one invoice and one mail, and a year goes by without another for the same fees", async () => {
    await advanced(instance, "P10D");
    const [mail, ...others] = await toReseller();
    assert.deepEqual(others, []);
    assert.match(mail.subject, /mihon-hanbai-0001/);
    assert.match(mail.text, /発行日　+2026年5月1日/);
    assert.match(mail.text, /件数　+3件/);
    await advanced(instance, "P80D");
    const mails = await toReseller();
    assert.deepEqual(mails.map((mail) => /mihon-hanbai-\d{4}/.exec(mail.subject)[0]), ["mihon-hanbai-0001", "mihon-hanbai-0002"]);
    assert.match(mails[1].text, /件数　+1件/);
  });

  await step("the console shows both, and nobody is in arrears", async () => {
    const console = await operator(instance);
    const list = await console.open("/console/resellers");
    assert.match(list.text, /mihon-hanbai-0002/);
    const invoice = await console.open("/console/resellers/mihon-hanbai/invoices/1");
    assert.equal((invoice.text.match(/href="\/console\/contracts\//g) ?? []).length, 3);
    assert.match((await console.open("/console/arrears")).text, /支払期日を過ぎた請求はありません/);
    const documents = (await contractItems(instance)).filter((item) => item.SK.S.startsWith("INVOICE#"));
    assert.deepEqual(documents, []);
  });
});

scenario("a poison message is tried five times, shown with its reason, and done when its cause is gone", { demo: false, clock: "2026-04-01T09:01+09:00", chain: true }, async ({ instance, step }) => {
  contracts(instance, 1, "2026-04-02", "direct");
  const [{ PK }] = await contractItems(instance);
  const key = { PK, SK: { S: "STATE" } };
  const { Item: state } = await dynamodb(instance, "GetItem", { TableName: "ciero-main", Key: key });
  const id = PK.S.slice("CONTRACT#".length);
  const invoices = async () => (await contractItems(instance)).filter((item) => item.SK.S.startsWith("INVOICE#")).length;
  const console = await operator(instance);
  const tries = async () => {
    const { Items } = await dynamodb(instance, "Query", {
      TableName: "ciero-main",
      ConsistentRead: true,
      KeyConditionExpression: "PK = :parked",
      ExpressionAttributeValues: { ":parked": { S: "PARKED" } },
    });
    return Items.find(({ body }) => body.M.body.S.includes(id)).body.M.tries.N;
  };

  await step("the message of a contract that is not there ends as stuck work with its reason", async () => {
    await dynamodb(instance, "DeleteItem", { TableName: "ciero-main", Key: key });
    await advanced(instance, "P1D");
    // A day has passed, and with it the operator's session.
    await console.signIn(OPERATOR);
    await until("the work was parked", async () => (await console.open("/console/stuck")).text.includes(id), { seconds: 60 });
    const page = await console.open("/console/stuck");
    assert.match(page.text, new RegExp(`there is no contract ${id}`));
    assert.equal(await tries(), "5", "it was tried five times before it was set aside");
    assert.equal(await invoices(), 0);
  });

  await step("tried again with its cause in place, it is parked again and nothing is lost", async () => {
    const parked = /\/console\/stuck\/([\w-]+)\/redrive/.exec((await console.open("/console/stuck")).text)[1];
    const again = await console.fill("/console/stuck", "/redrive", {});
    assert.equal(again.status, 303, again.text);
    // The next tick hands it over.
    await advanced(instance, "PT15M");
    await until("it was parked anew", async () => {
      const { text } = await console.open("/console/stuck");
      return text.includes(id) && !text.includes(parked);
    }, { seconds: 60 });
    assert.equal(await tries(), "5", "and five times again");
  });

  await step("tried again without its cause, the work is done once", async () => {
    await dynamodb(instance, "PutItem", { TableName: "ciero-main", Item: state });
    const again = await console.fill("/console/stuck", "/redrive", {});
    assert.equal(again.status, 303, again.text);
    await advanced(instance, "PT15M");
    await until("the invoice was issued", async () => (await invoices()) === 1);
    assert.doesNotMatch((await console.open("/console/stuck")).text, new RegExp(id));
    await advanced(instance, "P1D");
    assert.equal(await invoices(), 1);
  });
});
