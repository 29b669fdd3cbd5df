//! Sends the portal's forms without leaving the page, so that a refusal keeps all input and stands beside its field.
//! Without this script every form posts normally.
(() => {
  const t = (ja, en) => (document.documentElement.lang.startsWith("en") ? en : ja);
  const FAILED = t("サービスに接続できませんでした。もう一度お試しください。二重に処理されることはありません。",
    "The service could not be reached. Please try again; it will not be carried out twice.");
  const UNEXPECTED = t("お手続きできませんでした。もう一度お試しください。", "This could not be done. Please try again.");

  // One key for one form in one filled state: a repeated press repeats the same request, changed input is a new one.
  const keys = new WeakMap();
  function idempotencyKey(form, body) {
    if (keys.get(form)?.body !== body) keys.set(form, { body, key: crypto.randomUUID() });
    return keys.get(form).key;
  }

  function element(tag, className, text) {
    const made = Object.assign(document.createElement(tag), { className, textContent: text });
    made.dataset.byScript = "";
    return made;
  }

  function clearErrors(form) {
    form.querySelectorAll("[data-by-script]").forEach((node) => node.remove());
    form.querySelectorAll("[aria-invalid]").forEach((input) => {
      input.removeAttribute("aria-invalid");
      const others = (input.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => !id.startsWith("error-"));
      input.setAttribute("aria-describedby", others.join(" "));
    });
  }

  // Returns whether the form has a visible field to show the error beside.
  function showFieldError(form, { field, detail }, number) {
    const named = form.elements.namedItem(field);
    const inputs = (named instanceof RadioNodeList ? [...named] : [named]).filter((input) => input && input.type !== "hidden");
    if (inputs.length === 0) return false;
    const sentence = element("p", "error", detail);
    sentence.id = `error-${field}-${number}`;
    for (const input of inputs) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", `${input.getAttribute("aria-describedby") ?? ""} ${sentence.id}`.trim());
    }
    const place = inputs[0].closest(inputs.length > 1 ? "fieldset, .field" : ".field, .check, .choice") ?? inputs[0];
    if (place.matches("fieldset, .field")) place.append(sentence);
    else place.after(sentence);
    return true;
  }

  function showProblem(form, problem) {
    const notice = element("div", "notice bad", "");
    notice.setAttribute("role", "alert");
    notice.tabIndex = -1;
    notice.append(element("p", "", problem.detail ?? problem.title ?? UNEXPECTED));
    const elsewhere = element("ul", "", "");
    for (const [number, error] of (problem.errors ?? []).entries()) {
      if (!showFieldError(form, error, number)) elsewhere.append(element("li", "", error.detail));
    }
    if (elsewhere.children.length > 0) notice.append(elsewhere);
    if (problem.instead) {
      const way = element("a", "", t("代わりのお手続きへ", "What you can do instead"));
      way.href = problem.instead;
      notice.append(way);
    }
    form.prepend(notice);
    notice.focus();
  }

  async function follow(response) {
    const answer = await response.json().catch(() => ({}));
    const place = answer.location ?? response.headers.get("Location") ?? (response.redirected ? response.url : location.href);
    const target = new URL(place, location.href);
    if (target.origin !== location.origin) throw new TypeError("a form leads only to this site");
    const sameDocument = target.pathname + target.search === location.pathname + location.search;
    location.assign(target);
    if (sameDocument && target.hash) location.reload();
  }

  // Returns whether the page is being left.
  async function send(form, submitter) {
    const fields = [...new FormData(form, submitter)].filter(([, value]) => typeof value === "string");
    const body = new URLSearchParams(fields).toString();
    const response = await fetch(submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href, {
      method: "POST",
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        "Idempotency-Key": idempotencyKey(form, body),
      },
      body,
    });
    clearErrors(form);
    if (response.ok) return follow(response).then(() => true);
    // A refusal is final for its key; after a conflict or a failure of the service the same key asks for the same answer.
    if (response.status < 500 && response.status !== 409) keys.delete(form);
    showProblem(form, await response.json().catch(() => ({})));
    return false;
  }

  function setBusy(form, busy) {
    form.setAttribute("aria-busy", String(busy));
    form.querySelectorAll("button").forEach((button) => button.setAttribute("aria-disabled", String(busy)));
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form[data-enhance]") || !crypto.randomUUID) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    setBusy(form, true);
    const leaving = await send(form, event.submitter).catch(() => (clearErrors(form), showProblem(form, { detail: FAILED })));
    if (!leaving) setBusy(form, false);
  });

  // A page that comes back from the browser's history must be usable again.
  addEventListener("pageshow", () => document.querySelectorAll("form[data-enhance]").forEach((form) => setBusy(form, false)));

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) print();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = button.dataset.copy ? document.querySelector(button.dataset.copy) : button.parentElement.querySelector("code, pre");
    const copied = await navigator.clipboard?.writeText(source.textContent.trim()).then(() => true, () => false);
    if (!copied) getSelection().selectAllChildren(source);
    button.textContent = copied ? t("コピーしました", "Copied") : t("文字を選択してコピーしてください", "Select and copy the text");
  });
})();
