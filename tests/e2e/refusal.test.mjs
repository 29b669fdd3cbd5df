//! A refusal says the same to the letter, whatever its ground (3-4).

import assert from "node:assert/strict";
import { apply, Client, CORPORATION, decidable, operator, scenario } from "./harness.mjs";

const GROUNDS = ["3-4-1", "3-4-2", "3-4-3", "3-4-4", "3-4-5"];

/** Takes away what differs from one application to the next by its nature: identifiers, dates and times, form tokens. */
function plain(body, place) {
  const id = place.split("/").at(-1);
  return body
    .replaceAll(id, "ID")
    .replace(/\d{4}年\d{1,2}月\d{1,2}日/g, "DATE")
    .replace(/\b\d{1,2}:\d{2}(:\d{2})?\b/g, "TIME")
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.+Z-]+/g, "TIME")
    .replace(/name="csrf" value="[^"]*"/g, 'name="csrf"');
}

scenario("a refusal is the same bytes on all five grounds", { demo: false }, async ({ instance, step }) => {
  const console_ = await operator(instance);
  const answers = [];
  for (const [number, ground] of GROUNDS.entries()) {
    await step(`an application is declined on the ground of ${ground}`, async () => {
      // Each applicant has a contact of their own; the texts name nobody, or the same name in each.
      const email = `decline-${number}@shiken.example.jp`;
      const visitor = new Client(instance);
      const place = await apply(visitor, { ...CORPORATION, contact_email: email, phone: `03-0000-${2000 + number}` });
      await decidable(console_, place);
      const reason = `秘密の理由 ${number}`;
      const decided = await console_.fill(`/console${place}`, "/decision", { decision: "decline", ground, reason });
      assert.equal(decided.status, 303, decided.text);
      const mail = await instance.mail("application_declined", email);
      const page = await visitor.open(place);
      const json = await visitor.request("GET", place, { headers: { accept: "application/json" } });
      const withdrawal = await visitor.send(`${place}/withdrawal`, {});
      const inside = await console_.open(`/console${place}`);
      assert.ok(inside.text.includes(reason) && inside.text.includes(ground), "the console keeps the reason");
      for (const outside of [mail.text, mail.subject, page.text, json.text, withdrawal.text]) {
        assert.ok(!outside.includes("秘密") && !outside.includes(ground), outside);
      }
      answers.push([page.status, plain(page.text, place), json.status, plain(json.text, place), withdrawal.status, withdrawal.text, mail.subject, plain(mail.text, place)]);
    });
  }
  await step("page, JSON and mail do not differ by a byte", () => {
    assert.equal(answers.length, GROUNDS.length);
    for (const other of answers.slice(1)) assert.deepEqual(other, answers[0]);
    assert.ok(answers[0][1].includes("お受けできませんでした"));
  });
});
