//! The customer's own copies: what is asked for, how far it is, and the files to fetch (9, 15-2).

use axum::extract::State;
use ciero_domain::device::Camera;
use ciero_domain::entitlement::earliest_exportable;
use ciero_domain::export::{Export, File, KEPT, Purpose, State as Stands, What, is_past};
use ciero_domain::user::{Right, User};
use ciero_pages::{Section, hidden};
use ciero_runtime::Problem;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use crate::App;
use crate::page::{CustomerPage, Page};
use crate::pieces::{Tone, badge, moment, notice};

/// The span that the form of a camera's page offers.
const OFFERED: SignedDuration = SignedDuration::from_hours(1);

/// Lists the exports: an administrator sees all of the contract, a registered user the own ones.
pub async fn list(
    State(app): State<App>,
    CustomerPage { page, user }: CustomerPage,
) -> Result<Markup, Problem> {
    let mut exports = app.exports.exports(&user.contract).await?;
    exports.retain(|one| {
        let Purpose::Backup { by } = &one.purpose;
        user.is_administrator() || *by == user.id
    });
    let cameras = app.devices.cameras(&user.contract).await?;
    let exportable = cameras.iter().any(|camera| may(&user, camera));
    let t = |ja, en| page.t(ja, en);
    let title = t("バックアップ", "Backups");
    let content = html! {
        h1 { (title) }
        p.lead { (t(
            "録画と登録データを、お客様ご自身の控えとして保存できます。録画の一部だけの保存は、各カメラのページからお申し込みください。",
            "Keep copies of your recordings and registered data. For a part of a recording, open the page of the camera.",
        )) }
        (no_restore(&page))
        div.actions {
            @if exportable { (button(&page, "recordings", t("すべてのカメラの録画を保存する", "Save the recordings of all cameras"))) }
            @if user.is_administrator() { (button(&page, "registered_data", t("登録データを保存する", "Save the registered data"))) }
        }
        @if exports.is_empty() {
            div.empty { p { (t("バックアップはまだありません。", "There is no backup yet.")) } }
        } @else {
            @for export in &exports { (card(&page, export, &cameras)) }
        }
    };
    Ok(page.show(Section::Exports, title, &content))
}

fn may(user: &User, camera: &Camera) -> bool {
    let since = user.right_since(&camera.id, camera.since, Right::Export);
    since.is_some()
}

/// 9: what is saved is the customer's own; there is no way back into the service.
fn no_restore(page: &Page) -> Markup {
    let text = page.t(
        "保存したバックアップから、サービスに録画やデータを復元することはできません（利用規約 第9条）。ファイルは完成から7日間取得できます。",
        "Nothing can be restored to the service from a backup (Terms, Art. 9). Files can be fetched for 7 days after they are complete.",
    );
    notice(Tone::Info, &html! { p { (text) } })
}

fn button(page: &Page, what: &str, text: &str) -> Markup {
    html! {
        form method="post" action="/exports" data-enhance {
            (page.token())
            (hidden("what", what))
            button.button type="submit" { (text) }
        }
    }
}

fn card(page: &Page, export: &Export, cameras: &[Camera]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        section.card.export id=(export.id) data-state=(state_name(export)) {
            h2 { (name(page, export, cameras)) " " (state(page, export)) }
            @if let What::Recordings { from, until, .. } = &export.what {
                p { (moment(l, *from)) " – " (moment(l, *until)) }
                (progress(page, export, *from, *until))
            }
            @match &export.state {
                Stands::Done { at } if !is_past(*at, page.now) => {
                    (gaps(page, export))
                    ul.files { @for file in &export.files { (entry(page, export, file)) } }
                    p.muted { (t("取得期限 ", "To be fetched until ")) (moment(l, at.saturating_add(KEPT).unwrap_or(*at))) }
                },
                Stands::Failed { why, .. } => p { (why.sentence(l)) },
                _ => {}
            }
            p.muted { (t("お申し込み ", "Asked for ")) (moment(l, export.asked_at)) }
        }
    }
}

fn name<'a>(page: &'a Page, export: &'a Export, cameras: &'a [Camera]) -> &'a str {
    match export.camera() {
        None => page.t("登録データ", "Registered data"),
        Some(id) => {
            let camera = cameras.iter().find(|camera| camera.id == *id);
            camera.map_or(id.as_str(), |camera| camera.name.as_str())
        }
    }
}

fn state_name(export: &Export) -> &'static str {
    match export.state {
        Stands::UnderWay => "under_way",
        Stands::Done { .. } => "done",
        Stands::Failed { .. } => "failed",
    }
}

fn state(page: &Page, export: &Export) -> Markup {
    let t = |ja, en| page.t(ja, en);
    match export.state {
        Stands::UnderWay => badge(Tone::Plain, t("作成中", "Being made")),
        Stands::Done { at } if is_past(at, page.now) => {
            badge(Tone::Warn, t("取得期限切れ", "No longer kept"))
        }
        Stands::Done { .. } => badge(Tone::Ok, t("完成", "Complete")),
        Stands::Failed { .. } => badge(Tone::Bad, t("作成できませんでした", "Failed")),
    }
}

/// How much of the span is copied, while it is.
fn progress(page: &Page, export: &Export, from: Timestamp, until: Timestamp) -> Markup {
    if !export.is_under_way() {
        return html! {};
    }
    let reached = export.reached.map_or(from, |at| at.clamp(from, until));
    let part = |to: Timestamp| to.duration_since(from).as_secs();
    html! {
        progress max=(part(until)) value=(part(reached)) aria-label=(page.t("進み具合", "Progress")) {}
    }
}

fn gaps(page: &Page, export: &Export) -> Markup {
    let Some(many) = export.gaps else {
        return html! {};
    };
    let text = match (many, page.language) {
        (0, _) => page
            .t("録画の欠落はありません。", "Nothing is missing.")
            .to_owned(),
        (many, ciero_domain::Language::Ja) => {
            format!("録画のない時間帯が{many}か所あります。詳細は manifest.json に記載しています。")
        }
        (many, ciero_domain::Language::En) => {
            format!("Times without a recording: {many}. manifest.json lists them.")
        }
    };
    html! { p { (text) } }
}

fn entry(page: &Page, export: &Export, file: &File) -> Markup {
    let plays = file.plays_ms.map(|ms| ms / 1000);
    html! {
        li {
            a href={ "/exports/" (export.id) "/files/" (file.name) } { (file.name) }
            " " small {
                (size(file.bytes))
                @if let Some(seconds) = plays {
                    " · " (format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60))
                }
            }
            br;
            small.muted { "SHA-256 " code { (file.sha256) } }
            @if file.name == "manifest.json" {
                " " small { (page.t("時刻の対応、欠落、ハッシュ値の一覧", "times, gaps and hashes")) }
            }
        }
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// The form of a camera's page that asks for a span; nothing for who has no right to export.
pub fn form(page: &Page, camera: &Camera, user: &User) -> Markup {
    let Some(earliest) = earliest_exportable(user, camera, page.now) else {
        return html! {};
    };
    let t = |ja, en| page.t(ja, en);
    let until = camera.retired_at.unwrap_or(page.now).min(page.now);
    let from = until.saturating_sub(OFFERED).unwrap_or(until).max(earliest);
    html! {
        section.exports {
            h2 { (t("録画を保存", "Save a recording")) }
            form.stack.card method="post" action={ "/cameras/" (camera.id) "/exports" } data-enhance {
                (page.token())
                (end(t("開始（日本時間）", "From (Japan time)"), "from", from))
                (end(t("終了（日本時間）", "Until (Japan time)"), "until", until))
                p.hint { (t(
                    "長さの制限はありません（保存期間内）。保存したものから録画を復元することはできません。",
                    "Any length within the retention. A recording cannot be restored from what you save.",
                )) }
                div.actions { button.button type="submit" { (t("この範囲を保存", "Save this span")) } }
            }
        }
    }
}

fn end(label: &str, name: &str, at: Timestamp) -> Markup {
    let at = ciero_domain::calendar::tokyo_datetime(at);
    let id = format!("f-{name}");
    html! {
        div.field {
            label for=(id) { (label) }
            input id=(id) name=(name) type="datetime-local" step="1" required value=(at.strftime("%Y-%m-%dT%H:%M:%S"));
        }
    }
}
