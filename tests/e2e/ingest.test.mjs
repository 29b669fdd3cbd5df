//! Bad media at PutMedia: the error acknowledgement of the protocol, and what came before it is kept.

import assert from "node:assert/strict";
import { fragments, scenario, until, video } from "./harness.mjs";
import { fragment, header } from "./harness/matroska.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const MEGABYTE = 1024 * 1024;

scenario("bad media gets the protocol's error and costs nothing that came before", { demo: false }, async ({ instance, step }) => {
  const start = await instance.now();

  /** Opens a stream with one good fragment that is persisted. */
  async function begun(stream) {
    await video(instance, "createStream", { StreamName: stream, DataRetentionInHours: 24 });
    const camera = new PutMedia(instance, stream);
    camera.send(header());
    camera.send(fragment(start));
    return camera;
  }

  async function fails(camera, stream, errorId, errorCode) {
    const [error] = await camera.acknowledged("ERROR");
    assert.deepEqual([error.ErrorId, error.ErrorCode], [errorId, errorCode]);
    await until("the connection was closed", () => camera.closed);
    const kept = camera.of("PERSISTED").map((ack) => ack.FragmentNumber);
    assert.equal(kept.length, 1, "the fragment before is persisted");
    assert.deepEqual((await fragments(instance, stream)).map((one) => one.FragmentNumber), kept);
  }

  await step("bytes that are not Matroska are refused at once", async () => {
    await video(instance, "createStream", { StreamName: "garbage", DataRetentionInHours: 24 });
    const camera = new PutMedia(instance, "garbage");
    camera.send(Buffer.from("GIF89a, and certainly no film".repeat(100)));
    const [error] = await camera.acknowledged("ERROR");
    assert.deepEqual([error.ErrorId, error.ErrorCode], [4006, "INVALID_MKV_DATA"]);
    assert.deepEqual(await fragments(instance, "garbage"), []);
  });

  await step("bytes that stop being Matroska keep the fragments before them", async () => {
    const camera = await begun("broken");
    camera.send(Buffer.alloc(4096, 0x00));
    await fails(camera, "broken", 4006, "INVALID_MKV_DATA");
  });

  await step("timecodes that go back are refused", async () => {
    const camera = await begun("backwards");
    camera.send(fragment(start - 60_000));
    await fails(camera, "backwards", 4004, "FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS");
  });

  await step("a fragment over 50 MB is refused", async () => {
    const camera = await begun("fat");
    const fat = fragment(start + 1000, { frames: 60, bytes: 60 * MEGABYTE, frameMs: 10 });
    for (let at = 0; at < fat.length && camera.of("ERROR").length === 0; at += MEGABYTE) camera.send(fat.subarray(at, at + MEGABYTE));
    await fails(camera, "fat", 4001, "MAX_FRAGMENT_SIZE_REACHED");
  });

  await step("a cut connection keeps what was complete and drops the fragment that was not", async () => {
    const camera = await begun("cut");
    const next = fragment(start + 1000);
    camera.send(next.subarray(0, next.length / 2));
    await camera.acknowledged("PERSISTED");
    camera.cut();
    const again = new PutMedia(instance, "cut");
    again.send(header());
    again.send(fragment(start + 2000));
    again.end();
    await again.acknowledged("PERSISTED");
    const listed = await until("both whole fragments were listed", async () => { const all = await fragments(instance, "cut"); return all.length >= 2 && all; });
    assert.deepEqual(listed.map((one) => Math.round(one.ProducerTimestamp * 1000) - start), [0, 2000]);
  });

  await step("a stream that does not exist is refused before any media", async () => {
    const camera = new PutMedia(instance, "no-such-stream");
    await until("it was answered", () => camera.status);
    assert.equal(camera.status, 404);
    camera.cut();
  });
});
