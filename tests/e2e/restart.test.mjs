//! What was there before a restart is there after it, and the clock does not go back.

import assert from "node:assert/strict";
import { tokyo } from "./harness/days.mjs";
import { Client, CORPORATION, customer, demo, Instance, OPERATOR, operator, playlist, plays, scenario, until } from "./harness.mjs";

/** The demo's camera and what of today is recorded. */
async function recorded(instance, client) {
  const camera = /\/cameras\/([\w-]+)/.exec((await client.open("/cameras")).text)[1];
  const spans = await until("something was recorded", async () => {
    const { json } = await client.send(`/cameras/${camera}/intervals`, { date: tokyo(await instance.now()) });
    const [first] = json.intervals;
    return first && Date.parse(first.end) - Date.parse(first.start) > 3000 && json.intervals;
  });
  return { camera, spans };
}

scenario("a restart keeps everything", { demo: true, chain: true }, async ({ instance: first, step, replace }) => {
  let before, instance, console_, own;

  await step("there is a customer, a recording, mails and a clock that was advanced", async () => {
    console_ = await operator(first);
    own = await customer(first, console_, CORPORATION);
    const client = await demo(first, "administrator");
    before = await recorded(first, client);
    assert.equal((await first.advance("PT2H")).status, 200);
    Object.assign(before, { mails: await first.mails(), contract: (await own.client.open("/contract")).text, now: await first.now() });
  });

  await step("it stops within seconds when it is asked to, and starts again", async () => {
    const asked = Date.now();
    const { code } = await first.stop();
    assert.equal(code, 0);
    assert.ok(Date.now() - asked < 5000, `it took ${Date.now() - asked} ms`);
    instance = await Instance.start({ ...first.place });
    replace(instance);
  });

  await step("the clock has not gone back", async () => assert.ok((await instance.now()) >= before.now));

  await step("the mails are there and none was sent again", async () => {
    const mails = await instance.mails();
    assert.deepEqual(mails.slice(0, before.mails.length), before.mails);
    assert.equal(mails.length, before.mails.length);
  });

  await step("a session from before still holds and shows the same contract", async () => {
    own.client.instance = instance;
    const shown = (page) => page.replace(/value="[^"]*"/g, "");
    assert.equal(shown((await own.client.open("/contract")).text), shown(before.contract));
  });

  await step("people sign in with their passwords, customers and operators", async () => {
    const client = new Client(instance);
    const page = await client.signIn({ name: own.email, password: own.password });
    assert.equal(new URL(page.url).pathname, "/cameras");
    const operator = new Client(instance);
    await operator.signIn(OPERATOR);
    assert.equal((await operator.open("/console/applications")).status, 200);
  });

  await step("the recording plays and the demo camera is live again", async () => {
    const client = await demo(instance, "administrator");
    const [{ start }] = before.spans;
    const stretch = { start, end: new Date(Date.parse(start) + 3000).toISOString() };
    const session = await client.send(`/cameras/${before.camera}/recording`, stretch);
    assert.equal(session.status, 200, session.text);
    await plays(await playlist(session.json.url));
    await until("the camera was live again", async () => (await client.send(`/cameras/${before.camera}/live`, {})).status === 200, { seconds: 15 });
  });
});
