//! The confirmation of a deletion: one camera's recordings, from when to when, and that nothing comes back (9, 15-2).

use axum::extract::State;
use ciero_domain::deletion::HIDDEN;
use ciero_domain::device::Camera;
use ciero_domain::entitlement::{Rule, earliest_visible};
use ciero_domain::ids::CameraId;
use ciero_pages::{FieldView, Section, field};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::input::Segment;
use crate::page::{AdministratorPage, Page};
use crate::pieces::{Tone, moment, notice};

/// Shows what a deletion takes away, and the form that confirms it by the camera's name.
pub async fn show(
    State(app): State<App>,
    AdministratorPage { page, user }: AdministratorPage,
    Segment(id): Segment,
) -> Result<Markup, Problem> {
    let id = CameraId::parse(&id).map_err(|_| Problem::not_found())?;
    let seen = app.viewing.seen(&user.contract, &user.id, &id).await?;
    let seen = seen.ok_or_else(Problem::not_found)?;
    let camera = &seen.camera;
    let t = |ja, en| page.t(ja, en);
    let title = t("録画の消去", "Deleting recordings");
    let content = html! {
        p { a href={ "/cameras/" (camera.id) } { (t("← カメラ", "← Camera")) } }
        h1 { (title) " " (camera.name) }
        @if seen.contract.has_ended(page.today()) {
            (notice(Tone::Bad, &html! { p { (Rule::ContractRunning.sentence(page.language)) } }))
        } @else if camera.since > page.now {
            (accepted(&page, camera))
        } @else {
            (consequences(&page, camera, earliest_visible(&seen.user, camera, page.now).unwrap_or(camera.since)))
            (confirmation(&page, camera))
        }
    };
    Ok(page.show(Section::Cameras, title, &content))
}

/// Says, as long as it is fresh, that a deletion was accepted; the same whatever becomes of it.
pub fn accepted(page: &Page, camera: &Camera) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        @if camera.since > page.now {
            (notice(Tone::Ok, &html! { p {
                strong { (t("録画の消去を受け付けました。", "The deletion has been accepted.")) } " "
                (moment(page.language, camera.since))
                (t(" 以降の録画をご覧いただけます。控えをメールでもお送りします。", ": recordings from then on can be seen. A copy is sent by mail."))
            } }))
        }
    }
}

fn consequences(page: &Page, camera: &Camera, from: jiff::Timestamp) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let minutes = HIDDEN.as_mins();
    let row = |name: &str, value: Markup| html! { tr { th scope="row" { (name) } td { (value) } } };
    html! {
        p.lead { (t(
            "ご契約の終了前に、カメラの録画をお客様ご自身で消去できます（利用規約 第15条第2項）。",
            "You may delete a camera's recordings yourself before the contract ends (Terms, 15-2).",
        )) }
        h2 { (t("消去の内容", "What this means")) }
        table.confirm { tbody {
            (row(t("カメラ", "Camera"), html! { strong { (camera.name) } }))
            (row(t("消去する録画", "What is deleted"), html! {
                (moment(l, from)) " – " (moment(l, page.now)) br;
                (t("このカメラのすべての録画です。一部だけを残すことはできません。", "Every recording of this camera. No part of it can be kept here."))
            }))
            (row(t("復元", "Restoring"), html! { strong { (t("できません", "Not possible")) } br; (t(
                "消去した録画は、当社にも復元できません（利用規約 第9条）。必要な録画は、先に保存してください。",
                "Nobody can bring the recordings back, nor can we (Terms, Art. 9). Save what you need first.",
            )) " " a href="/exports" { (t("バックアップ", "Backups")) } }))
            (row(t("バックアップ", "Backups"), html! { (t(
                "このカメラの録画から作成したバックアップのファイルも消去します。お手元に取得したファイルはそのまま残ります。",
                "Files of backups made from these recordings are deleted too. What you have fetched stays with you.",
            )) }))
            (row(t("時期", "When"), html! {
                (t("確認した時点から、だれもご覧いただけなくなり、その後、順次消去します。", "From your confirmation on nobody can see them; they are then erased.")) br;
                (t("確認から", "Recordings of ")) (minutes) (t("分間の録画も、あわせてご覧いただけなくなります。", " minutes after it go with them."))
            }))
            (row(t("これからの録画", "Recording"), html! { (t("止まりません。ライブ映像もご覧いただけます。", "Goes on without a break, and so does the live picture.")) }))
        } }
    }
}

fn confirmation(page: &Page, camera: &Camera) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let name = FieldView {
        name: "name",
        label: t(
            "確認のため、カメラの名称を入力してください",
            "To confirm, type the name of the camera",
        ),
        hint: &camera.name,
        ..FieldView::default()
    };
    html! {
        form.stack.card method="post" action={ "/cameras/" (camera.id) "/deletion" } data-enhance {
            (page.token())
            (field(&name))
            div.actions {
                button.button.danger type="submit" { (t("録画を消去する", "Delete the recordings")) }
                a.button href={ "/cameras/" (camera.id) } { (t("やめる", "Not now")) }
            }
        }
    }
}
