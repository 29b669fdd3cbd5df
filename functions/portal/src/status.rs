//! The state of the service for everyone: what is interrupted now, planned, and past (8-1); as JSON for programs.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ciero_domain::interruption::{Interruption, Progress};
use ciero_pages::Section;
use http::{HeaderMap, StatusCode};
use maud::{Markup, html};
use serde_json::json;

use crate::App;
use crate::input::wants_json;
use crate::page::{Page, SteadyPage};
use crate::pieces::{Tone, badge, fact, moment, notice};

/// How many past interruptions are shown.
const PAST: usize = 50;

/// Interruptions by how far they are.
struct Sorted<'a> {
    ongoing: Vec<&'a Interruption>,
    to_come: Vec<&'a Interruption>,
    past: Vec<&'a Interruption>,
}

impl<'a> Sorted<'a> {
    fn of(all: &'a [Interruption], page: &Page) -> Self {
        let are = |wanted: &[Progress]| {
            let found = all
                .iter()
                .filter(|one| wanted.contains(&one.progress(page.now)));
            found.collect::<Vec<_>>()
        };
        let mut to_come = are(&[Progress::ToCome]);
        to_come.reverse();
        let mut past = are(&[Progress::Over, Progress::CalledOff]);
        past.truncate(PAST);
        Sorted {
            ongoing: are(&[Progress::Ongoing]),
            to_come,
            past,
        }
    }

    fn state(&self) -> &'static str {
        match self.ongoing.is_empty() {
            true => "operational",
            false => "interrupted",
        }
    }
}

/// Shows the state. It opens even where the records cannot be read, and says that.
pub async fn show(
    State(app): State<App>,
    SteadyPage(page): SteadyPage,
    headers: HeaderMap,
) -> Response {
    let read = app.interruptions.interruptions().await;
    let read = read.inspect_err(|error| tracing::error!(%error, "interruptions cannot be read"));
    let sorted = read.as_ref().ok().map(|all| Sorted::of(all, &page));
    let status = match sorted {
        Some(_) => StatusCode::OK,
        None => StatusCode::SERVICE_UNAVAILABLE,
    };
    if wants_json(&headers) {
        let body = match &sorted {
            Some(sorted) => json!({
                "at": page.now, "state": sorted.state(), "ongoing": sorted.ongoing,
                "toCome": sorted.to_come, "past": sorted.past,
            }),
            None => json!({ "at": page.now, "state": "unknown" }),
        };
        return (status, Json(body)).into_response();
    }
    let title = page.t("稼働状況", "Service status");
    let content = html! {
        h1 { (title) }
        @match &sorted {
            Some(sorted) => (shown(&page, sorted)),
            None => (notice(Tone::Bad, &html! { p { (page.t(
                "ただいま記録を読み取れません。サービスに障害が起きている可能性があります。",
                "The records cannot be read now. The service may be disturbed.",
            )) } })),
        }
    };
    (status, page.show(Section::None, title, &content)).into_response()
}

fn shown(page: &Page, sorted: &Sorted) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let list = |title: &str, all: &[&Interruption]| {
        html! { @if !all.is_empty() { h2 { (title) } @for one in all { (interruption(page, one)) } } }
    };
    html! {
        @match sorted.ongoing.is_empty() {
            true => (notice(Tone::Ok, &html! { p { (t("記録されている中断はありません。", "No interruption is on record.")) } })),
            false => (notice(Tone::Bad, &html! { p { (t("サービスの全部または一部が中断しています。", "All or part of the service is interrupted.")) } })),
        }
        p.muted { (moment(page.language, page.now)) " " (t("現在", "as of now")) }
        (list(t("継続中", "Ongoing"), &sorted.ongoing))
        (list(t("予定", "Planned"), &sorted.to_come))
        (list(t("これまで", "Past"), &sorted.past))
    }
}

/// Writes one interruption as everyone may read it.
pub fn interruption(page: &Page, one: &Interruption) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        article.card {
            h3 { (one.category.sentence(l)) " " (progress(page, one)) }
            p { (one.text.t(l)) }
            dl.facts {
                (fact(t("範囲", "Scope"), &one.scope.sentence(l)))
                (fact(t("開始", "Start"), &moment(l, one.starts_at)))
                @match (one.ended_at, one.planned_end) {
                    (Some(end), _) => (fact(t("終了", "End"), &moment(l, end))),
                    (None, Some(end)) => (fact(t("終了予定", "Planned end"), &moment(l, end))),
                    (None, None) => {},
                }
            }
            @if !one.updates.is_empty() {
                ul { @for update in one.updates.iter().rev() { li { (moment(l, update.at)) " — " (update.text.t(l)) } } }
            }
        }
    }
}

fn progress(page: &Page, one: &Interruption) -> Markup {
    match one.progress(page.now) {
        Progress::ToCome => badge(Tone::Info, page.t("予定", "Planned")),
        Progress::Ongoing => badge(Tone::Bad, page.t("継続中", "Ongoing")),
        Progress::Over => badge(Tone::Ok, page.t("終了", "Over")),
        Progress::CalledOff => badge(Tone::Plain, page.t("中止", "Called off")),
    }
}
