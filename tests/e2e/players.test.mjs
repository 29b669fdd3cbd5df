//! hls.js and Shaka in a real Chromium play what the embedded Kinesis Video serves: over a gap, another decoder, and from session to session.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { scenario, video } from "./harness.mjs";
import { browser, person } from "./harness/browser.mjs";
import { film } from "./harness/film.mjs";
import { cluster, header } from "./harness/matroska.mjs";
import { until } from "./harness/poll.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const HLS = fileURLToPath(new URL("../../functions/portal/assets/node_modules/hls.js/dist/hls.min.js", import.meta.url));
const SHAKA = fileURLToPath(new URL("node_modules/shaka-player/dist/shaka-player.compiled.js", import.meta.url));
const SHOT = { rate: 10, groups: 4, groupFrames: 10, bitsPerSecond: 200_000 };
const FRAMES = 3 * SHOT.groups * SHOT.groupFrames;
const SPEED = 4;

/** A page with nothing but a screen and a player's script. */
async function screen(chrome, script) {
  const page = await person(chrome);
  await page.setContent("<video muted playsinline></video>");
  await page.addScriptTag({ path: script });
  return page;
}

scenario("players play over a gap and a change of the decoder", { demo: false }, async ({ instance, step, t }) => {
  const start = await instance.now();
  const large = film({ ...SHOT, width: 320, height: 240 });
  const small = film({ ...SHOT, width: 160, height: 120 });
  const chrome = await browser();
  t.after(() => chrome.close());

  await video(instance, "createStream", { StreamName: "cam", DataRetentionInHours: 24 });
  // Four seconds, six of nothing, four more, and four of a smaller picture.
  for (const [shot, after] of [[large, 0], [large, 10_000], [small, 14_000]]) {
    const camera = new PutMedia(instance, "cam");
    camera.send(header(shot.header));
    shot.groups.forEach((group, index) => camera.send(cluster(start + after + index * 1000, group, 100)));
    camera.end();
    await camera.acknowledged("PERSISTED", shot.groups.length);
  }

  const TimestampRange = { StartTimestamp: start / 1000, EndTimestamp: (start + 60_000) / 1000 };
  const selector = { FragmentSelectorType: "PRODUCER_TIMESTAMP", TimestampRange };

  async function session(ContainerFormat, DiscontinuityMode) {
    const HLSFragmentSelector = selector;
    const answer = await video(instance, "getHLSStreamingSessionURL", { StreamName: "cam", PlaybackMode: "ON_DEMAND", ContainerFormat, DiscontinuityMode, HLSFragmentSelector });
    return answer.HLSStreamingSessionURL;
  }

  /** Plays one address after the other in one player; returns for each what was shown. */
  async function plays(addresses) {
    const page = await screen(chrome, HLS);
    const shown = await page.evaluate(async ({ addresses, speed }) => {
      const screen = document.querySelector("video");
      const player = new Hls();
      player.attachMedia(screen);
      const found = [];
      let frames = 0;
      for (const address of addresses) {
        const sizes = [];
        await new Promise((done, fail) => {
          player.on(Hls.Events.ERROR, (_, fault) => { if (fault.fatal) fail(new Error(`${fault.details}: ${fault.error?.message}`)); });
          screen.onresize = () => sizes.push(screen.videoWidth);
          screen.onended = done;
          player.once(Hls.Events.MANIFEST_PARSED, () => { screen.playbackRate = speed; screen.play(); });
          player.loadSource(address);
        });
        const total = screen.getVideoPlaybackQuality().totalVideoFrames;
        found.push({ sizes, frames: total - frames, seconds: screen.duration });
        frames = total;
      }
      player.destroy();
      return found;
    }, { addresses, speed: SPEED });
    assert.deepEqual(page.faults, []);
    await page.context().close();
    return shown;
  }

  for (const container of ["FRAGMENTED_MP4", "MPEG_TS"]) {
    for (const mode of ["ON_DISCONTINUITY", "ALWAYS"]) {
      await step(`${container}, discontinuities ${mode}`, async () => {
        const [shown] = await plays([await session(container, mode)]);
        assert.deepEqual(shown.sizes, [320, 160], "both pictures are shown");
        assert.ok(Math.abs(shown.seconds - 12) < 0.5, `the gap is closed: ${shown.seconds} s`);
        assert.ok(shown.frames > FRAMES * 0.8, `${shown.frames} of ${FRAMES} frames`);
      });
    }
  }

  await step("a second session goes on in the same player, and two players watch at once", async () => {
    const both = await Promise.all(["FRAGMENTED_MP4", "MPEG_TS"].map(async (container) =>
      plays([await session(container, "ON_DISCONTINUITY"), await session(container, "ON_DISCONTINUITY")])));
    for (const shown of both.flat()) assert.deepEqual(shown.sizes.slice(-2), [320, 160]);
  });

  await step("Shaka plays MPEG-DASH", async () => {
    const request = { StreamName: "cam", PlaybackMode: "ON_DEMAND", DASHFragmentSelector: selector };
    const { DASHStreamingSessionURL: address } = await video(instance, "getDASHStreamingSessionURL", request);
    const page = await screen(chrome, SHAKA);
    const shown = await page.evaluate(async ({ address, speed }) => {
      const screen = document.querySelector("video");
      const player = new shaka.Player();
      await player.attach(screen);
      const sizes = [];
      screen.onresize = () => sizes.push(screen.videoWidth);
      await new Promise((done, fail) => {
        player.addEventListener("error", ({ detail }) => fail(new Error(`Shaka's ${detail.code}: ${JSON.stringify(detail.data)}`)));
        screen.onended = done;
        player.load(address).then(() => { screen.playbackRate = speed; return screen.play(); }).catch(fail);
      });
      return { sizes, frames: screen.getVideoPlaybackQuality().totalVideoFrames, seconds: screen.duration };
    }, { address, speed: SPEED });
    assert.deepEqual(shown.sizes, [320, 160], "both pictures are shown");
    assert.ok(Math.abs(shown.seconds - 18) < 0.5, `the gap stays in the time line: ${shown.seconds} s`);
    assert.ok(shown.frames > FRAMES * 0.8, `${shown.frames} of ${FRAMES} frames`);
    await page.context().close();
  });
});

scenario("Shaka follows a camera that is sending", { demo: false }, async ({ instance, step, t }) => {
  const chrome = await browser();
  t.after(() => chrome.close());
  await video(instance, "createStream", { StreamName: "cam", DataRetentionInHours: 24 });
  const shot = film({ ...SHOT, width: 320, height: 240 });
  const ahead = (await instance.now()) - Date.now();
  const start = Date.now() + ahead - 4000;
  const camera = new PutMedia(instance, "cam");
  camera.send(header(shot.header));
  let sent = 0;
  // Each second is sent when it is over, as a camera does.
  const sending = setInterval(() => {
    for (; start + (sent + 1) * 1000 <= Date.now() + ahead; sent++) {
      camera.send(cluster(start + sent * 1000, shot.groups[sent % shot.groups.length], 100));
    }
  }, 50);
  t.after(() => { clearInterval(sending); camera.end(); });
  await camera.acknowledged("PERSISTED", 4);

  await step("a live presentation goes on for as long as it is watched", async () => {
    const { DASHStreamingSessionURL: address } = await video(instance, "getDASHStreamingSessionURL", { StreamName: "cam", PlaybackMode: "LIVE" });
    const page = await screen(chrome, SHAKA);
    await page.evaluate(async (address) => {
      const screen = document.querySelector("video");
      window.player = new shaka.Player();
      await player.attach(screen);
      window.faults = [];
      player.addEventListener("error", ({ detail }) => faults.push(`Shaka's ${detail.code}: ${JSON.stringify(detail.data)}`));
      await player.load(address);
      await screen.play();
    }, address);
    const look = () => page.evaluate(() => {
      const screen = document.querySelector("video");
      return { faults, isLive: player.isLive(), frames: screen.getVideoPlaybackQuality().totalVideoFrames, at: screen.currentTime, end: player.seekRange().end };
    });
    const before = await look();
    assert.ok(before.isLive);
    const seen = await until("eight more seconds were shown", async () => {
      const now = await look();
      assert.deepEqual(now.faults, []);
      return now.at >= before.at + 8 && now;
    }, { seconds: 60 });
    assert.ok(seen.end >= before.end + 6, `the time line goes on: ${before.end} s, ${seen.end} s`);
    assert.ok(seen.frames - before.frames > 8 * SHOT.rate * 0.8, `${seen.frames - before.frames} frames in eight seconds`);
    assert.ok(seen.end - seen.at < 12, `${seen.end - seen.at} s behind the newest`);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
});
