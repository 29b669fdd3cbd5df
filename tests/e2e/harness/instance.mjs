//! One embedded cloud of its own for a test: started on free ports, watched, stopped and removed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./poll.mjs";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const TARGET = path.resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target");
export const CIERO = process.env.CIERO_BIN ?? path.join(TARGET, "debug/ciero");
export const IOTBOX = process.env.IOTBOX_BIN ?? path.join(path.dirname(CIERO), "iotbox");
const START_SECONDS = 90;
const STOP_SECONDS = 10;
const TAIL_LINES = 60;

/** A folder that only this test uses. */
export const scratch = () => mkdtemp(path.join(tmpdir(), "ciero-e2e-"));

/** A child process with everything that it wrote. */
export class Child {
  constructor(command, args, options = {}) {
    this.output = "";
    this.errors = "";
    this.process = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"], ...options });
    this.process.stdout.setEncoding("utf8").on("data", (text) => { this.output += text; });
    this.process.stderr.setEncoding("utf8").on("data", (text) => { this.errors += text; });
    this.ended = once(this.process, "close").then(([code, signal]) => ({ code, signal }));
    this.ended.catch(() => {});
  }

  get pid() { return this.process.pid; }
  get runs() { return this.process.exitCode === null && this.process.signalCode === null; }

  /** Waits for the end and returns code and signal. */
  async end(seconds = STOP_SECONDS) {
    await until(`process ${this.pid} ended`, () => !this.runs, { seconds });
    return this.ended;
  }

  /** Asks it to stop, and ends it where it does not. */
  async stop() {
    if (!this.runs) return this.ended;
    this.process.kill("SIGTERM");
    return this.end().catch(() => {
      this.process.kill("SIGKILL");
      return this.ended;
    });
  }
}

/** A running `ciero up`. */
export class Instance {
  /** Starts it; `data`, `port` and `awsPort` make a restart. */
  static async start({ demo = true, clock, data, port = 0, awsPort = 0, extra = [] } = {}) {
    const instance = new Instance();
    instance.data = data ?? (await scratch());
    const args = ["up", "--port", port, "--aws-port", awsPort, "--data", instance.data, ...extra];
    if (!demo) args.push("--no-demo");
    // Tests ask more often than the service's quotas let anyone.
    args.push("--no-video-quotas");
    if (clock) args.push("--clock", clock);
    instance.startedAt = Date.now();
    instance.child = new Child(CIERO, args.map(String));
    const line = () => instance.child.output.split("\n").find((text) => text.startsWith("ready:"));
    try {
      await until("ciero was ready", () => line() || !instance.child.runs, { seconds: START_SECONDS, interval: 20 });
      if (!line()) throw new Error("ciero has ended before it was ready");
    } catch (error) {
      await instance.stop();
      throw new Error(`${error.message}\n${instance.tail()}`);
    }
    instance.readyLine = line();
    instance.readyAt = Date.now();
    instance.portal = /portal (\S+)/.exec(instance.readyLine)[1];
    instance.aws = /AWS APIs (\S+)/.exec(instance.readyLine)[1];
    return instance;
  }

  /** What a start needs to go on with the same data under the same addresses. */
  get place() {
    return { data: this.data, port: Number(new URL(this.portal).port), awsPort: Number(new URL(this.aws).port) };
  }

  async stop() { return this.child.stop(); }

  async remove() { await rm(this.data, { recursive: true, force: true }); }

  /** The last lines that it wrote, for a failed test. */
  tail() {
    const lines = `${this.child.output}${this.child.errors}`.trimEnd().split("\n");
    return ["--- the last lines of ciero ---", ...lines.slice(-TAIL_LINES)].join("\n");
  }

  /** The service clock's time in milliseconds since 1970. */
  async now() {
    const answer = await fetch(`${this.portal}/_local/clock`);
    return Date.parse((await answer.json()).now);
  }

  /** Advances the service clock and returns the answer. */
  advance(duration) {
    return fetch(`${this.portal}/_local/clock`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ advance: duration }),
    });
  }

  /** Every mail so far, oldest first. */
  async mails() {
    const answer = await fetch(`${this.portal}/_local/mail.json`);
    const mails = await answer.json();
    return mails.sort((a, b) => a.at.localeCompare(b.at));
  }

  /** Waits for a mail of a kind to someone. */
  mail(kind, to) {
    const wanted = (mail) => mail.kind === kind && (to === undefined || mail.to.includes(to));
    return until(`a mail ${kind} to ${to} was sent`, async () => (await this.mails()).findLast(wanted));
  }
}
