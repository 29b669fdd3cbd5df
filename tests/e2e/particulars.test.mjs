//! A customer's particulars change: who decides, from which day it counts, and what stays as it was (Art. 4, P-1, 3-4).

import assert from "node:assert/strict";
import { contractItems } from "./harness/due.mjs";
import { Client, CORPORATION, customer, demo, DEMO, operator, OPERATOR, scenario, text, until } from "./harness.mjs";

const PAGE = "/contract/particulars";
const NEW_ADDRESS = "jiro.new@example.jp";
const NEW_NAME = "株式会社新試験商店";

scenario("a customer's name changes from its day on, and what was issued before keeps the old one", { demo: false, clock: "2026-04-01T09:01+09:00", chain: true }, async ({ instance, step }) => {
  const console_ = await operator(instance);
  const { client, contract, email, password } = await customer(instance, console_, CORPORATION);
  const change = (values) => client.fill(PAGE, PAGE, values);
  const decide = (part, values = {}) => console_.fill(contract, `particulars/${part}`, values);
  const receiptOf = (answer) => /receipt=(P-[0-9a-z]+)$/.exec(answer.location ?? "")?.[1];
  const cases = async () => text((await console_.open("/console/cases")).text);
  /** An invoice as it was issued, without what the page says of its payment. */
  const invoice = async (number) => /<article class="document">[\s\S]*<\/article>/.exec((await client.open(`/invoices/${number}`)).text)?.[0] ?? "";
  /** Advances the clock; the sessions of before are over by then. */
  const advance = async (span) => {
    await instance.advance(span);
    await client.signIn({ name: email, password });
    await console_.signIn(OPERATOR);
  };
  let first, receipt;

  await step("the first invoice names the customer", async () => {
    await advance("P1D");
    await instance.mail("invoice_issued", email);
    first = await invoice(1);
    assert.ok(first.includes(CORPORATION.name), first);
  });

  await step("a new name gets a receipt number and waits; the page shows both", async () => {
    const answer = await change({ name: NEW_NAME });
    assert.equal(answer.status, 303, answer.text);
    receipt = receiptOf(answer);
    assert.ok(receipt, answer.location);
    const mail = await instance.mail("change_received", email);
    assert.ok(mail.text.includes(receipt), mail.text);
    const page = text((await client.open(PAGE)).text);
    for (const words of [receipt, NEW_NAME, CORPORATION.name, "確認しています"]) assert.ok(page.includes(words), `${words} is missing: ${page}`);
    assert.ok((await cases()).includes(receipt));
  });

  await step("a second change waits its turn, and a registered number alone decides nothing twice", async () => {
    const again = await client.send(PAGE, { ...CORPORATION, name: "別の名称", effective_on: "2026-04-02" });
    assert.equal(again.json.code, "change_waiting", again.text);
    await console_.open(contract);
    const other = await console_.send(`${contract}/particulars/confirmation`, { receipt: "P-0000000000000000" });
    assert.equal(other.json.code, "no_change_waiting", other.text);
  });

  await step("an operator confirms it: it counts, the customer is told, the case is closed", async () => {
    const answer = await decide("confirmation");
    assert.equal(answer.status, 303, answer.text);
    await instance.mail("particulars_registered", email);
    assert.ok(text((await client.open("/contract")).text).includes(NEW_NAME));
    assert.ok(!(await cases()).includes(receipt));
    const twice = await console_.send(`${contract}/particulars/confirmation`, { receipt });
    assert.equal(twice.json.code, "no_change_waiting", twice.text);
  });

  await step("the old invoice is the same, and the next one bears the new name", async () => {
    assert.equal(await invoice(1), first);
    await advance("P1Y");
    const second = await invoice(2);
    assert.ok(second.includes(NEW_NAME), second);
    assert.equal(await invoice(1), first);
  });

  await step("a new mail address counts at once, and the former one is told", async () => {
    const answer = await change({ contact_email: "atarashii@shiken.example.jp" });
    assert.equal(answer.status, 303, answer.text);
    await instance.mail("particulars_registered", "atarashii@shiken.example.jp");
    const mail = await instance.mail("contact_moved", email);
    assert.ok(!mail.text.includes("atarashii"), mail.text);
  });

  await step("a move abroad opens a case and changes nothing", async () => {
    const answer = await change({ abroad: "on", address_abroad: "1 Sample Street, Sampletown" });
    const number = receiptOf(answer);
    assert.ok(number, answer.text);
    const list = await cases();
    assert.ok(list.includes(number) && list.includes("国外への移転"), list);
    assert.ok(text((await client.open("/contract")).text).includes(CORPORATION.address));
  });

  await step("what is no change or lies in the future is refused beside its reason, and nothing is kept", async () => {
    const same = await change({});
    assert.equal(same.status, 409, same.text);
    assert.ok(text(same.text).includes("登録事項に変わりがありません。"), same.text);
    const future = await change({ name: "未来", effective_on: "2099-01-01" });
    assert.equal(future.status, 409, future.text);
    const wrong = await client.send(PAGE, { ...CORPORATION, corporate_number: "7123456789013", effective_on: "2027-04-01" });
    assert.deepEqual(wrong.json.errors.map((error) => error.field), ["corporate_number"], wrong.text);
  });

  await step("a representative who stands on a screening list waits for screeners, and outside nothing shows it", async () => {
    const own = async () => [await client.open("/contract"), await client.open("/cameras")].map((page) => page.status);
    const before = await own();
    const answer = await change({ representative: "照合例　悪太郎" });
    assert.equal(answer.status, 303, answer.text);
    assert.equal((await decide("confirmation")).status, 303);
    await until("the review was there", async () => text((await console_.open("/console/reviews")).text).includes("demo-antisocial"));
    assert.deepEqual(await own(), before);
    const mails = await instance.mails();
    assert.ok(mails.every((mail) => !mail.text.includes("demo-antisocial") && !mail.text.includes("照合リスト")));
  });

  await step("an operator who does not make a change tells why", async () => {
    assert.equal((await change({ name: "株式会社別試験" })).status, 303);
    const answer = await decide("refusal", { reason: "登記の内容と一致しません。" });
    assert.equal(answer.status, 303, answer.text);
    const mail = await instance.mail("change_refused");
    assert.ok(mail.text.includes("登記の内容と一致しません。"), mail.text);
    assert.ok(text((await client.open("/contract")).text).includes(NEW_NAME));
  });
});

scenario("a person sees, corrects and takes along the own data, leaves, and is erased", { demo: true, chain: true }, async ({ instance, step }) => {
  const [own, administrator] = [await demo(instance, "user"), await demo(instance, "administrator")];
  let user;

  await step("the page corrects the name, and the copy holds what is known about this person alone", async () => {
    const answer = await own.fill("/profile", "/profile", { name: "見本 治郎" });
    assert.equal(answer.status, 303, answer.text);
    const copy = (await own.request("GET", "/profile/data")).json;
    user = copy.user.id;
    assert.equal(copy.user.name, "見本 治郎");
    assert.ok(copy.notices.length > 0 && copy.notices.every((notice) => notice.to === DEMO.user.name), JSON.stringify(copy));
    assert.ok(!JSON.stringify(copy).includes(DEMO.administrator.name), "another person's data are in the copy");
    assert.ok(copy.acts.some((act) => act.action === "profile_corrected"));
  });

  await step("another address signs in once its mailbox has proven it, and the former one is told", async () => {
    const asked = await own.fill("/profile", "/profile/address", { email: NEW_ADDRESS });
    assert.equal(asked.status, 303, asked.text);
    const mail = await instance.mail("address_asked", NEW_ADDRESS);
    const [code] = mail.text.match(/\b[0-9a-z]{16}\b/);
    const wrong = await own.send("/profile/address/proof", { code: "0000000000000000" });
    assert.equal(wrong.json.code, "wrong_code", wrong.text);
    const proven = await own.fill("/profile", "/profile/address/proof", { code });
    assert.equal(proven.status, 303, proven.text);
    await instance.mail("address_changed", DEMO.user.name);
    const anew = new Client(instance);
    await anew.signIn({ ...DEMO.user, name: NEW_ADDRESS });
    assert.ok(text((await anew.open("/profile")).text).includes(NEW_ADDRESS));
    await assert.rejects(demo(instance, "user"), "the former address still signs in");
  });

  await step("who uses the service cannot be erased, and the last administrator cannot leave", async () => {
    await administrator.open("/users");
    const early = await administrator.send(`/users/${user}/erasure`, {});
    assert.equal(early.json.code, "user_active", early.text);
    await administrator.open("/profile");
    const last = await administrator.send("/profile/removal", {});
    assert.equal(last.json.code, "last_administrator", last.text);
  });

  await step("the person leaves: the session is over at once", async () => {
    const answer = await own.fill("/profile", "/profile/removal", {});
    assert.equal(answer.status, 303, answer.text);
    assert.ok((await own.request("GET", "/profile/data")).status >= 300);
    await instance.mail("user_removed", NEW_ADDRESS);
  });

  await step("after the erasure only the ledger of sent mail names the address", async () => {
    const answer = await administrator.fill(`/users/${user}`, "/erasure", {});
    assert.equal(answer.status, 303, answer.text);
    const naming = async () => (await contractItems(instance)).filter((item) => JSON.stringify(item).includes(DEMO.user.name));
    const left = await naming();
    assert.deepEqual(left.filter((item) => !item.SK.S.startsWith("NOTICE#")), []);
    const page = text((await administrator.open(`/users/${user}`)).text);
    assert.ok(!page.includes("治郎") && page.includes(user), page);
  });
});
