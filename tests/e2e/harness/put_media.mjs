//! A PutMedia client that sends what it is given and keeps every acknowledgement.

import http from "node:http";
import { EMPTY_HASH, signed } from "./sigv4.mjs";
import { until } from "./poll.mjs";

export class PutMedia {
  constructor(instance, stream) {
    const url = new URL("/putMedia", instance.aws);
    const headers = {
      "x-amzn-stream-name": stream,
      "x-amzn-fragment-timecode-type": "ABSOLUTE",
      "x-amzn-producer-start-timestamp": "0",
      "x-amzn-fragment-acknowledgment-required": "1",
    };
    this.acks = [];
    this.status = null;
    this.closed = false;
    this.pending = "";
    const all = signed({ service: "kinesisvideo", url: url.href, headers, payloadHash: EMPTY_HASH });
    this.request = http.request(url, { method: "POST", headers: { ...all, "transfer-encoding": "chunked" }, agent: false });
    this.request.on("response", (response) => this.read(response));
    // A cloud that was killed ends the connection; that is what some tests are about.
    this.request.on("error", () => { this.closed = true; });
    this.request.on("close", () => { this.closed = true; });
    this.request.flushHeaders();
  }

  read(response) {
    this.status = response.statusCode;
    response.setEncoding("utf8");
    response.on("data", (text) => this.take(text));
    response.on("error", () => { this.closed = true; });
    response.on("end", () => { this.closed = true; });
  }

  take(text) {
    const lines = (this.pending + text).split("\n");
    this.pending = lines.pop();
    for (const line of lines) if (line.trim()) this.acks.push(JSON.parse(line));
  }

  send(bytes) { return this.closed ? false : this.request.write(bytes); }
  end() { this.request.end(); }
  /** Cuts the connection as a lost line does. */
  cut() { this.request.destroy(); }

  of(type) { return this.acks.filter((ack) => ack.EventType === type); }
  acknowledged(type, count = 1) {
    return until(`${count} ${type} acknowledgements arrived`, () => this.of(type).length >= count && this.of(type), { seconds: 20 });
  }
}
