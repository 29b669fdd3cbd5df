//! The people of a flow: applicant, operator, administrator, registered user, and what each does.

import assert from "node:assert/strict";
import { Client } from "./client.mjs";
import { cognito } from "./aws.mjs";
import { form } from "./html.mjs";
import { until } from "./poll.mjs";

export const OPERATOR_POOL = "ap-northeast-1_OperatorPool";
export const GROUPS = ["screener", "billing", "legal", "support", "publisher", "contracts"];

/** The sign-in names of the demo, as its sign-in page shows them. */
export const DEMO = {
  administrator: { name: "hanako@example.jp", password: "demo-hanako-1" },
  user: { name: "jiro@example.jp", password: "demo-jiro-12" },
  operator: { name: "operator-1", password: "demo-operator-1", door: "/console/sign-in" },
};

const CONSENT = {
  consent: "on",
  resident_in_japan: "on",
  no_transfer_regulation: "on",
  no_export_control: "on",
  not_antisocial: "on",
};

/** A corporate applicant. The number's check digit is right and it belongs to nobody. */
export const CORPORATION = {
  kind: "corporation",
  corporate_number: "7123456789012",
  name: "株式会社試験商店",
  name_kana: "シケンショウテン",
  representative: "試験 太郎",
  postal_code: "100-0001",
  prefecture: "13",
  address: "試験区架空町1-2-3",
  phone: "03-0000-1111",
  contact_name: "試験 花子",
  contact_email: "hanako@shiken.example.jp",
  retention_days: "30",
  cameras: "2",
  ...CONSENT,
};

export const INDIVIDUAL = {
  kind: "individual",
  purpose: "private",
  name: "架空 一郎",
  name_kana: "カクウ イチロウ",
  postal_code: "530-0001",
  prefecture: "27",
  address: "架空市見本町4-5-6",
  phone: "06-0000-2222",
  contact_name: "架空 一郎",
  contact_email: "ichiro@kojin.example.jp",
  retention_days: "7",
  cameras: "1",
  ...CONSENT,
};

export const DEVICE = {
  name: "正面入口",
  model: "MB-1",
  serial: "E2E-0001",
  postal_code: "100-0001",
  prefecture: "13",
  address: "試験区架空町1-2-3",
  attestation: "on",
};

/** The operator that a test makes, for signing in again. */
export const OPERATOR = { name: "e2e-operator", password: "an-operators-password-1", door: "/console/sign-in" };

/** Makes an operator of some groups through the pool's own API and signs in. */
export async function operator(instance, name = OPERATOR.name, groups = GROUPS) {
  const who = { UserPoolId: OPERATOR_POOL, Username: name };
  const { password, door } = OPERATOR;
  await cognito(instance, "AdminCreateUser", { ...who, MessageAction: "SUPPRESS", UserAttributes: [{ Name: "email", Value: `${name}@example.jp` }] });
  await cognito(instance, "AdminSetUserPassword", { ...who, Password: password, Permanent: true });
  for (const group of groups) await cognito(instance, "AdminAddUserToGroup", { ...who, GroupName: group });
  const client = new Client(instance);
  await client.signIn({ name, password, door });
  return client;
}

/** Signs one of the demo's people in. */
export async function demo(instance, who, options) {
  const client = new Client(instance, options);
  await client.signIn(DEMO[who]);
  return client;
}

/** Fills the form of application in and returns the address of its confirmation screen. */
export async function draft(visitor, values) {
  const answer = await visitor.fill("/apply", "/applications", values);
  assert.equal(answer.status, 303, answer.text);
  return answer.location;
}

/** Applies as a visitor does, from the form over the confirmation screen. Returns the application's address. */
export async function apply(visitor, values = CORPORATION) {
  const place = await draft(visitor, values);
  const sent = await visitor.fill(place, "/submission", {});
  assert.equal(sent.status, 303, sent.text);
  return place;
}

/** Waits until the checks are done and the console offers the decision. */
export function decidable(console, place) {
  return until("the console offered the decision", async () => {
    const page = await console.open(`/console${place}`);
    return page.text.includes("/decision") && page;
  });
}

/** Approves and registers an application. Returns the contract's page in the console. */
export async function register(instance, console, place, start) {
  await decidable(console, place);
  const decided = await console.fill(`/console${place}`, "/decision", { decision: "approve", reason: "書類を確認した" });
  assert.equal(decided.status, 303, decided.text);
  const page = await console.open(`/console${place}`);
  const offered = form(page.text, "/registration");
  const registered = await console.post(offered.action, { ...offered.fields, ...(start && { start }) });
  assert.equal(registered.status, 303, registered.text);
  return registered.location;
}

/** Returns the first password of an invitation. */
export async function firstPassword(instance, email) {
  const mail = await instance.mail("user_invited", email);
  const found = /\b[0-9a-z]{4}(?:-[0-9a-z]{4}){3}\b/.exec(mail.text);
  assert.ok(found, `the invitation holds no password:\n${mail.text}`);
  return found[0];
}

/** Signs an invited person in for the first time, up to the page that asks for acceptance of the terms. */
export async function firstSignIn(instance, email, newPassword) {
  const client = new Client(instance);
  const page = await client.signIn({ name: email, password: await firstPassword(instance, email), newPassword });
  return { client, page };
}

/** Accepts the terms that the welcome page shows. */
export async function acceptTerms(client) {
  const answer = await client.fill("/welcome", "/terms-acceptance", {});
  assert.equal(answer.status, 303, answer.text);
}

/** A whole customer in one call: applies, is registered, signs in and accepts. Returns the administrator's client. */
export async function customer(instance, console, values, password = "a-customers-password-1") {
  const place = await apply(new Client(instance), values);
  const contract = await register(instance, console, place);
  const { client } = await firstSignIn(instance, values.contact_email, password);
  await acceptTerms(client);
  return { client, contract, email: values.contact_email, password };
}

/** Registers a device and returns its page, camera and one-time code. */
export async function device(client, values = DEVICE) {
  await client.open("/devices");
  const answer = await client.send("/devices", values);
  assert.equal(answer.status, 201, answer.text);
  return { page: answer.json.location, camera: answer.json.camera, code: answer.json.code, id: answer.json.id };
}
