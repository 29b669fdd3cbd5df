//! The customer's own copy: hours of a camera with cut-outs, exported past a killed worker, decoded whole and played in a browser.
//!
//! EXPORT_HOURS=24 plays a whole day, as `./scripts/bench` does; the default is short enough for every run.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CORPORATION, customer, DEVICE, device, dynamodb, fragments, named, operator, scenario, text, until, video, Client } from "./harness.mjs";
import { browser, person } from "./harness/browser.mjs";
import { decode, film, probe } from "./harness/film.mjs";
import { cluster, header } from "./harness/matroska.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const HOURS = Number(process.env.EXPORT_HOURS ?? 2);
const CLOCK = "2026-04-01T09:00+09:00";
const [GROUP_FRAMES, FRAME_MS] = [20, 500];
const FRAGMENT_MS = GROUP_FRAMES * FRAME_MS;
const BITS_PER_SECOND = 50_000;
const MANY = Math.floor((HOURS * 3_600_000) / FRAGMENT_MS);
const part = (share) => Math.floor(MANY * share);
/** Which fragments were never recorded, as [first, behind the last). */
const CUTS = [[part(0.2), part(0.2) + 12], [part(0.45), part(0.45) + 1], [part(0.7), part(0.78)]];
const isCut = (n) => CUTS.some(([first, behind]) => n >= first && n < behind);
/** From here on the camera sends smaller pictures. */
const OTHER = part(0.9);
/** These arrive after everything else, and these arrive twice. */
const isLate = (n) => n >= part(0.3) && n < part(0.3) + 4;
const isDouble = (n) => n >= 3 && n < 6;
const IN_FLIGHT = 40;

const json = { accept: "application/json" };

/** Sends fragments over one connection, a few ahead of the acknowledgements. */
async function feed(instance, stream, { groups, header: facts }, startMs, numbers) {
  const camera = new PutMedia(instance, stream);
  camera.send(header(facts));
  for (const [sent, n] of numbers.entries()) {
    camera.send(cluster(startMs + n * FRAGMENT_MS, groups[n % groups.length], FRAME_MS));
    if (sent % IN_FLIGHT === 0) await until("the sender may go on", () => camera.closed || camera.of("RECEIVED").length > sent - IN_FLIGHT, { interval: 5 });
  }
  camera.end();
  await until("everything was persisted", () => camera.of("PERSISTED").length >= numbers.length, { seconds: 120 });
}

/** Everything that workers told of what they fetch, oldest first, each with the invocation that it was fetched in. */
function fetched(instance) {
  const folder = path.join(instance.data, "logs");
  const files = readdirSync(folder).filter((name) => name.startsWith("clip-export"));
  const lines = files.flatMap((name) => readFileSync(path.join(folder, name), "utf8").split("\n"));
  return lines.filter((line) => line.includes("pictures are fetched")).map((line) => ({
    from: Number(/from_ms\W+(\d+)/.exec(line)[1]),
    fragments: Number(/fragments\W+(\d+)/.exec(line)[1]),
    by: /requestId\W+([\w-]+)/.exec(line)[1],
  }));
}

/** Plays a film at these times, and tells for each which picture was shown. */
const played = (page, url, times) => page.evaluate(async ({ url, times }) => {
  const film = document.body.appendChild(Object.assign(document.createElement("video"), { muted: true, src: url }));
  const heard = (name) => new Promise((hear, fail) => {
    film.addEventListener(name, hear, { once: true });
    film.addEventListener("error", () => fail(new Error(film.error?.message)), { once: true });
  });
  await heard("loadedmetadata");
  const shown = [];
  for (const time of times) {
    const seeked = heard("seeked");
    film.currentTime = time;
    await seeked;
    const picture = new Promise((show) => film.requestVideoFrameCallback((_, { mediaTime }) => show(mediaTime)));
    const ended = heard("ended").then(() => film.currentTime);
    await film.play();
    shown.push(await Promise.race([picture, ended]));
    film.pause();
  }
  return { duration: film.duration, width: film.videoWidth, shown };
}, { url, times });

scenario("a customer saves hours of a camera", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step, t }) => {
  let client, contract, camera, stream, start, end, made, manifest;
  const items = async () => (await dynamodb(instance, "Query", {
    TableName: "ciero-main",
    ConsistentRead: true,
    KeyConditionExpression: "PK = :pk AND begins_with(SK, :sk)",
    ExpressionAttributeValues: { ":pk": { S: `CONTRACT#${contract}` }, ":sk": { S: "EXPORT#" } },
  })).Items.map((item) => item.body.M);
  const find = async (id) => (await items()).find((body) => body.id.S === id);
  const done = (id, seconds) => until("the export was done", async () => {
    const body = await find(id);
    if (body.state.S === "failed") throw new Error(JSON.stringify(body));
    return body.state.S === "done" && body;
  }, { seconds, interval: 200 });
  const address = (id, name) => client.request("GET", `/exports/${id}/files/${name}`, { headers: json });

  await step("a camera records with cut-outs, sends some late and some twice, and changes its pictures", async () => {
    const console_ = await operator(instance);
    const person = await customer(instance, console_, CORPORATION);
    client = person.client;
    contract = person.contract.split("/").at(-1);
    ({ camera } = await device(client));
    stream = `ciero-${camera}`;
    await video(instance, "createStream", { StreamName: stream, DataRetentionInHours: 720 });
    start = Math.ceil((await instance.now()) / 60_000) * 60_000 + 60_000;
    end = start + MANY * FRAGMENT_MS;
    assert.equal((await instance.advance(`PT${Math.ceil(HOURS * 60) + 10}M`)).status, 200);
    await client.signIn({ name: person.email, password: person.password });
    const shape = { rate: 1000 / FRAME_MS, groups: 6, groupFrames: GROUP_FRAMES, bitsPerSecond: BITS_PER_SECOND };
    const [large, small] = [film({ ...shape, width: 320, height: 180 }), film({ ...shape, width: 256, height: 144 })];
    const all = Array.from({ length: MANY }, (_, n) => n).filter((n) => !isCut(n));
    await feed(instance, stream, large, start, all.filter((n) => n < OTHER && !isLate(n)));
    await feed(instance, stream, small, start, all.filter((n) => n >= OTHER));
    await feed(instance, stream, large, start, all.filter(isLate));
    await feed(instance, stream, large, start, all.filter(isDouble));
    made = all.length;
    assert.equal((await fragments(instance, stream)).length, made + 3);
  });

  let id;
  await step("what may not be had is refused with a code, and nothing is begun", async () => {
    await client.open(`/cameras/${camera}`);
    const refusals = [[end, start, "span_empty"], [start, end + 86_400_000, "span_in_the_future"], [start - 864e5 * 31, end, "span_longer_than_retention"], [start - 864e5, end, "before_grant"]];
    for (const [from, to, code] of refusals) {
      const answer = await client.send(`/cameras/${camera}/exports`, { from: new Date(from).toISOString(), until: new Date(to).toISOString() });
      assert.equal(answer.json.code, code, answer.text);
    }
    assert.equal((await items()).length, 0);
  });

  await step("a worker that is killed half-way leaves the rest to the next, and nothing that is done is fetched again", async () => {
    const asked = { from: new Date(start).toISOString(), until: new Date(end).toISOString() };
    const answer = await client.send(`/cameras/${camera}/exports`, asked);
    assert.equal(answer.status, 201, answer.text);
    id = answer.json.id;
    const half = await until("two parts were there", async () => {
      const { journal, state } = await find(id);
      assert.equal(state.S, "under_way", "it was done before it could be killed");
      const noted = journal && JSON.parse(journal.S);
      return noted?.file?.tags.length >= 2 && noted;
    }, { interval: 5, seconds: 60 });
    const workers = named(instance.child.pid, "clip-export");
    assert.ok(workers.length > 0);
    for (const { pid } of workers) process.kill(pid, "SIGKILL");
    // The last lines of the killed one may be read later; they carry its name.
    const killed = fetched(instance).map(({ by }) => by);
    const noted = JSON.parse((await find(id)).journal.S);
    assert.ok(noted.next_ms >= half.next_ms);
    const body = await done(id, 240);
    assert.ok(Number(body.version.N) > 4);
    const after = fetched(instance).filter(({ by }) => !killed.includes(by));
    assert.ok(after.length > 0, "the rest was fetched");
    assert.ok(after.every(({ from }) => from >= noted.next_ms), `${JSON.stringify(after[0])} was done by ${noted.next_ms}`);
    assert.ok(after.reduce((sum, one) => sum + one.fragments, 0) < made);
  });

  const files = new Map();
  await step("the manifest tells every gap that was made, and the hash of every file", async () => {
    const { json: place } = await address(id, "manifest.json");
    manifest = await (await fetch(place.url)).json();
    const expected = CUTS.map(([first, behind]) => [start + first * FRAGMENT_MS, start + behind * FRAGMENT_MS]);
    assert.deepEqual(manifest.gaps.map((gap) => [Date.parse(gap.from), Date.parse(gap.until)]), expected);
    assert.equal(manifest.missing_ms, expected.reduce((sum, [from, to]) => sum + to - from, 0));
    assert.equal(manifest.files.length, 2);
    for (const file of manifest.files) {
      const { json: place } = await address(id, file.name);
      const bytes = Buffer.from(await (await fetch(place.url)).arrayBuffer());
      assert.equal(createHash("sha256").update(bytes).digest("hex"), file.sha256);
      assert.equal(bytes.length, file.bytes);
      const kept = path.join(instance.data, file.name);
      writeFileSync(kept, bytes);
      files.set(file.name, kept);
    }
    const mail = await instance.mail("export_ended", CORPORATION.contact_email);
    assert.ok(mail.text.includes(DEVICE.name) && mail.text.includes("3か所"), mail.text);
  });

  await step("ffmpeg decodes every frame of every file without a word", async () => {
    let frames = 0;
    for (const [at, file] of manifest.files.entries()) {
      const kept = files.get(file.name);
      assert.equal(decode(kept), "");
      const found = probe(kept);
      assert.equal(found.width, [320, 256][at]);
      assert.ok(Math.abs(found.seconds * 1000 - file.plays_ms) < 2, `${found.seconds} s, and ${file.plays_ms} ms in the manifest`);
      frames += found.frames;
    }
    assert.equal(frames, made * GROUP_FRAMES);
  });

  await step("Chromium plays the start, the middle, the end and both sides of every gap", async () => {
    const chrome = await browser();
    try {
      const page = await person(chrome);
      for (const file of manifest.files) {
        const { json: place } = await address(id, file.name);
        const whole = file.plays_ms / 1000;
        const sides = manifest.segments.filter((one) => one.file === file.name && one.file_ms > 0).flatMap(({ file_ms }) => [file_ms / 1000 - 1.2, file_ms / 1000 + 1.2]);
        const times = [0, whole / 2, ...sides, whole - 1.2];
        const { duration, shown } = await played(page, place.url, times);
        assert.ok(Math.abs(duration - whole) < 0.1, `${duration} s of ${whole} s`);
        for (const [at, time] of times.entries()) assert.ok(Math.abs(shown[at] - time) <= 1.5, `${shown[at]} was shown at ${time}`);
      }
    } finally {
      await chrome.close();
    }
  });

  await step("the page lists the files, tells the gaps, and that nothing is restored", async () => {
    const page = (await client.open("/exports")).text;
    for (const { name, sha256 } of manifest.files) assert.ok(page.includes(`/exports/${id}/files/${name}`) && page.includes(sha256));
    const words = text(page);
    assert.ok(words.includes("復元することはできません") && words.includes("3か所") && words.includes("完成"), words);
    const led = await client.request("GET", `/exports/${id}/files/manifest.json`, { headers: { accept: "text/html" } });
    assert.equal(led.status, 303);
    assert.ok(led.location.startsWith(instance.aws), led.location);
    const stranger = new Client(instance);
    assert.equal((await stranger.request("GET", `/exports/${id}/files/manifest.json`, { headers: json })).status, 401);
  });

  await step("registered data come as tables, and all cameras in one request", async () => {
    await client.open("/exports");
    const data = await client.send("/exports", { what: "registered_data" });
    assert.equal(data.status, 201, data.text);
    await done(data.json.id, 60);
    const { json: place } = await address(data.json.id, "users.csv");
    const table = await (await fetch(place.url)).text();
    assert.ok(table.includes(CORPORATION.contact_email) && table.includes("email"), table);
    const all = await client.send("/exports", { what: "recordings" });
    assert.deepEqual([all.status, all.json.exports, all.json.left], [201, 1, 0], all.text);
    const twice = await client.send("/exports", { what: "recordings" });
    assert.equal(twice.json.code, "nothing_to_export", twice.text);
  });
});
