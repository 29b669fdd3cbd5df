//! The few AWS calls that the tests make themselves, signed with the developer's key.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { until } from "./poll.mjs";
import { signed } from "./sigv4.mjs";

/** Calls an API and returns status, headers and the parsed body. */
export async function call(instance, request) {
  const url = new URL(request.path ?? "/", instance.aws).href;
  const method = request.method ?? "POST";
  const body = request.body ?? "";
  const headers = signed({ ...request, url, method, body });
  const answer = await fetch(url, { method, headers, body: method === "GET" ? undefined : body });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const text = bytes.toString("utf8");
  let json = null;
  try { json = JSON.parse(text); } catch { /* not every answer is JSON */ }
  return { status: answer.status, headers: answer.headers, text, bytes, json };
}

async function must(instance, request) {
  const answer = await call(instance, request);
  if (answer.status >= 300) throw new Error(`${request.service} answered ${answer.status}: ${answer.text}`);
  return answer.json;
}

const target = (service, version, name, body, prefix) => ({
  service,
  headers: { "content-type": `application/x-amz-json-${version}`, "x-amz-target": `${prefix}.${name}` },
  body: JSON.stringify(body),
});

export const dynamodb = (instance, name, body) => must(instance, target("dynamodb", "1.0", name, body, "DynamoDB_20120810"));
export const cognito = (instance, name, body) =>
  must(instance, target("cognito-idp", "1.1", name, body, "AWSCognitoIdentityProviderService"));
export const video = (instance, name, body) =>
  must(instance, { service: "kinesisvideo", path: `/${name}`, headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** Invokes a function and returns the answer with its headers. */
export const invoke = (instance, name, payload, more = {}) =>
  call(instance, { service: "lambda", path: `/2015-03-31/functions/${name}/invocations`, headers: { "content-type": "application/json" }, body: JSON.stringify(payload), ...more });

/** A text that is the same for the same content; the attributes of an item come in any order. */
const canonical = (value) =>
  JSON.stringify(value, (_, part) => (part && typeof part === "object" && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part));

/** Every item of both tables, as `table PK/SK` with its content, and every video stream, so that what a request left behind can be seen. */
export async function stored(instance) {
  const found = new Map();
  for (const { StreamName } of (await video(instance, "listStreams", {})).StreamInfoList) found.set(`stream ${StreamName}`, "");
  for (const table of ["ciero-main", "ciero-confidential"]) {
    for (let start; ; ) {
      const page = await dynamodb(instance, "Scan", { TableName: table, ConsistentRead: true, ExclusiveStartKey: start });
      for (const item of page.Items) found.set(`${table} ${item.PK.S}/${item.SK.S}`, canonical(item));
      start = page.LastEvaluatedKey;
      if (!start) break;
    }
  }
  return found;
}

/** Whether something of what is stored is still on its way: a message in the outbox, or a mail whose fate is not known. */
export const isUnderWay = (items) => [...items].some(([key, item]) => key.includes(" OUTBOX#") || (item.includes('"state":{"S":"sent"}') && !item.includes('"mail_id":{"S":""}')));

/** Asks for something that is refused, and finds every table and stream as it was. Returns the refusal. */
export async function changesNothing(instance, ask) {
  const before = await until("the tables stood still", async () => {
    const [one, two] = [await stored(instance), await stored(instance)];
    return !isUnderWay(two) && isDeepStrictEqual(one, two) && two;
  });
  const answer = await ask();
  assert.ok(answer.status >= 400, answer.text);
  assert.deepEqual(await stored(instance), before);
  return answer;
}

/** Every fragment of a stream that is listed, oldest first. */
export async function fragments(instance, stream) {
  const all = [];
  for (let token; ; ) {
    const page = await video(instance, "listFragments", { StreamName: stream, MaxResults: 1000, NextToken: token });
    all.push(...page.Fragments);
    token = page.NextToken;
    if (!token) break;
  }
  return all.sort((a, b) => (a.FragmentNumber < b.FragmentNumber ? -1 : 1));
}
