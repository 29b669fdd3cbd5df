//! How the status page looks: a card for each camera, first whether its pictures arrive, then what an installer asks.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::source::rtsp::KEY_ADVICE;
use crate::status::{CameraPhase, Phase};
use crate::status_page::Seen;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#16202a;--dim:#55616e;--paper:#f4f4f2;--card:#fff;--line:#d5d9de;--good:#0b6b3a;--wait:#7a5200;--bad:#a3160f}\
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--dim:#9aa7b4;--paper:#0d1117;--card:#161d26;--line:#2d3742;--good:#5dd39e;--wait:#f2c14e;--bad:#ff8f87}}\
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}\
main{max-width:70rem;margin:auto;padding:1.5rem 1rem}h1{font-size:1.4rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:0}\
.dim{color:var(--dim);margin:0;overflow-wrap:anywhere}.grid{display:grid;gap:1rem;margin-top:1.2rem;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr))}\
article{background:var(--card);border:1px solid var(--line);border-left:6px solid var(--mark);border-radius:.5rem;padding:1rem}\
.good{--mark:var(--good)}.wait{--mark:var(--wait)}.bad{--mark:var(--bad)}p.warning{color:var(--wait);font-weight:700;margin:.3rem 0 .6rem}.state{color:var(--mark);font-weight:700;margin:.3rem 0 .6rem;overflow-wrap:anywhere}\
dl{display:grid;grid-template-columns:auto 1fr;gap:.15rem 1rem;margin:0}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}";

/// The language of a page, as the browser asks for it; Japanese where it asks for neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Japanese,
    English,
}

impl Language {
    /// The first of both that a browser's `Accept-Language` names.
    pub fn of(accepted: &str) -> Self {
        let tags = accepted.split(',').map(|tag| tag.trim().to_lowercase());
        let known = tags.filter_map(|tag| match tag.get(..2) {
            Some("ja") => Some(Self::Japanese),
            Some("en") => Some(Self::English),
            _ => None,
        });
        known.into_iter().next().unwrap_or(Self::Japanese)
    }

    fn t<'a>(self, japanese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Japanese => japanese,
            Self::English => english,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Japanese => "ja",
            Self::English => "en",
        }
    }
}

/// The whole page; `clock_off` says how far the service's clock is away while that is refused.
pub fn page(cameras: &[Seen], clock_off: Option<String>, language: Language) -> Markup {
    let t = |japanese, english| language.t(japanese, english);
    html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta http-equiv="refresh" content="2";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "iotbox" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { "iotbox" }
                    p.dim { (t("版", "Version")) " " (env!("CARGO_PKG_VERSION")) " · " (t("カメラ", "Cameras")) " " (cameras.len()) }
                    @if let Some(off) = clock_off {
                        article.bad {
                            p.state { (t("時計が合っていません。時計を合わせるまで、保存も送信もしません。", "The clock is off: nothing is kept or sent until it is set.")) }
                            p.dim { (t("サービスの時計は、この機器の時計に対して: ", "The service's clock, beside that of this device: ")) (off) }
                        }
                    }
                    div.grid { @for camera in cameras { (card(camera, language)) } }
                }
            }
        }
    }
}

fn card(seen: &Seen, language: Language) -> Markup {
    let t = |japanese, english| language.t(japanese, english);
    let (figures, waiting) = (&seen.figures, &seen.waiting);
    let (kind, state) = state(seen, language);
    html! {
        article class=(kind) {
            h2 { (seen.name) }
            p.dim { (seen.source) }
            p.state { (state) }
            @if let Some(seconds) = figures.keys_apart_s { p.warning { (warning(seconds, language)) } }
            dl {
                dt { (t("映像", "Pictures")) } dd { (pictures(&figures.camera, language)) }
                dt { (t("いまの映像の送信", "Sending the present")) } dd { (phase(&figures.phase, language)) }
                dt { (t("ためた映像の送信", "Sending what waited")) } dd { (phase(&figures.backlog, language)) }
                dt { (t("保存済み", "Stored by the service")) } dd { (figures.persisted) " " (t("フラグメント", "fragments")) }
                dt { (t("最後の応答", "Last answer")) } dd {
                    @match seen.last_answer_s() {
                        Some(seconds) => { (seconds) " " (t("秒前", "s ago")) }
                        None => { "–" }
                    }
                }
                dt { (t("送信待ち", "Waiting on this box")) } dd { (waiting.fragments) " (" (format!("{:.1}", waiting.bytes as f64 / 1e6)) " MB)" }
                @if waiting.lost > 0 { dt { (t("失われた", "Lost")) } dd { strong { (waiting.lost) } } }
                @if figures.not_kept > 0 { dt { (t("時計のため保存せず", "Not kept, for the clock")) } dd { strong { (figures.not_kept) } } }
                dt { (t("接続し直し", "Reconnects")) } dd { (figures.reconnects) }
                @if let Some(stream) = &seen.stream { dt { (t("ストリーム", "Stream")) } dd { (stream) } }
            }
        }
    }
}

/// Whether the pictures arrive, in one sentence; the worst of camera and line counts.
fn state(seen: &Seen, language: Language) -> (&'static str, String) {
    let t = |japanese: &str, english: &str| language.t(japanese, english).to_owned();
    match (&seen.figures.camera, &seen.figures.phase) {
        (CameraPhase::Failed(reason), _) => {
            let text = t(
                "カメラの映像が届いていません",
                "No pictures come from the camera",
            );
            ("bad", format!("{text}: {reason}"))
        }
        (CameraPhase::Paused, _) => (
            "bad",
            t(
                "時計が合うまで止めています",
                "Paused until the clock agrees",
            ),
        ),
        (_, Phase::Waiting(reason)) => {
            let text = t(
                "送信できません。映像はこの機器にためています",
                "Cannot send; pictures are kept on this box",
            );
            ("bad", format!("{text}: {reason}"))
        }
        (CameraPhase::Running(_), Phase::Sending) => {
            ("good", t("録画されています", "Being recorded"))
        }
        _ => ("wait", t("接続しています", "Connecting")),
    }
}

/// Key pictures that are too far apart, with what to set.
fn warning(seconds: u64, language: Language) -> String {
    match language {
        Language::Japanese => format!(
            "キーフレームの間隔が{seconds}秒あります。カメラの設定（Iフレーム間隔、GOP）で1～10秒にしてください。"
        ),
        Language::English => format!("Key pictures are {seconds} s apart: {KEY_ADVICE}."),
    }
}

fn pictures(camera: &CameraPhase, language: Language) -> String {
    let t = |japanese: &str, english: &str| language.t(japanese, english).to_owned();
    match camera {
        CameraPhase::Connecting => t("接続中", "connecting"),
        CameraPhase::Running(what) if what.is_empty() => t("届いています", "coming"),
        CameraPhase::Running(what) => what.clone(),
        CameraPhase::Paused => t("停止中", "paused"),
        CameraPhase::Failed(_) => t("なし", "none"),
    }
}

fn phase(phase: &Phase, language: Language) -> &str {
    match phase {
        Phase::Connecting => language.t("接続中", "connecting"),
        Phase::Sending => language.t("送信中", "sending"),
        Phase::Idle => language.t("送るものなし", "nothing to send"),
        Phase::Waiting(_) => language.t("再試行を待っています", "waiting to try again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_first_known_language_is_taken() {
        for (accepted, expected) in [
            ("en-GB,en;q=0.9,ja;q=0.5", Language::English),
            ("fr, JA;q=0.8, en;q=0.5", Language::Japanese),
            ("de", Language::Japanese),
            ("", Language::Japanese),
            ("あ", Language::Japanese),
        ] {
            assert_eq!(Language::of(accepted), expected, "{accepted}");
        }
    }
}
