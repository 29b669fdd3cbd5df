//! Signature Version 4 as AWS describes it, small: headers only, one region.

import { createHash, createHmac } from "node:crypto";

export const REGION = "ap-northeast-1";
export const DEVELOPER = { accessKeyId: "test", secret: "test" };
export const EMPTY_HASH = createHash("sha256").digest("hex");

const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const hmac = (key, data) => createHmac("sha256", key).update(data).digest();
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** Returns the headers of a request with its signature. `payloadHash` overrides the hash of the body. */
export function signed({ service, method = "POST", url, headers = {}, body = "", keys = DEVELOPER, payloadHash }) {
  const { host, pathname, searchParams } = new URL(url);
  const stamp = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const all = { ...headers, host, "x-amz-date": stamp };
  if (service === "s3") all["x-amz-content-sha256"] = payloadHash ?? sha256(body);
  if (keys.sessionToken) all["x-amz-security-token"] = keys.sessionToken;
  const names = Object.keys(all).map((name) => name.toLowerCase()).sort();
  const lower = Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toLowerCase(), String(value).trim()]));
  const path = pathname.split("/").map((part) => encode(decodeURIComponent(part))).join("/");
  const canonicalRequest = [
    method,
    service === "s3" ? pathname : path.split("/").map(encode).join("/"),
    [...searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort().join("&"),
    ...names.map((name) => `${name}:${lower[name]}`),
    "",
    names.join(";"),
    payloadHash ?? sha256(body),
  ].join("\n");
  const scope = `${stamp.slice(0, 8)}/${REGION}/${service}/aws4_request`;
  const key = scope.split("/").reduce((key, part) => hmac(key, part), `AWS4${keys.secret}`);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonicalRequest)].join("\n")).toString("hex");
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
  const { host: _, ...rest } = all;
  return { ...rest, authorization };
}
