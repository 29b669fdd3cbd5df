//! The list of applications by state, newest first.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State as Shared};
use ciero_domain::Language;
use ciero_domain::application::{Application, State};
use ciero_domain::calendar::tokyo_date;
use ciero_pages::date_time;
use ciero_runtime::{Moment, Problem};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Screener, badge, facts};
use crate::App;

/// The states where something is still to be done, in the order in which a screener works.
const OPEN: [State; 3] = [State::Screening, State::Approved, State::Submitted];

/// The states where nothing is to be done any more. A draft was not applied for and is nobody's business.
const DONE: [State; 3] = [State::Registered, State::Declined, State::Withdrawn];

/// Which applications to list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    /// Code of a state; empty for all that are open.
    state: String,
}

/// Lists applications.
pub(crate) async fn list(
    Shared(app): Shared<App>,
    screener: Screener,
    now: Moment,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Markup, Problem> {
    let Query(filter) = filter.map_err(|_| Problem::not_found())?;
    let states: Vec<State> = match filter.state.as_str() {
        "" => OPEN.to_vec(),
        code => {
            let mut listed = OPEN.into_iter().chain(DONE);
            let state = listed.find(|state| state.code() == code);
            vec![state.ok_or_else(Problem::not_found)?]
        }
    };
    let language = screener.language;
    let mut sections = Vec::new();
    for state in states {
        sections.push((state, app.applications.applications(state).await?));
    }
    let title = language.t("申込み", "Applications");
    let content = html! {
        h1 { (title) }
        (tabs(&filter.state, language))
        p { a href="/console/reviews" { (language.t("再審査を見る", "Re-screening")) } }
        @for (state, applications) in &sections {
            h2 { (state.sentence(language)) " " span.muted.num { (applications.len()) (language.t("件", "")) } }
            @if applications.is_empty() {
                div.empty { p { (language.t("該当する申込みはありません。", "There are no applications here.")) } }
            } @else {
                (table(applications, now, language))
            }
        }
    };
    let path = match filter.state.as_str() {
        "" => "/console/applications".to_owned(),
        state => format!("/console/applications?state={state}"),
    };
    screener.page(&app, &path, title, &content).await
}

fn tabs(chosen: &str, language: Language) -> Markup {
    let current = |code: &str| (code == chosen).then_some("page");
    html! {
        nav.actions aria-label=(language.t("状態で絞り込む", "Filter by state")) {
            a.button href="/console/applications" aria-current=[current("")] { (language.t("対応が必要なもの", "Open")) }
            @for state in DONE {
                a.button.quiet href={ "/console/applications?state=" (state.code()) } aria-current=[current(state.code())] {
                    (state.sentence(language))
                }
            }
        }
    }
}

fn table(applications: &[Application], now: Moment, language: Language) -> Markup {
    let heads = [
        ("受付日時", "Received"),
        ("お申込者", "Applicant"),
        ("区分", "Kind"),
        ("ご注文", "Order"),
        ("経過日数", "Age"),
        ("状態", "State"),
    ]
    .map(|(ja, en)| language.t(ja, en));
    html! {
        table.list {
            thead { tr { @for head in heads { th scope="col" { (head) } } } }
            tbody {
                @for application in applications {
                    @let particulars = &application.form.particulars;
                    @let received = application.submitted_at.unwrap_or(application.drafted_at);
                    tr {
                        td data-label=(heads[0]) { time datetime=(received) { (date_time(language, received)) } }
                        td data-label=(heads[1]) { a href={ "/console/applications/" (application.id) } { (particulars.name) } }
                        td data-label=(heads[2]) { (facts::kind(&particulars.customer, language)) }
                        td data-label=(heads[3]) { (facts::order(application, language)) }
                        td data-label=(heads[4]) { (age(application, now, language)) }
                        td data-label=(heads[5]) { (badge(application.state, language)) }
                    }
                }
            }
        }
    }
}

/// Writes for how many days of Tokyo an application has been here.
fn age(application: &Application, now: Moment, language: Language) -> String {
    let received = application.submitted_at.unwrap_or(application.drafted_at);
    let days = (tokyo_date(now.0) - tokyo_date(received)).get_days().max(0);
    match (days, language) {
        (0, _) => language.t("本日", "today").to_owned(),
        (_, Language::Ja) => format!("{days}日"),
        (1, Language::En) => "1 day".to_owned(),
        (_, Language::En) => format!("{days} days"),
    }
}
