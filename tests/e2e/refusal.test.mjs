//! A refusal says the same to the letter, whatever its ground, and a hit on a screening list says nothing (3-4).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { apply, Client, CORPORATION, decidable, demo, invoke, operator, ROOT, scenario, text, until } from "./harness.mjs";
import { between, counts } from "./harness/due.mjs";

// What the functions ask of the tables is counted, because a time would tell more of this machine than of the path.
process.env.CIERO_COUNT_REQUESTS = "1";

const GROUNDS = ["3-4-1", "3-4-2", "3-4-3", "3-4-4", "3-4-5"];

/** Takes away what differs from one application to the next by its nature: identifiers, dates and times, form tokens. */
function plain(body, place) {
  const id = place.split("/").at(-1);
  return body
    .replaceAll(id, "ID")
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.+Z-]+/g, "TIME")
    .replace(/\d{4}年\d{1,2}月\d{1,2}日/g, "DATE")
    .replace(/\b\d{1,2}:\d{2}(:\d{2})?\b/g, "TIME")
    .replace(/name="csrf" value="[^"]*"/g, 'name="csrf"');
}

/** Headers that name the request and its moment. */
const OF_THE_REQUEST = ["date", "apigw-requestid", "x-request-id"];

/** Every other header of an answer, a cookie without its value. */
const headers = (answer) =>
  [...answer.headers].filter(([name]) => !OF_THE_REQUEST.includes(name)).map(([name, value]) => [name, name === "set-cookie" ? value.replace(/=[^;]*/, "=") : value]);

const TRIES = 5;

/**
 * What a request asks of the services, by operation. What runs beside it can only add to it, and what a function keeps in
 * its memory only takes away, so the least of some tries is the path's own.
 */
async function pathOf(instance, ask) {
  const tries = [];
  for (let n = 0; n < TRIES; n += 1) {
    const before = await counts(instance);
    await ask();
    tries.push(between(before, await counts(instance)));
  }
  const requests = (asked) => Object.values(asked).reduce((sum, one) => sum + one.requests, 0);
  return tries.sort((a, b) => requests(a) - requests(b))[0];
}

scenario("a refusal is the same bytes on all five grounds", { demo: false }, async ({ instance, step }) => {
  const console_ = await operator(instance);
  const second = await operator(instance, "e2e-second-screener");
  const answers = [], paths = [];
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
      if (ground === "3-4-2") {
        // Two must agree on this ground; the first alone changes nothing that anyone outside sees.
        const twice = await console_.fill(`/console${place}`, "/decision", { decision: "decline", ground, reason });
        assert.equal(twice.status, 409, twice.text);
        const agreed = await second.fill(`/console${place}`, "/decision", { decision: "decline", ground, reason });
        assert.equal(agreed.status, 303, agreed.text);
      }
      const mail = await instance.mail("application_declined", email);
      const page = await visitor.open(place);
      const json = await visitor.request("GET", place, { headers: { accept: "application/json" } });
      const withdraw = () => visitor.send(`${place}/withdrawal`, {});
      const withdrawal = await withdraw();
      assert.equal(withdrawal.status, 409, withdrawal.text);
      paths.push([await pathOf(instance, () => visitor.open(place)), await pathOf(instance, withdraw)]);
      const inside = await console_.open(`/console${place}`);
      assert.ok(inside.text.includes(reason) && inside.text.includes(ground), "the console keeps the reason");
      for (const outside of [mail.text, mail.subject, page.text, json.text, withdrawal.text]) {
        assert.ok(!outside.includes("秘密") && !outside.includes(ground), outside);
      }
      const seen = [page, json, withdrawal].map(headers);
      answers.push([seen, page.status, plain(page.text, place), json.status, plain(json.text, place), withdrawal.status, withdrawal.text, mail.subject, plain(mail.text, place)]);
    });
  }
  await step("page, JSON, mail and headers do not differ by a byte", () => {
    assert.equal(answers.length, GROUNDS.length);
    for (const other of answers.slice(1)) assert.deepEqual(other, answers[0]);
    const [seen, , page] = answers[0];
    assert.ok(page.includes("お受けできませんでした"));
    for (const one of seen) assert.ok(one.some(([name]) => name === "content-type"), JSON.stringify(one));
  });
  await step("the answer takes the same path whatever the ground: it asks the tables the same number of times", () => {
    assert.equal(paths.length, GROUNDS.length);
    for (const one of paths[0]) assert.ok(Object.values(one).some(({ requests }) => requests > 0), JSON.stringify(paths[0]));
    for (const other of paths.slice(1)) assert.deepEqual(other, paths[0]);
  });
});

scenario("an applicant on a screening list is told nothing and is not refused by it", { demo: false, chain: true }, async ({ instance, step }) => {
  const people = {
    clean: { ...CORPORATION, contact_email: "clean@shiken.example.jp", phone: "03-0000-3001" },
    // The representative stands on the demo's list in another form, and with another space.
    listed: { ...CORPORATION, representative: "照合例　悪太郎", contact_email: "listed@shiken.example.jp", phone: "03-0000-3002" },
  };
  const console_ = await operator(instance);
  const visitors = {}, places = {};

  /** Everything that an applicant can see of an application. */
  async function seen(who) {
    const page = await visitors[who].open(places[who]);
    const json = await visitors[who].request("GET", places[who], { headers: { accept: "application/json" } });
    const mails = (await instance.mails()).filter((mail) => mail.to.includes(people[who].contact_email));
    const read = [page.text, json.text, ...mails.flatMap((mail) => [mail.subject, mail.text])];
    return [page.status, json.status, ...read.map((text) => plain(text, places[who]))];
  }

  await step("both are screened, and only the console shows the hit with its list, version and entry", async () => {
    for (const [who, values] of Object.entries(people)) {
      visitors[who] = new Client(instance);
      places[who] = await apply(visitors[who], values);
      await instance.mail("application_received", values.contact_email);
    }
    const listed = text((await decidable(console_, places.listed)).text);
    for (const words of ["照合リストと名称が一致しました。", "demo-antisocial 2026-04-01: demo-a-2", "3-4-2", "二人の審査担当者"]) assert.ok(listed.includes(words), `${words} is missing: ${listed}`);
    const clean = text((await decidable(console_, places.clean)).text);
    assert.ok(clean.includes("該当するものはありませんでした。") && !clean.includes("照合リスト"), clean);
  });

  await step("the applicants see the same, and nothing of the list", async () => {
    const [clean, listed] = [await seen("clean"), await seen("listed")];
    assert.deepEqual(listed, clean);
    assert.ok(!listed.join().includes("demo-") && !listed.join().includes("照合"), listed.join("\n"));
  });

  await step("one screener's approval is not enough, and the applicant sees nothing of it", async () => {
    const before = await seen("listed");
    const decided = await console_.fill(`/console${places.listed}`, "/decision", { decision: "approve", reason: "同姓同名の別人" });
    assert.equal(decided.status, 303, decided.text);
    assert.ok(text((await console_.open(`/console${places.listed}`)).text).includes("一人目の判断"));
    assert.deepEqual(await seen("listed"), before);
  });
});

scenario("a list is loaded from its source's file, and a customer who is on it waits for screeners alone", { demo: true, chain: true }, async ({ instance, step }) => {
  const sample = (name) => JSON.parse(readFileSync(path.join(ROOT, "events/operations", name), "utf8"));
  const console_ = await operator(instance);
  const customer = await demo(instance, "administrator");
  const file = (day, names) => ["番号,氏名,生年月日", ...names.map((name, at) => `${at + 1},${name},${day}`)].join("\n");
  const load = async (issued_on, names) => {
    const event = sample("load-list-csv.json");
    Object.assign(event.load_list, { list: "e2e-list", issued_on, file: file(issued_on, names) });
    const answer = await invoke(instance, "operations", event);
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text);
  };
  const own = async () => {
    const pages = [await customer.open("/contract"), await customer.open("/notices"), await customer.open("/cameras")];
    return [pages.map((page) => page.status), (await instance.mails()).length];
  };
  const before = await own();

  await step("the first file is loaded and everyone is screened again: nobody is on it", async () => {
    const answer = await load("2026-05-01", ["無関係 一郎", "無関係 二郎", "無関係 三郎"]);
    assert.equal(answer.entries, 3, JSON.stringify(answer));
    await until("the queue was empty", async () => text((await console_.open("/console/reviews")).text).includes("対応が必要なものはありません"));
  });

  await step("an older file and one that is half as long are refused with a code and both sentences", async () => {
    for (const [day, names, code] of [["2026-04-30", ["a1", "b2", "c3"], "list_older"], ["2026-05-02", ["無関係 一郎"], "list_half_as_long"]]) {
      const { refused } = await load(day, names);
      assert.equal(refused.code, code);
      assert.ok(refused.ja && refused.en);
    }
    const register = text((await console_.open("/console/register")).text);
    assert.ok(register.includes("2026-05-01-") && !register.includes("2026-05-02-"), register);
  });

  await step("a file that names the customer's representative opens a review, with its evidence", async () => {
    await load("2026-05-03", ["無関係 一郎", "無関係 二郎", "見本　花子"]);
    const page = await until("the review was there", async () => {
      const page = text((await console_.open("/console/reviews")).text);
      return page.includes("e2e-list 2026-05-03-") && page;
    });
    for (const words of ["100.0%", "花子見本", "照合リストと名称が一致しました。"]) assert.ok(page.includes(words), `${words} is missing: ${page}`);
  });

  await step("the customer sees nothing of it, and a screener concludes", async () => {
    assert.deepEqual(await own(), before);
    const concluded = await console_.fill("/console/reviews", "/conclusion", { conclusion: "cleared", reason: "同姓同名の別人" });
    assert.equal(concluded.status, 303, concluded.text);
    assert.ok(text((await console_.open("/console/reviews")).text).includes("結論の出たもの"));
  });
});
