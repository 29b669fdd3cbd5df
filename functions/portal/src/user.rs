//! One person of a contract: rights camera by camera, sessions, removal, and history.

use axum::extract::State;
use ciero_domain::device::Camera;
use ciero_domain::ids::UserId;
use ciero_domain::user::{Right, Role, User, UserState};
use ciero_pages::{Section, Ticked, checkbox, hidden};
use ciero_ports::AuditRow;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::input::Segment;
use crate::page::{AdministratorPage, Page};
use crate::pieces::{Tone, fact, moment, notice, role};
use crate::trail::{self, Names, Reader};
use crate::users::user_state;

/// Shows a person of the administrator's own contract.
pub async fn show(
    State(app): State<App>,
    AdministratorPage { page, user }: AdministratorPage,
    Segment(id): Segment,
) -> Result<Markup, Problem> {
    let id = UserId::parse(&id).map_err(|_| Problem::not_found())?;
    let contract = &user.contract;
    let (person, cameras, rows) = tokio::join!(
        app.gate.people.user(contract, &id),
        app.devices.cameras(contract),
        app.audit.trail(contract, trail::ROWS)
    );
    let person = person?.ok_or_else(Problem::not_found)?;
    let (cameras, mut rows) = (cameras?, rows?);
    rows.retain(|row| row.actor == person.id.as_str());
    let active = person.state == UserState::Active;
    let content = html! {
        p { a href="/users" { (page.t("← ユーザの一覧", "← All users")) } }
        h1 { (person.name) " " (user_state(&page, &person)) }
        (facts(&page, &person))
        @if active {
            (rights(&page, &person, &cameras))
            (account(&page, &person))
        }
        (history(&page, &person, &cameras, &rows))
        @if active { (removal(&page, &person)) } @else if !person.is_erased() { (erasure(&page, &person)) }
    };
    Ok(page.show(Section::Users, &person.name, &content))
}

fn facts(page: &Page, person: &User) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        dl.facts {
            (fact(t("メールアドレス", "E-mail"), &person.email))
            (fact(t("役割", "Role"), &role(l, person.role)))
            (fact(t("メールの言語", "Language of mails"), &person.language.t("日本語", "English")))
            (fact(t("登録日時", "Added"), &moment(l, person.added_at)))
        }
    }
}

fn rights(page: &Page, person: &User, cameras: &[Camera]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let cameras: Vec<&Camera> = cameras.iter().filter(|c| c.retired_at.is_none()).collect();
    html! {
        h2 { (t("カメラごとの権限", "Rights, camera by camera")) }
        @if person.role == Role::Administrator {
            (notice(Tone::Info, &html! { p { (t("担当者は、すべてのカメラについてすべての権限を持ちます。", "An administrator holds every right on every camera.")) } }))
        } @else if cameras.is_empty() {
            div.empty {
                p { (t("カメラがまだありません。", "There is no camera yet.")) }
                div.actions { a.button href="/devices" { (t("機器を登録する", "Register a device")) } }
            }
        } @else {
            p.muted { (t("権限を与える前の録画は、その方には見えません。すべて外すと、そのカメラは見えなくなります。", "Recordings from before a right was given stay invisible. Without any right the camera itself is invisible.")) }
            div.cards { @for camera in cameras { (rights_of(page, person, camera)) } }
        }
    }
}

fn rights_of(page: &Page, person: &User, camera: &Camera) -> Markup {
    let l = page.language;
    html! {
        form.card method="post" action={ "/users/" (person.id) "/rights" } data-enhance {
            (page.token())
            (hidden("camera", camera.id.as_str()))
            fieldset {
                legend { (camera.name) }
                @for right in Right::ALL {
                    @let since = person.right_since(&camera.id, camera.since, *right);
                    @let label = html! {
                        (right.sentence(l))
                        @if let Some(since) = since { small { (moment(l, since)) (page.t(" から", " onwards")) } }
                    };
                    (checkbox(right.code(), &label, if since.is_some() { Ticked::Yes } else { Ticked::No }))
                }
            }
            div.actions { button.button type="submit" { (page.t("保存する", "Save")) } }
        }
    }
}

fn account(page: &Page, person: &User) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        h2 { (t("サインイン", "Signing in")) }
        div.grid-2 {
            form.card method="post" action={ "/users/" (person.id) "/invitation" } data-enhance {
                (page.token())
                p { (t("招待のメールをもう一度お送りします。新しい初回パスワードが発行され、以前のものは使えなくなります。", "Sends the invitation again with a new first password; the earlier one stops working.")) }
                div.actions { button.button type="submit" { (t("招待を再送する", "Send the invitation again")) } }
            }
            form.card method="post" action="/session-revocation" data-enhance {
                (page.token())
                (hidden("user", person.id.as_str()))
                p { (t("端末の紛失などの際に、この方をすべての端末からサインアウトさせます。再生中の映像も数分以内に止まります。", "Signs this person out on every device, for example after a loss. A picture that is playing stops within minutes.")) }
                div.actions { button.button type="submit" { (t("すべての端末からサインアウトさせる", "Sign out everywhere")) } }
            }
        }
    }
}

fn history(page: &Page, person: &User, cameras: &[Camera], rows: &[AuditRow]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let known = std::slice::from_ref(person);
    html! {
        h2 { (t("利用規約への同意", "Acceptance of the terms")) }
        @if person.acceptances.is_empty() {
            p.muted { (t("まだ同意していません。最初のサインインで同意するまで、映像は見られません。", "Not yet. No picture is shown until the terms are accepted at the first sign-in.")) }
        } @else {
            ul { @for acceptance in &person.acceptances { li {
                a href={ "/terms/" (acceptance.terms_version) } { (acceptance.terms_version) (t("版", "")) }
                " — " (moment(l, acceptance.at))
            } } }
        }
        h2 { (t("この方の最近の操作", "What this person did lately")) }
        (trail::table(page, rows, &Names::of(known, cameras), Reader::Customer))
    }
}

fn removal(page: &Page, person: &User) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        h2 { (t("ユーザの削除", "Removing the user")) }
        (notice(Tone::Warn, &html! { p { (t(
            "削除すると、この方はすぐにサインインできなくなり、カメラの権限もすべて失われます。元に戻すことはできません。操作と同意の記録は残ります。最後の担当者は削除できません。",
            "The person can no longer sign in from that moment and loses every right. This cannot be undone. Records of actions and consent stay. The last administrator cannot be removed.",
        )) } }))
        form method="post" action={ "/users/" (person.id) "/removal" } data-enhance {
            (page.token())
            div.actions { button.button.danger type="submit" { (person.name) (t(" さんを削除する", ": remove")) } }
        }
    }
}

fn erasure(page: &Page, person: &User) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        h2 { (t("個人情報の消去", "Erasing personal data")) }
        (notice(Tone::Warn, &html! { p { (t(
            "氏名とメールアドレスを消去し、以後はユーザIDだけを表示します。元に戻すことはできません。操作と同意の記録は残ります。",
            "Erases name and e-mail address; from then on only the user's identifier is shown. This cannot be undone. Records of actions and consent stay.",
        )) } }))
        form method="post" action={ "/users/" (person.id) "/erasure" } data-enhance {
            (page.token())
            div.actions { button.button.danger type="submit" { (t("氏名とメールアドレスを消去する", "Erase name and e-mail address")) } }
        }
    }
}
