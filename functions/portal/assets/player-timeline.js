//! The bars under the picture: what is recorded, where the gaps are, and where one is.

import { timeOf } from "./player-service.js";

/** A bar of time with its recorded spans; the fine one shows an hour of the day. */
export class Bar {
  constructor(root, length, step, label) {
    Object.assign(this, { root, length, step, label, from: 0 });
    root.innerHTML = '<div class="bar"></div><div class="ticks"></div><div class="cursor" hidden></div><div class="at" hidden></div>';
    [this.bar, this.ticks, this.cursor, this.at] = root.children;
    root.addEventListener("pointerdown", (event) => { root.setPointerCapture(event.pointerId); this.held = true; this.point(event); });
    root.addEventListener("pointermove", (event) => this.point(event));
    root.addEventListener("pointerleave", () => { this.at.hidden = true; });
    root.addEventListener("pointercancel", () => { this.held = false; this.at.hidden = true; });
    root.addEventListener("pointerup", (event) => { if (this.held) this.chosen(this.momentAt(event)); this.held = false; });
  }

  momentAt(event) {
    const box = this.root.getBoundingClientRect();
    return this.from + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * this.length;
  }
  point(event) {
    const moment = this.momentAt(event);
    this.at.hidden = event.pointerType === "touch" && !this.held;
    this.at.textContent = timeOf(moment);
    this.at.style.left = `clamp(2.4rem, ${this.percent(moment)}, 100% - 2.4rem)`;
  }
  percent(ms) { return `${((ms - this.from) / this.length) * 100}%`; }
  mark(ms) {
    this.cursor.hidden = ms === null || ms < this.from || ms > this.from + this.length;
    if (!this.cursor.hidden) this.cursor.style.left = this.percent(ms);
  }

  draw(from, spans, outside) {
    this.from = from;
    const piece = (className, { start, end }) => {
      const [left, right] = [Math.max(start, from), Math.min(end, from + this.length)];
      if (right <= left) return [];
      const node = Object.assign(document.createElement("div"), { className });
      node.style.left = this.percent(left);
      node.style.width = `${((right - left) / this.length) * 100}%`;
      return [node];
    };
    this.bar.replaceChildren(...spans.flatMap((span) => piece("span", span)), ...outside.flatMap((span) => piece("outside", span)));
    const count = this.length / this.step;
    this.ticks.replaceChildren(...Array.from({ length: count + 1 }, (_, index) => {
      const place = index === 0 ? "first" : index === count ? "last" : index % 2 ? "minor" : "";
      const node = Object.assign(document.createElement("span"), { className: `tick ${place}`, textContent: this.label(from, index) });
      node.style.left = `${(index / count) * 100}%`;
      return node;
    }));
  }
}
