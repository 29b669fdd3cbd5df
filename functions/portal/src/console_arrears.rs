//! Contracts with overdue debts: what is open, since when, and what was done about it (6-2, 13-1-2, 19).

use axum::extract::State;
use ciero_domain::contract::{Contract, Debt};
use ciero_domain::money::Yen;
use ciero_pages::{Section, yen};
use ciero_runtime::Problem;
use maud::{Markup, html};

use crate::App;
use crate::console::state_of;
use crate::console_parts::{
    BILLING, CONTRACTS, contract_link, demand_state, empty, invoice_name, table,
};
use crate::page::{ConsolePage, Page};
use crate::pieces::{day, days};

/// Shows overdue debts among the newest contracts, the longest overdue first.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(&[BILLING, CONTRACTS].concat())?;
    let page = &console.page;
    let contracts = app.contracts.contracts().await?;
    let mut overdue: Vec<(&Contract, &Debt)> = Vec::new();
    for contract in &contracts {
        let debts = contract.account.open();
        overdue.extend(
            debts
                .filter(|d| d.is_overdue(page.today()))
                .map(|d| (contract, d)),
        );
    }
    overdue.sort_by_key(|(_, debt)| debt.due_on());
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let title = t("未収", "Arrears");
    let total = Yen(overdue.iter().map(|(_, debt)| debt.open_yen().0).sum());
    let content = html! {
        h1 { (title) }
        @if console.is_in(BILLING) {
            div.actions { a.button href="/console/receipts" { (t("入金をまとめて取り込む", "Import payments")) } }
        }
        @if overdue.is_empty() {
            (empty(t("支払期日を過ぎた請求はありません。", "No invoice is overdue.")))
        } @else {
            p { (t("未払いの合計 ", "Open in total ")) strong { (yen(l, total)) } }
            (arrears(page, &overdue))
            p.muted.small { (t("遅延利息は本日入金された場合の額です（第19条）。成立の新しい契約200件までを対象としています。", "Late interest is what it would be if paid today (Article 19). The newest 200 contracts are looked at.")) }
        }
    };
    Ok(page.show(Section::Arrears, title, &content))
}

fn arrears(page: &Page, overdue: &[(&Contract, &Debt)]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("お客様", "Customer"),
        t("請求書", "Invoice"),
        t("支払期日", "Due"),
        t("経過日数", "Days late"),
        t("未払い", "Open"),
        t("遅延利息", "Interest"),
        t("催告", "Demand"),
        t("状態", "State"),
    ];
    let today = page.today();
    let rows = overdue.iter().map(|(contract, debt)| {
        let late = i64::from((today - debt.due_on()).get_days());
        let interest = debt.interest(today);
        vec![
            contract_link(&contract.id, &contract.customer.name),
            html! { (invoice_name(contract, debt)) },
            day(l, debt.due_on()),
            html! { (days(l, late)) },
            html! { (yen(l, debt.open_yen())) },
            html! { (yen(l, interest.map_or(Yen(0), |interest| interest.total))) },
            demand_state(page, debt),
            state_of(page, contract),
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
}
