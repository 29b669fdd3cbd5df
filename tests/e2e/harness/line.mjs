//! A line between a device and the service that can be cut: what names the service's address names the line instead.

import { connect, createServer } from "node:net";

/**
 * Opens a line to an address. `watch` is called for each connection and answers `sent` and `answered`, which get every piece that goes
 * through, and may answer a piece that is to go instead; an empty one is withheld.
 */
export async function line(to, watch = () => ({})) {
  const { hostname, port } = new URL(to);
  const open = new Set();
  let url;
  let cut = false;
  const server = createServer((socket) => {
    if (cut) return socket.destroy();
    const there = connect(Number(port), hostname);
    const connection = { destroy() { socket.destroy(); there.destroy(); } };
    const { sent = (bytes) => bytes, answered = (bytes) => bytes } = watch(connection);
    const renamed = (bytes) => (bytes.includes(to) ? Buffer.from(bytes.toString("latin1").replaceAll(to, url), "latin1") : bytes);
    open.add(connection);
    for (const [one, other, change] of [[socket, there, sent], [there, socket, (bytes) => answered(renamed(bytes))]]) {
      one.on("data", (bytes) => { if (!cut && !other.destroyed) other.write(change(bytes)); });
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
    close() { this.cut(); server.close(); },
  };
}
