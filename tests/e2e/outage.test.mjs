//! What a box does while its line or the cloud itself is down, as the service sees it afterwards: nothing that fits is lost,
//! every picture has its true time, what comes first is as the installer chose, and a full spool says what it drops.

import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { fragments, Instance, scenario, scratch, until } from "./harness.mjs";
import { configuration, createStream, figures, gaps, iotbox, lasting, page, recorded } from "./harness/box.mjs";
import { line } from "./harness/line.mjs";
import { film } from "./harness/camera.mjs";

/** What is older than ten seconds when the line is back is no longer live. */
const OUTAGE_SECONDS = 16;
const FRESH_SECONDS = 12;
const NOISE = ["-vf", "noise=alls=60:allf=t", "-b:v", "6M", "-minrate", "6M", "-maxrate", "6M", "-bufsize", "1M"];

/** The producer's times in the order of their arrival, each once. */
async function arrivals(instance, stream) {
  return [...new Set((await fragments(instance, stream)).map((one) => one.ProducerTimestamp))];
}

const ascending = (times) => times.every((time, index) => index === 0 || times[index - 1] < time);
const past = (moment, seconds) => until(`${seconds} s were over`, () => Date.now() / 1000 - moment > seconds, { seconds: seconds + 10, interval: 100 });

scenario("an outage of the line and of the cloud costs nothing that fits", { demo: false, chain: true }, async ({ instance: first, step, t, replace }) => {
  const folder = await scratch();
  t.after(() => rm(folder, { recursive: true, force: true }));
  // A few seconds are played again and again, with times that go on.
  const { file } = await film(folder, "short", { seconds: 5 });
  const large = await film(folder, "large", { seconds: 5, size: "640x360", more: NOISE });
  const wire = await line(first.aws);
  t.after(() => wire.close());
  const boxes = {};
  for (const [name, source, general] of [["backlog", file, 'order = "backlog-first"'], ["live", file, 'order = "live-first"'], ["full", large.file, "spool_mb = 2"]]) {
    await createStream(first, name);
    const home = path.join(folder, name);
    await mkdir(home);
    const config = await configuration(home, wire.url, [[name, source]], `status = "127.0.0.1:0"\n${general}`);
    boxes[name] = iotbox(["run", "--config", config]);
    t.after(() => boxes[name].stop());
  }
  const camera = async (name) => (await figures(boxes[name])).cameras[0];
  const caughtUp = (names) => until(`${names} had sent what waited`, async () => {
    const all = await Promise.all(names.map(camera));
    return all.every((one) => one.live === "sending" && one.waiting_from_before === 0 && one.waiting < 4);
  }, { seconds: 90, interval: 200 });
  let instance = first, cutAt, mendedAt;

  await step("the line is cut while three boxes send, and comes back", async () => {
    for (const name of Object.keys(boxes)) await lasting(instance, name, 3);
    cutAt = Date.now() / 1000;
    wire.cut();
    await past(cutAt, OUTAGE_SECONDS);
    wire.mend();
    mendedAt = Date.now() / 1000;
    await caughtUp(["backlog", "live", "full"]);
  });

  await step("where the backlog comes first everything arrives in its order", async () => {
    const times = await arrivals(instance, "backlog");
    assert.ok(ascending(times), JSON.stringify(times));
    assert.deepEqual(gaps((await recorded(instance, "backlog")).spans), []);
  });

  await step("where the present comes first it does not wait for what is older", async () => {
    const times = await arrivals(instance, "live");
    // The cut may have taken acknowledgements of what had arrived.
    const late = times.slice(times.findIndex((time) => time > cutAt + 1));
    assert.ok(late[0] > mendedAt - FRESH_SECONDS, `${late[0]} came first, ${mendedAt} was the present`);
    const outage = late.filter((time) => time > cutAt + 1 && time < mendedAt - FRESH_SECONDS);
    assert.ok(outage.length > 0 && ascending(outage), JSON.stringify(late));
    const { spans } = await recorded(instance, "live");
    assert.deepEqual(gaps(spans), []);
  });

  await step("a spool that was full has dropped the oldest pictures of the outage, and says so", async () => {
    const told = await camera("full");
    assert.ok(told.lost > 0, JSON.stringify(told));
    assert.ok(/the spool is full, the oldest pictures are lost/.test(boxes.full.errors), boxes.full.errors);
    await until("the status line told it, too", () => boxes.full.output.includes(` · ${told.lost} lost`));
    assert.ok((await (await fetch(page(boxes.full))).text()).includes(`${told.lost}`));
    const lost = gaps((await recorded(instance, "full")).spans);
    assert.equal(lost.length, 1, JSON.stringify(lost));
    const [[from, to]] = lost;
    // A fragment lasts a second; what was on its way when the line was cut is the oldest, too.
    assert.ok(Math.abs(from - cutAt) < 3 && Math.abs(to - from - told.lost) < 2, `${from} to ${to}, cut ${cutAt}, ${told.lost} lost`);
    const { code } = await boxes.full.stop();
    assert.equal(code, 0);
  });

  await step("a cloud that is killed and started again gets what was recorded meanwhile, with its true time", async () => {
    const before = Object.fromEntries(await Promise.all(["backlog", "live"].map(async (name) => [name, (await recorded(instance, name)).spans])));
    const killedAt = Date.now() / 1000;
    instance.child.process.kill("SIGKILL");
    await instance.child.end();
    await past(killedAt, OUTAGE_SECONDS);
    instance = await Instance.start({ ...instance.place, demo: false });
    replace(instance);
    await caughtUp(["backlog", "live"]);
    for (const name of ["backlog", "live"]) {
      const { spans } = await recorded(instance, name);
      assert.deepEqual(gaps(spans), [], name);
      const starts = new Set(spans.map(([from]) => from));
      assert.ok(before[name].every(([from]) => starts.has(from)), `${name}: what was recorded before is still there`);
      assert.ok(spans.at(-1)[1] > killedAt + OUTAGE_SECONDS);
      assert.equal((await camera(name)).lost, 0);
    }
    assert.ok(ascending(await arrivals(instance, "backlog")));
  });

  await step("a box that is stopped ends well", async () => {
    for (const name of ["backlog", "live"]) assert.equal((await boxes[name].stop()).code, 0);
  });
});

scenario("on a narrow line the backlog never starves the present, and the camera never waits", { demo: false, chain: true }, async ({ instance, step, t }) => {
  const folder = await scratch();
  t.after(() => rm(folder, { recursive: true, force: true }));
  const large = await film(folder, "large", { seconds: 5, size: "640x360", more: NOISE });
  const wire = await line(instance.aws);
  t.after(() => wire.close());
  await createStream(instance, "narrow");
  const box = iotbox(["run", "--config", await configuration(folder, wire.url, [["narrow", large.file]], 'status = "127.0.0.1:0"')]);
  t.after(() => box.stop());
  let mendedAt;

  await step("after an outage the line carries twice what the camera makes", async () => {
    await lasting(instance, "narrow", 3);
    const made = (await fragments(instance, "narrow")).slice(0, 3);
    const bytes = made.reduce((sum, one) => sum + one.FragmentSizeInBytes, 0) / made.reduce((sum, one) => sum + one.FragmentLengthInMilliseconds, 0) * 1000;
    wire.cut();
    await past(Date.now() / 1000, OUTAGE_SECONDS + FRESH_SECONDS);
    wire.narrow(2 * bytes);
    wire.mend();
    mendedAt = Date.now() / 1000;
    await until("what waited was sent", async () => {
      const { cameras: [camera] } = await figures(box);
      return camera.live === "sending" && camera.waiting_from_before === 0 && camera.waiting < 4;
    }, { seconds: 90, interval: 200 });
  });

  await step("what the camera showed meanwhile arrived within seconds, beside what had waited", async () => {
    const all = await fragments(instance, "narrow");
    const waited = all.filter((one) => one.ServerTimestamp > mendedAt && one.ProducerTimestamp < mendedAt - FRESH_SECONDS);
    // First goes what is younger than ten seconds, at the whole width of the line.
    const back = Math.min(...all.filter((one) => one.ServerTimestamp > mendedAt).map((one) => one.ServerTimestamp));
    const until_ = Math.max(...waited.map((one) => one.ServerTimestamp));
    const present = all.filter((one) => one.ProducerTimestamp > back + FRESH_SECONDS && one.ProducerTimestamp < until_ - 3);
    assert.ok(waited.length > 0 && present.length > 3, `${waited.length} of the backlog, ${present.length} of the present`);
    const late = Math.max(...present.map((one) => one.ServerTimestamp - one.ProducerTimestamp));
    assert.ok(late < 6, `the present came up to ${late.toFixed(1)} s late`);
    assert.deepEqual(gaps((await recorded(instance, "narrow")).spans), []);
  });
});
