//! What there is to do before a contract ends: save, delete, and know the days (15-1, 15-2, 15-3).

use axum::extract::State;
use ciero_domain::contract::{Contract, Standing};
use ciero_domain::device::Camera;
use ciero_pages::Section;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::contract::{data_goes, ending, standing};
use crate::page::{ContractPage, Page};
use crate::pieces::{day, fact};

/// Lists what a customer may want to do before leaving, each with the way to it.
pub async fn show(
    State(app): State<App>,
    ContractPage { page, contract }: ContractPage,
) -> Result<Markup, Problem> {
    let mut cameras = app.devices.cameras(&contract.id).await?;
    cameras.sort_by_key(|camera| (camera.retired_at.is_some(), camera.name.clone()));
    let t = |ja, en| page.t(ja, en);
    let title = t("ご契約の終了前に", "Before you leave");
    let content = html! {
        p { a href="/contract" { (t("← ご契約", "← Contract")) } }
        h1 { (title) }
        (standing(&page, &contract))
        (ending(&page, &contract))
        p.lead { (t(
            "ご契約が終了すると、録画も登録データもご覧いただけなくなり、その後消去します（利用規約 第15条）。必要なものの保存と、データの消去は、終了日の24時まで、お客様ご自身で行えます。",
            "When the contract ends, recordings and registered data can no longer be seen, and are deleted later (Terms, Art. 15). Until 24:00 of the last day you can save and delete them yourself.",
        )) }
        (days_ahead(&page, &contract))
        h2 { (t("1. 保存する", "1. Save")) }
        ul {
            li { a href="/exports" { (t("すべてのカメラの録画と登録データを保存する", "Save the recordings of all cameras and the registered data")) } }
            @if !contract.is_resold() {
                li { a href="/invoices" { (t("請求書とお支払いの記録を保存する", "Save invoices and payments")) } }
            }
            li { a href="/notices" { (t("お知らせの記録を見る", "See the notices")) } }
        }
        h2 { (t("2. 消去する（任意）", "2. Delete, if you wish")) }
        (deletions(&page, &cameras))
        h2 { (t("3. 終了する", "3. End")) }
        ul {
            li { a href="/contract/refusal" { (t("更新しない（満了日に終了）", "Refuse the renewal, and end on the expiry date")) } }
            li { a href="/contract/cancellation" { (t("解約する（日を選ぶ）", "Cancel, on a day of your choice")) } }
        }
    };
    Ok(page.show(Section::Contract, title, &content))
}

/// The days that the reminders name too.
fn days_ahead(page: &Page, contract: &Contract) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let chosen = contract.ending.as_ref().map(|ending| ending.on);
    let last = match &contract.standing {
        Standing::Ended { on, .. } => Some(*on),
        _ => chosen.or_else(|| contract.last_expiry(page.today())),
    };
    html! {
        dl.facts {
            @for order in &contract.orders {
                (fact(t("更新拒絶期限", "Last day to refuse renewal"), &day(l, crate::contract::current_term(page, order).last_day_to_refuse)))
            }
            @if let Some(last) = last {
                (fact(t("終了日", "Last day"), &html! {
                    (day(l, last))
                    @if chosen.is_none() { (t("（更新しない場合）", " (unless renewed)")) }
                }))
                (fact(t("データの消去", "Deletion of data"), &html! { (data_goes(page, contract, last)) }))
            }
        }
    }
}

fn deletions(page: &Page, cameras: &[Camera]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        ul {
            @for camera in cameras {
                li { a href={ "/cameras/" (camera.id) "/deletion" } { (t("録画を消去する：", "Delete recordings: ")) (camera.name) } }
            }
            li { a href="/devices" { (t("機器の登録を解除する", "Retire devices")) } }
            li { a href="/users" { (t("ユーザを削除する", "Remove users")) } }
        }
    }
}
