//! One source of pictures, played by hls.js or by the browser itself.

import { Problem, SECOND, t } from "./player-service.js";

const FIRST_FRAME_LIMIT = 20 * SECOND;
const SYNC = 2, MAX_LATENCY = 6; // How many fragments the picture is, and may at most fall, behind.

/** Returns a video like another, but without its source. */
export function emptyVideo(model) {
  const video = document.createElement("video");
  for (const { name, value } of model.attributes) if (name !== "src") video.setAttribute(name, value);
  return Object.assign(video, { muted: true });
}

/** One source of pictures in a video of its own. */
export class Feed {
  constructor(url, model, { at = null, from = null, lost }) {
    this.video = emptyVideo(model);
    this.video.className = "waiting";
    this.from = from;
    let timer;
    this.ready = new Promise((resolve, reject) => {
      this.fail = () => reject(new Problem(0, { detail: t("映像を受信できません。", "No picture is arriving.") }));
      timer = setTimeout(() => this.fail(), FIRST_FRAME_LIMIT);
      this.video.addEventListener("seeked", resolve);
      this.video.addEventListener("loadeddata", () => { if (at === null || !this.seek(at)) resolve(); }, { once: true });
    });
    this.ready.then(() => { this.fail = lost; }, () => this.destroy()).finally(() => clearTimeout(timer));
    if (globalThis.Hls?.isSupported()) this.openWithHls(url);
    else this.openNatively(url);
  }

  openWithHls(url) {
    const { Hls } = globalThis;
    // The worker is left out: fragments need no remuxing, and a strict content policy forbids blob scripts.
    const delay = { liveSyncDurationCount: SYNC, liveMaxLatencyDurationCount: MAX_LATENCY, maxLiveSyncPlaybackRate: 1.3 };
    const hls = (this.hls = new Hls({ enableWorker: false, backBufferLength: 30, ...delay }));
    let recovered = 0;
    hls.on(Hls.Events.LEVEL_LOADED, (_, { details }) => {
      this.details = details;
      // A target duration is rounded up to whole seconds; the delay is to follow what the fragments really last.
      const part = details.totalduration / details.fragments.length / details.targetduration || 1;
      Object.assign(hls.config, { liveSyncDurationCount: SYNC * part, liveMaxLatencyDurationCount: MAX_LATENCY * part });
    });
    hls.on(Hls.Events.ERROR, (_, error) => {
      if (!error.fatal && error.response?.code !== 403) return;
      if (error.type === Hls.ErrorTypes.MEDIA_ERROR && recovered++ < 2) hls.recoverMediaError();
      else this.fail();
    });
    hls.loadSource(url);
    hls.attachMedia(this.video);
  }

  openNatively(url) {
    this.video.addEventListener("error", () => this.fail());
    this.video.src = url;
    this.video.load();
  }

  /** Returns where in the video a moment lies, or null if it is not in this source. */
  positionOf(ms) {
    if (!this.hls) return (ms - this.start) / SECOND;
    const dated = (this.details?.fragments ?? []).filter((fragment) => fragment.programDateTime);
    if (dated.length === 0) return this.from === null ? null : (ms - this.from) / SECOND;
    const fragment = dated.find(({ programDateTime, duration }) => programDateTime + duration * SECOND > ms);
    return fragment ? fragment.start + Math.max(0, ms - fragment.programDateTime) / SECOND : null;
  }

  get start() { return this.video.getStartDate?.().getTime() || this.from; }
  /** The moment of the picture that is shown, in epoch milliseconds, or null if the source does not say. */
  get moment() {
    const dated = this.hls?.playingDate?.getTime();
    if (dated) return dated;
    return this.start ? this.start + this.video.currentTime * SECOND : null;
  }

  seek(ms) {
    const position = this.positionOf(ms);
    if (position !== null) this.video.currentTime = Math.max(0, position);
    return position !== null;
  }

  destroy() {
    this.fail = () => {};
    this.hls?.destroy();
    this.video.removeAttribute("src");
    this.video.remove();
  }
}
