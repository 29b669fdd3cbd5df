//! The designated devices of a contract, and the form that registers one (2-11, 16-5, 17-1-11).

use axum::extract::State;
use ciero_domain::contract::Contract;
use ciero_domain::device::{Camera, Device, DeviceState};
use ciero_pages::{FieldView, Section, Ticked, checkbox, field, select};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::cameras::device_state;
use crate::page::{AdministratorPage, Page};
use crate::pieces::{Tone, address, notice, prefectures};

/// Shows the devices and the form.
pub async fn list(
    State(app): State<App>,
    AdministratorPage { page, user }: AdministratorPage,
) -> Result<Markup, Problem> {
    let id = &user.contract;
    let (contract, devices, cameras) = tokio::join!(
        app.contracts.contract(id),
        app.devices.devices(id),
        app.devices.cameras(id)
    );
    let contract = contract?.ok_or_else(Problem::not_found)?;
    let (mut devices, cameras) = (devices?, cameras?);
    devices.sort_by_key(|d| {
        (
            matches!(d.state, DeviceState::Retired { .. }),
            d.registered_at,
        )
    });
    let title = page.t("機器", "Devices");
    let content = html! {
        h1 { (title) }
        p.lead { (page.t("カメラとIoTBoxを登録し、映像の受信を始めます。", "Register cameras and IoTBoxes and start receiving pictures.")) }
        @if devices.is_empty() {
            div.empty { p { (page.t("まだ機器が登録されていません。下のフォームから登録してください。", "No device is registered yet. Use the form below.")) } }
        } @else {
            (table(&page, &devices, &cameras))
        }
        h2 #add { (page.t("機器を登録する", "Register a device")) }
        (registration(&page, &contract, &cameras))
    };
    Ok(page.show(Section::Devices, title, &content))
}

fn table(page: &Page, devices: &[Device], cameras: &[Camera]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let (name, model, serial) = (
        t("名称", "Name"),
        t("型名", "Model"),
        t("製造番号", "Serial"),
    );
    let (site, state) = (t("設置場所", "Installed at"), t("状態", "State"));
    html! {
        table.list {
            thead { tr { @for head in [name, model, serial, site, state] { th scope="col" { (head) } } } }
            tbody { @for device in devices { tr {
                td data-label=(name) { a href={ "/devices/" (device.id) } { (name_of(device, cameras)) } }
                td data-label=(model) { (device.model) }
                td data-label=(serial) { (device.serial) }
                td data-label=(site) { (address(l, &device.site)) }
                td data-label=(state) { (device_state(page, device)) }
            } } }
        }
    }
}

/// Returns the name of a device's camera, which people know it by.
pub fn name_of<'a>(device: &'a Device, cameras: &'a [Camera]) -> &'a str {
    let camera = cameras.iter().find(|camera| camera.id == device.camera);
    camera.map_or(device.serial.as_str(), |camera| camera.name.as_str())
}

fn registration(page: &Page, contract: &Contract, cameras: &[Camera]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let used = cameras.iter().filter(|c| c.retired_at.is_none()).count();
    // Before the first start date the order counts all the same: devices are set up in advance.
    let first_day = contract
        .orders
        .iter()
        .map(|order| order.first_term.start)
        .min();
    let day = first_day.map_or(page.today(), |first| first.max(page.today()));
    let limit = contract.camera_limit(day);
    html! {
        p.muted.num { (t("ご契約の台数：", "Cameras of the contract: ")) (used) " / " (limit) }
        @if u32::try_from(used).is_ok_and(|used| used >= limit) {
            (notice(Tone::Warn, &html! { p { (t(
                "ご契約の台数に達しています。使わなくなった機器の登録を解除するか、台数の追加について運営会社にお問い合わせください。",
                "The number of cameras of the contract is reached. Retire a device that is no longer used, or ask the operator for more.",
            )) } }))
        } @else {
            (form(page))
        }
    }
}

fn form(page: &Page) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let ask = (
        String::new(),
        t("選んでください", "Please choose").to_owned(),
    );
    let models = page.operator.device_models.iter().map(|model| {
        (
            model.model.clone(),
            format!("{} — {}", model.model, model.name.t(l)),
        )
    });
    let models: Vec<(String, String)> = std::iter::once(ask).chain(models).collect();
    let attestation = html! {
        (t(
            "個人情報の保護に関する法律その他の法令に従い、撮影していることの掲示や通知など、設置に必要な措置を自らの責任でとります。機器は日本国内に設置します。",
            "I take the measures that installation requires under the Act on the Protection of Personal Information and other laws, such as posting a notice of recording, on my own responsibility. The device is installed in Japan.",
        ))
        small { (t("利用規約 第16条・第17条", "Terms, Articles 16 and 17")) }
    };
    html! {
        form.stack.card method="post" action="/devices" data-enhance {
            (page.token())
            (field(&FieldView { name: "name", label: t("カメラの名称", "Name of the camera"), hint: t("場所のわかる名称をお勧めします（例 正面入口）。", "Something that tells the place, for example Front entrance."), ..FieldView::default() }))
            (select(&FieldView { name: "model", label: t("型名", "Model"), hint: t("当社が指定した機器だけを登録できます。", "Only designated devices can be registered."), ..FieldView::default() }, &models))
            (field(&FieldView { name: "serial", label: t("製造番号", "Serial number"), hint: t("本体のラベルに記載されています。", "You find it on the device's label."), ..FieldView::default() }))
            h3 { (t("設置場所（日本国内）", "Place of installation, in Japan")) }
            (field(&FieldView { name: "postal_code", label: t("郵便番号", "Postal code"), hint: t("7桁の数字です（例 100-0001）。", "7 digits, for example 100-0001."), ..FieldView::default() }))
            (select(&FieldView { name: "prefecture", label: t("都道府県", "Prefecture"), ..FieldView::default() }, &prefectures(l)))
            (field(&FieldView { name: "address", label: t("市区町村・番地・建物名", "City, street and building"), ..FieldView::default() }))
            (checkbox("attestation", &attestation, Ticked::No))
            div.actions { button.button.primary type="submit" { (t("登録する", "Register")) } }
        }
    }
}
