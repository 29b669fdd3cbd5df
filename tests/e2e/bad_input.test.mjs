//! Bad input over HTTP: the right status, a problem document in the caller's language, and nothing left behind.

import assert from "node:assert/strict";
import { acceptTerms, apply, Client, CORPORATION, customer, decidable, DEVICE, device, draft, firstSignIn, form, INDIVIDUAL, isUnderWay, operator, scenario, stored, until } from "./harness.mjs";

const HOUR_MS = 3600_000;
const USER = { name: "試験 三郎", email: "saburo@shiken.example.jp", role: "user", language: "ja", attestation: "on" };
const JAPANESE = /[\u3040-\u30ff\u4e00-\u9fff]/;
const at = (ms) => new Date(ms).toISOString();

/** Waits until nothing is under way any more, and returns everything stored except the trail of who asked for what. */
async function settled(instance) {
  let before = null;
  return until("the tables were at rest", async () => {
    const now = [...(await stored(instance))].filter(([key]) => !key.includes("/AUDIT#")).sort(([a], [b]) => (a < b ? -1 : 1));
    const text = JSON.stringify(now);
    const rests = text === before && !isUnderWay(now);
    before = text;
    return rests && now;
  });
}

/** Checks one refusal in both languages: `ask(language)` sends it. */
async function refused(ask, status, code, field) {
  for (const language of ["ja", "en"]) {
    const answer = await ask(language);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers.get("content-type"), /^application\/problem\+json/);
    assert.equal(answer.headers.get("content-language"), language);
    assert.deepEqual([answer.json.status, answer.json.code], [status, code], answer.text);
    assert.ok(answer.json.title && answer.json.detail, answer.text);
    assert.equal(JAPANESE.test(answer.json.detail), language === "ja", answer.json.detail);
    if (!field) continue;
    const error = answer.json.errors?.find((one) => one.field === field);
    assert.ok(error?.code && error.detail, `${field} is not named: ${answer.text}`);
    assert.equal(JAPANESE.test(error.detail), language === "ja", error.detail);
  }
}

scenario("bad input is refused and nothing is stored", { demo: false, clock: "2026-04-01T09:01+09:00" }, async ({ instance, step }) => {
  const visitor = new Client(instance);
  const terms = form((await visitor.open("/apply")).text, "/applications").fields.terms_version;
  const good = { ...CORPORATION, terms_version: terms };
  const console_ = await operator(instance);
  const [ours, theirs] = [await customer(instance, console_, CORPORATION), await customer(instance, console_, INDIVIDUAL)];
  const [own, foreign] = [await device(ours.client), await device(theirs.client, { ...DEVICE, serial: "E2E-9001" })];
  const waiting = await draft(visitor, { ...CORPORATION, contact_email: "draft@shiken.example.jp" });
  const submitted = await apply(new Client(instance), { ...INDIVIDUAL, contact_email: "submitted@kojin.example.jp" });
  await decidable(console_, submitted);
  const ask = (client, place, body, headers = {}) => (language) => client.send(place, body, { "accept-language": language, ...headers });

  const cases = async (sentence, run) => {
    await step(sentence, async () => {
      const before = await settled(instance);
      await run();
      assert.deepEqual(await settled(instance), before, "something was stored");
    });
  };

  await cases("an application with a wrong field names the field", async () => {
    const wrong = {
      corporate_number: "7123456789013", prefecture: "Oregon", postal_code: "94105", phone: "+1 415 555 0100", contact_email: "no-at.example.jp",
      kind: "robot", name: "", retention_days: "8", cameras: "0", name_kana: "漢字", consent: "", not_antisocial: "", resident_in_japan: "", address: "x".repeat(1000),
    };
    for (const [field, value] of Object.entries(wrong)) await refused(ask(visitor, "/applications", { ...good, [field]: value }), 422, "invalid_fields", field);
    await refused(ask(visitor, "/applications", { ...good, terms_version: "1999-01-01" }), 422, "invalid_fields", "consent");
  });

  await cases("a body that cannot be read is refused on every command", async () => {
    for (const body of ["{", "[]", '"text"', "{\"name\":", "\u0000"]) {
      await refused(ask(visitor, "/applications", body), 400, "malformed_body");
      for (const place of ["/devices", "/users", "/terms-acceptance", `/cameras/${own.camera}/recording`, `/cameras/${own.camera}/intervals`]) await refused(ask(ours.client, place, body), 400, "malformed_body");
    }
    await refused(ask(visitor, "/applications", "a,b", { "content-type": "text/csv" }), 415, "unsupported_media_type");
  });

  await cases("a body over the limit is refused before it is read", async () => {
    await refused(ask(visitor, "/applications", { ...good, name: "x".repeat(300 * 1024) }), 413, "body_too_large");
    const huge = await visitor.send("/applications", `"${"x".repeat(11 * 1024 * 1024)}"`);
    assert.deepEqual([huge.status, huge.json.message], [413, "Request Entity Too Large"]);
  });

  await cases("an unknown application and another state are refused", async () => {
    await refused(ask(visitor, "/applications/a-0000000000000000/submission", { confirmation: "x" }), 404, "not_found");
    await refused(ask(visitor, "/applications/..%2f..%2fetc/submission", { confirmation: "x" }), 404, "not_found");
    await refused(ask(visitor, `${waiting}/submission`, { confirmation: "0".repeat(64) }), 409, "confirmation_outdated");
    await refused(ask(visitor, `${submitted}/submission`, { confirmation: "x" }), 409, "application_wrong_state");
  });

  await cases("an operator's mistakes are refused, and others do not find the console", async () => {
    const decision = `/console${submitted}/decision`, registration = `/console${submitted}/registration`;
    await refused(ask(console_, decision, { decision: "perhaps" }), 422, "invalid_fields", "decision");
    await refused(ask(console_, decision, { decision: "decline", ground: "9-9", reason: "x" }), 422, "invalid_fields", "ground");
    await refused(ask(console_, decision, { decision: "decline", ground: "3-4-5", reason: " " }), 422, "reason_missing", "reason");
    await refused(ask(console_, registration, { start: "2026-02-30" }), 422, "invalid_fields", "start");
    await refused(ask(console_, registration, { start: "2027-01-01" }), 409, "application_not_approved");
    await refused(ask(ours.client, decision, { decision: "approve" }), 404, "not_found");
    await refused(ask(new Client(instance), decision, { decision: "approve" }), 401, "sign_in_needed");
  });

  // Whatever asks something of a contract first does what was due; a sweep has done it before.
  const swept = await instance.advance("PT16M");
  assert.equal(swept.status, 200, await swept.text());
  await cases("money, measures and refusals that make no sense, or come from who may not, are refused", async () => {
    const post = (client, command, body) => ask(client, `${ours.contract}/${command}`, body);
    const receipt = { reference: "E2E-1", received_on: "2026-04-01", yen: "100" };
    for (const [field, value] of [["yen", "-100"], ["yen", "99999999999999999999"], ["received_on", "2026-02-30"], ["reference", ""]]) {
      const answer = await console_.send(`${ours.contract}/receipts`, { ...receipt, [field]: value });
      assert.equal(answer.status, 422, `${field}: ${answer.text}`);
    }
    const measure = { ground: "13-1-1", evidence: "事案 8", arose_on: "2026-04-01" };
    await refused(post(console_, "measures", { ...measure, ground: "" }), 422, "ground_missing");
    await refused(post(console_, "measures", { ...measure, evidence: "" }), 422, "evidence_missing");
    await refused(post(console_, "measures", { ...measure, ground: "6-2" }), 409, "nothing_overdue");
    await refused(post(console_, "rescission/approval", {}), 409, "nothing_proposed");
    for (const command of ["receipts", "measures", "rescission"]) await refused(post(ours.client, command, measure), 404, "not_found");
    await refused(ask(new Client(instance), "/contract/refusal", { order: "1" }), 401, "sign_in_needed");
    await refused(ask(ours.client, "/contract/refusal", { order: "9" }), 409, "no_such_order");
    await refused(ask(ours.client, "/contract/cancellation", { end: "2026-02-30" }), 422, "invalid_fields");
  });

  await cases("a device of an unknown model, without attestation, abroad or already bound is refused", async () => {
    const other = { ...DEVICE, serial: "E2E-0002" };
    for (const [field, value] of [["model", "XX-999"], ["attestation", ""], ["prefecture", "48"], ["serial", "a"], ["postal_code", "12"], ["name", ""]]) {
      await refused(ask(ours.client, "/devices", { ...other, [field]: value }), 422, "invalid_fields", field);
    }
    await refused(ask(ours.client, "/devices", { ...other, serial: "E2E-9001" }), 409, "serial_taken");
    await refused(ask(theirs.client, "/devices", other), 409, "camera_limit");
    await refused(ask(visitor, "/devices/activation", { code: "AAAA-BBBB-CCCC", csr: "x" }), 403, "code_invalid");
    await refused(ask(visitor, "/devices/activation", { code: own.code, csr: "x" }), 422, "request_invalid");
  });

  await cases("a user is not added without attestation, twice, or with a role that does not exist", async () => {
    await refused(ask(ours.client, "/users", { ...USER, attestation: "" }), 422, "attestation_missing");
    await refused(ask(ours.client, "/users", { ...USER, email: "nobody" }), 422, "invalid_fields", "email");
    await refused(ask(ours.client, "/users", { ...USER, role: "owner" }), 422, "invalid_fields", "role");
    await refused(ask(ours.client, "/users", { ...USER, email: INDIVIDUAL.contact_email }), 409, "email_taken");
  });

  await cases("what is another customer's has the answer of what does not exist, to the byte", async () => {
    const nothing = { cameras: "k-0000000000000000", devices: "d-0000000000000000" };
    const places = [["cameras", foreign.camera, "live", {}], ["cameras", foreign.camera, "recording", { start: at(Date.now() - HOUR_MS), end: at(Date.now()) }],
      ["cameras", foreign.camera, "intervals", { date: "2026-04-01" }], ["devices", foreign.id, "code", {}], ["devices", foreign.id, "retirement", {}]];
    for (const [kind, id, verb, body] of places) {
      const bytes = async (which) => { const { status, text } = await ours.client.send(`/${kind}/${which}/${verb}`, body); return [status, text]; };
      assert.deepEqual(await bytes(id), await bytes(nothing[kind]));
      await refused(ask(ours.client, `/${kind}/${id}/${verb}`, body), 404, "not_found");
    }
    for (const [kind, id] of [["cameras", foreign.camera], ["devices", foreign.id]]) {
      const page = async (which) => { const { status, text } = await ours.client.open(`/${kind}/${which}`); return [status, text.replaceAll(which, "ID")]; };
      assert.deepEqual(await page(id), await page(nothing[kind]));
    }
  });

  await cases("a form without its token, with another's or from another origin is refused", async () => {
    const page = await ours.client.open("/devices");
    const { fields } = form(page.text, "/devices");
    const own = { ...fields, ...DEVICE, serial: "E2E-0003" };
    const other = form((await theirs.client.open("/cameras")).text, "/session-revocation").fields.csrf;
    for (const [values, headers, code] of [
      [{ ...own, csrf: "" }, {}, "form_token"],
      [{ ...own, csrf: other }, {}, "form_token"],
      [own, { origin: "https://elsewhere.example" }, "foreign_origin"],
      [own, { origin: "null" }, "foreign_origin"],
    ]) {
      await refused((language) => ours.client.post("/devices", values, { accept: "application/json", "accept-language": language, ...headers }), 403, code);
    }
    await refused((language) => ours.client.send("/devices", DEVICE, { "x-csrf-token": "wrong", "accept-language": language }), 403, "form_token");
    await refused((language) => visitor.post("/applications", { ...good, csrf: "" }, { accept: "application/json", "accept-language": language }), 403, "form_token");
    const page2 = await visitor.post("/applications", { ...good, csrf: "" });
    assert.equal(page2.status, 403);
    assert.match(page2.headers.get("content-type"), /^text\/html/);
  });

  await cases("a time outside retention, in the future, in the wrong order or before the camera is refused", async () => {
    const now = await instance.now();
    const stretch = (start, end) => ({ start: at(start), end: at(end) });
    const place = `/cameras/${own.camera}/recording`;
    await refused(ask(ours.client, place, stretch(now - 31 * 24 * HOUR_MS, now - 31 * 24 * HOUR_MS + 60_000)), 403, "outside_retention");
    await refused(ask(ours.client, place, stretch(now - 24 * HOUR_MS, now - 23 * HOUR_MS)), 403, "before_grant");
    await refused(ask(ours.client, place, stretch(now + HOUR_MS, now + 2 * HOUR_MS)), 403, "time_in_the_future");
    await refused(ask(ours.client, place, stretch(now, now - HOUR_MS)), 422, "time_invalid");
    await refused(ask(ours.client, place, { start: "yesterday", end: "today" }), 400, "malformed_body");
    await refused(ask(ours.client, `/cameras/${own.camera}/live`, {}), 409, "camera_offline");
  });

  await cases("an unknown route and a wrong method are not found", async () => {
    for (const [method, place] of [["GET", "/no-such-page"], ["POST", "/cameras"], ["DELETE", "/devices"], ["GET", "/devices/activation/x"]]) {
      const answer = await ours.client.request(method, place);
      assert.equal(answer.status, 404, `${method} ${place}: ${answer.text}`);
    }
  });

  await step("an Idempotency-Key gives the same answer once and is refused for another body", async () => {
    const before = (await settled(instance)).length;
    const send = (body, key) => visitor.send("/applications", body, { "idempotency-key": key });
    const [first, again] = [await send(good, "key-1"), await send(good, "key-1")];
    assert.equal(first.status, 201, first.text);
    assert.deepEqual([again.status, again.text, again.location], [first.status, first.text, first.location]);
    const both = await Promise.all([send(good, "key-2"), send(good, "key-2"), send(good, "key-2")]);
    assert.equal(new Set(both.map(({ text }) => text)).size, 1, "three at once are one application");
    const after = await settled(instance);
    const made = after.length - before;
    await refused((language) => visitor.send("/applications", { ...good, name: "別の会社" }, { "idempotency-key": "key-1", "accept-language": language }), 422, "idempotency_key_reused");
    await refused((language) => visitor.send("/applications", good, { "idempotency-key": "k".repeat(200), "accept-language": language }), 400, "idempotency_key_invalid");
    assert.equal((await settled(instance)).length - before, made, "the refusals stored nothing");
    const states = after.filter(([key]) => /ciero-main APPLICATION#[^/]+\/STATE/.test(key)).length;
    assert.equal(states, 4 + 2, "two more applications and no third");
  });

  await step("a person who has not accepted the terms watches nothing", async () => {
    await ours.client.open("/users");
    const added = await ours.client.send("/users", USER);
    assert.equal(added.status, 201, added.text);
    const { client } = await firstSignIn(instance, USER.email, "saburo-chose-this-1");
    await refused(ask(client, `/cameras/${own.camera}/live`, {}), 403, "terms_not_accepted");
    const page = await client.request("GET", "/cameras", { headers: { accept: "text/html" } });
    assert.match(page.location ?? "", /^\/welcome\?back=/);
    await refused(ask(client, "/terms-acceptance", { version: "1999-01-01" }), 409, "terms_not_in_force");
    await acceptTerms(client);
    await refused(ask(client, "/users", USER), 403, "not_administrator");
    await refused(ask(client, `/cameras/${own.camera}/live`, {}), 403, "right_missing");
  });

  await step("after thirteen hours the session is over, for programs and for pages", async () => {
    const advanced = await instance.advance("PT13H");
    assert.equal(advanced.status, 200);
    const before = await settled(instance);
    await refused(ask(ours.client, "/devices", { ...DEVICE, serial: "E2E-0004" }), 401, "session_expired");
    await refused(ask(ours.client, `/cameras/${own.camera}/live`, {}), 401, "session_expired");
    const page = await ours.client.request("GET", "/devices", { headers: { accept: "text/html" } });
    assert.deepEqual([page.status, page.location], [303, "/sign-in?back=%2Fdevices"]);
    const operatorPage = await console_.request("GET", "/console/applications", { headers: { accept: "text/html" } });
    assert.match(operatorPage.location ?? "", /^\/console\/sign-in\?back=/);
    assert.deepEqual(await settled(instance), before);
  });
});
