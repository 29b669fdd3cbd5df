//! A contract that ended: its data are deleted everywhere, whoever is killed on the way, and the certificate proves it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { Client, CORPORATION, INDIVIDUAL, DEVICE, apply, changesNothing, customer, decidable, device, dynamodb, fragments, invoke, OPERATOR, operator, scenario, scratch, text, until, video } from "./harness.mjs";
import { start } from "./harness/device.mjs";
import { CIERO } from "./harness/instance.mjs";
import { record } from "./harness/marked.mjs";
import { killWhen } from "./harness/processes.mjs";
import { depths, isCertificate, items, onDisk, thing, told } from "./harness/stores.mjs";

const CLOCK = "2026-04-01T09:00+09:00";
const SECOND = { ...DEVICE, name: "裏口の駐車場", serial: "E2E-0002" };
const OTHERS = { ...DEVICE, name: "隣の事務所", serial: "E2E-9001", postal_code: "530-0001", prefecture: "27", address: INDIVIDUAL.address };
/** The day from which the data may go: the last of the contract, and thirty more. */
const GOES_ON = "2026-05-02";
/** The steps of a purge, and how often its message is delivered before it is set aside. */
const [DELIVERIES, STEPS] = [5, ["recordings", "files", "accounts", "devices", "register", "records", "search", "certificate"]];
/** Longer than the plan's, so that the pictures are there when the purge begins and only the purge can take them. */
const RETENTION_HOURS = 90 * 24;
const FRAGMENTS = 6;
/** What stands in every picture of the customer, and of its neighbour. */
const [MARK, OTHER_MARK] = ["pictures-of-the-purged-customer", "pictures-of-the-neighbour"];
/** Invoices and receipts are kept with their recipient: by the key that the API tells, and by the key in a row of the disk. */
const [BOOKS, BOOK_ROWS] = [/^ciero-main CONTRACT#[^/]+\/(INVOICE|RECEIPT)#/, /"SK":\{"S":"(INVOICE|RECEIPT)#/];

scenario("an ended contract's data are deleted everywhere, and a certificate says so", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step }) => {
  let console_, ours, other, contract, cameras, before, certificate, exported, certificates;
  const secrets = ["試験商店", "シケンショウテン", "試験 太郎", "試験 花子", "hanako@shiken.example.jp", "試験区架空町", "0300001111", "E2E-0001", "E2E-0002", DEVICE.name, SECOND.name, MARK];
  const place = () => `/console/contracts/${contract}`;
  const of = async (id) => (await items(instance)).filter(([, , body]) => body.includes(id));
  const streams = () => cameras.map(({ camera }) => `ciero-${camera}`);
  const signIn = () => console_.signIn(OPERATOR);
  /** The newest line of the purge's journal. */
  const newest = async () => {
    const asked = { TableName: "ciero-confidential", ConsistentRead: true, ScanIndexForward: false, Limit: 1, KeyConditionExpression: "PK = :pk AND begins_with(SK, :sk)" };
    const page = await dynamodb(instance, "Query", { ...asked, ExpressionAttributeValues: { ":pk": { S: `PURGE#${contract}` }, ":sk": { S: "LINE#" } } });
    return JSON.stringify(page.Items[0]?.body ?? {});
  };
  /** What writes nothing before its end is told by the function's log: the search, and the certificate. */
  const SAID = { search: "every store is searched", certificate: "a certificate of the purge is drawn up" };
  const within = async (name) => {
    const said = SAID[name];
    return said ? (await readFile(path.join(instance.data, "logs", "contract-purge.log"), "utf8")).includes(said) : (await newest()).includes(`"${name}"`);
  };
  /** The message was delivered as often as it may be: it was set aside, and an operator drives it again. */
  const drivenAgain = async () => {
    assert.equal((await purging).status, 200);
    await signIn();
    const again = await console_.fill("/console/stuck", "/redrive", {});
    assert.equal(again.status, 303, again.text);
    // The next tick hands it over.
    purging = instance.advance("PT15M");
  };
  const untilMidnight = async () => `PT${Math.ceil((Date.parse(`${GOES_ON}T00:00:01+09:00`) - (await instance.now())) / 1000)}S`;
  /** Where a text is found, in names or contents. */
  const places = (found, wanted) => found.filter(({ place, bytes }) => place.includes(wanted) || bytes.includes(wanted));
  const isBook = ({ place, bytes }) => BOOKS.test(place) || (place === "dynamodb.sqlite ciero-main" && BOOK_ROWS.test(bytes.toString("utf8")));

  await step("two customers record", async () => {
    console_ = await operator(instance);
    ours = await customer(instance, console_, CORPORATION);
    other = await customer(instance, console_, INDIVIDUAL);
    contract = ours.contract.split("/").at(-1);
    cameras = [await device(ours.client), await device(ours.client, SECOND)];
    const neighbour = await device(other.client, OTHERS);
    other.camera = neighbour.camera;
    // So that what is recorded lies after the registration.
    assert.equal((await instance.advance("PT10M")).status, 200);
    for (const { camera } of [...cameras, neighbour]) {
      const stream = `ciero-${camera}`;
      await video(instance, "createStream", { StreamName: stream, DataRetentionInHours: RETENTION_HOURS });
      const mark = camera === other.camera ? OTHER_MARK : MARK;
      const end = await record(instance, stream, mark, FRAGMENTS);
      if (camera === cameras[0].camera) exported = [end - FRAGMENTS * 10_000, end].map((at) => new Date(at).toISOString());
    }
    other.id = other.contract.split("/").at(-1);
    const user = await ours.client.send("/users", { name: "試験 次郎", email: "jiro@shiken.example.jp", role: "user", language: "ja", attestation: "on" });
    assert.ok(user.status < 300, user.text);
    secrets.push("試験 次郎", "jiro@shiken.example.jp");
  });

  await step("one of its cameras is a device with a thing and a certificate, and its recordings are backed up", async () => {
    const shown = (await ours.client.open(cameras[0].page)).text;
    const command = text(/<pre><code>([\s\S]*?)<\/code><\/pre>/.exec(shown)[1]);
    // What the device keeps is the customer's and lies elsewhere.
    const home = await scratch();
    const iotbox = start(command, home);
    try {
      certificates = await until("the device had its certificate", async () => {
        const bound = await thing(instance, streams()[0]);
        return bound?.certificates.length > 0 && bound.certificates;
      });
    } finally {
      await iotbox.stop();
      await rm(home, { recursive: true });
    }
    for (const id of certificates) assert.ok(await isCertificate(instance, id), id);
    await ours.client.open("/exports");
    const made = await ours.client.send(`/cameras/${cameras[0].camera}/exports`, { from: exported[0], until: exported[1] });
    assert.equal(made.status, 201, made.text);
    await until("the backup was complete", async () => (await ours.client.open("/exports")).text.includes('data-state="done"'));
  });

  await step("it is rescinded by two people, and whoever asked for it cannot be the second", async () => {
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
    const alone = await changesNothing(instance, () => console_.send(`${place()}/rescission/approval`, {}));
    assert.deepEqual([alone.status, alone.json.code], [409, "second_operator_needed"], alone.text);
    const second = await operator(instance, "e2e-operator-2");
    const agreed = await second.send(`${place()}/rescission/approval`, {});
    assert.ok(agreed.status < 300, agreed.text);
    const mail = await instance.mail("rescinded", CORPORATION.contact_email);
    assert.ok(mail.text.includes("2026年5月2日 以降に消去"), mail.text);
  });

  await step("before its day nothing goes, whoever asks, and nothing of a living contract ever", async () => {
    for (const [id, code] of [[contract, "data_still_kept"], [other.id, "contract_lives"]]) {
      const asked = await changesNothing(instance, () => console_.send(`/console/purges/${id}/run`, {}));
      assert.equal(asked.json.code, code, asked.text);
    }
    assert.equal((await instance.advance("P30D")).status, 200);
    await signIn();
    const live = await changesNothing(instance, () => console_.send(`/console/purges/${other.id}/run`, {}));
    assert.equal(live.json.code, "contract_lives", live.text);
    before = { items: (await of(other.id)).length, fragments: (await fragments(instance, `ciero-${other.camera}`)).length };
    assert.ok(before.items > 0 && before.fragments === FRAGMENTS, JSON.stringify(before));
  });

  await step("until then the search finds every name, mail, serial, camera and picture", async () => {
    const [answers, disk] = [await told(instance), await onDisk(instance)];
    for (const secret of [...secrets, contract, ...streams()]) {
      assert.ok(places(answers, secret).length > 0, `no store's API tells ${secret}`);
      assert.ok(places(disk, secret).length > 0, `${secret} is nowhere on the disk`);
    }
    const stores = (found, wanted) => [...new Set(places(found, wanted).map(({ store }) => store))].sort();
    assert.ok(stores(answers, MARK).includes("S3"), "the backup's pictures");
    assert.deepEqual(stores(disk, MARK), ["s3", "video"]);
    assert.ok(stores(answers, secrets[4]).includes("Cognito") && stores(answers, streams()[1]).includes("Kinesis Video"));
    // Names of files are searched, too.
    assert.ok(disk.some(({ store, place }) => store === "s3" && place.includes(contract)));
  });

  let purging;
  for (const name of STEPS) {
    await step(`its function is killed in the middle of the purge: ${name}`, async () => {
      if (name === STEPS[0]) purging = instance.advance(await untilMidnight());
      if (name === STEPS[DELIVERIES]) await drivenAgain();
      await killWhen(instance.child.pid, "contract-purge", () => within(name));
      assert.equal((await of(other.id)).length, before.items);
    });
  }

  await step("and it comes to its end all the same", async () => {
    assert.equal((await purging).status, 200);
    for (let tries = 0; tries < 10; tries += 1) {
      await signIn();
      const page = text((await console_.open(`/console/purges/${contract}`)).text);
      if (page.includes("消去済み")) return;
      assert.equal((await instance.advance("PT70M")).status, 200);
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
    const stranger = generateKeyPairSync("ed25519");
    const pem = stranger.publicKey.export({ type: "spki", format: "pem" });
    const files = { none: "no key\n", empty: "", private: stranger.privateKey.export({ type: "pkcs8", format: "pem" }), stranger: pem };
    for (const [name, content] of Object.entries(files)) await writeFile(`${key}.${name}`, content);
    // A key file that is no public key is a question that cannot be asked; a good certificate is not valid under another's key.
    for (const none of ["none", "empty", "private"]) assert.equal(verify(file, "--key", `${key}.${none}`).status, 2, none);
    assert.equal(verify(file, "--key", `${key}.stranger`).status, 1);
    // Whoever signs with a key of their own and names or adds it in the file is trusted by nobody who was given another key.
    const signed = JSON.parse(certificate);
    const raw = stranger.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    const claimed = { ...signed.certificate, key_sha256: createHash("sha256").update(raw).digest("hex") };
    const signature = sign(null, Buffer.from(`${claimed.format}\n${JSON.stringify(claimed)}`), stranger.privateKey).toString("hex");
    const forged = { ...signed, certificate: claimed, signature };
    await writeFile(`${file}.forged`, `${JSON.stringify(forged, null, 2)}\n`);
    assert.equal(verify(`${file}.forged`, "--key", `${key}.stranger`).status, 0, "the forgery is sound under its own key");
    assert.equal(verify(`${file}.forged`, "--key", key).status, 1);
    for (const [name, carrying] of [["forged", forged], ["good", signed]]) {
      await writeFile(`${file}.carrying`, `${JSON.stringify({ ...carrying, public_key: pem }, null, 2)}\n`);
      for (const given of [key, `${key}.stranger`]) assert.equal(verify(`${file}.carrying`, "--key", given).status, 1, `${name} under ${given}`);
    }
    assert.equal(verify(file).status, 2);
    assert.equal(verify(`${file}.missing`, "--key", key).status, 2);
    const { certificate: said } = JSON.parse(certificate);
    const deleted = said.deleted.map((row) => [row.step, row.deleted]).slice(0, 4);
    assert.deepEqual(deleted.map(([step, count]) => (step === "files" ? [step, count > 0] : [step, count])), [["recordings", 2], ["files", true], ["accounts", 2], ["devices", 1]]);
    assert.equal(said.recovery_copies_gone_on > said.issued_at.slice(0, 10), true);
  });

  await step("no store holds the customer's names, addresses, serials or pictures but what is listed as kept", async () => {
    await until("no queue held anything", async () => Object.values(await depths(instance)).every((depth) => depth === 0));
    const [answers, disk] = [await told(instance), await onDisk(instance)];
    const found = [...answers, ...disk].filter((one) => !isBook(one));
    const told_ = (wanted, stores) => places(found, wanted).filter(({ store }) => !stores || stores.includes(store)).map(({ store, place }) => `${store}: ${place}`);
    for (const secret of secrets) assert.deepEqual(told_(secret), [], secret);
    // The contract's number stays in what is kept; in the stores of pictures, files and accounts there is nothing of it.
    const bare = ["S3", "s3", "Kinesis Video", "video", "Cognito"];
    for (const name of [contract, ...cameras.map(({ camera }) => camera)]) assert.deepEqual(told_(name, bare), [], name);
    for (const name of streams()) assert.equal(await thing(instance, name), null);
    for (const id of certificates) assert.equal(await isCertificate(instance, id), false);
    const left = (await video(instance, "listStreams", {})).StreamInfoList.map((one) => one.StreamName);
    assert.deepEqual(left, [`ciero-${other.camera}`]);
    assert.ok(told_(OTHER_MARK, ["video"]).length > 0, "the search finds what is there");
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
    await signIn();
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
    await signIn();
    const second = await until("the second statement was there", async () => {
      const answer = await console_.request("GET", `/console/purges/${contract}/certificates/2`);
      return answer.status === 200 && answer.json;
    });
    assert.equal(second.certificate.statement, "recovery_copies_expired");
  });
});
