//! Due work for measurements: contracts in numbers, one tick, and what it cost.

import { spawnSync } from "node:child_process";
import path from "node:path";
import { CIERO } from "./instance.mjs";
import { dynamodb, invoke } from "./aws.mjs";
import { tokyo } from "./days.mjs";
import { until } from "./poll.mjs";

const SHARDS = 4;
const SWEEP_AGAIN_MS = 5000;

/** Writes contracts whose first term begins on a day; those of a reseller, which send no mail, or `direct` ones. */
export function contracts(instance, many, start, channel = []) {
  const program = path.join(path.dirname(CIERO), "examples/contracts");
  const ended = spawnSync(program, [instance.aws, String(many), start].concat(channel), { stdio: ["ignore", "inherit", "inherit"] });
  if (ended.status !== 0) throw new Error(`${program} ended with ${ended.status}`);
}

/** Every item of every contract. */
export async function contractItems(instance) {
  const found = [];
  for (let start; ; ) {
    const page = await dynamodb(instance, "Scan", {
      TableName: "ciero-main",
      ConsistentRead: true,
      FilterExpression: "begins_with(PK, :contract)",
      ExpressionAttributeValues: { ":contract": { S: "CONTRACT#" } },
      ExclusiveStartKey: start,
    });
    found.push(...page.Items);
    start = page.LastEvaluatedKey;
    if (!start) return found;
  }
}

/** Whether any work is due by a day; asks for one item of each shard, as looking must not slow down what is measured. */
async function isDue(instance, day) {
  for (let shard = 0; shard < SHARDS; shard += 1) {
    const name = `DUE#s${String(shard).padStart(2, "0")}`;
    const page = await dynamodb(instance, "Query", {
      TableName: "ciero-main",
      Limit: 1,
      KeyConditionExpression: "PK = :pk AND SK <= :through",
      ExpressionAttributeValues: { ":pk": { S: name }, ":through": { S: `${day}~` } },
    });
    if (page.Count > 0) return true;
  }
  return false;
}

/** What was asked of each service so far, by operation. */
export async function counts(instance) {
  const answer = await fetch(`${instance.portal}/_local/requests.json`);
  return answer.json();
}

/** Runs one tick to the last committed effect; returns the seconds that it took. */
export async function tick(instance) {
  const now = await instance.now();
  const due = new Date(now).toISOString();
  const today = tokyo(now);
  const started = performance.now();
  const event = { source: "aws.events", "detail-type": "Scheduled Event", time: due, detail: {} };
  const sweep = async () => {
    const answer = await invoke(instance, "due-sweep", event);
    if (answer.status !== 200 || answer.json.errorMessage) throw new Error(`due-sweep failed: ${answer.text}`);
    return answer.json.handed;
  };
  while ((await sweep()) > 0);
  let sweptAt = performance.now();
  await until("all work was done", async () => {
    if (!(await isDue(instance, today))) return true;
    // What was done may have made more due, which another sweep hands over.
    if (performance.now() - sweptAt > SWEEP_AGAIN_MS) {
      await sweep();
      sweptAt = performance.now();
    }
    return false;
  }, { seconds: 600, interval: 50 });
  return (performance.now() - started) / 1000;
}

/** What was asked between two counts. */
export function between(before, after) {
  const all = Object.entries(after).map(([name, count]) => {
    const earlier = before[name] ?? { requests: 0, capacity_units: 0 };
    return [name, { requests: count.requests - earlier.requests, units: count.capacity_units - earlier.capacity_units }];
  });
  return Object.fromEntries(all.filter(([, count]) => count.requests > 0));
}
