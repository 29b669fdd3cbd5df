//! Just enough HTML to use the portal's pages as a browser without scripts does.

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
export const unescape = (text) => text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name) => ENTITIES[name]);

function attributes(tag) {
  const found = {};
  for (const [, name, value] of tag.matchAll(/\s([a-z-]+)(?:="([^"]*)")?/g)) found[name] = unescape(value ?? "");
  return found;
}

/** What is read on a page: its text without tags, spaces folded. */
export const text = (html) => unescape(html.replace(/<(script|style)[\s\S]*?<\/\1>/g, " ").replace(/<[^>]+>/g, " ")).replace(/\s+/g, " ").trim();

/** Returns action and preset fields of the form whose action contains a text. */
export function form(html, part) {
  for (const [, head, inside] of html.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
    const { action = "" } = attributes(head);
    if (!action.includes(part)) continue;
    return { action, fields: fields(inside) };
  }
  throw new Error(`the page has no form for ${part}: ${text(html).slice(0, 400)}`);
}

function fields(html) {
  const found = {};
  for (const [, tag] of html.matchAll(/<input([^>]*)>/g)) {
    const { name, type = "text", value = "", checked } = attributes(tag);
    const offered = type === "radio" || type === "checkbox";
    if (name && (!offered || checked !== undefined)) found[name] = offered && value === "" ? "on" : value;
  }
  for (const [, tag, inside] of html.matchAll(/<select([^>]*)>([\s\S]*?)<\/select>/g)) {
    const options = [...inside.matchAll(/<option([^>]*)>/g)].map(([, option]) => attributes(option));
    found[attributes(tag).name] = (options.find((one) => one.selected !== undefined) ?? options[0])?.value ?? "";
  }
  for (const [, tag, inside] of html.matchAll(/<textarea([^>]*)>([\s\S]*?)<\/textarea>/g)) found[attributes(tag).name] = unescape(inside);
  return found;
}

/** Returns the token that the page's forms carry, if any. */
export const token = (html) => /name="csrf" value="([^"]+)"/.exec(html)?.[1];
