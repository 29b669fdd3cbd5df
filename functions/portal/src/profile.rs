//! What the service holds about the person who is signed in: to see, correct, take along and give up (21-5).

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use ciero_domain::user::User;
use ciero_pages::{FieldView, Section, field, select};
use ciero_runtime::Problem;
use http::header;
use maud::{Markup, html};
use serde_json::json;

use crate::App;
use crate::page::{NewcomerPage, Page};
use crate::pieces::{Tone, fact, moment, notice, role};

/// How much of the trail and of the notices goes along.
const MOST: u16 = 1_000;

/// Shows a person's own data.
pub async fn show(
    State(_): State<App>,
    NewcomerPage { page, user }: NewcomerPage,
) -> Result<Markup, Problem> {
    let t = |ja, en| page.t(ja, en);
    let title = t("ご自身の情報", "Your data");
    let content = html! {
        h1 { (title) }
        (facts(&page, &user))
        (correction(&page, &user))
        (address(&page, &user))
        h2 { (t("写しを受け取る", "Take a copy")) }
        p { (t(
            "当社が保有するご自身の情報（登録の内容、同意、権限、操作の記録、お送りしたメールの記録）を、機械で読める形でお受け取りいただけます。",
            "What we hold about you, in a form that machines read: registration, consent, rights, what you did, and the mails that we sent.",
        )) }
        p { a.button href="/profile/data" download="my-data.json" { (t("JSONで受け取る", "Download as JSON")) } }
        (leaving(&page, &user))
    };
    Ok(page.show(Section::None, title, &content))
}

fn facts(page: &Page, user: &User) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        dl.facts {
            (fact(t("氏名", "Name"), &user.name))
            (fact(t("メールアドレス", "E-mail"), &user.email))
            (fact(t("役割", "Role"), &role(l, user.role)))
            (fact(t("登録日時", "Added"), &moment(l, user.added_at)))
            @if let Some(accepted) = user.acceptances.last() {
                (fact(t("同意した利用規約", "Terms accepted"), &html! { (accepted.terms_version) (t("版（", " (")) (moment(l, accepted.at)) (t("）", ")")) }))
            }
        }
    }
}

fn correction(page: &Page, user: &User) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let languages = [("ja", "日本語"), ("en", "English")];
    let languages = languages.map(|(code, name)| (code.to_owned(), name.to_owned()));
    html! {
        h2 { (t("訂正する", "Correct")) }
        form.stack.card method="post" action="/profile" data-enhance {
            (page.token())
            (field(&FieldView { name: "name", label: t("氏名", "Name"), hint: t("IDはご本人だけのものです。別の方に替わるときは、担当者が新しいユーザを追加してください（利用規約 第5条）。", "An ID belongs to one person. For another person the administrator adds another user (Terms, Art. 5)."), value: &user.name, autocomplete: "name", ..FieldView::default() }))
            (select(&FieldView { name: "language", label: t("メールの言語", "Language of mails"), value: user.language.t("ja", "en"), ..FieldView::default() }, &languages))
            div.actions { button.button.primary type="submit" { (t("訂正する", "Correct")) } }
        }
    }
}

/// Another sign-in address: asked for, then proven with the code that was mailed to it.
fn address(page: &Page, user: &User) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        h2 { (t("メールアドレスを替える", "Change the e-mail address")) }
        @if let Some(change) = &user.address_change {
            (notice(Tone::Warn, &html! { p {
                (change.email) " "
                (t("に確認コードをお送りしました（", ": we sent a code there (")) (moment(l, change.asked_at))
                (t("、24時間有効）。ご入力いただくまで、いまのアドレスのままです。", ", valid for 24 hours). Until you enter it, the present address stays."))
            } }))
            form.stack.card method="post" action="/profile/address/proof" data-enhance {
                (page.token())
                (field(&FieldView { name: "code", label: t("確認コード", "Code"), autocomplete: "one-time-code", ..FieldView::default() }))
                div.actions { button.button.primary type="submit" { (t("このアドレスに替える", "Use this address")) } }
            }
        }
        form.stack.card method="post" action="/profile/address" data-enhance {
            (page.token())
            (field(&FieldView { name: "email", kind: "email", label: t("新しいメールアドレス", "New e-mail address"), hint: t("確認コードをそのアドレスにお送りします。パスワードは変わりません。", "We send a code there. The password stays the same."), autocomplete: "email", ..FieldView::default() }))
            div.actions { button.button type="submit" { (t("確認コードを送る", "Send the code")) } }
        }
    }
}

fn leaving(page: &Page, user: &User) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        h2 { (t("利用をやめる・消去", "Leaving, and erasure")) }
        (notice(Tone::Warn, &html! { p { (t(
            "利用をやめると、すぐにサインインできなくなり、カメラの権限もすべて失われます。その後、担当者が氏名とメールアドレスを消去できます。操作と同意の記録は、契約の続くあいだIDだけで残します（だれが映像を見たかをお客様が確かめるためです）。お送りしたメールの送り先は、お知らせの証拠として残ります。最後の担当者は、契約が続くあいだ消去できません。",
            "If you leave, you can no longer sign in from that moment and lose every right. An administrator can then erase your name and e-mail address. Records of acts and consent stay under the identifier alone while the contract lives, so that the customer can tell who watched. Where mails were sent stays as proof of the notices. The last administrator cannot be erased while the contract lives.",
        )) } }))
        form method="post" action="/profile/removal" data-enhance {
            (page.token())
            div.actions { button.button.danger type="submit" { (user.name) (t(" の利用をやめる", ": leave the service")) } }
        }
    }
}

/// Answers everything that is held about the person. Screening reasons and disclosure are nobody's own data here (D-32).
pub async fn data(
    State(app): State<App>,
    NewcomerPage { user, .. }: NewcomerPage,
) -> Result<Response, Problem> {
    let (rows, notices) = tokio::join!(
        app.audit.trail(&user.contract, MOST),
        app.notices.of_contract(&user.contract, MOST)
    );
    let (mut rows, mut notices) = (rows?, notices?);
    rows.retain(|row| row.actor == user.id.as_str());
    notices.retain(|record| record.to == user.email || record.notice.user() == Some(&user.id));
    let sent: Vec<_> = notices
        .iter()
        .map(|of| json!({"kind": of.notice.kind(), "to": of.to, "sent_at": of.sent_at, "outcome": of.outcome}))
        .collect();
    let acts: Vec<_> = rows
        .iter()
        .map(|of| json!({"at": of.at, "action": of.action, "camera": of.camera, "outcome": of.outcome}))
        .collect();
    let all = json!({"user": user, "acts": acts, "notices": sent});
    let named = [(
        header::CONTENT_DISPOSITION,
        "attachment; filename=\"my-data.json\"",
    )];
    Ok((named, Json(all)).into_response())
}
