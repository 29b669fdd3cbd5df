//! One device: its state, the one-time code that starts it, and its retirement.

use axum::extract::State;
use ciero_domain::device::{Device, DeviceState};
use ciero_domain::ids::DeviceId;
use ciero_pages::Section;
use ciero_runtime::Problem;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::App;
use crate::cameras::device_state;
use crate::devices::name_of;
use crate::input::Segment;
use crate::page::{AdministratorPage, Page};
use crate::pieces::{Tone, address, fact, moment, notice};

/// Shows a device of the administrator's own contract.
pub async fn show(
    State(app): State<App>,
    AdministratorPage { page, user }: AdministratorPage,
    Segment(id): Segment,
) -> Result<Markup, Problem> {
    let id = DeviceId::parse(&id).map_err(|_| Problem::not_found())?;
    let device = app.devices.device(&user.contract, &id).await?;
    let device = device.ok_or_else(Problem::not_found)?;
    let camera = app.devices.camera(&user.contract, &device.camera).await?;
    let cameras: Vec<_> = camera.into_iter().collect();
    let name = name_of(&device, &cameras);
    let t = |ja, en| page.t(ja, en);
    let content = html! {
        p { a href="/devices" { (t("← 機器の一覧", "← All devices")) } }
        h1 { (name) " " (device_state(&page, &device)) }
        @match &device.state {
            DeviceState::Registered { code_expires_at, .. } => (start(&app, &page, &device, *code_expires_at)),
            DeviceState::Active { since, .. } => (active(&page, &device, *since)),
            DeviceState::Retired { at } => (retired(&page, *at)),
        }
        (facts(&page, &device))
        @if !matches!(device.state, DeviceState::Retired { .. }) { (retirement(&page, &device)) }
    };
    Ok(page.show(Section::Devices, name, &content))
}

fn start(app: &App, page: &Page, device: &Device, expires_at: Timestamp) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        h2 { (t("機器の利用を始める", "Start the device")) }
        @if page.now < expires_at {
            (code(app, page, device, expires_at))
        } @else {
            (notice(Tone::Warn, &html! { p { (t("利用開始コードの期限が切れました。新しいコードを発行してください。", "The activation code has expired. Please issue a new one.")) } }))
        }
        form method="post" action={ "/devices/" (device.id) "/code" } data-enhance {
            (page.token())
            div.actions {
                button.button type="submit" { (t("新しいコードを発行する", "Issue a new code")) }
                a.button href={ "/cameras/" (device.camera) } { (t("カメラの画面を開く", "Open the camera")) }
            }
        }
    }
}

/// The code follows from the device and the expiry; the store keeps only its hash.
fn code(app: &App, page: &Page, device: &Device, expires_at: Timestamp) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let code = app.gate.sealer.device_code(&device.id, expires_at);
    let (command, service) = (&app.device_command, &app.gate.settings.portal_url);
    let copy = t("コピー", "Copy");
    html! {
        p { (t("機器（または機器をつなぐパソコン）で、次のコマンドを実行してください。コードは一度だけ使えます。", "Run this command on the device, or on the computer it is attached to. The code works once.")) }
        div.codebox {
            pre { code { (command) " --service " (service) " --code " (code) } }
            button type="button" data-copy { (copy) }
        }
        dl.facts {
            (fact(t("利用開始コード", "Activation code"), &html! { code.num { (code) } }))
            (fact(t("コードの期限", "The code expires"), &moment(l, expires_at)))
        }
    }
}

fn active(page: &Page, device: &Device, since: Timestamp) -> Markup {
    html! {
        (notice(Tone::Ok, &html! { p {
            (page.t("利用を開始しています。開始日時 ", "The device is in use since ")) (moment(page.language, since))
        } }))
        div.actions { a.button.primary href={ "/cameras/" (device.camera) } { (page.t("映像を見る", "Watch")) } }
    }
}

fn retired(page: &Page, at: Timestamp) -> Markup {
    notice(
        Tone::Plain,
        &html! { p {
            (page.t("この機器の登録は解除されています。解除日時 ", "This device was retired on ")) (moment(page.language, at))
            (page.t("。録画は保存期間が過ぎるまでご覧いただけます。", ". Its recordings stay for their retention."))
        } },
    )
}

fn facts(page: &Page, device: &Device) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let model = page.operator.model(&device.model);
    html! {
        h2 { (t("登録の内容", "Registration")) }
        dl.facts {
            (fact(t("型名", "Model"), &html! { (device.model) @if let Some(model) = model { " — " (model.name.t(l)) } }))
            (fact(t("製造番号", "Serial number"), &device.serial))
            (fact(t("設置場所", "Installed at"), &address(l, &device.site)))
            (fact(t("登録日時", "Registered"), &moment(l, device.registered_at)))
            (fact(t("設置に関する確認", "Duties of installation"), &t("担当者が確認済み（利用規約 第16条）", "Attested by an administrator (Terms, Article 16)")))
        }
    }
}

fn retirement(page: &Page, device: &Device) -> Markup {
    let t = |ja, en| page.t(ja, en);
    html! {
        h2 { (t("登録の解除", "Retiring the device")) }
        (notice(Tone::Warn, &html! { p { (t(
            "解除すると、ライブ映像は新たに開けなくなります。この機器は新しい鍵を受け取れなくなり、映像の受信は通常15分以内、遅くとも1時間以内に止まります。製造番号はほかの契約でも登録できるようになります。録画は保存期間が過ぎるまで残ります。元に戻すことはできません。",
            "Its live picture can no longer be opened. The device gets no new keys: pictures from it normally stop within 15 minutes, and within an hour at the latest. Its serial can be registered again. Recordings stay for their retention. This cannot be undone.",
        )) } }))
        form method="post" action={ "/devices/" (device.id) "/retirement" } data-enhance {
            (page.token())
            div.actions { button.button.danger type="submit" { (t("この機器の登録を解除する", "Retire this device")) } }
        }
    }
}
