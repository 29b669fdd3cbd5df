//! Everything that the embedded cloud keeps, through each store's own API and as it lies on the disk, so that a test can search it all.

import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { call, cognito, dynamodb, fragments, video } from "./aws.mjs";

const TABLES = ["ciero-main", "ciero-confidential"];
const POOLS = ["ap-northeast-1_CustomerPool", "ap-northeast-1_OperatorPool"];
const ROWS = fileURLToPath(new URL("rows.py", import.meta.url));
const DATABASE = /\.(db|sqlite3?)$/;
/** What SQLite writes beside its file. */
const ASIDE = /\.(db|sqlite3?)(-wal|-shm|-journal)$/;
/** The recipients' mailbox is theirs and not ours. */
const MAILBOX = ["mails", "mail_events"];

/** Every item of both tables as [table, key, text]. */
export async function items(instance) {
  const found = [];
  for (const table of TABLES) {
    for (let start; ; ) {
      const page = await dynamodb(instance, "Scan", { TableName: table, ConsistentRead: true, ExclusiveStartKey: start });
      for (const item of page.Items) found.push([table, `${item.PK.S}/${item.SK.S}`, JSON.stringify(item)]);
      start = page.LastEvaluatedKey;
      if (!start) break;
    }
  }
  return found;
}

const each = (xml, name) => [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, value]) => value);

async function s3(instance, place) {
  const answer = await call(instance, { service: "s3", method: "GET", path: place });
  if (answer.status !== 200) throw new Error(`S3 answered ${answer.status} to ${place}: ${answer.text}`);
  return answer;
}

/** Every object of every bucket, and every version and delete marker, as [`bucket/key`, bytes]. */
async function objects(instance) {
  const found = [];
  const buckets = each((await s3(instance, "/")).text, "Name");
  if (buckets.length === 0) throw new Error("no bucket is listed");
  for (const bucket of buckets) {
    const listed = (await s3(instance, `/${bucket}?versions`)).text;
    if (listed.includes("<IsTruncated>true")) throw new Error(`${bucket} has more objects than one page`);
    for (const key of each(listed, "Key")) {
      const place = `/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
      found.push([`${bucket}/${key}`, (await s3(instance, place)).bytes]);
    }
  }
  return found;
}

/** An operation of SQS. */
async function sqs(instance, name, body) {
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${name}` };
  const answer = await call(instance, { service: "sqs", headers, body: JSON.stringify(body) });
  if (answer.status !== 200) throw new Error(`SQS answered ${answer.status}: ${answer.text}`);
  return answer.json;
}

/** How many messages each queue holds, whatever their state, dead letters too. */
export async function depths(instance) {
  const all = {};
  for (const url of (await sqs(instance, "ListQueues", {})).QueueUrls) {
    const { Attributes } = await sqs(instance, "GetQueueAttributes", { QueueUrl: url, AttributeNames: ["All"] });
    const counts = Object.entries(Attributes).filter(([name]) => name.startsWith("ApproximateNumberOfMessages"));
    all[url.split("/").at(-1)] = counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }
  return all;
}

/** A thing of IoT and its certificates, by the API: null where there is none. */
export async function thing(instance, name) {
  const iot = (place) => call(instance, { service: "iot", method: "GET", path: place });
  const found = await iot(`/things/${name}`);
  if (found.status === 404) return null;
  if (found.status !== 200) throw new Error(`IoT answered ${found.status}: ${found.text}`);
  const { principals } = (await iot(`/things/${name}/principals`)).json;
  return { certificates: principals.map((arn) => arn.split("/").at(-1)) };
}

/** Tells whether IoT knows a certificate. */
export async function isCertificate(instance, id) {
  const answer = await call(instance, { service: "iot", method: "GET", path: `/certificates/${id}` });
  if (![200, 404].includes(answer.status)) throw new Error(`IoT answered ${answer.status}: ${answer.text}`);
  return answer.status === 200;
}

/** Everything that the stores tell through their APIs, as { store, place, bytes }. */
export async function told(instance) {
  const found = [];
  const add = (store, place, bytes) => found.push({ store, place, bytes: Buffer.from(bytes) });
  for (const [table, key, text] of await items(instance)) add("DynamoDB", `${table} ${key}`, text);
  for (const [place, bytes] of await objects(instance)) add("S3", place, bytes);
  for (const pool of POOLS) {
    for (const user of (await cognito(instance, "ListUsers", { UserPoolId: pool })).Users) add("Cognito", pool, JSON.stringify(user));
  }
  for (const stream of (await video(instance, "listStreams", {})).StreamInfoList) {
    add("Kinesis Video", stream.StreamName, JSON.stringify([stream, await fragments(instance, stream.StreamName)]));
  }
  return found;
}

/** Every file below a folder of the instance's data. */
export async function files(instance, folder = "") {
  const all = await readdir(path.join(instance.data, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  return all.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
}

/**
 * Everything that lies on the disk, as { store, place, bytes }: each file, and of each SQLite file its rows. SQLite
 * neither clears nor returns the pages that it frees, so the bytes of deleted rows may lie in these files, and in the
 * log beside them, until they are written over. No store's API answers with them, and in AWS nobody has the disk.
 */
export async function onDisk(instance) {
  const found = [], databases = [];
  for (const file of await files(instance)) {
    const place = path.relative(instance.data, file);
    const store = place.split(path.sep)[0];
    if (DATABASE.test(file)) databases.push(file);
    // A file that goes while it is read is gone.
    else if (!ASIDE.test(file)) found.push({ store, place, bytes: await readFile(file).catch(() => Buffer.alloc(0)) });
  }
  if (databases.length < 3) throw new Error(`there are no SQLite files but ${databases}`);
  const read = spawnSync("python3", [ROWS, ...databases], { encoding: "utf8", maxBuffer: 1 << 29 });
  if (read.status !== 0) throw new Error(`the rows were not read: ${read.stderr}`);
  for (const line of read.stdout.split("\n").filter(Boolean)) {
    const [file, table, cells] = JSON.parse(line);
    if (MAILBOX.includes(table)) continue;
    found.push({ store: "rows", place: `${path.relative(instance.data, file)} ${table}`, bytes: Buffer.from(cells, "base64") });
  }
  return found;
}
