//! One camera: its picture, live and recorded.

use axum::extract::State;
use ciero_domain::entitlement::{Ask, Rule, earliest_visible, entitle};
use ciero_domain::ids::CameraId;
use ciero_domain::user::{Right, User};
use ciero_pages::Section;
use ciero_ports::Seen;
use ciero_runtime::Problem;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde::Deserialize;

use crate::App;
use crate::cameras::any_right;
use crate::input::{Parameters, Segment};
use crate::page::{CustomerPage, Page};
use crate::pieces::{Tone, day, days, fact, moment, notice};
use crate::player::{Player, SCRIPTS};
use crate::recording;
use crate::{deletion, exports};

/// How far back a page opens that cannot show the live picture.
const A_MOMENT_AGO: SignedDuration = SignedDuration::from_mins(10);

/// The moment to open at, in RFC 3339; empty for the live picture.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    at: String,
}

/// What of a camera a user may see now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Watch {
    LiveAndRecorded,
    /// Without the live picture, for this reason.
    Recorded(Rule),
    Nothing(Rule),
}

/// Shows the camera; unknown, another customer's, and one without any right are the same answer.
pub async fn show(
    State(app): State<App>,
    CustomerPage { page, user }: CustomerPage,
    Segment(id): Segment,
    Parameters(asked): Parameters<Asked>,
) -> Result<Markup, Problem> {
    let id = CameraId::parse(&id).map_err(|_| Problem::not_found())?;
    let seen = app.viewing.seen(&user.contract, &user.id, &id).await?;
    let seen = seen.ok_or_else(Problem::not_found)?;
    if !any_right(&seen.user, &seen.camera) {
        return Err(Problem::not_found());
    }
    let at = opening(&asked.at)?;
    let ledgers = app.watch.ledgers(&user.contract).await?;
    let ledger = ledgers.iter().find(|ledger| ledger.camera == id);
    let watch = watch(&seen, page.now);
    let content = html! {
        h1 { (seen.camera.name) }
        @if user.is_administrator() { (deletion::accepted(&page, &seen.camera)) }
        @if let Watch::Recorded(rule) | Watch::Nothing(rule) = watch {
            (notice(if watch == Watch::Nothing(rule) { Tone::Bad } else { Tone::Warn }, &html! { p { (sentence(&page, rule)) } }))
        }
        @if !matches!(watch, Watch::Nothing(_)) { (player(&page, &seen, watch, at)) }
        (facts(&page, &seen))
        @if let (Some(ledger), None, false) = (ledger, seen.camera.retired_at, matches!(watch, Watch::Nothing(_))) {
            (recording::section(&page, ledger, &seen.camera, &seen.user))
        }
        @if !matches!(watch, Watch::Nothing(_)) { (exports::form(&page, &seen.camera, &seen.user)) }
        @if user.is_administrator() {
            div.actions {
                a.button href={ "/devices/" (seen.camera.device) } { (page.t("機器の設定", "The device")) }
                a.button href={ "/cameras/" (seen.camera.id) "/deletion" } { (page.t("録画を消去する", "Delete the recordings")) }
            }
        }
    };
    Ok(page.show_with(Section::Cameras, &seen.camera.name, &SCRIPTS, &content))
}

fn opening(text: &str) -> Result<Option<Timestamp>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    // A plus sign of an offset arrives as a space where it was not escaped.
    let at = text.replace(' ', "+").parse();
    at.map(Some)
        .map_err(|_| Problem::field("at", ciero_domain::particulars::FieldRule::Date))
}

fn watch(seen: &Seen, now: Timestamp) -> Watch {
    let live = entitle(&seen.contract, &seen.user, &seen.camera, Ask::Live, now);
    match live.denial() {
        None => Watch::LiveAndRecorded,
        // The camera was retired or only recordings may be seen; anything else closes the camera.
        Some(rule @ (Rule::CameraOfContract | Rule::RightHeld)) if plays_back(seen, now) => {
            Watch::Recorded(rule)
        }
        Some(rule) => Watch::Nothing(rule),
    }
}

/// Tells whether some recording may be seen now.
fn plays_back(seen: &Seen, now: Timestamp) -> bool {
    let Some(from) = earliest_visible(&seen.user, &seen.camera, now) else {
        return false;
    };
    let to = now.min(
        from.saturating_add(SignedDuration::from_mins(1))
            .unwrap_or(now),
    );
    let ask = Ask::Recorded { from, to };
    from < to
        && entitle(&seen.contract, &seen.user, &seen.camera, ask, now)
            .denial()
            .is_none()
}

fn sentence(page: &Page, rule: Rule) -> &'static str {
    match rule {
        Rule::CameraOfContract => page.language.t(
            "この機器は登録を解除されています。保存期間内の録画は再生できます。",
            "This device is retired. Recordings within the retention can still be played.",
        ),
        Rule::RightHeld => page.language.t(
            "このカメラのライブ映像を見る権限がありません。必要なときは担当者にお問い合わせください。",
            "You have no right to this camera's live picture. Please ask your administrator if you need it.",
        ),
        other => other.sentence(page.language),
    }
}

fn player(page: &Page, seen: &Seen, watch: Watch, at: Option<Timestamp>) -> Markup {
    // Without a right to recordings nothing before now is shown on the timeline.
    let earliest = earliest_visible(&seen.user, &seen.camera, page.now).unwrap_or(page.now);
    let at = at.or_else(|| {
        let ago = page.now.saturating_sub(A_MOMENT_AGO).unwrap_or(page.now);
        matches!(watch, Watch::Recorded(_)).then_some(ago.max(earliest))
    });
    let player = Player {
        camera: &seen.camera,
        sessions: format!("/cameras/{}", seen.camera.id),
        page: format!("/sign-in?back=/cameras/{}", seen.camera.id),
        live: watch == Watch::LiveAndRecorded,
        earliest,
        latest: None,
        at,
    };
    player.show(page)
}

fn facts(page: &Page, seen: &Seen) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let camera = &seen.camera;
    html! {
        dl.facts {
            (fact(t("録画の保存", "Recordings kept for"), &days(l, i64::from(camera.retention_hours / 24))))
            @if let Some(at) = earliest_visible(&seen.user, camera, page.now) {
                (fact(t("ご覧いただける録画", "Recordings you may see"), &html! { (t("", "from ")) (moment(l, at)) (t(" から", "")) }))
            }
            (fact(t("あなたの権限", "Your rights"), &html! { (rights(page, &seen.user, seen)) }))
            @if let Some(at) = camera.retired_at {
                (fact(t("登録解除", "Retired"), &day(l, ciero_domain::calendar::tokyo_date(at))))
            }
        }
    }
}

fn rights(page: &Page, user: &User, seen: &Seen) -> Markup {
    let held = Right::ALL.iter().filter(|right| {
        user.right_since(&seen.camera.id, seen.camera.since, **right)
            .is_some()
    });
    let names: Vec<&str> = held.map(|right| right.sentence(page.language)).collect();
    html! { (names.join(page.t("、", ", "))) }
}
