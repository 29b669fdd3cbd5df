//! What was and what will be due: the same lines on the command line, in the console and for the customer, each with its clause.

import assert from "node:assert/strict";
import { Child, CIERO, CORPORATION, customer, operator, scenario, text } from "./harness.mjs";

/** A line of the command: its day, state, words, clause and reading. */
const LINE = /^(\d{4}-\d\d-\d\d) {2}(\S+) {2}(.+) {2}\[(?:規約|Art\.) (\d+(?:-\d+)*) (\S.*)\]$/;

/** Runs `ciero explain` and returns its end, its errors, and its lines as [day, state, clause]. */
async function told(instance, ...args) {
  const child = new Child(CIERO, ["explain", "--aws-port", new URL(instance.aws).port, ...args]);
  const { code } = await child.ended;
  const rows = child.output.trimEnd().split("\n").filter(Boolean);
  const lines = rows.map((row) => LINE.exec(row) ?? assert.fail(`no day, state, words, clause or reading: ${row}`));
  return { code, errors: child.errors, lines: lines.map(([, on, state, , clause]) => [on, state, clause]), words: lines.map(([, , , words]) => words) };
}

/** Asks a page for its JSON. */
async function asked(client, place) {
  const answer = await client.request("GET", place, { headers: { accept: "application/json" } });
  return { status: answer.status, json: answer.json, text: answer.text };
}

const STATES = { done: "済", overdue: "期日経過", due: "予定", assumed: "仮定", refused: "不可" };
const shown = (json) => json.lines.map(({ on, status, clause }) => [on, STATES[status], clause]);
const AS_OF = "2026-04-01";

scenario("a contract is explained line by line, and a hypothesis changes what is ahead", { demo: false, clock: "2026-04-01T09:00+09:00", chain: true }, async ({ instance, step }) => {
  const console_ = await operator(instance);
  const { client, contract: place } = await customer(instance, console_, CORPORATION);
  const id = place.split("/").at(-1);
  const settled = await instance.advance("PT1H");
  assert.equal(settled.status, 200, await settled.text());
  const ahead = async (...args) => (await told(instance, id, "--as-of", AS_OF, ...args)).lines;
  /** The year ahead if nothing happens: 31 May is a Sunday, so the fee is due on 1 June. */
  const NOTHING = [
    ["2026-04-01", "済", "3-3"],
    ["2026-04-01", "済", "6-1"],
    ["2026-06-09", "予定", "13-1-2"],
    ["2026-06-24", "予定", "6-2"],
    ...["2026-12-31", "2027-01-30", "2027-02-14", "2027-02-24", "2027-02-28", "2027-04-01"].map((on) => [on, "予定", "11"]),
    ["2027-04-01", "予定", "6-1"],
  ];
  const REMINDERS = NOTHING.filter(([on, , clause]) => clause === "11" && on < "2027-04-01");

  await step("every line has its day, its clause and the reading that decided", async () => {
    const { code, lines, words } = await told(instance, id, "--as-of", AS_OF);
    assert.equal(code, 0);
    assert.deepEqual(lines, NOTHING);
    assert.deepEqual((await told(instance, id)).lines, NOTHING, "today is the service's day");
    assert.ok(words.some((line) => line.includes("47,520円")), words.join("\n"));
  });

  await step("in English it says the same", async () => {
    const { lines, words } = await told(instance, id, "--as-of", AS_OF, "--english");
    const states = { done: "済", due: "予定" };
    assert.deepEqual(lines.map(([on, state, clause]) => [on, states[state], clause]), NOTHING);
    assert.ok(words.every((line) => !/[぀-ヿ一-鿿]/.test(line)), words.join("\n"));
  });

  await step("as of an earlier day nothing was known, as of a later one what is past its day is overdue", async () => {
    assert.deepEqual((await told(instance, id, "--as-of", "2026-03-31")).lines, []);
    const later = (await told(instance, id, "--as-of", "2026-06-10")).lines;
    assert.deepEqual(later.filter(([, state]) => state === "期日経過"), [["2026-06-09", "期日経過", "13-1-2"]]);
    // A demand that went out late starts its period anew.
    assert.deepEqual(later.filter(([, , clause]) => clause === "6-2"), [["2026-06-25", "予定", "6-2"]]);
  });

  await step("a refusal stops the reminders and the renewal, on its last day and not after it", async () => {
    const lines = await ahead("--if", "refuse@2027-01-15");
    assert.deepEqual(lines.filter(([, , clause]) => clause === "11"), [REMINDERS[0], ["2027-01-15", "仮定", "11"], ["2027-04-01", "予定", "11"]]);
    assert.ok(!lines.some(([on, , clause]) => on === "2027-04-01" && clause === "6-1"), JSON.stringify(lines));
    const late = await ahead("--if", "refuse@2027-03-02");
    assert.deepEqual(late.filter(([, state]) => state === "不可"), [["2027-03-02", "不可", "11"]]);
    assert.deepEqual(late.filter(([, state]) => state !== "不可"), NOTHING);
    const { json } = await asked(console_, `${place}/explanation?as_of=${AS_OF}&if=refuse@2027-03-02`);
    assert.deepEqual(json.lines.filter(({ status }) => status === "refused").map(({ reading }) => reading), ["refusal_too_late"]);
  });

  await step("a cancellation ends it the day after its day, and the fee stays due", async () => {
    const lines = await ahead("--if", "cancel@2026-07-10");
    // The data go 31 days after the last day, with a certificate; 36 days later no recovery copy is left (15-3).
    const data = ["2026-08-10", "2026-08-10", "2026-09-15"].map((on) => [on, "予定", "15-3"]);
    assert.deepEqual(lines, [...NOTHING.slice(0, 4), ["2026-07-10", "仮定", "15-1"], ["2026-07-11", "予定", "15-1"], ...data]);
  });

  await step("a payment leaves no demand and no suspension", async () => {
    const lines = await ahead("--if", "pay@2026-05-20");
    const demanded = ["13-1-2", "6-2"];
    assert.deepEqual(lines.slice(0, 8), [...NOTHING.slice(0, 2), ["2026-05-20", "仮定", "6-1"], ...REMINDERS]);
    assert.ok(!lines.some(([on, , clause]) => on < "2027-04-01" && demanded.includes(clause)), JSON.stringify(lines));
  });

  await step("the console and the customer get the same lines as JSON and on their pages", async () => {
    for (const question of [`as_of=${AS_OF}`, `as_of=${AS_OF}&if=cancel@2026-07-10`, `as_of=${AS_OF}&if=pay@2026-05-20`]) {
      const lines = await ahead(...question.split("&if=").slice(1).flatMap((what) => ["--if", what]));
      for (const [who, page] of [[console_, `${place}/explanation`], [client, "/contract/explanation"]]) {
        const answer = await asked(who, `${page}?${question}`);
        assert.equal(answer.status, 200, answer.text);
        assert.deepEqual(shown(answer.json), lines);
        assert.ok(answer.json.lines.every(({ reading, text: words }) => reading && words.ja && words.en));
        assert.ok(text((await who.open(`${page}?${question}`)).text).includes("2026年"), page);
      }
    }
  });

  await step("what operators only consider is not shown to the customer", async () => {
    const measure = { ground: "13-1-1", evidence: "事案 7", arose_on: AS_OF };
    const proposed = await console_.send(`${place}/rescission`, measure);
    assert.ok(proposed.status < 300, proposed.text);
    const considered = (lines) => lines.filter(([, , clause]) => clause === "13-1").length;
    assert.equal(considered((await told(instance, id, "--as-of", AS_OF)).lines), 1);
    assert.equal(considered(shown((await asked(console_, `${place}/explanation`)).json)), 1);
    assert.equal(considered(shown((await asked(client, "/contract/explanation")).json)), 0);
  });

  await step("a question that cannot be answered is refused with a sentence and a code", async () => {
    for (const [args, words] of [
      [[id, "--if", "sell@2027-01-01"], /refuse@DATE, cancel@DATE or pay@DATE is needed/],
      [[id, "--if", "pay@2027-02-30"], /refuse@DATE, cancel@DATE or pay@DATE is needed/],
      [[id, "--as-of", "2027-02-30"], /--as-of/],
      [[`c-${"0".repeat(id.length - 2)}`], /there is no contract c-0/],
    ]) {
      const { code, errors, lines } = await told(instance, ...args);
      assert.notEqual(code, 0, args.join(" "));
      assert.match(errors, words);
      assert.deepEqual(lines, []);
    }
    for (const [question, field] of [["as_of=2027-02-30", "as_of"], ["if=sell@2027-01-01", "if"]]) {
      const { status, json } = await asked(client, `/contract/explanation?${question}`);
      assert.ok(status >= 400 && status < 500, `${question}: ${status}`);
      assert.ok(JSON.stringify(json).includes(`"${field}"`), JSON.stringify(json));
    }
  });
});
