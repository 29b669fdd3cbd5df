//! Cameras that do not record, as the newest run of the watch saw them (2-8, 8-1).

use axum::extract::State;
use ciero_domain::groups::DESKS;
use ciero_pages::Section;
use ciero_ports::{StoppedCamera, WatchReport};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{contract_link, empty, table};
use crate::page::{ConsolePage, Page};
use crate::pieces::{Tone, fact, moment, notice};
use crate::recording::trouble_in_words;

/// Shows the cameras that stand still, the longest first.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(DESKS)?;
    let page = &console.page;
    let report = app.watch.watch_report().await?;
    let title = page.t("カメラの見守り", "Camera watch");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t(
            "数分ごとに、各カメラの映像が実際に保存されているかを確認しています。",
            "Every few minutes the service looks whether each camera is really being recorded.",
        )) }
        (shown(page, &report))
    };
    Ok(page.show(Section::Watch, title, &content))
}

fn shown(page: &Page, report: &WatchReport) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let Some(at) = report.at else {
        return empty(t(
            "まだ確認していません。",
            "Nothing has been looked at yet.",
        ));
    };
    let tally = &report.tally;
    html! {
        @if report.service.is_quiet() {
            (notice(Tone::Bad, &html! { p { (t("ほぼすべてのカメラの録画が同時に停止しています。当社側の障害とみて、お客様への通知を控えています。", "Nearly all cameras stopped at once. The cause is taken to be ours, so customers are not told.")) } }))
        }
        @if tally.unread > 0 {
            (notice(Tone::Warn, &html! { p { (t("確認できなかったカメラがあります。", "Some cameras could not be looked at.")) } }))
        }
        dl.facts {
            (fact(t("確認した日時", "When"), &moment(l, at)))
            (fact(t("対象のカメラ", "Cameras watched"), &tally.watched))
            (fact(t("録画中", "Recording"), &tally.running))
            (fact(t("停止中", "Stopped"), &(tally.told + tally.untold)))
            (fact(t("確認できず", "Not looked at"), &tally.unread))
        }
        @if report.stopped.is_empty() { (empty(t("停止しているカメラはありません。", "No camera stands still."))) }
        @else { (list(page, &report.stopped)) }
    }
}

fn list(page: &Page, stopped: &[StoppedCamera]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let heads = [
        t("最後の録画", "Last recorded"),
        t("契約", "Contract"),
        t("カメラ", "Camera"),
        t("状態", "State"),
    ];
    let rows = stopped.iter().map(|one| {
        vec![
            moment(page.language, one.since),
            contract_link(&one.contract, one.contract.as_str()),
            html! { code { (one.camera) } },
            html! { (trouble_in_words(page, one.trouble)) },
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}
