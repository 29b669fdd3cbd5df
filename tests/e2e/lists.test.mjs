//! A screener loads the file of a screening list in the console; a refused file changes nothing (3-4, P-4).

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { operator, ROOT, scenario, text } from "./harness.mjs";

const PLACE = "/console/lists";

async function sample(name) {
  const { load_list: load } = JSON.parse(await readFile(`${ROOT}/events/operations/${name}.json`, "utf8"));
  const { list, name: { ja, en }, source, ground, format, issued_on = "", file } = load;
  return { list, ja, en, source, ground, format, issued_on, file };
}

/** Hands the form in as a browser without scripts does. */
async function load(client, { file, ...fields }) {
  await client.open(PLACE);
  const form = new FormData();
  for (const [name, value] of Object.entries({ csrf: client.token, ...fields })) form.set(name, value);
  form.set("file", new Blob([file]), "list.xml");
  return client.request("POST", PLACE, { headers: { accept: "text/html", origin: client.instance.portal }, body: form });
}

scenario("a list's file is loaded on the console's page", { demo: false, clock: "2026-06-01T09:00+09:00", chain: true }, async ({ instance, step }) => {
  let screener, un;
  const shown = async () => text((await screener.open(PLACE)).text);

  await step("the page is there for screeners alone", async () => {
    screener = await operator(instance, "screener-a", ["screener"]);
    const other = await operator(instance, "legal-a", ["legal"]);
    assert.equal((await other.open(PLACE)).status, 404);
    assert.ok((await shown()).includes("新しいリスト"));
  });

  await step("both formats are loaded, and the page shows version, day and entries", async () => {
    un = await sample("load-list-un");
    for (const one of [un, await sample("load-list-csv")]) {
      const answer = await load(screener, one);
      assert.deepEqual([answer.status, answer.location], [303, PLACE], text(answer.text));
      const page = await shown();
      for (const part of [one.ja, "2026-05-20-", "2026年5月20日"]) assert.ok(page.includes(part), part);
    }
  });

  await step("a file that cannot be read or is older is refused with its code, and the loaded one stays", async () => {
    const before = await shown();
    const older = un.file.replace("2026-05-20T", "2026-05-19T");
    for (const [file, code] of [["<html>", "list_malformed"], [older, "list_older"]]) {
      const answer = await load(screener, { ...un, file });
      assert.equal(answer.status, 422);
      const words = text(answer.text);
      assert.ok(words.includes(code) && words.includes("読み込み"), words);
    }
    assert.equal(await shown(), before);
  });

  await step("a file of two megabytes fits", async () => {
    const filler = `<!-- ${"x".repeat(2_000_000)} -->`;
    const long = un.file.replace("2026-05-20T", "2026-05-21T").replace("<INDIVIDUALS>", `${filler}<INDIVIDUALS>`);
    const answer = await load(screener, { ...un, file: long });
    assert.equal(answer.status, 303, text(answer.text));
    assert.ok((await shown()).includes("2026-05-21-"));
  });
});
