//! What the camera page asks of the service, in the service's own time.

export const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const TOKYO = 9 * HOUR; // Japan has no daylight saving time.

export const section = document.querySelector("section.player[data-camera]");
export const t = (ja, en) => (section.dataset.lang === "en" ? en : ja);
const tokyo = (ms) => new Date(ms + TOKYO).toISOString();
export const dateOf = (ms) => tokyo(ms).slice(0, 10);
export const timeOf = (ms) => tokyo(ms).slice(11, 19);
export const midnight = (date) => Date.parse(`${date}T00:00:00+09:00`);

/** A request that got no useful answer; `status` is 0 if the service could not be reached. */
export class Problem extends Error {
  constructor(status, { code = "", detail = "" } = {}) {
    super(detail || t("サービスに接続できません。", "The service cannot be reached."));
    Object.assign(this, { status, code });
  }
  get passing() { return this.status === 0 || this.status === 429 || this.status >= 500; }
  /** What trying again does not change. A camera that was retired, or taken away, is not found (7-8). */
  get final() { return [400, 401, 403, 404, 422].includes(this.status); }
}

export async function post(path, body) {
  const asked = Date.now();
  const response = await fetch(`${section.dataset.sessions}/${path}`, {
    method: "POST",
    credentials: "same-origin",
    headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRF-Token": section.dataset.csrf },
    body: JSON.stringify(body),
  }).catch(() => { throw new Problem(0); });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, answer);
  // The service stamps its time when the request arrives, not when the answer does: a cold start lies between.
  if (answer.now) clock.set(Date.parse(answer.now), asked);
  return answer;
}

/** The service clock, which may be far from this machine's. */
export const clock = {
  set(ms, at = Date.now()) { this.base = ms; this.at = at; },
  now() { return this.base + (Date.now() - this.at); },
};
