//! A line between a device and the service that can be cut or narrow: what names the service's address names the line instead.

import { connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/**
 * Opens a line to an address. `watch` is called for each connection and answers `sent` and `answered`, which get every piece that goes
 * through, and may answer a piece that is to go instead; an empty one is withheld.
 */
export async function line(to, watch = () => ({})) {
  const { hostname, port } = new URL(to);
  const open = new Set();
  let url;
  let cut = false;
  let bytesPerSecond = Infinity;
  let freeAt = 0;
  /** Waits until the line has carried so much of what goes to the service; all connections share it, in turn. */
  const carried = async (length) => {
    freeAt = Math.max(freeAt, performance.now()) + (length / bytesPerSecond) * 1000;
    await pause(freeAt - performance.now());
  };
  const server = createServer((socket) => {
    if (cut) return socket.destroy();
    const there = connect(Number(port), hostname);
    const connection = { destroy() { socket.destroy(); there.destroy(); } };
    const { sent = (bytes) => bytes, answered = (bytes) => bytes } = watch(connection);
    const renamed = (bytes) => (bytes.includes(to) ? Buffer.from(bytes.toString("latin1").replaceAll(to, url), "latin1") : bytes);
    open.add(connection);
    const pass = (bytes, other) => { if (!cut && !other.destroyed) other.write(bytes); };
    socket.on("data", async (bytes) => {
      if (bytesPerSecond < Infinity) {
        // Who sends more than the line carries has to wait.
        socket.pause();
        await carried(bytes.length);
        socket.resume();
      }
      pass(sent(bytes), there);
    });
    there.on("data", (bytes) => pass(answered(renamed(bytes)), socket));
    for (const [one, other] of [[socket, there], [there, socket]]) {
      one.on("error", () => {});
      one.on("close", () => { open.delete(connection); other.destroy(); });
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
  if (url.length !== to.length) throw new Error("an answer would not keep its length");
  return {
    url,
    cut() { cut = true; for (const connection of open) connection.destroy(); },
    mend() { cut = false; },
    narrow(most) { bytesPerSecond = most; },
    close() { this.cut(); server.close(); },
  };
}
