//! What the service holds in the end, against what the model says.

import assert from "node:assert/strict";
import { dynamodb, invoke } from "../harness/aws.mjs";
import { tokyo } from "../harness/days.mjs";
import { consolidated } from "./plans.mjs";

const RESELLER = "mihon-hanbai";

async function pages(instance, query) {
  const found = [];
  for (let start; ; ) {
    const page = await dynamodb(instance, "Query", { TableName: "ciero-main", ...query, ExclusiveStartKey: start });
    found.push(...page.Items);
    start = page.LastEvaluatedKey;
    if (!start) return found;
  }
}

/** Reads of a partition what begins with a prefix. */
function items(instance, partition, prefix) {
  return pages(instance, {
    ConsistentRead: true,
    KeyConditionExpression: "PK = :pk AND begins_with(SK, :sk)",
    ExpressionAttributeValues: { ":pk": { S: partition }, ":sk": { S: prefix } },
  });
}

/** The contracts that the example made, in the order of their identifiers. */
export async function made(instance) {
  const listed = await pages(instance, {
    IndexName: "lists",
    KeyConditionExpression: "#list = :list",
    ExpressionAttributeNames: { "#list": "list" },
    ExpressionAttributeValues: { ":list": { S: "CONTRACTS" } },
  });
  const found = [];
  for (const { PK } of listed) {
    const [{ body }] = await items(instance, PK.S, "STATE");
    const resold = JSON.stringify(body.M.channel).includes(RESELLER);
    found.push({ id: body.M.id.S, start: body.M.orders.L[0].M.first_term.M.start.S, resold });
  }
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** An invoice or credit note as the model writes it; a credit note is not due. */
function invoice({ body: { M } }) {
  return { number: Number(M.number.N), issued: M.issued_on.S, due: M.due?.M?.effective.S ?? null, total: Number(M.total_yen.N) };
}

function state({ body: { M } }) {
  const { status, clause } = M.standing.M;
  const debts = M.account.M.debts.L.map((debt) => debt.M);
  const paid = (debt) => debt.payments.L.reduce((sum, { M: payment }) => sum + Number(payment.yen.N), 0);
  const drafts = debts.map(({ draft }) => draft?.M).filter((draft) => draft?.state.S === "waiting");
  return {
    standing: status.S === "suspended" ? `suspended ${clause.S}` : status.S,
    credit: Number(M.account.M.credit.N),
    open: debts.reduce((sum, debt) => sum + Math.max(0, Number(debt.total.N) - Number(debt.credited.N) - paid(debt)), 0),
    drafts: drafts.map((draft) => Number(draft.interest.M.total.N)).sort((a, b) => a - b),
  };
}

/** Compares every contract and the reseller's invoices with their lives in the model, after so many disturbances. */
export async function compare(instance, plans, through, disturbed) {
  const due = new Date(await instance.now()).toISOString();
  const audit = await invoke(instance, "effect-audit", { source: "aws.events", "detail-type": "Scheduled Event", time: due, detail: {} });
  assert.deepEqual(audit.json, { contracts: plans.length, missing: 0, doubled: 0 });
  const noted = new Set();
  for (const { life, acts, ...plan } of plans) {
    const partition = `CONTRACT#${plan.id}`;
    const about = (what) => `${what} of ${JSON.stringify(plan)}\nacts: ${JSON.stringify(acts)}`;
    const named = (list) => list.map(([kind, on]) => `${on} ${kind}`).sort();
    // A line says too what was not sent because it had become untrue; the model counts what was.
    const lines = (await items(instance, partition, "NOTICE#")).filter(({ body }) => body.M.outcome.M.state.S !== "not_sent");
    const notices = lines.map(({ body }) => [body.M.kind.S, tokyo(body.M.sent_at.S)]);
    assert.deepEqual(named(notices), named(life.notices), about("notices"));
    for (const { body } of lines) noted.add(body.M.mail_id.S);
    assert.deepEqual((await items(instance, partition, "INVOICE#")).map(invoice), life.invoices, about("invoices"));
    assert.deepEqual(state((await items(instance, partition, "STATE"))[0]), life.state, about("the account"));
  }
  compareMails(await instance.mails(), noted, disturbed);
  await compareReseller(instance, plans, through);
}

/** Every line of the ledger is a mail; a mail that no line has is the double of one whose sender was killed before it wrote. */
function compareMails(mails, noted, disturbed) {
  const sent = mails.filter(({ to }) => !to.includes("reseller@example.jp"));
  const ids = new Set(sent.map(({ id }) => id));
  assert.deepEqual([...noted].filter((id) => !ids.has(id)), [], "noted and never sent");
  const doubles = sent.filter(({ id }) => !noted.has(id));
  assert.ok(doubles.length <= disturbed, `${doubles.length} mails were doubled, with ${disturbed} disturbances: ${JSON.stringify(doubles.slice(0, 3))}`);
}

async function compareReseller(instance, plans, through) {
  const expected = consolidated(plans.map(({ life }) => life), through);
  const found = await items(instance, `RESELLER#${RESELLER}`, "INVOICE#");
  assert.deepEqual(found.map((item) => ({ ...invoice(item), fees: Number(item.body.M.fees.N) })), expected, "invoices to the reseller");
  // Between the mail service's acceptance and the ledger a kill may double a delivery, so each is looked for once.
  const mails = (await instance.mails()).filter(({ to }) => to.includes("reseller@example.jp"));
  const numbers = new Set(mails.map(({ subject }) => /mihon-hanbai-(\d{4})/.exec(subject)?.[1]));
  assert.deepEqual([...numbers].sort(), expected.map(({ number }) => String(number).padStart(4, "0")), "mails to the reseller");
}
