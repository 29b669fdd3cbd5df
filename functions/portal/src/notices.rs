//! The notice ledger of the contract as its administrator reads it (Art. 24).

use axum::extract::State;
use ciero_domain::Language;
use ciero_domain::interruption::Told;
use ciero_domain::notice::{Failure, NextStep, Notice, NoticeRecord, Outcome};
use ciero_pages::Section;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::page::{AdministratorPage, Page};
use crate::pieces::{Tone, badge, day, moment};
use crate::trail::Reader;

/// How many notices the page shows.
const ROWS: u16 = 100;

/// Shows the newest notices, the newest first.
pub async fn list(
    State(app): State<App>,
    AdministratorPage { page, user }: AdministratorPage,
) -> Result<Markup, Problem> {
    let notices = app.notices.of_contract(&user.contract, ROWS).await?;
    let t = |ja, en| page.t(ja, en);
    let title = t("お知らせ", "Notices");
    let content = html! {
        h1 { (title) }
        p.lead { (t(
            "当社からお送りしたお知らせの記録です。届かなかったお知らせがあるときは、登録のメールアドレスをご確認ください。",
            "What we have sent you. If a notice did not arrive, please check the registered e-mail address.",
        )) }
        (table(&page, &notices, Reader::Customer))
    };
    Ok(page.show(Section::Notices, title, &content))
}

/// Writes the ledger; an operator is told whom to reach another way (Art. 24).
pub fn table(page: &Page, notices: &[NoticeRecord], reader: Reader) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let (when, what) = (t("日時", "When"), t("内容", "What"));
    let (to, state) = (t("宛先", "To"), t("到達状況", "State"));
    let next = t("次の対応", "Next step");
    if notices.is_empty() {
        return html! { div.empty { p { (t("まだお知らせがありません。", "There is no notice yet.")) } } };
    }
    html! {
        table.list {
            thead { tr { @for head in [when, what, to, state, next] { th scope="col" { (head) } } } }
            tbody { @for record in notices { tr {
                td data-label=(when) { (moment(l, record.sent_at)) }
                td data-label=(what) { (subject(l, &record.notice, reader)) }
                td data-label=(to) { @if record.to.is_empty() { "—" } @else { (record.to) } }
                td data-label=(state) {
                    div {
                        (outcome(page, record.outcome))
                        @if let Some(posted) = &record.posted { " " small { (posted.channel) " · " (day(l, posted.sent_on)) } }
                    }
                }
                td data-label=(next) { (next_step(page, record, reader)) }
            } } }
        }
    }
}

/// Writes what a notice is about, with the way to its document.
fn subject(l: Language, notice: &Notice, reader: Reader) -> Markup {
    let number = match notice {
        // The documents' own pages are the customer's.
        _ if reader == Reader::Operator => None,
        Notice::InvoiceIssued { number, .. }
        | Notice::CreditNoteIssued { number, .. }
        | Notice::Demand { number, .. } => Some(*number),
        _ => None,
    };
    html! {
        @match number {
            Some(number) => a href={ "/invoices/" (number) } { (kind(l, notice)) },
            None => (kind(l, notice)),
        }
    }
}

/// Returns the kind of a notice in words.
fn kind(l: Language, notice: &Notice) -> &'static str {
    match notice {
        Notice::ApplicationReceived { .. } => l.t("お申し込みの受付", "Application received"),
        Notice::ApplicationApproved { .. } => l.t("お申し込みの承認", "Application approved"),
        Notice::ApplicationDeclined { .. } => l.t("審査の結果", "Result of the screening"),
        Notice::RegistrationCompleted { .. } => l.t("登録の完了", "Registration complete"),
        Notice::UserInvited { .. } => l.t("ユーザの招待", "Invitation of a user"),
        Notice::UserRemoved { .. } => l.t("ユーザの削除", "Removal of a user"),
        Notice::AddressAsked { .. } => l.t("新しいメールアドレスの確認", "Proof of a new address"),
        Notice::AddressChanged { .. } => {
            l.t("サインインのアドレスの変更", "Sign-in address changed")
        }
        Notice::TermsPublished { .. } => l.t("利用規約の変更", "Change of the terms"),
        Notice::ThirdPartyTermsChanged { .. } => l.t(
            "第三者サービスの提供条件の変更",
            "Change of third-party terms",
        ),
        Notice::InvoiceIssued { .. } => l.t("請求書の発行", "Invoice issued"),
        Notice::CreditNoteIssued { .. } => l.t("返還請求書の発行", "Credit note issued"),
        Notice::OrderAccepted { .. } => l.t("追加のお申込みの承諾", "Further order accepted"),
        Notice::RenewalReminder { .. } => l.t("更新のご案内", "Reminder of the renewal"),
        Notice::Renewed { .. } => l.t("契約の更新", "Renewed"),
        Notice::Expired { .. } => l.t("満了", "Expired"),
        Notice::RefusalReceived { .. } => l.t("更新拒絶の受付", "Refusal of renewal received"),
        Notice::CancellationReceived { .. } => l.t("解約の受付", "Cancellation received"),
        Notice::BackupReminder { .. } => l.t("録画等の保存のご案内", "Reminder to save recordings"),
        Notice::ContractEnded { .. } => l.t("契約の終了", "End of the contract"),
        Notice::Demand { .. } => l.t("お支払いの催告", "Demand for payment"),
        Notice::Suspended { .. } => l.t("利用停止", "Suspension"),
        Notice::SuspensionLifted { .. } => l.t("利用停止の解除", "Suspension lifted"),
        Notice::Rescinded { .. } => l.t("契約の解除", "Rescission"),
        Notice::ChangeReceived { .. } => {
            l.t("登録事項の変更の受付", "Change of particulars received")
        }
        Notice::ParticularsRegistered { .. } => l.t("登録事項の変更", "Particulars changed"),
        Notice::ContactMoved { .. } => l.t("メールアドレスの変更", "E-mail address changed"),
        Notice::ChangeRefused { .. } => {
            l.t("登録事項の変更の結果", "Change of particulars not made")
        }
        Notice::RecordingStopped { .. } => l.t("録画の停止", "Recording stopped"),
        Notice::RecordingResumed { .. } => l.t("録画の再開", "Recording resumed"),
        Notice::Interruption { told, .. } => match told {
            Told::Ahead => l.t("保守による停止", "Planned maintenance"),
            Told::CalledOff => l.t("保守の中止", "Maintenance called off"),
            Told::Afterwards => l.t("停止の終了", "Interruption over"),
        },
        Notice::ExportEnded { .. } => l.t("バックアップの結果", "Result of a backup"),
        Notice::RecordingsDeleted { .. } => {
            l.t("録画の消去の受付", "Deletion of recordings received")
        }
        Notice::DataDeleted { .. } => l.t("データの消去", "Deletion of data"),
        Notice::ServiceEndAnnounced { .. } => l.t("サービスの終了", "End of the service"),
        Notice::ServiceEndSet { .. } => l.t("サービスの最終日", "Last day of the service"),
        Notice::ResellerInvoiceIssued { .. } => l.t("販売店への請求書", "Invoice to the reseller"),
    }
}

fn next_step(page: &Page, record: &NoticeRecord, reader: Reader) -> &'static str {
    let l = page.language;
    match (record.next_step(), reader) {
        (NextStep::Nothing, _) => l.t("なし", "None"),
        (NextStep::SecondChannel, Reader::Customer) => l.t(
            "別の方法でご連絡します。登録のメールアドレスをご確認ください。",
            "We reach you another way. Please check the registered address.",
        ),
        (NextStep::SecondChannel, Reader::Operator) => l.t(
            "電話や郵便など別の方法で伝える（対応事項にあります）",
            "Reach them another way, by telephone or letter (there is a case)",
        ),
    }
}

fn outcome(page: &Page, outcome: Outcome) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    match outcome {
        Outcome::Sent => badge(Tone::Plain, t("送信済み", "Sent")),
        Outcome::Arrived { at } => html! {
            (badge(Tone::Ok, t("到達", "Arrived"))) " " small { (moment(l, at)) }
        },
        Outcome::Failed { at, reason } => html! {
            (badge(Tone::Bad, t("不達", "Not delivered"))) " " small { (why(l, reason)) " · " (moment(l, at)) }
        },
        Outcome::NotSent { .. } => html! {
            (badge(Tone::Plain, t("送信なし", "Not sent"))) " "
            small { (t("送信前に状況が変わったため", "It was no longer so before it was sent")) }
        },
    }
}

fn why(l: Language, reason: Failure) -> &'static str {
    match reason {
        Failure::BouncedForGood => l.t("宛先で受け取れません", "the address takes no mail"),
        Failure::BouncedForNow => l.t("時間内に届きませんでした", "not taken in time"),
        Failure::Complained => l.t("迷惑メールとして報告されました", "reported as unwanted"),
        Failure::Rejected => l.t("送信できませんでした", "could not be sent"),
    }
}
