//! What the watch knows of a camera's recording: whether the present is recorded, and the gaps (9).

use ciero_domain::user::User;
use ciero_domain::watch::{Gap, Ledger, Recording, Trouble};
use ciero_domain::{device::Camera, entitlement::earliest_visible};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use crate::page::Page;
use crate::pieces::{Tone, badge, fact, moment};

/// A ledger that was not read for this long says nothing of the present.
const OLD: SignedDuration = SignedDuration::from_mins(10);
/// How many gaps a page shows, the newest first.
const MOST_GAPS: usize = 20;

/// Writes whether the present is recorded, and if not, since when.
pub fn state(page: &Page, ledger: &Ledger) -> Markup {
    let t = |ja, en| page.t(ja, en);
    if page.now.duration_since(ledger.read_to) > OLD {
        return badge(Tone::Plain, t("状態を確認中", "Being checked"));
    }
    match ledger.recording {
        Recording::Waiting => badge(Tone::Warn, t("録画待ち", "No recording yet")),
        Recording::Running { .. } => badge(Tone::Ok, t("録画中", "Recording")),
        Recording::Stopped { since, trouble } => html! {
            (badge(Tone::Bad, trouble_in_words(page, trouble))) " "
            small { (moment(page.language, since)) (t(" から", "")) }
        },
    }
}

/// Names a trouble shortly.
pub fn trouble_in_words(page: &Page, trouble: Trouble) -> &str {
    match trouble {
        Trouble::Offline => page.t("オフライン", "Offline since"),
        Trouble::NotRecording => page.t("録画停止", "Recording stopped"),
        Trouble::Patchy => page.t("録画が断続", "Recording in shreds"),
    }
}

/// Writes the last recorded moment and the gaps of the last days that the user may know of.
pub fn section(page: &Page, ledger: &Ledger, camera: &Camera, user: &User) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let Some(visible) = earliest_visible(user, camera, page.now) else {
        return html! {};
    };
    let from = visible.max(ledger.known_from);
    let mut gaps = ledger.gaps(from);
    gaps.reverse();
    html! {
        section.gaps {
            h2 { (t("録画の状態", "Recording")) }
            dl.facts {
                (fact(t("現在", "Now"), &state(page, ledger)))
                @if let Some(last) = ledger.last_recorded() {
                    (fact(t("最後の録画", "Last recorded"), &html! { (to_the_second(page, last)) }))
                }
            }
            h3 { (t("録画のない時間帯", "Times without a recording")) }
            @if gaps.is_empty() {
                p.muted { (moment(l, from)) (t(" 以降、録画の欠落はありません。", ": nothing is missing since then.")) }
            } @else {
                ul.gap-list { @for gap in gaps.iter().take(MOST_GAPS) { (line(page, gap)) } }
                @if gaps.len() > MOST_GAPS {
                    p.muted { (t("これより前の欠落は、日付を選ぶとタイムラインに表示されます。", "The timeline shows earlier gaps when you choose their day.")) }
                }
            }
        }
    }
}

fn line(page: &Page, gap: &Gap) -> Markup {
    let start = to_the_second(page, gap.start);
    html! {
        li data-start=(gap.start) data-end=[gap.end] {
            (start) " – "
            @match gap.end {
                Some(end) => { (to_the_second(page, end)) (length(page, gap.start, end)) },
                None => (page.t("継続中", "still going on")),
            }
        }
    }
}

fn length(page: &Page, start: Timestamp, end: Timestamp) -> String {
    let seconds = end.duration_since(start).as_secs();
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match page.language {
        ciero_domain::Language::Ja => format!("（{minutes}分{rest}秒）"),
        ciero_domain::Language::En => format!(" ({minutes} min {rest} s)"),
    }
}

fn to_the_second(page: &Page, at: Timestamp) -> Markup {
    let second = ciero_domain::calendar::tokyo_datetime(at).second();
    html! { time datetime=(at) { (ciero_pages::date_time(page.language, at)) ":" (format!("{second:02}")) } }
}
