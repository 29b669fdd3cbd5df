//! Contracts over years on the embedded cloud, killed at random, against the model.

import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { Instance } from "../harness/instance.mjs";
import { dynamodb, invoke } from "../harness/aws.mjs";
import { contracts as written } from "../harness/due.mjs";
import { OPERATOR, operator } from "../harness/people.mjs";
import { descendants } from "../harness/processes.mjs";
import { draw, expected, plus, random } from "./model.mjs";

/** 2 cameras of the example's own list, then of the operator's list, with 10 % tax. */
const PRICES = [39_600, 47_520];

/** Reads a whole partition, what begins with a prefix. */
async function items(instance, partition, prefix) {
  const found = [];
  for (let start; ; ) {
    const page = await dynamodb(instance, "Query", {
      TableName: "ciero-main",
      ConsistentRead: true,
      KeyConditionExpression: "PK = :pk AND begins_with(SK, :sk)",
      ExpressionAttributeValues: { ":pk": { S: partition }, ":sk": { S: prefix } },
      ExclusiveStartKey: start,
    });
    found.push(...page.Items);
    start = page.LastEvaluatedKey;
    if (!start) return found;
  }
}

/** The contracts that the example made, oldest identifier first. */
async function made(instance) {
  const found = [];
  for (let start; ; ) {
    const page = await dynamodb(instance, "Query", {
      TableName: "ciero-main",
      IndexName: "lists",
      KeyConditionExpression: "#list = :list",
      ExpressionAttributeNames: { "#list": "list" },
      ExpressionAttributeValues: { ":list": { S: "CONTRACTS" } },
      ExclusiveStartKey: start,
    });
    for (const { PK } of page.Items) {
      const [{ body }] = await items(instance, PK.S, "STATE");
      found.push({ id: body.M.id.S, start: body.M.orders.L[0].M.first_term.M.start.S });
    }
    start = page.LastEvaluatedKey;
    if (!start) return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }
}

const tokyo = (moment) => new Date(Date.parse(moment) + 9 * 3_600_000).toISOString().slice(0, 10);

/** Runs the simulation; `kills` is the chance that a span is disturbed. */
export async function simulate({ contracts, years, seed, kills, say = () => {} }) {
  const chance = random(seed);
  const first = "2026-04-01";
  let instance = await Instance.start({ demo: false, clock: `${first}T09:01+09:00` });
  try {
    const console = await operator(instance);
    const starts = Array.from({ length: 8 }, () => plus(first, 1 + Math.floor(chance() * 300)));
    for (const [place, start] of starts.entries()) {
      const many = Math.floor(contracts / 8) + (place < contracts % 8 ? 1 : 0);
      if (many === 0) continue;
      written(instance, many, start, "direct");
    }
    const through = plus(first, Math.round(years * 365.25));
    const plans = (await made(instance)).map(({ id, start }) => ({ id, ...draw(chance, start, years, PRICES) }));
    const acts = new Map();
    const act = (on, what) => acts.set(on, [...(acts.get(on) ?? []), what]);
    for (const plan of plans) {
      plan.expected = expected(plan, through);
      for (const [place, payment] of plan.expected.payments.entries()) {
        const fields = { reference: `${plan.id}-${place}`, received_on: payment.on, yen: String(payment.yen) };
        act(payment.on, { path: `/console/contracts/${plan.id}/receipts`, fields });
      }
      if (plan.end && plan.end.on <= through) {
        const refusal = { path: `/console/contracts/${plan.id}/refusal`, fields: { order: "1", received_on: plan.end.on, channel: "post" } };
        const cancellation = { path: `/console/contracts/${plan.id}/cancellation`, fields: { on: plan.end.cancel, received_on: plan.end.on } };
        act(plan.end.on, plan.end.refuse ? refusal : cancellation);
      }
    }
    let killed = 0;
    let today = first;
    for (const on of [...acts.keys(), through].sort()) {
      while (today < on) {
        const rest = Math.round((Date.parse(on) - Date.parse(today)) / 86_400_000);
        const days = Math.min(rest, 30);
        const disturbed = chance() < kills;
        const advance = instance.advance(`P${days}D`).catch(() => null);
        if (disturbed) {
          killed += 1;
          await pause(Math.floor(chance() * 1500));
          const workers = descendants(instance.child.pid);
          if (chance() < 0.6 && workers.length > 0) {
            try { process.kill(workers[Math.floor(chance() * workers.length)].pid, "SIGKILL"); } catch { /* it ended by itself */ }
            const answer = await advance;
            assert.equal(answer?.status, 200, await answer?.text());
          } else {
            instance.child.process.kill("SIGKILL");
            await instance.child.ended;
            await advance;
            instance = await Instance.start({ ...instance.place, demo: false });
            console.instance = instance;
          }
        } else {
          const answer = await advance;
          assert.equal(answer?.status, 200, await answer?.text());
        }
        today = tokyo(new Date(await instance.now()).toISOString());
      }
      assert.equal(today, on, "an advance went past a day of the plan");
      const todays = acts.get(on) ?? [];
      if (todays.length === 0) continue;
      // The night's work is done before the office opens.
      const settled = await instance.advance("PT1M");
      assert.equal(settled.status, 200, await settled.text());
      await console.signIn(OPERATOR);
      for (const { path: place, fields } of todays) {
        const answer = await console.send(place, fields);
        assert.ok(answer.status < 300, `${place} ${JSON.stringify(fields)} on ${on}: ${answer.status} ${answer.text}`);
      }
      say(`${on}: ${todays.length} acts, ${killed} disturbances`);
    }
    const settled = await instance.advance("PT2H");
    assert.equal(settled.status, 200, await settled.text());
    await compare(instance, plans);
    return { contracts: plans.length, killed, notices: plans.reduce((sum, plan) => sum + plan.expected.notices.length, 0) };
  } finally {
    await instance.stop();
    await instance.remove();
  }
}

async function compare(instance, plans) {
  const due = new Date(await instance.now()).toISOString();
  const audit = await invoke(instance, "effect-audit", { source: "aws.events", "detail-type": "Scheduled Event", time: due, detail: {} });
  assert.deepEqual(audit.json, { contracts: plans.length, missing: 0, doubled: 0 });
  for (const plan of plans) {
    const partition = `CONTRACT#${plan.id}`;
    const named = (list) => list.map(([kind, on]) => `${on} ${kind}`).sort();
    // A line says too what was not sent because it had become untrue; the model counts what was.
    const lines = (await items(instance, partition, "NOTICE#")).filter((item) => item.body.M.outcome.M.state.S !== "not_sent");
    const notices = lines.map((item) => [item.body.M.kind.S, tokyo(item.body.M.sent_at.S)]);
    assert.deepEqual(named(notices), named(plan.expected.notices), `notices of ${JSON.stringify(plan)}`);
    const invoices = (await items(instance, partition, "INVOICE#")).map(({ body: { M } }) => ({
      number: Number(M.number.N),
      issued: M.issued_on.S,
      due: M.due.M.effective.S,
      total: Number(M.total_yen.N),
    }));
    assert.deepEqual(invoices, plan.expected.invoices, `invoices of ${JSON.stringify(plan)}`);
    const [state] = await items(instance, partition, "STATE");
    const drafts = state.body.M.account.M.debts.L.map(({ M }) => M.draft?.M?.interest.M.total.N).filter(Boolean);
    assert.deepEqual(drafts.map(Number).sort(), [...plan.expected.drafts].sort(), `interest of ${JSON.stringify(plan)}`);
  }
}
