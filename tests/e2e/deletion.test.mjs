//! A customer deletes what a camera recorded: gone for everyone at once, from the disk after an hour, while recording goes on; what is held
//! goes after the release, and nobody else can tell.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { CORPORATION, customer, DEVICE, device, fragments, invoke, operator, scenario, text, until, video } from "./harness.mjs";
import { start } from "./harness/device.mjs";
import { record } from "./harness/marked.mjs";
import { files } from "./harness/stores.mjs";

const CLOCK = "2026-04-01T09:00+09:00";
const SECOND = { ...DEVICE, name: "裏口", serial: "E2E-0002" };
const [MANY, MINUTE_MS] = [12, 60_000];

/** Tells whether some file of a folder holds a text. The copy of what is held stands among the objects. */
async function onDisk(instance, wanted, folder = "video") {
  for (const file of await files(instance, folder)) {
    const bytes = await readFile(file).catch(() => Buffer.alloc(0));
    if (bytes.includes(wanted)) return true;
  }
  return false;
}

scenario("a customer deletes recordings, and a hold shows in nothing", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step, t }) => {
  const desk = {}, marks = {}, exported = {};
  let client, contract, cameras, iotbox, recordedAt, asked, page, planHours;
  t.after(() => iotbox?.stop());
  const stream = (which) => `ciero-${cameras[which].camera}`;
  const intervals = async (which) => (await client.send(`/cameras/${cameras[which].camera}/intervals`, { date: "2026-04-01" })).json.intervals;
  const kept = async (which) => (await video(instance, "describeStream", { StreamName: stream(which) })).StreamInfo.DataRetentionInHours;
  /** Goes on to so many minutes after the request. */
  const goTo = async (minutes) => {
    const left = Math.ceil((asked + minutes * MINUTE_MS - (await instance.now())) / 1000);
    assert.ok(left > 0, "too late");
    assert.equal((await instance.advance(`PT${left}S`)).status, 200);
  };
  /** One tick of the watch, now. */
  const watch = async () => {
    const time = new Date(await instance.now()).toISOString();
    const answer = await invoke(instance, "camera-watch", { source: "aws.events", "detail-type": "Scheduled Event", time, detail: {} });
    assert.ok(answer.status === 200 && !answer.json.errorMessage, answer.text);
    return answer.json;
  };
  /** A page as anybody sees it of either camera. */
  const seen = async (which, place = "") => {
    const { camera, id } = cameras[which];
    const { text: body } = await client.open(`/cameras/${camera}${place}`);
    const plain = text(body).replaceAll(cameras[which].name, "CAMERA").replace(/\d+:\d\d(:\d\d)?/g, "TIME");
    return plain.replaceAll(camera, "ID").replaceAll(id, "ID");
  };
  const done = async (who, command, fields = {}) => {
    await desk[who].open(page);
    const answer = await desk[who].post(`${page}/${command}`, fields);
    assert.equal(answer.status, 303, `${command}: ${text(answer.text)}`);
  };

  await step("two cameras record, one of them with the device program, and both are backed up", async () => {
    const all = await operator(instance);
    ({ client, contract } = await customer(instance, all, CORPORATION));
    contract = contract.split("/").at(-1);
    const answer = await client.fill("/devices", "/devices", DEVICE);
    const { text: shown } = await client.open(answer.location);
    const command = text(/<pre><code>([\s\S]*?)<\/code><\/pre>/.exec(shown)[1]);
    const first = { camera: /\/cameras\/([\w-]+)/.exec(shown)[1], id: answer.location.split("/").at(-1), name: DEVICE.name };
    cameras = { free: first, held: { ...(await device(client, SECOND)), name: SECOND.name } };
    // So that what is recorded lies after the registration.
    assert.equal((await instance.advance("PT10M")).status, 200);
    iotbox = start(command, path.join(instance.data, "device"));
    await until("the device program recorded", async () => {
      const streams = (await video(instance, "listStreams", {})).StreamInfoList;
      return streams.some((one) => one.StreamName === stream("free")) && (await fragments(instance, stream("free"))).length > 2;
    });
    planHours = await kept("free");
    await video(instance, "createStream", { StreamName: stream("held"), DataRetentionInHours: planHours });
    for (const which of ["free", "held"]) {
      marks[which] = `pictures-of-the-${which}-camera`;
      recordedAt = await record(instance, stream(which), marks[which], MANY);
      const [from, until_] = [recordedAt - 2 * MINUTE_MS, recordedAt].map((at) => new Date(at).toISOString());
      await client.open("/exports");
      const made = await client.send(`/cameras/${cameras[which].camera}/exports`, { from, until: until_ });
      assert.equal(made.status, 201, made.text);
      exported[which] = made.json.id;
      assert.ok((await intervals(which)).length > 0, which);
    }
    const complete = async () => (await client.open("/exports")).text.match(/data-state="done"/g)?.length === 2;
    await until("both backups were complete", complete);
    for (const mark of Object.values(marks)) assert.ok((await onDisk(instance, mark)) && (await onDisk(instance, mark, "s3")), mark);
  });

  await step("the legal desk holds the recordings of the other camera", async () => {
    for (const name of ["legal-a", "legal-b"]) desk[name.at(-1)] = await operator(instance, name, ["legal"]);
    const span = [recordedAt - 5 * MINUTE_MS, recordedAt].map((at) => new Date(at).toISOString());
    const opened = await desk.a.fill("/console/disclosures", "/console/disclosures", {
      contract, requester: "police", name: "見本警察署", office: "刑事課", officer: "見本 一郎", contact: "03-0000-0000", basis: "warrant",
      document_number: "見本署発第1号", received_on: "2026-04-01", recordings: `${cameras.held.camera} ${span.join(" ")}`, hold: "on",
    });
    assert.equal(opened.status, 303, text(opened.text));
    page = opened.location;
  });

  await step("the page says what goes and that nothing comes back, and the name confirms it", async () => {
    const shown = await seen("free", "/deletion");
    for (const part of ["すべての録画", "復元", "できません", "CAMERA"]) assert.ok(shown.includes(part), shown);
    assert.equal(await seen("held", "/deletion"), shown);
    const leaving = await client.open("/contract/leaving");
    for (const { camera } of Object.values(cameras)) assert.ok(leaving.text.includes(`/cameras/${camera}/deletion`));
    const wrong = await client.send(`/cameras/${cameras.free.camera}/deletion`, { name: "玄関" });
    assert.deepEqual([wrong.status, wrong.json.errors[0].field], [422, "name"], wrong.text);
    assert.ok((await fragments(instance, stream("free"))).length > MANY);
  });

  await step("accepted, nothing earlier is shown, listed, exported or played, and recording goes on", async () => {
    for (const which of ["held", "free"]) {
      const { camera, name } = cameras[which];
      const answer = await client.fill(`/cameras/${camera}/deletion`, "/deletion", { name });
      assert.deepEqual([answer.status, answer.location], [303, `/cameras/${camera}`], text(answer.text));
      asked ??= await instance.now();
      const again = await client.send(`/cameras/${camera}/deletion`, { name });
      assert.deepEqual([again.status, again.json.code], [409, "deletion_just_asked"]);
      assert.deepEqual(await intervals(which), []);
      const file = await client.request("GET", `/exports/${exported[which]}/files/manifest.json`, { headers: { accept: "application/json" } });
      assert.deepEqual([file.status, file.json.code], [403, "before_grant"], file.text);
      const [begin, end] = [recordedAt - MINUTE_MS, recordedAt].map((at) => new Date(at).toISOString());
      const played = await client.send(`/cameras/${camera}/recording`, { start: begin, end });
      assert.deepEqual([played.status, played.json.code], [403, "before_grant"], played.text);
      const copied = await client.send(`/cameras/${camera}/exports`, { from: begin, until: end });
      assert.deepEqual([copied.status, copied.json.code], [403, "before_grant"], copied.text);
    }
    const live = await client.send(`/cameras/${cameras.free.camera}/live`, {});
    assert.equal(live.status, 200, live.text);
    const accepted = await seen("free");
    assert.ok(accepted.includes("録画の消去を受け付けました"), accepted);
  });

  await step("the deletion is no outage, and both mails are the same", async () => {
    for (let again = 0; again < 2; again += 1) {
      const watched = await watch();
      assert.deepEqual([watched.stopped, watched.told], [0, 0], JSON.stringify(watched));
    }

    const mails = await until("both mails were sent", async () => {
      const found = (await instance.mails()).filter((mail) => mail.kind === "recordings_deleted");
      return found.length === 2 && found;
    });
    const [one, other] = mails.map((mail) => mail.text.replaceAll(DEVICE.name, "CAMERA").replaceAll(SECOND.name, "CAMERA").replace(/\d+:\d\d/g, "TIME"));
    assert.equal(one, other);
  });

  await step("after an hour the old pictures are gone from the disk, the held ones are not, and nobody can tell", async () => {
    for (const which of ["free", "held"]) assert.ok(await onDisk(instance, marks[which]), which);
    await goTo(61);
    await until("the pictures were gone", async () => !(await onDisk(instance, marks.free)));
    assert.ok(!(await onDisk(instance, marks.free, "s3")));
    assert.ok(await onDisk(instance, marks.held));
    for (const which of ["free", "held"]) assert.equal(await kept(which), planHours, which);
    const left = await fragments(instance, stream("free"));
    assert.ok(left.every((one) => one.ServerTimestamp * 1000 >= asked), JSON.stringify(left[0]));
    const backups = await client.open("/exports");
    assert.equal(backups.text.match(/data-state="failed"/g)?.length, 2, backups.text);
    for (const id of Object.values(exported)) assert.ok((await files(instance, "s3")).every((file) => !file.includes(id)), id);
    const plain = (shown) => shown.replace(/録画中|録画待ち|オフライン|状態を確認中/g, "STATE");
    assert.equal(plain(await seen("held", "/deletion")), plain(await seen("free", "/deletion")));
  });

  await step("the device program records on by itself", async () => {
    const before = await instance.now();
    await until("there were new pictures", async () => (await fragments(instance, stream("free"))).some((one) => one.ServerTimestamp * 1000 > before));
    await until("the camera was shown as recording", async () => {
      await watch();
      return text((await client.open("/cameras")).text).includes("録画中");
    });
  });

  await step("after the release the held pictures go too, and nothing that was recorded since", async () => {
    const since = await record(instance, stream("held"), "pictures-that-stay", MANY);
    await done("a", "release", { reason: "捜査の終了" });
    await done("b", "release/approval");
    await goTo(121);
    await until("the held pictures were gone", async () => !(await onDisk(instance, marks.held)));
    assert.ok(await onDisk(instance, "pictures-that-stay"));
    const left = await fragments(instance, stream("held"));
    assert.ok(left.length === MANY && left.every((one) => one.ServerTimestamp * 1000 >= since - MINUTE_MS));
    assert.equal(await kept("held"), planHours);
  });
});
