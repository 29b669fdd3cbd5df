//! The device program, run as the portal's page tells an installer to.

import { Child, IOTBOX, ROOT } from "./instance.mjs";

/** Starts exactly the command that a page printed, with the program of this build and a home of its own. */
export function start(command, home) {
  const [, ...words] = command.trim().split(/\s+/);
  return new Child(IOTBOX, words, { cwd: ROOT, env: { ...process.env, HOME: home, XDG_STATE_HOME: "" } });
}
