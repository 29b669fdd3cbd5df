//! A person at a browser without scripts, or a program: cookies, form tokens, redirects, sign-in.

import { form, token } from "./html.mjs";

const PAGE = "text/html,application/xhtml+xml";

export class Client {
  constructor(instance, { language = "ja" } = {}) {
    this.instance = instance;
    this.language = language;
    this.cookies = new Map();
    this.token = "";
  }

  /** Sends one request and follows nothing. */
  async request(method, place, { headers = {}, body } = {}) {
    const url = new URL(place, this.instance.portal);
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const all = { "accept-language": this.language, ...(cookie && { cookie }), ...headers };
    const response = await fetch(url, { method, headers: all, body, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) this.keep(line);
    const text = await response.text();
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("text/html")) this.token = token(text) ?? this.token;
    return {
      status: response.status,
      headers: response.headers,
      location: response.headers.get("location"),
      text,
      json: /json/.test(type) ? JSON.parse(text) : null,
      url: url.href,
    };
  }

  keep(line) {
    const [pair, ...rest] = line.split(";").map((part) => part.trim());
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    if (rest.some((part) => part.toLowerCase() === "max-age=0")) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }

  /** Opens a page and follows redirects. */
  async open(place) {
    let answer = await this.request("GET", place, { headers: { accept: PAGE } });
    for (let hops = 0; answer.location && answer.status >= 300 && answer.status < 400; hops += 1) {
      if (hops > 10) throw new Error(`${place} leads in circles`);
      answer = await this.request("GET", new URL(answer.location, answer.url).href, { headers: { accept: PAGE } });
    }
    return answer;
  }

  /** Posts a form as the page's own script-less browser does. */
  post(place, fields, headers = {}) {
    return this.request("POST", place, {
      headers: { accept: PAGE, origin: this.instance.portal, "content-type": "application/x-www-form-urlencoded", ...headers },
      body: new URLSearchParams({ csrf: this.token, ...fields }).toString(),
    });
  }

  /** Opens a page, fills one of its forms in and sends it; the presets of the page stay. */
  async fill(place, part, values) {
    const page = await this.open(place);
    const { action, fields } = form(page.text, part);
    return this.post(action, { ...fields, ...values });
  }

  /** Posts JSON as the page's scripts do. */
  send(place, value, headers = {}) {
    return this.request("POST", place, {
      headers: { accept: "application/json", "content-type": "application/json", "x-csrf-token": this.token, ...headers },
      body: typeof value === "string" ? value : JSON.stringify(value),
    });
  }

  /** Signs in through the sign-in pages; a first password is replaced. Returns the page that follows. */
  async signIn({ name, password, newPassword, door = "/sign-in" }) {
    const page = await this.open(door);
    const { action } = form(page.text, "oauth2/authorize");
    let answer = await this.post(action, { name, password });
    if (newPassword) {
      const next = form(answer.text, "new-password");
      answer = await this.post(next.action, { ...next.fields, new_password: newPassword, new_password_again: newPassword });
    }
    if (!answer.location) throw new Error(`${name} could not sign in: ${answer.status} ${answer.text.slice(0, 2000)}`);
    return this.open(new URL(answer.location, answer.url).href);
  }
}
