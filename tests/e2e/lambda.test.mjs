//! The functions by name, as `aws lambda invoke` calls them, with the samples of events/.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { apply, call, Client, invoke, operator, register, ROOT, scenario } from "./harness.mjs";

const EVENTS = path.join(ROOT, "events");
const FUNCTIONS = readdirSync(EVENTS);
/** The contract of the samples, which exists nowhere. */
const NOBODY = "c-0000000000000000";
/** Samples that a running service must refuse, and in which words: a published version is never replaced. */
const REFUSED = { "publication.json": /was published with other content/, "lists.json": /was published with other content/ };
const samples = (name) => readdirSync(path.join(EVENTS, name)).filter((file) => file.endsWith(".json"));
const sample = (name, file, contract) => JSON.parse(readFileSync(path.join(EVENTS, name, file), "utf8").replaceAll(NOBODY, contract));

/** Functions whose samples are about a contract's due work; they are given one that exists. */
const OF_A_CONTRACT = ["billing-schedule", "camera-watch", "contract-purge", "due-sweep", "effect-audit", "renewal-reminder"];
/** Samples of a queue whose messages the function must give back: what is no message, and a part of a run that nobody began. */
const GIVEN_BACK = { "billing-schedule": ["not-a-message.json"], "effect-audit": ["next-part.json"] };

async function made(instance) {
  const console_ = await operator(instance);
  const place = await register(instance, console_, await apply(new Client(instance)));
  return place.split("/").at(-1);
}

/** What an answer must say for a sample. */
function answered(name, file, event, answer) {
  const told = `${file}: ${answer.text}`;
  assert.equal(answer.status, 200, told);
  const failure = answer.headers.get("x-amz-function-error");
  assert.equal(failure, file in REFUSED ? "Unhandled" : null, told);
  if (failure) assert.match(answer.json.errorMessage, REFUSED[file]);
  if (event.requestContext) assert.notEqual(answer.json.statusCode, 500, told);
  if (!event.Records) return;
  const back = answer.json.batchItemFailures.map((item) => item.itemIdentifier);
  if (!OF_A_CONTRACT.includes(name)) return;
  const expected = GIVEN_BACK[name]?.includes(file) ? event.Records.map((record) => record.messageId) : [];
  assert.deepEqual(back, expected, told);
}

scenario("every function runs by its name with its samples", { demo: false }, async ({ instance, step }) => {
  let contract;
  await step("the functions are those that have samples", async () => {
    const answer = await call(instance, { service: "lambda", method: "GET", path: "/2015-03-31/functions/" });
    assert.deepEqual(answer.json.Functions.map((one) => one.FunctionName).sort(), [...FUNCTIONS].sort());
    contract = await made(instance);
  });

  for (const name of FUNCTIONS) {
    await step(`${name} answers each of its samples`, async () => {
      assert.ok(samples(name).length > 0, `events/${name} holds no sample`);
      for (const file of samples(name)) {
        const event = sample(name, file, OF_A_CONTRACT.includes(name) ? contract : NOBODY);
        answered(name, file, event, await invoke(instance, name, event));
      }
    });
  }

  await step("a function that fails says so in the header, as the service does", async () => {
    const answer = await invoke(instance, "portal", { not: "an event" });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("x-amz-function-error"), "Unhandled");
    assert.ok(answer.json.errorMessage, answer.text);
  });

  await step("an unknown function, a wrong secret, an unknown key and an unsigned call are refused as the service refuses them", async () => {
    const refusals = [
      [await invoke(instance, "no-such-function", {}), 404, "ResourceNotFoundException"],
      [await invoke(instance, "portal", {}, { keys: { accessKeyId: "test", secret: "wrong" } }), 403, "InvalidSignatureException"],
      [await invoke(instance, "portal", {}, { keys: { accessKeyId: "AKIAUNKNOWN", secret: "test" } }), 403, "UnrecognizedClientException"],
    ];
    for (const [answer, status, error] of refusals) {
      assert.equal(answer.status, status, answer.text);
      assert.ok(answer.headers.get("x-amzn-errortype")?.startsWith(error), `${answer.headers.get("x-amzn-errortype")} ${answer.text}`);
    }
    const unsigned = await fetch(`${instance.aws}/2015-03-31/functions/portal/invocations`, { method: "POST", body: "{}" });
    assert.equal(unsigned.status, 403, await unsigned.text());
  });

  await step("each service refuses a wrong signature in its own form", async () => {
    const keys = { accessKeyId: "test", secret: "wrong" };
    const headers = { "content-type": "application/x-amz-json-1.0", "x-amz-target": "DynamoDB_20120810.ListTables" };
    const table = await call(instance, { service: "dynamodb", headers, body: "{}", keys });
    assert.equal(table.status, 400);
    assert.match(table.json.__type, /InvalidSignatureException$/);
    const bucket = await call(instance, { service: "s3", method: "GET", path: "/", payloadHash: "UNSIGNED-PAYLOAD", keys });
    assert.equal(bucket.status, 403);
    assert.match(bucket.text, /<Code>SignatureDoesNotMatch<\/Code>/);
  });
});
