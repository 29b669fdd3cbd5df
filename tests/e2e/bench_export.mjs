//! How long an export takes beside a plain copy of the same bytes through the object store's own API, and the memory of its worker.

import { readFileSync } from "node:fs";
import { print } from "./harness/figures.mjs";
import { call, CORPORATION, customer, device, dynamodb, Instance, named, operator, until, video } from "./harness.mjs";
import { fragment, header } from "./harness/matroska.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const GIGABYTES = Number(process.env.EXPORT_GIGABYTES ?? 2);
const FRAGMENT_BYTES = 500_000; // two seconds at 2 Mbit/s
const FRAGMENT_MS = 2000;
const MANY = Math.ceil((GIGABYTES * 1e9) / FRAGMENT_BYTES);
const PART_BYTES = 32 << 20;
const BUCKET = "ciero-exports";

async function s3(instance, method, path, more = {}) {
  const answer = await call(instance, { service: "s3", method, path: `/${BUCKET}/${path}`, ...more });
  if (answer.status >= 300) throw new Error(`S3 answered ${answer.status}: ${answer.text}`);
  return answer;
}

/** Copies an object as a client does: it is read in ranges and written in parts of the same size, one after the other. */
async function copy(instance, from, to, bytes) {
  const id = /<UploadId>([^<]+)/.exec((await s3(instance, "POST", `${to}?uploads=`)).text)[1];
  const tags = [];
  for (let at = 0; at < bytes; at += PART_BYTES) {
    const range = `bytes=${at}-${Math.min(at + PART_BYTES, bytes) - 1}`;
    const { bytes: body } = await s3(instance, "GET", from, { headers: { range } });
    const put = await s3(instance, "PUT", `${to}?partNumber=${tags.length + 1}&uploadId=${id}`, { body });
    tags.push(put.headers.get("etag"));
  }
  const parts = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`).join("");
  await s3(instance, "POST", `${to}?uploadId=${id}`, { body: `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>` });
}

async function record(instance, stream, start) {
  const camera = new PutMedia(instance, stream);
  camera.send(header());
  for (let n = 0; n < MANY; n += 1) {
    camera.send(fragment(start + n * FRAGMENT_MS, { frames: 30, bytes: FRAGMENT_BYTES, frameMs: FRAGMENT_MS / 30 }));
    if (n % 20 === 0) await until("the sender may go on", () => camera.of("RECEIVED").length > n - 40, { interval: 2, seconds: 60 });
  }
  camera.end();
  await until("everything was persisted", () => camera.of("PERSISTED").length >= MANY, { seconds: 300 });
}

const instance = await Instance.start({ demo: false, clock: "2026-04-01T09:00+09:00" });
try {
  const { client, contract: place, email, password } = await customer(instance, await operator(instance), CORPORATION);
  const contract = place.split("/").at(-1);
  const { camera } = await device(client);
  await video(instance, "createStream", { StreamName: `ciero-${camera}`, DataRetentionInHours: 720 });
  const start = (await instance.now()) + 60_000;
  await instance.advance(`PT${Math.ceil((MANY * FRAGMENT_MS) / 60_000) + 5}M`);
  await client.signIn({ name: email, password });
  await record(instance, `ciero-${camera}`, start);
  await client.open(`/cameras/${camera}`);
  const began = Date.now();
  const span = { from: new Date(start).toISOString(), until: new Date(start + MANY * FRAGMENT_MS).toISOString() };
  const { json } = await client.send(`/cameras/${camera}/exports`, span);
  const key = { PK: { S: `CONTRACT#${contract}` }, SK: { S: `EXPORT#${json.id}` } };
  const done = await until("the export was done", async () => {
    const { Item } = await dynamodb(instance, "GetItem", { TableName: "ciero-main", ConsistentRead: true, Key: key });
    return Item.body.M.state.S !== "under_way" && Item.body.M;
  }, { seconds: 1200, interval: 100 });
  if (done.state.S !== "done") throw new Error(JSON.stringify(done));
  const took = (Date.now() - began) / 1000;
  const files = done.files.L.map(({ M }) => ({ name: M.name.S, bytes: Number(M.bytes.N) })).filter(({ name }) => name.endsWith(".mp4"));
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const peaks = named(instance.child.pid, "clip-export").map(({ pid }) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024);
  const peak = Math.max(...peaks);
  const copying = Date.now();
  for (const { name, bytes } of files) await copy(instance, `contracts/${contract}/exports/${json.id}/${name}`, `copy/${name}`, bytes);
  const copied = (Date.now() - copying) / 1000;
  print(`export of ${(bytes / 1e9).toFixed(2)} GB beside cp of the same bytes`, `${took.toFixed(1)} s, cp ${copied.toFixed(1)} s: ${(took / copied).toFixed(2)} times`, "2 times");
  print("export, peak memory of its function", `${peak.toFixed(0)} MiB`, "128 MB");
} finally {
  await instance.stop();
  await instance.remove();
}
