//! The people of a contract, and the form that adds one (1-1, 2-6, 2-7).

use axum::extract::State;
use ciero_domain::user::{User, UserState};
use ciero_pages::{FieldView, Section, Ticked, checkbox, field, select};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::page::{AdministratorPage, Page};
use crate::pieces::{Tone, badge, day, role};
use crate::trail::{self, Names, Reader};

/// Shows the people and what was done lately.
pub async fn list(
    State(app): State<App>,
    AdministratorPage { page, user }: AdministratorPage,
) -> Result<Markup, Problem> {
    let contract = &user.contract;
    let (users, cameras, rows) = tokio::join!(
        app.gate.people.users(contract),
        app.devices.cameras(contract),
        app.audit.trail(contract, trail::ROWS)
    );
    let (mut users, cameras, rows) = (users?, cameras?, rows?);
    users.sort_by_key(|user| (user.state == UserState::Removed, user.added_at));
    let title = page.t("ユーザ", "Users");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t(
            "サインインできるのは、ここに登録された方だけです。お一人に一つずつ登録し、共用はしないでください。",
            "Only the people registered here can sign in. Register each person separately; accounts must not be shared.",
        )) }
        (table(&page, &users))
        h2 #add { (page.t("ユーザを追加する", "Add a user")) }
        (add_form(&page))
        h2 { (page.t("最近の操作", "What was done lately")) }
        (trail::table(&page, &rows, &Names::of(&users, &cameras), Reader::Customer))
    };
    Ok(page.show(Section::Users, title, &content))
}

fn table(page: &Page, users: &[User]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let (name, email, kind) = (t("氏名", "Name"), t("メール", "E-mail"), t("役割", "Role"));
    let (added, state) = (t("登録日", "Added"), t("状態", "State"));
    html! {
        table.list {
            thead { tr { @for head in [name, email, kind, added, state] { th scope="col" { (head) } } } }
            tbody { @for user in users { tr {
                td data-label=(name) { a href={ "/users/" (user.id) } { (user.name) } }
                td data-label=(email) { (user.email) }
                td data-label=(kind) { (role(l, user.role)) }
                td data-label=(added) { (day(l, ciero_domain::calendar::tokyo_date(user.added_at))) }
                td data-label=(state) { (user_state(page, user)) }
            } } }
        }
    }
}

/// Writes where a person stands.
pub fn user_state(page: &Page, user: &User) -> Markup {
    if user.state == UserState::Removed {
        badge(Tone::Plain, page.t("削除済み", "Removed"))
    } else if user.accepted_terms() {
        badge(Tone::Ok, page.t("利用中", "Active"))
    } else {
        badge(
            Tone::Warn,
            page.t("規約の同意待ち", "Terms not accepted yet"),
        )
    }
}

fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(value, text): &(&str, &str)| ((*value).to_owned(), (*text).to_owned());
    pairs.iter().map(owned).collect()
}

fn add_form(page: &Page) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let roles = options(&[
        (
            "user",
            t(
                "登録ユーザ（許可されたカメラを見る）",
                "Registered user (watches the cameras allowed)",
            ),
        ),
        (
            "administrator",
            t(
                "担当者（ユーザと機器も管理する）",
                "Administrator (also manages users and devices)",
            ),
        ),
    ]);
    let languages = options(&[("ja", "日本語"), ("en", "English")]);
    let attestation = html! { (t(
        "この方に利用規約を周知し、従うことへの同意を得ました。この方は日本国内に居住しています。",
        "I have told this person the terms of service and obtained their agreement. The person lives in Japan.",
    )) };
    html! {
        form.stack.card method="post" action="/users" data-enhance {
            (page.token())
            (field(&FieldView { name: "name", label: t("氏名", "Name"), ..FieldView::default() }))
            (field(&FieldView { name: "email", label: t("メールアドレス", "E-mail"), kind: "email", hint: t("この宛先にサインインのご案内をお送りします。", "The invitation to sign in is sent here."), ..FieldView::default() }))
            (select(&FieldView { name: "role", label: t("役割", "Role"), value: "user", ..FieldView::default() }, &roles))
            (select(&FieldView { name: "language", label: t("メールの言語", "Language of mails"), value: page.language.tag(), ..FieldView::default() }, &languages))
            (checkbox("attestation", &attestation, Ticked::No))
            div.actions { button.button.primary type="submit" { (t("追加して招待する", "Add and invite")) } }
        }
    }
}
