//! The camera page: live and recorded pictures, the day's timeline, and clear words when there is no picture.
//! A new source is opened in a second, hidden video and shown with its first frame, so no renewal and no seek blinks.

import { emptyVideo, Feed } from "./player-feed.js";
import { clock, DAY, dateOf, HOUR, midnight, MINUTE, post, Problem, SECOND, section, t, timeOf } from "./player-service.js";
import { Bar } from "./player-timeline.js";

const WINDOW = 15 * MINUTE; // What one recorded session covers.
const PREROLL = MINUTE; // Loaded before the asked time, so that small steps back need no new session.
const ICONS = {
  pause: "M3 2h4v12H3zM9 2h4v12H9z",
  play: "M3 1.5v13l11-6.5z",
  full: "M1 1h5v2H3v3H1zM10 1h5v5h-2V3h-3zM1 10h2v3h3v2H1zM13 10h2v5h-5v-2h3z",
};
const RETRY = 5 * SECOND, STALL_LIMIT = 10 * SECOND, REFRESH = 30 * SECOND, NEAR_LIVE = 15 * SECOND;

class CameraPage {
  constructor() {
    clock.set(Number(section.dataset.now) || Date.now());
    Object.assign(this, { live: true, attempt: 0, spans: [], day: dateOf(clock.now()), window: null, progress: { time: -1, at: Date.now() } });
    this.buildStage();
    this.buildControls();
    this.buildTimeline();
    setInterval(() => this.tick(), 250);
    this.tick();
    const at = Number(section.dataset.at);
    if (at) this.goTo(at);
    else this.goLive();
  }

  get earliest() {
    const hours = Number(section.dataset.retentionHours) || Infinity;
    return Math.max(Number(section.dataset.earliest) || 0, clock.now() - hours * HOUR + RETRY);
  }

  /** The moment after the last one that may be seen; the present moves on. */
  get end() { return Math.min(Number(section.dataset.latest) || Infinity, clock.now()); }

  buildStage() {
    const video = section.querySelector("video"), status = section.querySelector(".player-status");
    this.stage = section.querySelector(".stage") ?? Object.assign(document.createElement("div"), { className: "stage" });
    section.prepend(this.stage);
    this.stage.append(video, status);
    this.feed = { video, moment: null, destroy: () => video.remove() };
    status.innerHTML = '<div class="line"><span class="mode"></span><span class="clock"></span></div><div class="message" role="status" hidden></div>';
    [this.mode, this.clockText, this.message] = [".mode", ".clock", ".message"].map((name) => status.querySelector(name));
  }

  buildControls() {
    let controls = section.querySelector(".timeline-controls");
    if (!controls) this.stage.after((controls = Object.assign(document.createElement("div"), { className: "timeline-controls" })));
    const button = (face, name, press) => {
      const made = Object.assign(document.createElement("button"), { type: "button" });
      made.addEventListener("click", press);
      this.face(made, face, name);
      controls.insertBefore(made, controls.querySelector(".date-jump"));
      return made;
    };
    button("−10", t("10秒戻る", "Back 10 seconds"), () => this.step(-10 * SECOND));
    this.playButton = button("pause", t("一時停止", "Pause"), () => this.togglePlay());
    button("+10", t("10秒進む", "Forward 10 seconds"), () => this.step(10 * SECOND));
    button("full", t("全画面", "Full screen"), () => (document.fullscreenElement ? document.exitFullscreen() : this.stage.requestFullscreen?.()));
    this.liveButton = section.querySelector("[data-live]");
    this.liveButton?.addEventListener("click", () => this.goLive());
    const jump = section.querySelector(".date-jump");
    [this.dateInput, this.timeInput] = ["date", "time"].map((type) => jump.querySelector(`input[type=${type}]`));
    const go = (event) => {
      event.preventDefault();
      if (this.dateInput.value) this.goTo(Date.parse(`${this.dateInput.value}T${this.timeInput.value || "00:00:00"}+09:00`));
    };
    jump.addEventListener("submit", go);
    jump.querySelector("button").addEventListener("click", go);
    jump.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches("input")) go(event); });
    this.dateInput.addEventListener("change", () => { if (this.dateInput.value) this.loadDay(this.dateInput.value); });
    [this.dateInput.min, this.dateInput.max] = [dateOf(this.earliest), dateOf(this.end)];
    this.dateInput.value = this.day;
    this.timeInput.value = timeOf(clock.now());
  }

  /** Gives a button its icon or text, and the name that is read out. */
  face(button, face, name) {
    if (button.dataset.face === face) return;
    button.dataset.face = face;
    button.title = name;
    button.setAttribute("aria-label", name);
    button.innerHTML = face in ICONS ? `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${ICONS[face]}"/></svg>` : face;
  }

  buildTimeline() {
    const root = section.querySelector(".timeline"), fine = Object.assign(document.createElement("div"), { className: "timeline fine" });
    root.after(fine);
    fine.setAttribute("aria-hidden", "true"); // The day's bar does the same by keyboard.
    this.dayBar = new Bar(root, DAY, 3 * HOUR, (_, index) => `${index * 3}:00`);
    this.hourBar = new Bar(fine, HOUR, 10 * MINUTE, (from, index) => `${Number(timeOf(from).slice(0, 2)) + (index === 6 ? 1 : 0)}:${String((index * 10) % 60).padStart(2, "0")}`);
    this.dayBar.chosen = this.hourBar.chosen = (moment) => this.goTo(moment);
    const facts = { role: "slider", tabindex: "0", "aria-valuemin": "0", "aria-valuemax": "86400", "aria-label": t("再生位置", "Playback position") };
    for (const [name, value] of Object.entries(facts)) root.setAttribute(name, value);
    root.addEventListener("keydown", (event) => {
      const length = event.shiftKey ? MINUTE : 10 * SECOND;
      const steps = { ArrowLeft: -length, ArrowDown: -length, ArrowRight: length, ArrowUp: length };
      if (event.key in steps) this.step(steps[event.key]);
      else if (event.key === "Home" && this.spans.length) this.goTo(this.spans[0].start);
      else if (event.key === "End" && this.spans.length) this.goTo(this.spans.at(-1).end - 10 * SECOND);
      else return;
      event.preventDefault();
    });
  }

  async loadDay(day) {
    this.day = day;
    this.dayLoadedAt = Date.now();
    const { intervals = [] } = await post("intervals", { date: day }).catch(() => ({ intervals: null })) ?? {};
    if (this.day !== day) return;
    if (intervals) this.spans = intervals.map(({ start, end }) => ({ start: Date.parse(start), end: Date.parse(end) }));
    this.draw();
  }

  draw() {
    const from = midnight(this.day), outside = [{ start: 0, end: this.earliest }, { start: this.end, end: Infinity }];
    this.dayBar.draw(from, this.spans, outside);
    const shown = this.shown() ?? from;
    const hour = from + Math.floor(Math.min(DAY - 1, Math.max(0, shown - from)) / HOUR) * HOUR;
    this.hourBar.draw(hour, this.spans, outside);
  }

  shown() { return this.feed.moment ?? (this.live ? clock.now() : this.asked ?? null); }
  step(length) {
    this.stepTarget = (this.stepTarget ?? this.shown() ?? clock.now()) + length;
    clearTimeout(this.stepTimer);
    this.stepTimer = setTimeout(() => { const target = this.stepTarget; this.stepTarget = null; this.goTo(target); }, 200);
  }

  setState(state, text = "", link = null) {
    section.dataset.state = state;
    this.message.hidden = state === "live" || state === "recorded";
    const words = Object.assign(document.createElement("p"), { textContent: text });
    this.message.replaceChildren(words);
    if (link) words.after(Object.assign(document.createElement("a"), link));
    this.liveButton?.setAttribute("aria-pressed", String(this.live));
  }

  /** Opens a source and shows it with its first frame; a later call overtakes an earlier one. */
  async open(path, body, options, retry) {
    const attempt = ++this.attempt;
    clearTimeout(this.retryTimer);
    this.dropNext();
    let feed = null;
    try {
      const session = await post(path, body);
      if (attempt !== this.attempt) return;
      feed = this.makeFeed(session, options);
      await feed.ready;
      if (attempt !== this.attempt) return feed.destroy();
      this.show(feed, session);
    } catch (problem) {
      if (attempt === this.attempt) this.refuse(problem, retry);
    }
  }

  makeFeed(session, options) {
    const feed = new Feed(session.url, this.feed.video, { ...options, lost: () => this.lost(feed) });
    this.stage.prepend(this.feed.video, feed.video);
    return feed;
  }

  show(feed, session) {
    const old = this.feed;
    this.feed = feed;
    feed.video.removeAttribute("class");
    feed.video.play().catch(() => {});
    old.destroy();
    this.renewAt = Date.now() + (Number(session.renew_after_seconds) || 240) * SECOND;
    this.progress = { time: -1, at: Date.now() };
    if (!this.live) feed.video.addEventListener("ended", () => this.goOn());
    this.setState(this.live ? "live" : "recorded");
    this.draw();
    this.tick();
  }

  goLive({ quiet = false } = {}) {
    this.live = true;
    this.window = null;
    if (!quiet) this.setState("loading", t("ライブ映像に接続しています", "Connecting to the live picture"));
    if (this.day !== dateOf(clock.now())) this.loadDay(dateOf(clock.now()));
    return this.open("live", {}, {}, () => this.goLive({ quiet: true }));
  }

  async goTo(moment, { quiet = false } = {}) {
    const latest = Math.min(this.end, clock.now() - NEAR_LIVE);
    if (Math.max(moment, this.earliest) > latest && this.liveButton) return this.goLive({ quiet: section.dataset.state === "live" });
    // Who may not see the live picture stays that far behind it.
    const target = Math.max(Math.min(moment, latest), this.earliest);
    const attempt = ++this.attempt;
    if (this.day !== dateOf(target)) await this.loadDay(dateOf(target));
    if (attempt !== this.attempt) return;
    let start = this.recordedFrom(target);
    if (start === null && Date.now() - this.dayLoadedAt > SECOND) {
      // Today has been recorded on since it was loaded.
      await this.loadDay(this.day);
      if (attempt !== this.attempt) return;
      start = this.recordedFrom(target);
    }
    this.live = false;
    this.asked = start ?? target;
    if (start === null) return this.halt("error", t("この時刻より後の録画は、この日にはありません。", "There is no recording after this time on this day."));
    this.fillJump(start);
    if (!quiet && this.window && this.window.start <= start && start < this.window.end - SECOND && this.feed.seek(start)) {
      this.feed.video.play().catch(() => {});
      return this.setState("recorded");
    }
    if (!quiet) this.setState("loading", t("録画を読み込んでいます", "Loading the recording"));
    this.window = this.windowFrom(start, PREROLL);
    return this.open("recording", this.rangeOf(this.window), { at: start, from: this.window.start }, () => this.goTo(start, { quiet: true }));
  }

  /** Returns the first recorded moment from one on, or null; where the day is unknown the service decides. */
  recordedFrom(moment) {
    if (this.spans.length === 0) return moment;
    const span = this.spans.find(({ end }) => end > moment + SECOND);
    return span ? Math.max(span.start, moment) : null;
  }
  windowFrom(moment, before) {
    const start = Math.max(moment - before, this.earliest);
    return { start, end: Math.min(start + WINDOW, this.end, clock.now() - SECOND) };
  }
  rangeOf({ start, end }) { return { start: new Date(start).toISOString(), end: new Date(end).toISOString() }; }
  fillJump(moment) { [this.dateInput.value, this.timeInput.value] = [dateOf(moment), timeOf(moment)]; }

  /** Loads the window that follows while the last seconds of this one play. */
  prepareNext() {
    const start = this.recordedFrom(this.window.end), window = this.windowFrom(start ?? this.window.end, 0);
    if (this.next || start === null || window.end - window.start < NEAR_LIVE) return;
    const attempt = this.attempt;
    this.next = { window, feed: null };
    this.next.ready = post("recording", this.rangeOf(window)).then(async (session) => {
      if (attempt !== this.attempt) throw new Problem(0);
      const feed = (this.next.feed = this.makeFeed(session, { at: start, from: window.start }));
      await feed.ready;
      return { feed, session };
    });
    this.next.ready.catch(() => {});
  }
  dropNext() { this.next?.feed?.destroy(); this.next = null; }

  async goOn() {
    const next = this.next, attempt = this.attempt;
    const loaded = next && (await next.ready.catch(() => null));
    if (attempt !== this.attempt) return;
    this.next = null;
    if (!loaded) return this.goTo(this.window.end, { quiet: true });
    this.window = next.window;
    this.show(loaded.feed, loaded.session);
  }

  lost(feed) {
    if (feed !== this.feed) return;
    const moment = this.shown();
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => (this.live ? this.goLive({ quiet: true }) : this.goTo(moment, { quiet: true })), SECOND);
  }

  refuse(problem, retry) {
    const signIn = problem.status === 401 && { href: section.dataset.signIn ?? "/sign-in", textContent: t("サインインする", "Sign in") };
    if (problem.final) return this.halt("denied", problem.message, signIn);
    if (!this.live && !problem.passing) return this.halt("error", problem.message);
    this.feed.video.pause();
    const more = t("5秒ごとに自動で接続し直します。", "Trying again every 5 seconds.");
    this.setState(this.live ? "offline" : "error", `${problem.message}\n${more}`);
    this.retryTimer = setTimeout(retry, RETRY);
  }

  /** Takes the picture away: what may not be seen, or does not exist, is not left standing. */
  halt(state, text, link) {
    this.attempt += 1;
    clearTimeout(this.retryTimer);
    this.dropNext();
    const video = emptyVideo(this.feed.video);
    this.feed.destroy();
    this.stage.prepend(video);
    this.feed = { video, moment: null, destroy: () => video.remove() };
    [this.window, this.renewAt] = [null, Infinity];
    this.setState(state, text, link);
  }

  togglePlay() {
    const { video } = this.feed;
    if (!video.paused) video.pause();
    else if (this.live) this.goLive();
    else video.play().catch(() => {});
  }

  tick() {
    const { video } = this.feed, state = section.dataset.state, moment = this.shown();
    const playing = state === "live" || state === "recorded";
    this.showClock(playing, moment);
    if (playing && !video.paused && Date.now() >= this.renewAt) {
      this.renewAt = Infinity;
      if (this.live) this.goLive({ quiet: true });
      else this.goTo(moment, { quiet: true });
    }
    if (playing && (video.paused || video.ended || video.currentTime !== this.progress.time)) this.progress = { time: video.currentTime, at: Date.now() };
    else if (playing && Date.now() - this.progress.at > STALL_LIMIT) { this.progress.at = Date.now(); this.lost(this.feed); }
    if (state === "recorded" && video.duration - video.currentTime < 20) this.prepareNext();
    this.followToday();
  }

  /** Keeps today's timeline growing, also over midnight. */
  followToday() {
    const today = dateOf(clock.now()), wasShown = this.day === (this.today ?? today);
    const due = today !== this.today || Date.now() - this.dayLoadedAt > REFRESH;
    if (wasShown && due && !document.hidden) this.loadDay(today);
    this.today = today;
  }

  showClock(playing, moment) {
    const delay = this.live && this.feed.moment ? (clock.now() - this.feed.moment) / SECOND : -1;
    const late = delay >= 0 && delay < 120 ? t(`遅延 ${delay.toFixed(1)} 秒`, `${delay.toFixed(1)} s behind`) : "";
    this.mode.textContent = playing ? (this.live ? t("ライブ", "LIVE") : t("録画", "Recorded")) : "";
    this.clockText.textContent = playing && moment ? `${dateOf(moment).replaceAll("-", "/")} ${timeOf(moment)}` : "";
    if (playing && late) this.clockText.append(Object.assign(document.createElement("span"), { className: "delay", textContent: late }));
    section.dataset.delay = playing && late ? delay.toFixed(1) : "";
    if (this.feed.video.paused) this.face(this.playButton, "play", t("再生", "Play"));
    else this.face(this.playButton, "pause", t("一時停止", "Pause"));
    const cursor = this.stepTarget ?? moment, root = this.dayBar.root;
    if (cursor && Math.floor((cursor - this.hourBar.from) / HOUR) !== 0 && dateOf(cursor) === this.day) this.draw();
    this.dayBar.mark(cursor);
    this.hourBar.mark(cursor);
    root.setAttribute("aria-valuenow", String(Math.max(0, Math.round(((cursor ?? this.dayBar.from) - midnight(this.day)) / SECOND))));
    root.setAttribute("aria-valuetext", cursor ? `${dateOf(cursor)} ${timeOf(cursor)}` : t("なし", "none"));
  }
}

if (section) new CameraPage();
