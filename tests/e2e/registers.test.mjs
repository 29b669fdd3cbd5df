//! Who else takes part: no data leave without an entry of the register, and each contract keeps its list of third-party terms.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { changesNothing, Client, CORPORATION, customer, INDIVIDUAL, invoke, OPERATOR, operator, ROOT, scenario, stored, text, until } from "./harness.mjs";
import { browser, person, PHONE } from "./harness/browser.mjs";

const CLOCK = "2026-04-15T12:00+09:00";
const CARD = {
  id: "mihon-card",
  name_ja: "見本カード株式会社",
  name_en: "Mihon Card Co., Ltd.",
  task_ja: "クレジットカードによる収納",
  task_en: "Collection by credit card",
  uses: "card",
  data: "registered, billing",
  location: "大阪府大阪市北区1-1",
  nda: "NDA-2026-009",
  since: "2026-04-15",
};
const MAP = {
  id: "mihon-map",
  name_ja: "見本地図",
  name_en: "Mihon Map",
  provider_ja: "見本地図社",
  provider_en: "Mihon Maps, Inc.",
  terms_url: "https://www.example.jp/map/terms",
  terms_version: "2026-04-01",
  since: "2026-04-15",
};

function refused(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json.errors?.[0].code ?? answer.json.code, code, answer.text);
  const sentence = answer.json.errors?.[0].message ?? answer.json.detail ?? answer.json.title;
  assert.ok(sentence?.length > 10, answer.text);
}

const done = (answer) => assert.ok(answer.status < 300, answer.text) ?? answer;

scenario("data are handed to whom the register covers, and a contract keeps the third-party terms of its formation", { demo: false, clock: CLOCK, chain: true }, async ({ instance, step }) => {
  const guest = new Client(instance);
  const abroad = new Client(instance, { language: "en" });
  let writer, second, publication, first, later;
  const send = async (who, place, body = {}) => {
    await who.open("/console/processors");
    return who.send(place, body);
  };
  const registers = async () =>
    [...(await stored(instance))].filter(([key]) => /^ciero-main (PROCESSORS|THIRD_PARTY_TERMS|PRICES|OPERATOR)/.test(key));
  const listed = async (place = "/processors") => text((await guest.open(place)).text);
  const unchanged = async (act) => {
    const before = await registers();
    await act();
    assert.deepEqual(await registers(), before);
  };
  const formedWith = async (client) => /第三者サービスの提供条件 第(\d+)版 SHA-256 (\w{64})/.exec(text((await client.open("/contract")).text))?.slice(1);

  await step("the operator's folder laid both registers down, and everyone reads them in both languages", async () => {
    const page = await listed();
    for (const known of ["アマゾン ウェブ サービス", "見本収納代行株式会社", "東京リージョン", "2026年2月1日"]) assert.ok(page.includes(known), page);
    assert.ok(!page.includes("NDA-2026"), "the number of an agreement is nobody's business");
    const english = text((await abroad.open("/processors")).text);
    assert.ok(english.includes("Amazon Web Services") && english.includes("Japan (Tokyo region, ap-northeast-1)"), english);
    assert.ok((await listed("/third-party-terms")).includes("第1版"));
    const terms = (await guest.open("/terms")).text;
    for (const place of ["/processors", "/third-party-terms"]) assert.ok(terms.includes(`href="${place}"`), place);
    writer = await operator(instance, "writer");
    second = await operator(instance, "second");
    first = await customer(instance, writer, CORPORATION);
  });

  await step("settings and a price list that hand data to somebody new are refused without an entry (22-3)", async () => {
    const sample = JSON.parse(await readFile(`${ROOT}/events/operations/publication.json`, "utf8"));
    const { operator: settings, prices } = sample.publish;
    const list = { ...prices[0], version: "2026-10-01", effective_from: "2026-10-01", payment_ja: "クレジットカードでお支払いください。", payment_en: "by credit card" };
    publication = { publish: { operator: settings, prices: [list], terms: [] } };
    const reseller = { code: "mihon-shinki", name: "見本新規販売", address: "東京都", email: "shinki@example.jp" };
    const resold = { publish: { operator: { ...settings, resellers: [reseller] }, prices: [], terms: [] } };
    await unchanged(async () => {
      for (const [payload, missing] of [[publication, "card"], [resold, "reseller/mihon-shinki"]]) {
        const answer = await invoke(instance, "operations", payload);
        assert.ok(answer.json.errorMessage?.startsWith("processor_needed: "), answer.text);
        assert.ok(answer.json.errorMessage.endsWith(`[${missing}]`), answer.text);
      }
    });
  });

  await step("an entry abroad, without an agreement, of no day or of unknown use is refused and leaves nothing", async () => {
    await unchanged(async () => {
      for (const [change, status, code] of [
        [{ location: "us-east-1" }, 422, "not_in_japan"],
        [{ location: "東京都、米国" }, 422, "not_in_japan"],
        [{ nda: "" }, 409, "nda_missing"],
        [{ since: "2026-02-30" }, 422, "date"],
        [{ uses: "fax" }, 422, "choice"],
        [{ data: "secrets" }, 422, "choice"],
        [{ id: "A B" }, 422, "name"],
        [{ name_ja: "" }, 422, "required"],
      ]) refused(await send(writer, "/console/processors", { ...CARD, ...change }), status, code);
      refused(await send(writer, "/console/processors/mihon-card/end", { until: "2026-12-31" }), 409, "processor_unknown");
      refused(await send(writer, "/console/processors/aws/end", { until: "2026-12-31" }), 409, "processor_needed");
      refused(await send(writer, "/console/processors/mihon-card/approval"), 409, "nothing_waits");
    });
  });

  await step("an entry counts once a second operator agrees, and opens the gate", async () => {
    assert.equal((await instance.advance("P1D")).status, 200);
    // A session does not outlive the day.
    await writer.signIn({ ...OPERATOR, name: "writer" });
    await second.signIn({ ...OPERATOR, name: "second" });
    await first.client.signIn({ name: first.email, password: first.password });
    done(await send(writer, "/console/processors", CARD));
    assert.ok(!(await listed()).includes(CARD.name_ja), "it waits");
    refused(await changesNothing(instance, () => send(writer, "/console/processors/mihon-card/approval")), 409, "second_operator_needed");
    assert.ok((await invoke(instance, "operations", publication)).json.errorMessage?.endsWith("[card]"));
    const agreed = await second.fill("/console/processors", "/mihon-card/approval", {});
    assert.equal(agreed.status, 303, agreed.text);
    assert.ok((await listed()).includes(CARD.name_ja));
    assert.ok(!(await listed("/processors?on=2026-04-15")).includes(CARD.name_ja), "an old day shows the register of that day");
    const published = await invoke(instance, "operations", publication);
    assert.ok(published.json.published?.includes("prices/2026-10-01"), published.text);
  });

  await step("an entry that an enabled use needs neither ends nor loses its data, and history says who did what", async () => {
    await unchanged(async () => {
      refused(await send(writer, "/console/processors/mihon-card/end", { until: "2026-12-31" }), 409, "processor_needed");
      refused(await send(writer, "/console/processors", { ...CARD, data: "registered" }), 409, "processor_needed");
    });
    const page = text((await writer.open("/console/processors")).text);
    assert.ok(page.includes("operator:second 承認：mihon-card"), page);
    assert.ok(page.includes("クレジットカードによる集金"), page);
    done(await send(writer, "/console/processors/mihon-hanbai/end", { until: "2026-04-30" }));
    done(await send(second, "/console/processors/mihon-hanbai/approval"));
    assert.ok((await listed()).includes("見本販売株式会社"), "until its last day");
  });

  await step("third-party terms without a sound address or day are refused and tell nobody", async () => {
    await unchanged(async () => {
      for (const [change, status, code] of [
        [{ terms_url: "http://www.example.jp/terms" }, 422, "url"],
        [{ terms_url: "javascript:alert(1)" }, 422, "url"],
        [{ since: "2026-02-30" }, 422, "date"],
        [{ terms_version: "" }, 422, "required"],
      ]) refused(await send(writer, "/console/third-party-terms", { ...MAP, ...change }), status, code);
      refused(await send(writer, "/console/third-party-terms/mihon-map/removal"), 409, "nothing_changes");
    });
    const told = (await instance.mails()).filter((mail) => mail.kind === "third_party_terms_changed");
    assert.equal(told.length, 0);
  });

  await step("customers signed up before and after a change keep the version of their formation (25-2)", async () => {
    const before = await formedWith(first.client);
    assert.equal(before?.[0], "1");
    const changed = await writer.fill("/console/third-party-terms", "/console/third-party-terms", {});
    assert.equal(changed.status, 409, "the preset form of the first service changes nothing");
    done(await send(writer, "/console/third-party-terms", MAP));
    const mail = await instance.mail("third_party_terms_changed", CORPORATION.contact_email);
    assert.ok(mail.text.includes("第2版") && mail.text.includes("成立時点の第1版が引き続き適用されます") && mail.text.includes(MAP.terms_url), mail.text);
    later = await customer(instance, writer, INDIVIDUAL);
    const after = await formedWith(later.client);
    assert.equal(after?.[0], "2");
    assert.notEqual(after[1], before[1]);
    assert.deepEqual(await formedWith(first.client), before);
    for (const [made, own] of [[first, before], [later, after]]) {
      const desk = text((await writer.open(made.contract)).text);
      assert.ok(desk.includes(`第${own[0]}版 SHA-256 ${own[1]}`), desk);
      assert.ok((await listed(`/third-party-terms/${own[0]}`)).includes(own[1]));
    }
    const consents = [...(await stored(instance)).keys()].filter((key) => key.endsWith("/CONSENT#third-party-terms"));
    assert.equal(consents.length, 2);
    assert.equal((await instance.mails()).filter((mail) => mail.kind === "third_party_terms_changed").length, 1, "who came later was not told");
    await until("the notice stands with the contract", async () => text((await first.client.open("/notices")).text).includes("第三者サービスの提供条件の変更"));
  });

  await step("both pages are read on a phone in the dark", async () => {
    const chrome = await browser();
    try {
      const page = await person(chrome, { viewport: PHONE, dark: true });
      for (const [place, title, known] of [
        ["/processors", "再委託先", CARD.name_ja],
        ["/third-party-terms", "第三者サービスの提供条件", MAP.terms_url],
      ]) {
        await page.goto(`${instance.portal}${place}`);
        await page.getByText(known).first().waitFor();
        assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), title);
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= PHONE.width, `${place} is ${width} wide`);
      }
      await page.goto(`${instance.portal}/processors`);
      await page.getByLabel("別の日の一覧").fill("2026-04-15");
      await page.getByRole("button", { name: "表示" }).click();
      await page.getByText("2026年4月15日 現在").waitFor();
      assert.equal(await page.getByText(CARD.name_ja).count(), 0);
      assert.deepEqual(page.faults, []);
    } finally {
      await chrome.close();
    }
  });
});
