//! The service clock: advanced by a day or a year in seconds, never back, and the camera follows.

import assert from "node:assert/strict";
import { demo, playlist, scenario, until } from "./harness.mjs";

const DAY_MS = 24 * 3600_000;

scenario("the service clock is shown and advanced", { demo: true }, async ({ instance, step }) => {
  const advance = async (duration) => {
    const before = await instance.now();
    const began = Date.now();
    const answer = await instance.advance(duration);
    const text = await answer.text();
    return { before, status: answer.status, body: JSON.parse(text), type: answer.headers.get("content-type"), tookMs: Date.now() - began };
  };

  await step("it is JSON for programs and a page for people", async () => {
    const json = await fetch(`${instance.portal}/_local/clock`);
    assert.match((await json.json()).now, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+09:00$/);
    const page = await fetch(`${instance.portal}/_local/clock`, { headers: { accept: "text/html" } });
    assert.match(page.headers.get("content-type"), /^text\/html/);
    assert.match(await page.text(), /Asia\/Tokyo/);
  });

  await step("after a day the demo camera is live again within 10 s", async () => {
    const { before, status, body, tookMs } = await advance("P1D");
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(tookMs < 20_000, `it took ${tookMs} ms`);
    assert.ok(Date.parse(body.now) >= before + DAY_MS);
    const advanced = Date.now();
    // The old session is over after 12 hours, so this is a new one.
    const client = await demo(instance, "administrator");
    const camera = /\/cameras\/([\w-]+)/.exec((await client.open("/cameras")).text)[1];
    await until("a picture of the new day was live", async () => {
      const answer = await client.send(`/cameras/${camera}/live`, {});
      if (answer.status !== 200) return false;
      const { dates } = await playlist(answer.json.url);
      return dates.at(-1) >= before + DAY_MS;
    }, { seconds: 15 });
    assert.ok(Date.now() - advanced < 10_000, `it took ${Date.now() - advanced} ms`);
  });

  await step("a year takes seconds, and the answer comes when its work is done", async () => {
    const { before, status, body, tookMs } = await advance("P1Y");
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(Date.parse(body.now) >= before + 365 * DAY_MS);
    assert.ok(tookMs < 60_000, `it took ${tookMs} ms`);
  });

  await step("backwards, zero, nonsense and malformed bodies are refused with a problem document", async () => {
    const now = await instance.now();
    for (const [duration, code] of [["-P1D", "not_forward"], ["PT0S", "not_forward"], ["tomorrow", "not_a_duration"], ["", "not_a_duration"]]) {
      const { status, body, type } = await advance(duration);
      assert.deepEqual([status, body.code, body.status, type], [400, code, 400, "application/problem+json"], duration);
    }
    const malformed = await fetch(`${instance.portal}/_local/clock`, { method: "POST", headers: { "content-type": "application/json" }, body: "{" });
    assert.equal(malformed.status, 400);
    const foreign = await fetch(`${instance.portal}/_local/clock`, { method: "POST", headers: { "content-type": "application/json", origin: "https://elsewhere.example" }, body: '{"advance":"P1D"}' });
    assert.equal(foreign.status, 403);
    assert.ok((await instance.now()) - now < 60_000, "nothing was advanced");
  });
});
