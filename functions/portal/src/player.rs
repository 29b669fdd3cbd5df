//! The player of a camera: what its script must know, and the controls that it fills.

use ciero_domain::device::Camera;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::page::Page;
use crate::pieces::{Tone, notice};

/// The scripts of a page with a player.
pub const SCRIPTS: [&str; 2] = ["hls.js", "player.js"];

/// What a player shows.
#[derive(Debug)]
pub struct Player<'a> {
    pub camera: &'a Camera,
    /// Where its sessions are asked for, and the page itself for signing in again.
    pub sessions: String,
    pub page: String,
    pub live: bool,
    /// The first recorded moment that may be seen.
    pub earliest: Timestamp,
    /// The moment after the last one that may be seen; the present if there is none.
    pub latest: Option<Timestamp>,
    /// The moment to open at; the live picture if there is none.
    pub at: Option<Timestamp>,
}

impl Player<'_> {
    /// Writes the player.
    pub fn show(&self, page: &Page) -> Markup {
        let t = |ja, en| page.t(ja, en);
        let moment = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
        html! {
            section.player aria-label=(t("映像", "Picture")) data-state="loading"
                data-camera=(self.camera.id) data-sessions=(self.sessions) data-csrf=(page.csrf()) data-lang=(page.language.tag())
                data-now=(page.now.as_millisecond()) data-retention-hours=(self.camera.retention_hours)
                data-earliest=(self.earliest.as_millisecond()) data-latest=[moment(self.latest)] data-at=[moment(self.at)]
                data-sign-in=(self.page) {
                video playsinline muted {}
                div.player-status {}
                div.timeline-controls {
                    @if self.live { button type="button" data-live { (t("ライブ", "Live")) } }
                    form.date-jump {
                        input type="date" aria-label=(t("日付", "Date"));
                        input type="time" step="1" aria-label=(t("時刻（日本時間）", "Time in Japan"));
                        button type="submit" { (t("この時刻を再生", "Play this time")) }
                    }
                }
                div.timeline {}
            }
            noscript {
                (notice(Tone::Warn, &html! { p { (t("映像の再生には、ブラウザのJavaScriptを有効にしてください。", "Playing video needs JavaScript in your browser.")) } }))
            }
        }
    }
}
