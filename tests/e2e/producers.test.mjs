//! The requests of official producers byte by byte as they send them: their own choice of signed headers, over a plain socket.

import assert from "node:assert/strict";
import net from "node:net";
import { fragments, scenario, until, video } from "./harness.mjs";
import { fragment, header } from "./harness/matroska.mjs";
import { EMPTY_HASH, signed } from "./harness/sigv4.mjs";

const C_PRODUCER = "AWS-SDK-KVS-CPP-CLIENT/3.5.0/1.6.0 GCC/14.2.0 Linux/6.12 x86_64";

/** A connection that hides nothing: bytes out, bytes in. */
class Wire {
  constructor(instance) {
    const { hostname, port } = new URL(instance.aws);
    this.text = "";
    this.ended = false;
    this.socket = net.connect(Number(port), hostname);
    this.socket.on("data", (bytes) => { this.text += bytes.toString("latin1"); });
    this.socket.on("error", () => { this.ended = true; });
    this.socket.on("close", () => { this.ended = true; });
  }

  request(line, headers) {
    this.socket.write(`${line} HTTP/1.1\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  }

  chunk(bytes) {
    this.socket.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]));
  }

  heard(part) { return until(`${part} was answered; so far: ${this.text}`, () => this.text.includes(part), { seconds: 10 }); }
}

/** What every producer says of its media. */
const media = (stream) => ({
  "x-amzn-stream-name": stream,
  "x-amzn-fragment-timecode-type": "ABSOLUTE",
  "x-amzn-producer-start-timestamp": "1775001600.14",
});
const hops = { connection: "keep-alive", "transfer-encoding": "chunked" };

/**
 * How each signs PutMedia, with the host that it names, and what it adds once it has signed. The C producer, which kvssink and the C++
 * producer are built on, names no port, signs even what belongs to one hop, and waits for the word to go on.
 */
const PRODUCERS = {
  "the C producer": (stream) => ({
    url: "http://127.0.0.1/putMedia",
    headers: { ...media(stream), ...hops, "user-agent": C_PRODUCER, "x-amzn-fragment-acknowledgment-required": "1" },
    payloadHash: EMPTY_HASH,
    afterwards: { "content-type": "application/json", expect: "100-continue" },
  }),
  "the Java producer": (stream, aws) => ({
    url: `${aws}/putMedia`,
    headers: { ...media(stream), "user-agent": "aws-kinesis-video-producer-sdk-java/1.12.3" },
    payloadHash: "UNSIGNED-PAYLOAD",
    afterwards: { ...hops, "content-type": "application/json", "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
  }),
  "a Go producer": (stream, aws) => ({
    url: `${aws}/putMedia?X-Amz-Expires=10000000`,
    headers: media(stream),
    payloadHash: EMPTY_HASH,
    afterwards: { ...hops, "user-agent": "Go-http-client/1.1" },
  }),
};

/** Opens a connection as a producer does. `spoil` changes a header on its way. */
function opened(instance, name, stream, spoil = {}) {
  const { url, headers, payloadHash, afterwards } = PRODUCERS[name](stream, instance.aws);
  const { host, pathname, search } = new URL(url);
  const wire = new Wire(instance);
  wire.request(`POST ${pathname}${search}`, { host, ...signed({ service: "kinesisvideo", url, headers, payloadHash }), ...afterwards, ...spoil });
  return wire;
}

scenario("official producers are understood as they are", { demo: false }, async ({ instance, step }) => {
  await step("the C producer asks for a stream, is told that there is none, makes it, and asks where its media go", async () => {
    const ask = async (operation, body) => {
      const wire = new Wire(instance);
      const all = signed({ service: "kinesisvideo", url: `http://127.0.0.1/${operation}`, headers: { "user-agent": C_PRODUCER }, body });
      wire.request(`POST /${operation}`, { host: "127.0.0.1", ...all, "content-type": "application/json", "content-length": Buffer.byteLength(body) });
      wire.socket.write(body);
      await wire.heard("}");
      wire.socket.destroy();
      return wire.text;
    };
    const name = '{\n\t"StreamName": "as-c"\n}';
    const none = await ask("describeStream", name);
    assert.match(none, /^HTTP\/1\.1 404 [\s\S]*ResourceNotFoundException/i);
    assert.match(none, /\r\nx-amzn-requestid: \S+\r\n/i);
    const made = await ask("createStream", '{\n\t"DeviceName": "Kinesis_Video_Device",\n\t"StreamName": "as-c",\n\t"MediaType": "video/h264",\n\t"DataRetentionInHours": 24\n}');
    assert.match(made, /^HTTP\/1\.1 200 [\s\S]*"StreamARN"/);
    assert.match(await ask("describeStream", name), /^HTTP\/1\.1 200 [\s\S]*"Status":"ACTIVE"/);
    const where = await ask("getDataEndpoint", '{\n\t"StreamName": "as-c",\n\t"APIName": "PUT_MEDIA"\n}');
    assert.equal(JSON.parse(where.split("\r\n\r\n")[1]).DataEndpoint, instance.aws);
  });

  for (const name of Object.keys(PRODUCERS)) {
    const stream = `as-${Object.keys(PRODUCERS).indexOf(name)}`;

    await step(`${name} is told of each fragment while its request goes on`, async () => {
      await video(instance, "createStream", { StreamName: stream, DataRetentionInHours: 24 });
      const start = await instance.now();
      const wire = opened(instance, name, stream);
      if (name === "the C producer") await wire.heard("HTTP/1.1 100 Continue\r\n\r\n");
      wire.chunk(header());
      wire.chunk(fragment(start));
      await wire.heard("HTTP/1.1 200 OK\r\n");
      // A fragment without a size is over when the next begins.
      wire.chunk(fragment(start + 2000));
      for (const event of ["BUFFERING", "RECEIVED", "PERSISTED"]) await wire.heard(`"EventType":"${event}"`);
      assert.equal(wire.ended, false);
      wire.socket.write("0\r\n\r\n");
      await until("both were persisted", () => wire.text.split('"EventType":"PERSISTED"').length === 3);
      wire.socket.destroy();
      assert.equal((await fragments(instance, stream)).length, 2);
    });

    await step(`${name} is refused when a signed header was changed on its way`, async () => {
      const wire = opened(instance, name, stream, { "x-amzn-producer-start-timestamp": "1775001600.15" });
      await wire.heard("HTTP/1.1 403 ");
      assert.match(wire.text, /SignatureDoesNotMatch|InvalidSignatureException/);
      wire.socket.destroy();
    });
  }

  await step("what belongs to one hop is verified where the C producer signed it", async () => {
    const wire = opened(instance, "the C producer", "as-0", { connection: "close" });
    await wire.heard("HTTP/1.1 403 ");
    wire.socket.destroy();
  });
});
