//! Where the support desk asks to look at a customer's video, grants it to one another, and looks (21-7).

use axum::extract::{Path, State};
use ciero_domain::device::Camera;
use ciero_domain::groups::SUPPORT;
use ciero_domain::ids::{ContractId, StaffViewId};
use ciero_domain::staff_view::{BOXES_MINUTES, Ground, Pictures, Progress, StaffView};
use ciero_pages::Section;
use ciero_ports::StaffSeen;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console_parts::{Form, button, contract_link, empty, table};
use crate::page::{ConsolePage, Page};
use crate::pieces::{Tone, badge, fact, moment};
use crate::player::{Player, SCRIPTS};

/// Lists the newest views of all contracts.
pub async fn list(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(SUPPORT)?;
    let page = &console.page;
    let views = app.console.staff_views.newest_staff_views().await?;
    let title = page.t("保守閲覧", "Staff views");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t(
            "お客様の映像は、本サービスの運営に必要なときに限り、別の担当者の承認を得て、決められた時間だけ閲覧できます。申請・承認・閲覧はすべてお客様の操作記録に表示されます。申請は契約のページから行います。",
            "A customer's video may be looked at only to operate the service, on another operator's grant and for a fixed time. Every request, grant and look is shown in the customer's own trail. Ask from the page of the contract.",
        )) }
        @if views.is_empty() { (empty(page.t("閲覧の記録はまだありません。", "There are no views yet."))) }
        @else { (rows(page, &views)) }
    };
    Ok(page.show(Section::StaffViews, title, &content))
}

fn rows(page: &Page, views: &[StaffView]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let heads = [
        t("申請", "Asked"),
        t("契約", "Contract"),
        t("管理番号", "Ticket"),
        t("目的", "Ground"),
        t("申請者", "By"),
        t("状態", "State"),
    ];
    let row = |view: &StaffView| {
        vec![
            html! { a href=(place(view)) { (moment(page.language, view.asked_at)) } },
            contract_link(&view.contract, view.contract.as_str()),
            html! { (view.ticket) },
            html! { (view.ground.sentence(page.language)) },
            html! { (name(&view.asked_by)) },
            state(page, view),
        ]
    };
    table(&heads, &views.iter().map(row).collect::<Vec<_>>())
}

fn place(view: &StaffView) -> String {
    format!("/console/contracts/{}/views/{}", view.contract, view.id)
}

fn name(actor: &str) -> &str {
    actor.strip_prefix("operator:").unwrap_or(actor)
}

fn state(page: &Page, view: &StaffView) -> Markup {
    let progress = view.progress(page.now);
    let tone = match progress {
        Progress::Asked => Tone::Warn,
        Progress::Open => Tone::Ok,
        Progress::Lapsed | Progress::Over | Progress::Closed => Tone::Plain,
    };
    badge(tone, progress.sentence(page.language))
}

/// Shows one view with the steps that it may take, and to who may look the player.
pub async fn show(
    State(app): State<App>,
    console: ConsolePage,
    Path((contract, view)): Path<(String, String)>,
) -> Result<Markup, Problem> {
    console.must_be_in(SUPPORT)?;
    let contract = ContractId::parse(&contract).map_err(|_| Problem::not_found())?;
    let id = StaffViewId::parse(&view).map_err(|_| Problem::not_found())?;
    let seen = app.console.staff_views.staff_seen(&contract, &id).await?;
    let seen = seen.ok_or_else(Problem::not_found)?;
    let (page, actor) = (&console.page, console.actor());
    let title = page.t("保守閲覧", "Staff view");
    let looks = seen.view.is_open_to(&actor, &seen.contract, page.now);
    let content = html! {
        p { a href="/console/views" { (page.t("← 保守閲覧の一覧", "← All staff views")) } }
        h1 { (title) " " (state(page, &seen.view)) }
        @if looks { (player(page, &seen).show(page)) }
        (facts(page, &seen))
        (steps(page, &seen.view, &actor))
    };
    let scripts: &[&str] = if looks { &SCRIPTS } else { &[] };
    Ok(page.show_with(Section::StaffViews, title, scripts, &content))
}

fn player<'a>(page: &Page, seen: &'a StaffSeen) -> Player<'a> {
    let here = place(&seen.view);
    let (live, earliest, latest) = match seen.view.pictures {
        Pictures::Live => (true, page.now, None),
        Pictures::Recorded { from, to } => (false, from, Some(to)),
    };
    Player {
        camera: &seen.camera,
        page: format!("/console/sign-in?back={here}"),
        sessions: here,
        live,
        earliest,
        latest,
        at: (!live).then_some(earliest),
    }
}

fn facts(
    page: &Page,
    StaffSeen {
        contract,
        camera,
        view,
    }: &StaffSeen,
) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        dl.facts {
            (fact(t("契約", "Contract"), &contract_link(&contract.id, &contract.customer.name)))
            (fact(t("カメラ", "Camera"), &camera.name))
            (fact(t("映像", "Pictures"), &pictures(page, view.pictures)))
            (fact(t("目的", "Ground"), &view.ground.sentence(l)))
            (fact(t("管理番号", "Ticket"), &view.ticket))
            (fact(t("理由", "Reason"), &view.reason))
            (fact(t("時間（分）", "Minutes"), &view.minutes))
            (fact(t("申請", "Asked"), &html! { (name(&view.asked_by)) " · " (moment(l, view.asked_at)) }))
            @if let Some(grant) = &view.grant {
                (fact(t("承認", "Granted"), &html! { (name(&grant.by)) " · " (moment(l, grant.at)) }))
                (fact(t("終了", "Ends"), &moment(l, grant.until)))
            }
            @if let Some(closing) = &view.closing {
                (fact(t("取消し", "Closed"), &html! { (name(&closing.by)) " · " (moment(l, closing.at)) }))
            }
        }
    }
}

fn pictures(page: &Page, pictures: Pictures) -> Markup {
    let l = page.language;
    match pictures {
        Pictures::Live => html! { (page.t("ライブ", "Live")) },
        Pictures::Recorded { from, to } => html! { (moment(l, from)) " – " (moment(l, to)) },
    }
}

fn steps(page: &Page, view: &StaffView, actor: &str) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = |verb: &str| Form::new(page, format!("{}/{verb}", place(view)), verb);
    let progress = view.progress(page.now);
    html! {
        div.actions {
            @if progress == Progress::Asked && view.asked_by != actor {
                (form("grant").inline(&html! {}, &button("primary", t("閲覧を承認する", "Grant the view"))))
            }
            @if matches!(progress, Progress::Asked | Progress::Open) {
                (form("closing").inline(&html! {}, &button("", t("閲覧を取り消す", "Close the view"))))
            }
        }
        @if progress == Progress::Open {
            p.muted { (t("映像の配信は最長5分続くため、終了の5分前に新しい再生はできなくなります。", "Pictures stream for up to five minutes, so none can be started in the last five.")) }
        }
    }
}

/// Writes the form by which a view of the contract is asked for.
pub fn form(page: &Page, contract: &ContractId, cameras: &[Camera]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let form = Form::of(page, contract, "views");
    let cameras = cameras
        .iter()
        .map(|one| (one.id.to_string(), one.name.clone()));
    let grounds = Ground::ALL
        .iter()
        .map(|one| (one.code().to_owned(), one.sentence(l).to_owned()));
    let minutes = BOXES_MINUTES
        .iter()
        .map(|one| (one.to_string(), one.to_string()));
    let pictures = [
        ("live", t("ライブ", "Live")),
        ("recorded", t("録画", "Recorded")),
    ];
    let pictures = pictures.map(|(code, name)| (code.to_owned(), name.to_owned()));
    let (cameras, grounds): (Vec<_>, Vec<_>) = (cameras.collect(), grounds.collect());
    form.write(
        t("映像の閲覧を申請する（第21条第7項）", "Ask to look at video (21-7)"),
        &html! {
            (form.choice("camera", t("カメラ", "Camera"), &cameras))
            (form.choice("ground", t("目的", "Ground"), &grounds))
            (form.field("ticket", t("管理番号（半角英数字・記号）", "Ticket (letters, digits and signs without spaces)"), "text", ""))
            (form.text("reason", t("理由（お客様には表示されません）", "Reason (not shown to the customer)")))
            (form.choice("pictures", t("映像", "Pictures"), &pictures))
            (form.optional("from", t("録画の開始（日本時間）", "Recorded from (Japan time)"), "datetime-local", ""))
            (form.optional("to", t("録画の終了（日本時間）", "Recorded until (Japan time)"), "datetime-local", ""))
            (form.choice("minutes", t("閲覧できる時間（承認から、分）", "Minutes from the grant"), &minutes.collect::<Vec<_>>()))
        },
        &button("primary", t("申請する", "Ask")),
    )
}
