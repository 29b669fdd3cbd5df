//! Due work: a thinned walk equals the full one, and poison ends in front of a person.

import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import test from "node:test";
import { tokyo } from "./harness/days.mjs";
import { contractItems, contracts } from "./harness/due.mjs";
import { dynamodb } from "./harness/aws.mjs";
import { Client, Instance, OPERATOR, operator, scenario, scratch, until } from "./harness.mjs";

/** All that contracts hold, in the order of their keys; moments as days in Tokyo, as a thinned run may come later in its day. */
async function held(instance) {
  const found = [];
  for (const item of await contractItems(instance)) {
    // A row of what an operator did is named at random.
    if (item.SK.S.startsWith("AUDIT#")) item.SK.S = item.SK.S.replace(item.body.M.id.S, ""), delete item.body.M.id;
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

/** The contracts that begin on a day, by their console pages. */
async function begunOn(instance, start) {
  const states = (await contractItems(instance)).filter((item) => item.SK.S === "STATE");
  const begun = states.filter(({ body }) => body.M.orders.L[0].M.first_term.M.start.S === start);
  return begun.map(({ PK }) => `/console/contracts/${PK.S.slice("CONTRACT#".length)}`).sort();
}

async function asked(instance, place, fields) {
  const console = new Client(instance);
  await console.signIn(OPERATOR);
  const answer = await console.send(place, fields);
  assert.ok(answer.status < 300, `${place}: ${answer.status} ${answer.text}`);
}

test("a week in two jumps, thinned to a run a day, equals the same week walked hour by hour and quarter by quarter", { timeout: 280_000 }, async () => {
  const data = await scratch();
  let instance = await Instance.start({ demo: false, clock: "2026-04-01T09:01+09:00" });
  const { place } = instance;
  const pays = async () => {
    const [debtor] = await begunOn(instance, "2026-05-10");
    await asked(instance, `${debtor}/receipts`, { reference: "bank-1", received_on: "2027-04-09", yen: "39600" });
  };
  try {
    // In the week from 2027-04-04: renewals and invoices on the 5th, first reminders on the 7th, last ones and demands on the
    // 8th, a suspension on the 9th and the payment that lifts it.
    for (const start of ["2026-04-05", "2026-05-10", "2026-07-07"]) contracts(instance, 2, start, "direct");
    await advanced(instance, "P300D");
    contracts(instance, 2, "2027-02-10", "direct");
    await advanced(instance, "P68D");
    await operator(instance);
    const [debtor] = await begunOn(instance, "2026-05-10");
    // Its first suspension is lifted, and a second demand sets 14 days to 8 April.
    await asked(instance, `${debtor}/lift`, { reason: "分割払いの相談" });
    await asked(instance, `${debtor}/demands`, { debt: "1", sent_on: "2027-03-25", channel: "内容証明", proof: "引受番号 123-45-67890-1" });
    const before = await held(instance);
    await instance.stop();
    await cp(instance.data, data, { recursive: true });
    // Under the same addresses, because the mails name them.
    instance = await Instance.start({ ...place, demo: false });
    await advanced(instance, "P5DT3H");
    await pays();
    await advanced(instance, "P1DT21H");
    const jumped = await held(instance);
    await instance.stop();
    instance = await Instance.start({ ...place, demo: false, data });
    for (let hour = 0; hour < 3 * 24; hour += 1) await advanced(instance, "PT1H");
    // Demands and the suspension fall into these two days: every run of the schedule for itself.
    for (let quarter = 0; quarter < 2 * 96; quarter += 1) await advanced(instance, "PT15M");
    for (let hour = 0; hour < 3; hour += 1) await advanced(instance, "PT1H");
    await pays();
    for (let hour = 0; hour < 45; hour += 1) await advanced(instance, "PT1H");
    const walked = await held(instance);
    assert.deepEqual(walked.filter((item) => !jumped.includes(item)), []);
    assert.equal(walked.length, jumped.length);
    const notices = (list, kind) => list.filter((item) => item.includes(`"kind":{"S":"${kind}"}`) && item.includes('"NOTICE#')).length;
    const happened = (kind) => notices(jumped, kind) - notices(before, kind);
    const kinds = ["renewed", "invoice_issued", "renewal_reminder", "demand", "suspended", "suspension_lifted"];
    assert.deepEqual(kinds.map(happened), [2, 2, 4, 2, 1, 1]);
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
    assert.match(list.text, /期日超過/);
    const receipts = "/console/resellers/mihon-hanbai/receipts";
    const payment = { reference: "bank-1", received_on: "2026-06-10", yen: "1" };
    const paid = await console.send(receipts, payment);
    assert.deepEqual(paid.json.paid, [{ invoice: 1, yen: 1 }]);
    assert.equal((await console.send(receipts, payment)).json.code, "receipt_recorded");
    assert.match((await console.open("/console/resellers")).text, /残り .*円[\s\S]*bank-1/);
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
