//! The operator's view of contracts.

use axum::extract::State;
use axum::response::Redirect;
use ciero_domain::contract::{Contract, Standing};
use ciero_domain::device::{Camera, Device};
use ciero_domain::groups::{BILLING, CONTRACTS, DESKS, SCREENERS, SUPPORT, is_in};
use ciero_domain::ids::ContractId;
use ciero_domain::third_party::AgreedThirdParty;
use ciero_domain::user::{User, UserState};
use ciero_pages::Section;
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::cameras::device_state;
use crate::console_staff_views;
use crate::contract::{current_term, standing};
use crate::devices::name_of;
use crate::input::Segment;
use crate::page::{ConsolePage, Page};
use crate::pieces::{Tone, badge, cameras, count, day, fact, moment, particulars};
use crate::trail::{self, Names, Reader};
use crate::{
    console_account, console_measures, console_orders, console_particulars, notices, third_parties,
};

/// How many notices a contract's page shows.
const NOTICES: u16 = 50;

/// Sends an operator to the first page that the groups allow.
pub async fn first(ConsolePage { groups, .. }: ConsolePage) -> Redirect {
    Redirect::to(if is_in(&groups, SCREENERS) {
        "/console/applications"
    } else {
        "/console/contracts"
    })
}

/// Shows the newest contracts.
pub async fn contracts(
    State(app): State<App>,
    ConsolePage { page, .. }: ConsolePage,
) -> Result<Markup, Problem> {
    let contracts = app.contracts.contracts().await?;
    let t = |ja, en| page.t(ja, en);
    let title = t("契約", "Contracts");
    let content = html! {
        h1 { (title) }
        @if contracts.is_empty() {
            div.empty { p { (t("まだ契約がありません。申込みを承認し、登録を完了すると、ここに表示されます。", "There is no contract yet. It appears here once an application is approved and registered.")) } }
        } @else {
            (table(&page, &contracts))
        }
    };
    Ok(page.show(Section::Contracts, title, &content))
}

fn table(page: &Page, contracts: &[Contract]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let (customer, number, formed) = (
        t("お客様", "Customer"),
        t("契約番号", "Number"),
        t("成立日", "Formed"),
    );
    let (end, refuse, size, state) = (
        t("満了日", "Expiry"),
        t("更新拒絶期限", "Last day to refuse"),
        t("台数", "Cameras"),
        t("状態", "State"),
    );
    html! {
        table.list {
            thead { tr { @for head in [customer, number, formed, end, refuse, size, state] { th scope="col" { (head) } } } }
            tbody { @for contract in contracts {
                @let term = contract.orders.first().map(|order| current_term(page, order));
                @let ordered: u32 = contract.orders.iter().map(|order| u32::from(order.running.quote.cameras)).sum();
                tr {
                    td data-label=(customer) { a href={ "/console/contracts/" (contract.id) } { (contract.customer.name) } }
                    td data-label=(number) { (contract.id) }
                    td data-label=(formed) { (day(l, ciero_domain::calendar::tokyo_date(contract.formed_at))) }
                    td data-label=(end) { @if let Some(term) = term { (day(l, term.end)) } }
                    td data-label=(refuse) { @if let Some(term) = term { (day(l, term.last_day_to_refuse)) } }
                    td data-label=(size) { (cameras(l, ordered.into())) }
                    td data-label=(state) { (state_of(page, contract)) }
                }
            } }
        }
    }
}

/// Writes the state of a contract.
pub fn state_of(page: &Page, contract: &Contract) -> Markup {
    match &contract.standing {
        Standing::Active => badge(Tone::Ok, page.t("有効", "Active")),
        Standing::Suspended { .. } => badge(Tone::Warn, page.t("停止中", "Suspended")),
        Standing::Ended { .. } => badge(Tone::Plain, page.t("終了", "Ended")),
    }
}

/// Shows one contract.
pub async fn contract(
    State(app): State<App>,
    console: ConsolePage,
    Segment(id): Segment,
) -> Result<Markup, Problem> {
    let id = ContractId::parse(&id).map_err(|_| Problem::not_found())?;
    let contract = app.contracts.contract(&id).await?;
    let contract = contract.ok_or_else(Problem::not_found)?;
    let (users, devices, cameras, rows, agreed, told) = tokio::join!(
        app.gate.people.users(&id),
        app.devices.devices(&id),
        app.devices.cameras(&id),
        app.audit.trail(&id, trail::ROWS),
        app.registers.agreed_third_party(&id),
        app.notices.of_contract(&id, NOTICES)
    );
    let (users, devices, cameras, rows, agreed) = (users?, devices?, cameras?, rows?, agreed?);
    let told = told?;
    let page = &console.page;
    let t = |ja, en| page.t(ja, en);
    let content = html! {
        p { a href="/console/contracts" { (t("← 契約の一覧", "← All contracts")) } }
        h1 { (contract.customer.name) " " (state_of(page, &contract)) }
        (standing(page, &contract))
        (life(&app, &console, &contract).await?)
        (formation(page, &contract, &users, agreed.as_ref()))
        h2 { (t("登録事項", "Particulars")) }
        (particulars(page.language, &contract.customer))
        @if console.is_in(CONTRACTS) { (console_particulars::waiting(page, &contract)) }
        h2 { (t("機器", "Devices")) }
        (device_table(page, &devices, &cameras))
        @if console.is_in(SUPPORT) && !cameras.is_empty() { (console_staff_views::form(page, &contract.id, &cameras)) }
        h2 { (t("お知らせの記録（第24条）", "Notices (Art. 24)")) }
        (notices::table(page, &told, Reader::Operator))
        h2 { (t("操作の記録", "Audit trail")) }
        (trail::table(page, &rows, &Names::of(&users, &cameras), Reader::Operator))
    };
    Ok(page.show(Section::Contracts, &contract.customer.name, &content))
}

/// Writes orders, account and measures, each with the forms that the operator's groups allow.
async fn life(app: &App, console: &ConsolePage, contract: &Contract) -> Result<Markup, Problem> {
    let page = &console.page;
    let receipts = match console.is_in(DESKS) {
        true => Some(app.billing.receipts(&contract.id).await?),
        false => None,
    };
    let prices = app.documents.prices(page.today()).await?;
    Ok(html! {
        @if console.is_in(DESKS) {
            div.actions { a.button href={ "/console/contracts/" (contract.id) "/explanation" } { (page.t("経過と予定（条項つき）", "Explained, clause by clause")) } }
        }
        @if contract.data_went_on().is_some() && console.is_in(CONTRACTS) {
            div.actions { a.button href={ "/console/purges/" (contract.id) } { (page.t("データ消去", "Purge")) } }
        }
        (console_orders::orders(page, contract))
        @if console.is_in(CONTRACTS) { (console_orders::forms(page, contract, prices.as_ref())) }
        @if let Some(receipts) = receipts { (console_account::account(page, contract, &receipts)) }
        @if console.is_in(BILLING) { (console_account::forms(page, contract)) }
        @if console.is_in(CONTRACTS) { (console_measures::measures(page, contract, &console.actor())) }
    })
}

fn formation(
    page: &Page,
    contract: &Contract,
    users: &[User],
    agreed: Option<&AgreedThirdParty>,
) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let active = users
        .iter()
        .filter(|u| u.state == UserState::Active)
        .count();
    let people = count(
        l,
        i64::try_from(active).unwrap_or(i64::MAX),
        "名",
        "person",
        "people",
    );
    html! {
        h2 { (t("契約", "Contract")) }
        dl.facts {
            (fact(t("契約番号", "Number"), &contract.id.as_str()))
            (fact(t("成立日時（登録完了）", "Formed (registration complete)"), &moment(l, contract.formed_at)))
            (fact(t("申込み", "Application"), &html! { a href={ "/console/applications/" (contract.application) } { (contract.application) } }))
            (fact(t("利用規約", "Terms"), &html! { a href={ "/terms/" (contract.terms_version) } { (contract.terms_version) (t("版", "")) } }))
            (fact(t("成立時の第三者サービスの提供条件", "Third-party terms at the formation"), &third_parties::agreed(page, agreed)))
            (fact(t("利用できる人", "People with access"), &people))
        }
    }
}

fn device_table(page: &Page, devices: &[Device], cameras: &[Camera]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let (name, model, serial) = (
        t("名称", "Name"),
        t("型名", "Model"),
        t("製造番号", "Serial"),
    );
    let (registered, state) = (t("登録日時", "Registered"), t("状態", "State"));
    html! {
        @if devices.is_empty() {
            div.empty { p { (t("機器は登録されていません。", "No device is registered.")) } }
        } @else {
            table.list {
                thead { tr { @for head in [name, model, serial, registered, state] { th scope="col" { (head) } } } }
                tbody { @for device in devices { tr {
                    td data-label=(name) { (name_of(device, cameras)) }
                    td data-label=(model) { (device.model) }
                    td data-label=(serial) { (device.serial) }
                    td data-label=(registered) { (moment(l, device.registered_at)) }
                    td data-label=(state) { (device_state(page, device)) }
                } } }
            }
        }
    }
}
