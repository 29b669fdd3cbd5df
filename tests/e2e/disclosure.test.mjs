//! Lawful disclosure (21-4): case, hold, two approvals, package, delivery; and to everyone else none of it exists.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { call, changesNothing, Client, CORPORATION, customer, device, dynamodb, fragments, GROUPS, OPERATOR, operator, scenario, stored, text, until, video } from "./harness.mjs";
import { fragment, header } from "./harness/matroska.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const CLOCK = "2026-04-01T09:00+09:00";
const MANY = 12;
const FRAGMENT_MS = 10_000;
const SCAN = Buffer.from("%PDF-1.7\nscan of a warrant\n");
const NOWHERE = "x-0000000000000000";
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Fetches a file of the case as a browser does: over the address that the desk answers with. */
async function file(client, page, name) {
  const answer = await client.request("GET", `${page}/files/${name}`);
  assert.equal(answer.status, 303, answer.text);
  const fetched = await fetch(answer.location);
  assert.equal(fetched.status, 200, answer.location);
  return Buffer.from(await fetched.arrayBuffer());
}

/** Adds a scan as the page's form does. */
function upload(client, page, bytes) {
  const form = `--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n${client.token}\r\n--x\r\nContent-Disposition: form-data; name="scan"; filename="warrant.pdf"\r\nContent-Type: application/pdf\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(form), bytes, Buffer.from("\r\n--x--\r\n")]);
  const headers = { accept: "text/html", origin: client.instance.portal, "content-type": "multipart/form-data; boundary=x" };
  return client.request("POST", `${page}/documents`, { headers, body });
}

/** What someone sees of an answer; the headers that the transport makes differ by themselves. */
const seen = ({ status, headers, text: body }) => {
  const kept = [...headers].filter(([name]) => !/^(date|connection|keep-alive|apigw-requestid|x-amzn-requestid)$/i.test(name));
  return JSON.stringify([status, kept, body]);
};

scenario("the legal desk discloses on a warrant, and nobody else can tell", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step }) => {
  const desk = {};
  let all, client, contract, camera, stream, page, id, from, until_, hash;
  const done = async (who, command, fields = {}, status = 303) => {
    await desk[who].open(page);
    const answer = await desk[who].post(`${page}/${command}`, fields);
    assert.equal(answer.status, status, `${command}: ${text(answer.text)}`);
    return text(answer.text);
  };
  const refused = async (who, command, fields, status, code) => {
    await desk[who].open(page);
    const answer = await changesNothing(instance, () => desk[who].send(`${page}/${command}`, fields));
    assert.deepEqual([answer.status, answer.json.code], [status, code], answer.text);
  };
  const request = (basis) => ({
    contract, requester: "police", name: "見本警察署", office: "刑事課", officer: "見本 一郎", contact: "03-0000-0000", basis,
    document_number: "見本署発第1号", received_on: "2026-04-01", data_particulars: "on", data_users: "on",
    recordings: `${camera} ${new Date(from).toISOString()} ${new Date(until_).toISOString()}`, hold: "on",
  });

  await step("there is a customer with a recorded camera", async () => {
    all = await operator(instance);
    ({ client, contract } = await customer(instance, all, CORPORATION));
    contract = contract.split("/").at(-1);
    ({ camera } = await device(client));
    stream = `ciero-${camera}`;
    await video(instance, "createStream", { StreamName: stream, DataRetentionInHours: 720 });
    const now = await instance.now();
    const media = new PutMedia(instance, stream);
    media.send(header());
    for (let n = MANY; n > 0; n -= 1) media.send(fragment(now - n * FRAGMENT_MS, { frames: 10, bytes: 2000, frameMs: FRAGMENT_MS / 10 }));
    media.end();
    await media.acknowledged("PERSISTED", MANY);
    [from, until_] = [now - 8 * FRAGMENT_MS, now - 2 * FRAGMENT_MS];
    for (const name of ["legal-a", "legal-b", "legal-c"]) desk[name.at(-1)] = await operator(instance, name, ["legal"]);
  });

  await step("a request is opened with a hold of exactly its scope", async () => {
    const opened = await desk.a.fill("/console/disclosures", "/console/disclosures", request("warrant"));
    assert.equal(opened.status, 303, text(opened.text));
    page = opened.location;
    id = page.split("/").at(-1);
    assert.ok(text((await desk.a.open(page)).text).includes("有効"));
    const holds = await dynamodb(instance, "GetItem", { TableName: "ciero-confidential", Key: { PK: { S: `CONTRACT#${contract}` }, SK: { S: "HOLDS" } } });
    assert.equal(holds.Item.body.M.holds.L.length, 2);
  });

  await step("a deletion that rests on there being no hold is refused by the table", async () => {
    const check = { TableName: "ciero-confidential", Key: { PK: { S: `CONTRACT#${contract}` }, SK: { S: "HOLDS" } }, ConditionExpression: "attribute_not_exists(PK)" };
    const remove = { TableName: "ciero-main", Key: { PK: { S: `CONTRACT#${contract}` }, SK: { S: "LISTED" } } };
    const body = JSON.stringify({ TransactItems: [{ ConditionCheck: check }, { Delete: remove }] });
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.TransactWriteItems" };
    const answer = await call(instance, { service: "dynamodb", headers, body });
    assert.equal(answer.status, 400, answer.text);
    assert.match(answer.text, /TransactionCanceledException/);
  });

  await step("the same 404 for every other role, the customer and a guest", async () => {
    const others = [["customer", client], ["guest", new Client(instance)]];
    for (const group of [...GROUPS, "reseller"].filter((one) => one !== "legal")) {
      const groups = group === "reseller" ? [] : [group];
      others.push([group, await operator(instance, `other-${group}`, groups)]);
    }
    const route = (who, path) => who.request("GET", path, { headers: { accept: "text/html" } });
    const expected = seen(await route(desk.a, `/console/disclosures/${NOWHERE}`));
    for (const [name, who] of others) {
      for (const path of [page, `/console/disclosures/${NOWHERE}`, "/console/disclosures", "/console/breaches", `${page}/files/document-0`]) {
        assert.equal(seen(await route(who, path)), expected, `${name}: ${path}`);
      }
      const home = name === "customer" ? "/cameras" : "/console/contracts";
      if (name !== "guest") assert.ok(!(await who.open(home)).text.includes("/console/disclosures"), name);
      const posted = (path) => who.request("POST", path, { headers: { "content-type": "application/json", "x-csrf-token": who.token }, body: "{}" });
      assert.equal(seen(await posted(`${page}/approval`)), seen(await posted(`/console/disclosures/${NOWHERE}/approval`)), name);
    }
  });

  await step("it is judged only with its document, and approved by two who did not prepare it", async () => {
    await refused("a", "judgement", { verdict: "all", reason: "令状を確認した" }, 409, "document_missing");
    await desk.a.open(page);
    const bad = await upload(desk.a, page, Buffer.from("<html>"));
    assert.equal(bad.status, 422, text(bad.text));
    const added = await upload(desk.a, page, SCAN);
    assert.equal(added.status, 303, text(added.text));
    assert.deepEqual(await file(desk.b, page, "document-0"), SCAN);
    await done("a", "judgement", { verdict: "all", reason: "令状を確認した" });
    await refused("a", "approval", {}, 409, "approval_own");
    await done("b", "approval");
    await refused("b", "approval", {}, 409, "approval_repeated");
    await refused("a", "package", {}, 409, "not_approved");
    await done("c", "approval");
    await refused("a", "package", {}, 409, "video_not_approved");
    await done("b", "video-approval");
  });

  await step("the held recording is copied as it was received, with a manifest", async () => {
    await until("the copy was complete", async () => (await desk.a.open(page)).text.includes("data-complete"));
    await done("a", "package");
    const shown = (await desk.a.open(page)).text;
    hash = /id="package-hash">([0-9a-f]{64})</.exec(shown)[1];
    const manifest = await file(desk.a, page, "package-0");
    assert.equal(sha256(manifest), hash);
    const { files, recordings, scope } = JSON.parse(manifest);
    assert.deepEqual(scope.data, ["particulars", "users"]);
    assert.deepEqual(files.map((one) => one.name), ["particulars.json", "particulars.csv", "users.json", "users.csv", "index.html"]);
    for (const [place, one] of files.entries()) {
      const bytes = await file(desk.a, page, `package-${place + 1}`);
      assert.equal(sha256(bytes), one.sha256, one.name);
      if (one.name === "particulars.json") assert.ok(bytes.includes(CORPORATION.name));
    }
    const within = (await fragments(instance, stream)).filter((one) => {
      const start = Math.round(one.ProducerTimestamp * 1000);
      return start + one.FragmentLengthInMilliseconds > from && start < until_;
    });
    assert.equal(recordings[0].fragments, within.length);
    const media = await file(desk.a, page, "recording-0-1");
    assert.equal(media.length, recordings[0].bytes);
    const documents = media.toString("latin1").split("\x1a\x45\xdf\xa3").length - 1;
    assert.equal(documents, within.length, "each fragment is a Matroska document of its own");
  });

  await step("the delivery names the hash that the recipient acknowledged", async () => {
    const delivery = { on: "2026-04-01", method: "手交", recipient: "見本 一郎", acknowledged: hash };
    await refused("a", "delivery", { ...delivery, acknowledged: "0".repeat(64) }, 422, "hash_differs");
    await done("a", "delivery", delivery);
    await refused("a", "closing", { cause: "delivered" }, 409, "hold_in_force");
    await done("a", "release", { reason: "捜査の終了" });
    await refused("a", "release/approval", {}, 409, "release_own");
    await done("b", "release/approval");
    await done("a", "closing", { cause: "delivered" });
    const shown = text((await desk.c.open(page)).text);
    for (const part of ["終了", "閲覧の記録", "legal-b", "手交", hash]) assert.ok(shown.includes(part), part);
  });

  await step("video without a warrant is refused", async () => {
    const opened = await desk.a.fill("/console/disclosures", "/console/disclosures", request("inquiry"));
    page = opened.location;
    await desk.a.open(page);
    assert.equal((await upload(desk.a, page, SCAN)).status, 303);
    await refused("a", "judgement", { verdict: "all", reason: "照会" }, 409, "video_needs_warrant");
    await done("a", "judgement", { verdict: "part", reason: "照会", data_users: "on" });
  });

  await step("nothing of it stands in the main table, in a mail or in the customer's own pages", async () => {
    for (const [key, value] of await stored(instance)) {
      if (key.startsWith("ciero-main")) assert.ok(!value.includes(id) && !key.includes(id), key);
    }
    assert.ok((await instance.mails()).every((mail) => !mail.text.includes(id) && !mail.text.includes("見本警察署")));
    for (const place of ["/contract", "/notices", "/cameras"]) assert.ok(!(await client.open(place)).text.includes("警察"), place);
  });

  await step("a hold outlives the contract: on the day of the purge what is held stays", async () => {
    const sent = await client.fill("/contract/cancellation?on=2026-04-10", "/contract/cancellation", { on: "2026-04-10", confirm: "on" });
    assert.equal(sent.status, 303, text(sent.text));
    assert.equal((await instance.advance("P41D")).status, 200);
    const items = await stored(instance);
    // The held stream and the particulars are there, and nothing was certified.
    assert.ok(items.has(`stream ${stream}`));
    const named = [...items].filter(([key, item]) => key.startsWith("ciero-main APPLICATION#") && item.includes(CORPORATION.contact_email));
    assert.ok(named.length > 0, "the registered data");
    assert.ok(![...items.keys()].some((key) => key.includes("CERTIFICATE#")));
    const lines = [...items].filter(([key]) => key.includes(`PURGE#${contract}/LINE#`)).map(([, item]) => item);
    for (const step of ["recordings", "accounts"]) assert.ok(lines.some((line) => line.includes('"held"') && line.includes(`"${step}"`)), step);
    assert.equal((await instance.mails()).some((mail) => mail.kind === "data_deleted"), false);
  });

  await step("after the release the purge comes to its end", async () => {
    for (const [name, one] of Object.entries(desk)) await one.signIn({ ...OPERATOR, name: `legal-${name}` });
    await done("a", "release", { reason: "照会の終了" });
    await done("b", "release/approval");
    assert.equal((await instance.advance("PT3H")).status, 200);
    await instance.mail("data_deleted", CORPORATION.contact_email);
    const items = await stored(instance);
    assert.ok(!items.has(`stream ${stream}`));
    assert.ok([...items.keys()].some((key) => key.includes(`CONTRACT#${contract}/CERTIFICATE#`)));
  });

  await step("the breach register shows its clocks", async () => {
    const recorded = await desk.a.fill("/console/breaches", "/console/breaches", { known_at: "2026-03-20T10:00", what: "誤送信", persons: "3", sensitive: "on" });
    assert.equal(recorded.status, 303, text(recorded.text));
    const shown = text((await desk.b.open("/console/breaches")).text);
    for (const part of ["2026年3月24日", "2026年4月18日", "期限を過ぎています"]) assert.ok(shown.includes(part), part);
  });
});
