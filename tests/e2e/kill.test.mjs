//! kill -9 in the middle of ingest: every fragment that was acknowledged as PERSISTED is still there.

import assert from "node:assert/strict";
import { descendants, fragments, Instance, runs, scenario, until, video } from "./harness.mjs";
import { fragment, header } from "./harness/matroska.mjs";
import { PutMedia } from "./harness/put_media.mjs";

const STREAMS = ["kill-1", "kill-2", "kill-3"];
const FRAGMENT_MS = 1000;
const ENOUGH = 20;

/** Sends fragments as fast as they are acknowledged, until the connection is gone. */
async function feed(camera, startMs) {
  for (let number = 0; !camera.closed; number += 1) {
    camera.send(fragment(startMs + number * FRAGMENT_MS, { bytes: 60_000 }));
    await until("the sender may go on", () => camera.closed || camera.of("RECEIVED").length > number - 3, { interval: 5 });
  }
}

scenario("kill -9 during ingest loses no fragment that was acknowledged", { demo: true, chain: true }, async ({ instance: first, step, replace }) => {
  const cameras = new Map();
  let instance, children;

  await step("three streams are being sent", async () => {
    const start = (await first.now()) - 3600_000;
    const feeds = [];
    for (const name of STREAMS) {
      await video(first, "createStream", { StreamName: name, DataRetentionInHours: 24 });
      const camera = new PutMedia(first, name);
      cameras.set(name, camera);
      camera.send(header());
      feeds.push(feed(camera, start));
    }
    await Promise.all([...cameras.values()].map((camera) => camera.acknowledged("PERSISTED", ENOUGH)));
    children = descendants(first.child.pid);
    assert.ok(children.length >= 2, "functions and the demo's device run");
    first.child.process.kill("SIGKILL");
    await Promise.all(feeds);
    await first.child.end();
  });

  await step("its functions and devices have ended with it", async () => {
    await until(`all of ${children.length} children ended`, () => !children.some(runs), { seconds: 10 });
  });

  await step("after the next start every persisted fragment is listed", async () => {
    instance = await Instance.start({ ...first.place });
    replace(instance);
    for (const [name, camera] of cameras) {
      const listed = new Set((await fragments(instance, name)).map((one) => one.FragmentNumber));
      const lost = camera.of("PERSISTED").filter((ack) => !listed.has(ack.FragmentNumber));
      assert.deepEqual(lost, [], `${name}: ${lost.length} of ${camera.of("PERSISTED").length} are lost`);
    }
  });

  await step("a stream goes on where it broke off", async () => {
    const camera = new PutMedia(instance, STREAMS[0]);
    const before = (await fragments(instance, STREAMS[0])).length;
    camera.send(header());
    camera.send(fragment(await instance.now()));
    camera.end();
    await camera.acknowledged("PERSISTED");
    await until("the new fragment was listed", async () => (await fragments(instance, STREAMS[0])).length === before + 1);
  });
});
