//! The customer's cameras.

use axum::extract::State;
use ciero_domain::device::{Camera, Device, DeviceState};
use ciero_domain::user::{Right, Role, User};
use ciero_domain::watch::Ledger;
use ciero_pages::Section;
use ciero_runtime::Problem;
use maud::{Markup, PreEscaped, html};

use crate::App;
use crate::page::{CustomerPage, Page};
use crate::pieces::{Tone, badge, days};
use crate::recording;

/// Shows the cameras on which the user holds any right; an administrator holds all of them.
pub async fn list(
    State(app): State<App>,
    CustomerPage { page, user }: CustomerPage,
) -> Result<Markup, Problem> {
    let (cameras, devices, ledgers) = tokio::join!(
        app.devices.cameras(&user.contract),
        app.devices.devices(&user.contract),
        app.watch.ledgers(&user.contract)
    );
    let (mut cameras, devices, ledgers) = (cameras?, devices?, ledgers?);
    cameras.retain(|camera| any_right(&user, camera));
    // Those in use come first, each group by name.
    cameras.sort_by_key(|camera| (camera.retired_at.is_some(), camera.name.clone()));
    let title = page.t("カメラ", "Cameras");
    let content = html! {
        h1 { (title) }
        @if cameras.is_empty() {
            (nothing(&page, &user))
        } @else {
            div.cards { @for camera in &cameras { (tile(&page, camera, &devices, &ledgers)) } }
        }
        (sign_out_everywhere(&page))
    };
    Ok(page.show(Section::Cameras, title, &content))
}

/// Tells whether a user holds any right on a camera.
pub fn any_right(user: &User, camera: &Camera) -> bool {
    user.role == Role::Administrator
        || Right::ALL
            .iter()
            .any(|right| user.right_since(&camera.id, camera.since, *right).is_some())
}

fn nothing(page: &Page, user: &User) -> Markup {
    html! {
        div.empty {
            @if user.is_administrator() {
                p { strong { (page.t("まだカメラがありません。", "There is no camera yet.")) } }
                p { (page.t("機器を登録すると、ここにカメラが表示されます。", "Register a device, and its camera appears here.")) }
                div.actions { a.button.primary href="/devices" { (page.t("機器を登録する", "Register a device")) } }
            } @else {
                p { strong { (page.t("ご覧いただけるカメラがありません。", "There is no camera for you to watch.")) } }
                p { (page.t("カメラの権限は、ご契約の担当者が設定します。担当者にお問い合わせください。", "Your administrator gives the right to a camera. Please ask your administrator.")) }
            }
        }
    }
}

fn tile(page: &Page, camera: &Camera, devices: &[Device], ledgers: &[Ledger]) -> Markup {
    let ledger = ledgers.iter().find(|ledger| ledger.camera == camera.id);
    let device = devices.iter().find(|device| device.id == camera.device);
    let kept = days(page.language, i64::from(camera.retention_hours / 24));
    html! {
        a.camera-tile href={ "/cameras/" (camera.id) } {
            span.thumb { (PreEscaped(LENS)) }
            span.name { (camera.name) }
            @if let Some(device) = device {
                @match (&device.state, ledger) {
                    (DeviceState::Active { .. }, Some(ledger)) => (recording::state(page, ledger)),
                    _ => (device_state(page, device)),
                }
            }
            span.muted { (page.t("録画の保存 ", "Recordings kept ")) (kept) }
        }
    }
}

/// Writes where a device stands.
pub fn device_state(page: &Page, device: &Device) -> Markup {
    match &device.state {
        DeviceState::Registered { .. } => badge(Tone::Warn, page.t("開始待ち", "Waiting to start")),
        DeviceState::Active { .. } => badge(Tone::Ok, page.t("利用中", "In use")),
        DeviceState::Retired { .. } => badge(Tone::Plain, page.t("登録解除", "Retired")),
    }
}

fn sign_out_everywhere(page: &Page) -> Markup {
    html! {
        form method="post" action="/session-revocation" data-enhance {
            (page.token())
            p.muted.small {
                (page.t("パソコンやスマートフォンをなくしたときは、すべての端末から一度にサインアウトできます。", "If you lose a computer or phone, you can sign out on every device at once."))
            }
            div.actions { button.button type="submit" { (page.t("すべての端末からサインアウト", "Sign out everywhere")) } }
        }
    }
}

/// A lens, where a picture would need a right to be checked first.
const LENS: &str = r#"<svg viewBox="0 0 32 32" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.6"><circle cx="16" cy="16" r="11"/><circle cx="16" cy="16" r="5"/><path d="M13.6 14.2a3 3 0 0 1 2.4-1.2" stroke-linecap="round"/></svg>"#;
