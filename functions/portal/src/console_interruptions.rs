//! Where operators announce maintenance, record incidents and end them (8-1, 21-3).

use axum::extract::State;
use ciero_domain::groups::UPKEEP;
use ciero_domain::interruption::{Category, Interruption, Progress, Scope};
use ciero_pages::Section;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{Form, button, empty};
use crate::page::{ConsolePage, Page};
use crate::status;

/// Shows what is on record with the forms that go on with it.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(UPKEEP)?;
    let page = &console.page;
    let all = app.interruptions.interruptions().await?;
    let title = page.t("中断", "Interruptions");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t(
            "計画した保守は前もって、予告なく始まった中断は終わった後に、すべてのお客様へお知らせします。内容は稼働状況のページで誰でも読めます。",
            "Planned maintenance is told to every customer ahead, what came without notice afterwards. Everyone can read it on the status page.",
        )) }
        p { a href="/status" { (page.t("稼働状況", "Service status")) } }
        @if all.is_empty() { (empty(page.t("記録はまだありません。", "There are no records yet."))) }
        @for one in &all {
            (status::interruption(page, one))
            (steps(page, one))
        }
        (new(page))
    };
    Ok(page.show(Section::Interruptions, title, &content))
}

fn steps(page: &Page, one: &Interruption) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = |verb: &str| {
        Form::new(
            page,
            format!("/console/interruptions/{}/{verb}", one.id),
            format!("{verb}-{}", one.id),
        )
    };
    let progress = one.progress(page.now);
    let update = form("updates");
    html! {
        @if matches!(progress, Progress::ToCome | Progress::Ongoing) {
            (update.write(
                t("続報を加える", "Add a word"),
                &html! { (texts(page, &update)) (update.optional("planned_end", t("新しい終了予定", "New planned end"), "datetime-local", "")) },
                &button("", t("加える", "Add")),
            ))
        }
        @match progress {
            Progress::Ongoing => {
                @let end = form("end");
                (end.write(
                    t("終了を記録する", "Record the end"),
                    &end.optional("ended_at", t("終了日時（空欄は現在）", "Ended at (empty for now)"), "datetime-local", ""),
                    &button("primary", t("終了を記録し、お知らせする", "Record and tell")),
                ))
            },
            Progress::ToCome => (form("calling-off").inline(&html! {}, &button("", t("中止し、お知らせする", "Call off and tell")))),
            Progress::Over | Progress::CalledOff => {},
        }
    }
}

fn texts(page: &Page, form: &Form) -> Markup {
    html! {
        (form.text("ja", page.t("公表する文（日本語）", "Public text in Japanese")))
        (form.text("en", page.t("公表する文（英語）", "Public text in English")))
    }
}

fn new(page: &Page) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let form = Form::new(page, "/console/interruptions".to_owned(), "new");
    let ask = (
        String::new(),
        t("選んでください", "Please choose").to_owned(),
    );
    let categories = Category::ALL
        .iter()
        .map(|one| (one.code().to_owned(), one.sentence(l).to_owned()));
    let categories: Vec<_> = std::iter::once(ask).chain(categories).collect();
    let scopes = Scope::ALL
        .iter()
        .map(|one| (one.code().to_owned(), one.sentence(l).to_owned()));
    let scopes: Vec<_> = scopes.collect();
    let days = page.operator.ahead.maintenance_days;
    html! {
        h2 { (t("新しい記録", "New record")) }
        p { (t("計画した保守をお知らせする日から開始までの日数：", "Days between the notice of planned maintenance and its start: ")) (days) }
        (form.write(
            t("保守を予告する、または中断を記録する", "Announce maintenance, or record an interruption"),
            &html! {
                (form.choice("category", t("区分（第8条第1項）", "Category (8-1)"), &categories))
                (form.choice("scope", t("範囲", "Scope"), &scopes))
                (form.field("starts_at", t("開始（日本時間）", "Start (Japan time)"), "datetime-local", ""))
                (form.optional("planned_end", t("終了予定（計画した保守では必須）", "Planned end (needed for planned maintenance)"), "datetime-local", ""))
                (texts(page, &form))
            },
            &button("primary", t("記録する", "Record")),
        ))
    }
}
