//! The device program against real cameras and the real embedded cloud: what they show is recorded and playable, a line
//! that fails loses nothing, a wrong clock sends nothing, and an installer is told what a camera is.

import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import test from "node:test";
import { call, CORPORATION, customer, DEVICE, fragments, operator, playlist, plays, scenario, scratch, text, until, video } from "./harness.mjs";
import { configuration, createStream, figures, gaps, iotbox, lasting, page, recorded } from "./harness/box.mjs";
import { cameras, film } from "./harness/camera.mjs";
import { line } from "./harness/line.mjs";

async function session(instance, stream, spans) {
  const api = await video(instance, "getDataEndpoint", { StreamName: stream, APIName: "GET_HLS_STREAMING_SESSION_URL" });
  const body = JSON.stringify({ StreamName: stream, PlaybackMode: "ON_DEMAND", HLSFragmentSelector: { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange: { StartTimestamp: spans[0][0], EndTimestamp: spans.at(-1)[1] + 1 } }, MaxMediaPlaylistFragmentResults: 5000 });
  const answer = await call({ aws: api.DataEndpoint }, { service: "kinesisvideo", path: "/getHLSStreamingSessionURL", headers: { "content-type": "application/json" }, body });
  assert.equal(answer.status, 200, answer.text);
  return playlist(answer.json.HLSStreamingSessionURL);
}

scenario("what cameras show is recorded and playable, and a line that fails loses nothing", { demo: false }, async ({ instance, step, t }) => {
  const folder = await scratch();
  t.after(() => rm(folder, { recursive: true, force: true }));
  const films = [
    await film(folder, "avc-aac", { sound: "aac" }),
    await film(folder, "hevc-pcma", { video: "h265", sound: "pcma" }),
    await film(folder, "avc-pcmu", { sound: "pcmu", keySeconds: 2 }),
  ];
  const server = await cameras(films, { password: "secret" });
  t.after(() => server.stop());
  for (const { name } of films) await createStream(instance, name);
  await createStream(instance, "default");
  const wire = await line(instance.aws);
  t.after(() => wire.close());
  const access = 'user = "viewer"\npassword = "secret"';
  const all = films.map(({ name }) => [name, server.url(name), `${access}\naudio = "any"`]);
  const config = await configuration(folder, wire.url, [...all, ["default", server.url("avc-pcmu"), access]], 'status = "127.0.0.1:0"');
  let box = iotbox(["run", "--config", config]);
  t.after(() => box.stop());

  await step("three cameras in one box are recorded with their codecs, without a gap", async () => {
    for (const { name } of films) {
      const spans = await lasting(instance, name, 8);
      assert.deepEqual(gaps(spans), []);
    }
  });

  await step("a player plays what H.264 with AAC was sent", async () => {
    const { spans } = await recorded(instance, "avc-aac");
    const list = await session(instance, "avc-aac", spans);
    await plays(list);
    assert.ok(list.text.length > 0 && list.segments.length >= 7, list.text);
  });

  await step("a camera with G.711 is sent without it, so that browsers play its pictures", async () => {
    const spans = await lasting(instance, "default", 8);
    const list = await session(instance, "default", spans);
    await plays(list);
    await assert.rejects(session(instance, "avc-pcmu", spans), /The codec A_MS\/ACM of track 2 is not supported/);
  });

  await step("times are those of the pictures' arrival", async () => {
    const { spans } = await recorded(instance, "avc-aac");
    const late = Date.now() / 1000 - spans.at(-1)[1];
    assert.ok(late > -0.1 && late < 8, `the newest picture is ${late} s old`);
  });

  await step("killed during an outage, everything recorded before and after is sent with its true time", async () => {
    const before = (await recorded(instance, "avc-aac")).spans;
    const cutAt = Date.now() / 1000;
    wire.cut();
    await until("the outage lasted 12 s", () => Date.now() / 1000 - cutAt > 12, { interval: 100 });
    box.process.kill("SIGKILL");
    await box.end();
    const killedAt = Date.now() / 1000;
    assert.ok((await readdir(path.join(folder, "state/avc-aac/spool"))).some((name) => name.endsWith(".spool")));
    box = iotbox(["run", "--config", config]);
    await until("the box recorded again for 4 s", () => Date.now() / 1000 - killedAt > 6, { interval: 100 });
    wire.mend();
    const mendedAt = Date.now() / 1000;
    await until("the backlog was sent beside the present", async () => {
      const { cameras: all } = await figures(box);
      return all.every((one) => one.live === "sending" && one.waiting_from_before === 0) && Date.now() / 1000 > mendedAt + 3;
    }, { seconds: 60, interval: 200 });
    // The kill costs the fragment that was open and the camera's start; the outage itself nothing.
    for (const { name } of films) {
      const lost = gaps((await recorded(instance, name)).spans);
      const atKill = lost.every(([from, to]) => Math.abs(from - killedAt) < 3 && to - from < 6);
      assert.ok(lost.length <= 1 && atKill, `${name}: ${JSON.stringify(lost)}, killed ${killedAt}`);
    }
    const { spans, twice } = await recorded(instance, "avc-aac");
    assert.ok(before.every(([from]) => spans.some(([other]) => other === from)));
    // Only what was on its way when the line was cut may have come twice; a player sees it once.
    assert.ok(twice <= 3, `${twice} fragments came twice`);
    const list = await session(instance, "avc-aac", spans);
    assert.equal(list.segments.length, spans.length);
  });

  await step("the status page tells each camera", async () => {
    const told = (await figures(box)).cameras.map((camera) => [camera.name, camera.camera, camera.pictures, camera.live]);
    assert.deepEqual(told, [
      ["avc-aac", "running", "H.264 320 x 180, AAC", "sending"],
      ["hevc-pcma", "running", "H.265 320 x 180, G.711 A-law", "sending"],
      ["avc-pcmu", "running", "H.264 320 x 180, G.711 mu-law", "sending"],
      ["default", "running", "H.264 320 x 180, sound in G.711 mu-law not sent", "sending"],
    ]);
    assert.ok((await (await fetch(page(box))).text()).includes("avc-aac"));
  });

  await step("what was sent leaves the disk", async () => {
    await until("the spools were empty but for what is open", async () => {
      for (const { name } of films) {
        const left = await readdir(path.join(folder, "state", name, "spool"));
        if (left.filter((file) => file.endsWith(".spool")).length > 1) return false;
      }
      return true;
    });
  });
});

scenario("a clock that is off sends nothing and says so, unless it may follow", { demo: false, clock: "2026-04-01T09:00+09:00", chain: true }, async ({ instance, step, t }) => {
  const folder = await scratch();
  t.after(() => rm(folder, { recursive: true, force: true }));
  const server = await cameras([await film(folder, "cam", { seconds: 120 })]);
  t.after(() => server.stop());
  const { client } = await customer(instance, await operator(instance), CORPORATION);
  const page = await client.open((await client.fill("/devices", "/devices", DEVICE)).location);
  const [, code] = /--code ([\w-]+)/.exec(text(page.text));
  const stream = `ciero-${/\/cameras\/([\w-]+)/.exec(page.text)[1]}`;
  const camera = `[[camera]]\nname = "cam"\nsource = "${server.url("cam")}"\ncode = "${code}"\n`;
  const config = path.join(folder, "iotbox.toml");
  const run = async (general) => {
    await writeFile(config, `[box]\nstate = "${folder}/state"\nservice = "${instance.portal}"\n${general}\n${camera}`);
    return iotbox(["run", "--config", config]);
  };

  await step("without permission nothing is sent", async () => {
    const box = await run("");
    await until("it said so", () => /the clock of the service is \d+ \w+ (ahead|behind) of this device's/.test(box.errors) && /not kept because the clock is wrong/.test(box.output));
    await box.stop();
    assert.deepEqual(await fragments(instance, stream), []);
  });

  await step("with permission pictures carry the service's time", async () => {
    const box = await run("follow_service_clock = true");
    const [[from]] = await lasting(instance, stream, 3);
    assert.ok(Math.abs(from - (await instance.now()) / 1000) < 15);
    await box.stop();
  });
});

test("an installer is told what a camera is, and what to change", { timeout: 200_000 }, async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "ciero-e2e-"));
  const films = [
    await film(folder, "good", { sound: "aac", keySeconds: 2, seconds: 60 }),
    await film(folder, "rare", { keySeconds: 30, seconds: 60 }),
    await film(folder, "b", { seconds: 60, more: ["-tune", "film", "-preset", "fast", "-bf", "3"] }),
  ];
  const server = await cameras(films, { password: "secret" });
  t.after(async () => { await server.stop(); await rm(folder, { recursive: true, force: true }); });
  const check = async (url, more = [], env = {}) => {
    const child = iotbox(["check", url, ...more], env);
    const { code } = await child.end(60);
    return { code, told: child.output + child.errors };
  };

  await t.test("codecs, size, rates and key pictures are told", async () => {
    const { code, told } = await check(server.url("good"), ["--user", "viewer"], { IOTBOX_CAMERA_PASSWORD: "secret" });
    assert.equal(code, 0, told);
    for (const words of ["video H.264", "audio AAC", "320 x 180", "10.0 pictures/s", "key picture every 2.0 s", "avc1.", "48000 Hz", "this camera can be sent"]) assert.ok(told.includes(words), `${words}: ${told}`);
    assert.ok(!told.includes("secret"));
  });

  await t.test("a wrong password, a wrong path and a dead address end with four", async () => {
    for (const [url, words] of [
      [server.url("good", "viewer:wrong@"), "refuses this user or password"],
      [server.url("good"), "asks for a user and a password"],
      [server.url("none", "viewer:secret@"), "404"],
      ["rtsp://127.0.0.1:1/", "cannot be reached"],
    ]) {
      const { code, told } = await check(url);
      assert.equal(code, 4, told);
      assert.ok(told.includes(words), `${words}: ${told}`);
      assert.ok(!told.includes("wrong@") && !told.includes("secret"));
    }
  });

  await t.test("key pictures that are far apart and B-frames are told", async () => {
    const rare = await check(server.url("rare", "viewer:secret@"), ["--seconds", "14"]);
    assert.ok(rare.told.includes("more than 10 s apart"), rare.told);
    const b = await check(server.url("b", "viewer:secret@"));
    assert.ok(b.told.includes("B-frames"), b.told);
  });
});
