//! A contract that ended: its data are deleted everywhere, whoever is killed on the way, and the certificate proves it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Client, CORPORATION, INDIVIDUAL, DEVICE, apply, customer, decidable, device, dynamodb, fragments, invoke, operator, scenario, text, until, video } from "./harness.mjs";
import { cognito } from "./harness/aws.mjs";
import { CIERO } from "./harness/instance.mjs";
import { descendants } from "./harness/processes.mjs";
import { fragment, header } from "./harness/matroska.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const CLOCK = "2026-04-01T09:00+09:00";
const CUSTOMER_POOL = "ap-northeast-1_CustomerPool";
const SECOND = { ...DEVICE, name: "裏口の駐車場", serial: "E2E-0002" };
const OTHERS = { ...DEVICE, name: "隣の事務所", serial: "E2E-9001", postal_code: "530-0001", prefecture: "27", address: INDIVIDUAL.address };
/** One fewer than the queue's deliveries of a message, so that nothing is set aside for a person. */
const KILLS = 4;

/** Sends a minute of pictures. */
async function record(instance, stream) {
  await video(instance, "createStream", { StreamName: stream, DataRetentionInHours: 24 });
  const camera = new PutMedia(instance, stream);
  const now = await instance.now();
  camera.send(header());
  for (let n = 6; n > 0; n -= 1) camera.send(fragment(now - n * 10_000, { frames: 10, bytes: 4000, frameMs: 1000 }));
  camera.end();
  await camera.acknowledged("PERSISTED", 6);
}

/** Every item of both tables as [table, key, text]. */
async function items(instance) {
  const found = [];
  for (const table of ["ciero-main", "ciero-confidential"]) {
    for (let start; ; ) {
      const page = await dynamodb(instance, "Scan", { TableName: table, ConsistentRead: true, ExclusiveStartKey: start });
      for (const item of page.Items) found.push([table, `${item.PK.S}/${item.SK.S}`, JSON.stringify(item)]);
      start = page.LastEvaluatedKey;
      if (!start) break;
    }
  }
  return found;
}

/** Every file below a folder. */
async function files(folder) {
  const all = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return all.filter((one) => one.isFile()).map((one) => path.join(one.parentPath, one.name));
}

scenario("an ended contract's data are deleted everywhere, and a certificate says so", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step }) => {
  let console_, ours, other, contract, cameras, before, certificate;
  const secrets = ["試験商店", "シケンショウテン", "試験 太郎", "試験 花子", "hanako@shiken.example.jp", "試験区架空町", "0300001111", "E2E-0001", "E2E-0002", DEVICE.name, SECOND.name];
  const place = () => `/console/contracts/${contract}`;
  const of = async (id) => (await items(instance)).filter(([, , body]) => body.includes(id));

  await step("two customers record, and one of them is rescinded", async () => {
    console_ = await operator(instance);
    const second = await operator(instance, "e2e-operator-2");
    ours = await customer(instance, console_, CORPORATION);
    other = await customer(instance, console_, INDIVIDUAL);
    contract = ours.contract.split("/").at(-1);
    cameras = [await device(ours.client), await device(ours.client, SECOND)];
    const neighbour = await device(other.client, OTHERS);
    for (const { camera } of [...cameras, neighbour]) await record(instance, `ciero-${camera}`);
    other.camera = neighbour.camera;
    other.id = other.contract.split("/").at(-1);
    const user = await ours.client.send("/users", { name: "試験 次郎", email: "jiro@shiken.example.jp", role: "user", language: "ja", attestation: "on" });
    assert.ok(user.status < 300, user.text);
    secrets.push("試験 次郎", "jiro@shiken.example.jp");
    // What is owed keeps the address, so the first fee is paid on its day.
    assert.equal((await instance.advance("PT20M")).status, 200);
    await instance.mail("invoice_issued", CORPORATION.contact_email);
    const [[, , invoice]] = (await items(instance)).filter(([, key]) => key.startsWith(`CONTRACT#${contract}/INVOICE#`));
    const yen = JSON.parse(invoice).body.M.total_yen.N;
    const paid = await console_.send(`${place()}/receipts`, { reference: "bank-1", received_on: "2026-04-01", yen });
    assert.ok(paid.status < 300, paid.text);
    const measure = { ground: "13-1-1", evidence: "試験 花子が認めた", arose_on: "2026-04-01" };
    const proposed = await console_.send(`${place()}/rescission`, measure);
    assert.ok(proposed.status < 300, proposed.text);
    const agreed = await second.send(`${place()}/rescission/approval`, {});
    assert.ok(agreed.status < 300, agreed.text);
    const mail = await instance.mail("rescinded", CORPORATION.contact_email);
    assert.ok(mail.text.includes("2026年5月2日 以降に消去"), mail.text);
  });

  await step("before its day nothing goes, whoever asks", async () => {
    const asked = await console_.send(`/console/purges/${contract}/run`, {});
    assert.equal(asked.json.code, "data_still_kept");
    const live = await console_.send(`/console/purges/${other.id}/run`, {});
    assert.equal(live.json.code, "contract_lives");
    assert.equal((await instance.advance("P30D")).status, 200);
    for (const { camera } of cameras) await video(instance, "describeStream", { StreamName: `ciero-${camera}` });
    before = { items: (await of(other.id)).length, fragments: (await fragments(instance, `ciero-${other.camera}`)).length };
  });

  await step("on its day it is purged, though its function is killed again and again", async () => {
    let killed = 0, over = false;
    const advance = instance.advance("P1DT2H").then((answer) => { over = true; return answer; });
    while (!over && killed < KILLS) {
      await until("the purge ran or was over", async () => over || descendants(instance.child.pid).length > 0, { interval: 5 });
      const name = (pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      for (const { pid } of descendants(instance.child.pid)) {
        if (!(await name(pid)).includes("contract-purge")) continue;
        // Long enough for another step each time.
        await new Promise((resolve) => setTimeout(resolve, 5 + killed * 7));
        try { process.kill(pid, "SIGKILL"); killed += 1; } catch { /* it ended by itself */ }
      }
    }
    assert.equal((await advance).status, 200);
    assert.ok(killed > 0, "nothing was killed");
    for (let tries = 0; tries < 40; tries += 1) {
      const page = text((await console_.open(`/console/purges/${contract}`)).text);
      if (page.includes("消去済み")) return;
      assert.equal((await instance.advance("PT70M")).status, 200);
      await console_.signIn({ name: "e2e-operator", password: "an-operators-password-1", door: "/console/sign-in" });
    }
    assert.fail("the purge did not end");
  });

  await step("the certificate was mailed, and the program verifies it with the published key", async () => {
    const mail = await instance.mail("data_deleted", CORPORATION.contact_email);
    certificate = /\[attachment [^\]]+\]\n([\s\S]*)$/.exec(mail.text)[1];
    const file = path.join(instance.data, "certificate.json"), key = path.join(instance.data, "key.pem");
    await writeFile(file, certificate);
    await writeFile(key, await (await fetch(`${instance.portal}/certificates/key.pem`)).text());
    const verify = (...args) => spawnSync(CIERO, ["verify-certificate", ...args], { encoding: "utf8" });
    const valid = verify(file, "--key", key);
    assert.equal(valid.status, 0, valid.stderr);
    for (const at of [0, 40, Math.floor(certificate.length / 2), certificate.length - 10]) {
      const changed = Buffer.from(certificate);
      changed[at] ^= 1;
      await writeFile(`${file}.changed`, changed);
      assert.equal(verify(`${file}.changed`, "--key", key).status, 1, `byte ${at}`);
    }
    assert.equal(verify(file).status, 2);
    assert.equal(verify(`${file}.missing`, "--key", key).status, 2);
    const { certificate: said } = JSON.parse(certificate);
    assert.deepEqual(said.deleted.map((row) => [row.step, row.deleted]).slice(0, 4), [["recordings", 2], ["files", 0], ["accounts", 2], ["devices", 2]]);
    assert.equal(said.recovery_copies_gone_on > said.issued_at.slice(0, 10), true);
  });

  await step("no store holds the customer's names, addresses, serials or pictures but what is listed as kept", async () => {
    const books = /^CONTRACT#[^/]+\/(INVOICE#|RECEIPT#)/;
    for (const [table, key, body] of await items(instance)) {
      if (books.test(key)) continue;
      for (const secret of secrets) assert.ok(!body.includes(secret), `${table} ${key} holds ${secret}: ${body.slice(0, 600)}`);
    }
    const streams = (await video(instance, "listStreams", {})).StreamInfoList.map((one) => one.StreamName);
    assert.deepEqual(streams, [`ciero-${other.camera}`]);
    const users = await cognito(instance, "ListUsers", { UserPoolId: CUSTOMER_POOL });
    for (const secret of secrets) assert.ok(!JSON.stringify(users).includes(secret), secret);
    // The mailbox is the recipients'. What SQLite or DynamoDB's engine has freed but not yet overwritten is no store's answer.
    for (const folder of ["video", "s3"]) {
      for (const file of await files(path.join(instance.data, folder))) {
        if (/\.(db|sqlite3?)(-wal|-shm)?$/.test(file)) continue;
        const bytes = await readFile(file);
        for (const secret of [...secrets, ...cameras.map(({ camera }) => camera)]) assert.ok(!bytes.includes(secret), `${file} holds ${secret}`);
      }
    }
  });

  await step("the other customer is whole", async () => {
    assert.equal((await of(other.id)).length >= before.items, true);
    assert.equal((await fragments(instance, `ciero-${other.camera}`)).length, before.fragments);
    const page = await other.client.signIn({ name: other.email, password: other.password });
    assert.ok(page.status === 200);
    const cameras_ = await other.client.open("/cameras");
    assert.ok(text(cameras_.text).includes(OTHERS.name));
  });

  await step("nobody signs in with the deleted account", async () => {
    await assert.rejects(new Client(instance).signIn({ name: CORPORATION.contact_email, password: ours.password }));
  });

  await step("whoever applies again after a measure of Article 13 is flagged", async () => {
    await console_.signIn({ name: "e2e-operator", password: "an-operators-password-1", door: "/console/sign-in" });
    const again = await apply(new Client(instance), CORPORATION);
    const page = text((await decidable(console_, again)).text);
    assert.ok(page.includes("登録簿と名称が一致しました") && page.includes("登録簿とメールアドレスが一致しました"), page.slice(0, 1500));
  });

  await step("the audit of effects finds nothing, and explain names the clause", async () => {
    const time = new Date(await instance.now()).toISOString();
    const audit = await invoke(instance, "effect-audit", { source: "aws.events", "detail-type": "Scheduled Event", time, detail: {} });
    assert.deepEqual([audit.json.missing, audit.json.doubled], [0, 0], audit.text);
    const page = text((await console_.open(`${place()}/explanation`)).text);
    assert.ok(page.includes("15-3") && page.includes("証明書を発行"), page.slice(0, 1500));
  });

  await step("when the recovery copies have expired a second statement is signed", async () => {
    assert.equal((await instance.advance("P37D")).status, 200);
    await console_.signIn({ name: "e2e-operator", password: "an-operators-password-1", door: "/console/sign-in" });
    const second = await until("the second statement was there", async () => {
      const answer = await console_.request("GET", `/console/purges/${contract}/certificates/2`);
      return answer.status === 200 && answer.json;
    });
    assert.equal(second.certificate.statement, "recovery_copies_expired");
  });
});
