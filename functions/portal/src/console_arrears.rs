//! Contracts with overdue debts: what is open, since when, and what was done about it (6-2, 13-1-2, 19).

use std::collections::BTreeSet;

use axum::extract::State;
use ciero_domain::calendar::days as days_after;
use ciero_domain::contract::{Contract, Debt, Draft, DraftState, Task, Work};
use ciero_domain::groups::{BILLING, CONTRACTS};
use ciero_domain::ids::ContractId;
use ciero_domain::money::Yen;
use ciero_pages::{Section, yen};
use ciero_ports::{DueSpan, Parked};
use ciero_runtime::Problem;
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};

use crate::App;
use crate::console::state_of;
use crate::console_parts::{contract_link, demand_state, empty, invoice_name, table};
use crate::page::{ConsolePage, Page};
use crate::pieces::{day, days};

/// How many contracts are read side by side.
const SIDE_BY_SIDE: usize = 16;

/// Shows every overdue debt, the longest overdue first, and the interest that waits for a decision.
pub async fn page(State(app): State<App>, console: ConsolePage) -> Result<Markup, Problem> {
    console.must_be_in(&[BILLING, CONTRACTS].concat())?;
    let page = &console.page;
    let mut contracts = app.contracts.in_arrears().await?;
    contracts.extend(before_their_demand(&app, page, &contracts).await?);
    let overdue = overdue(&contracts, page.today());
    let drafts = drafts(&contracts);
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
            p.muted.small { (t("遅延利息は本日入金された場合の額です（第19条）。", "Late interest is what it would be if paid today (Article 19).")) }
        }
        @if !drafts.is_empty() {
            h2 { (t("確認待ちの遅延利息", "Late interest that waits for a decision")) }
            (waiting(page, &drafts))
        }
    };
    Ok(page.show(Section::Arrears, title, &content))
}

fn overdue(contracts: &[Contract], today: Date) -> Vec<(&Contract, &Debt)> {
    let debts = contracts.iter().flat_map(|contract| {
        let open = contract.account.open();
        open.filter(|debt| debt.is_overdue(today))
            .map(move |debt| (contract, debt))
    });
    let mut overdue: Vec<(&Contract, &Debt)> = debts.collect();
    overdue.sort_by_key(|(contract, debt)| (debt.due_on(), &contract.id, debt.number));
    overdue
}

/// Returns the interest of settled debts on which nobody has decided (D-29).
fn drafts(contracts: &[Contract]) -> Vec<(&Contract, &Debt, &Draft)> {
    let debts = contracts.iter().flat_map(|contract| {
        let debts = contract.account.debts.iter();
        debts.filter_map(move |debt| Some((contract, debt, debt.draft.as_ref()?)))
    });
    let waiting = debts.filter(|(_, _, draft)| draft.state == DraftState::Waiting);
    let mut waiting: Vec<_> = waiting.collect();
    waiting.sort_by_key(|(contract, debt, _)| (debt.due_on(), &contract.id, debt.number));
    waiting
}

/// Returns the contracts that are overdue but not in the list of arrears yet: between its due date and its demand a debt
/// is known by the work of the demand, wherever that is kept.
async fn before_their_demand(
    app: &App,
    page: &Page,
    listed: &[Contract],
) -> Result<Vec<Contract>, Problem> {
    let known: BTreeSet<&ContractId> = listed.iter().map(|contract| &contract.id).collect();
    let last = days_after(
        page.today(),
        i64::from(page.operator.arrears.demand_after_days),
    );
    let due = app.console.due.as_ref();
    let mut tasks: Vec<Task> = Vec::new();
    for shard in 0..due.shards() {
        let span = DueSpan {
            shard,
            through: last,
            // What is in its queue counts, too.
            lost_since: Timestamp::MAX,
            after: None,
        };
        let found = due.due(span, u16::MAX).await?;
        tasks.extend(found.into_iter().map(|held| held.task));
    }
    let parked = due.parked().await?;
    tasks.extend(parked.iter().filter_map(Parked::work));
    let demands = tasks
        .into_iter()
        .filter(|task| matches!(task.work, Work::Demand { .. }));
    let contracts: BTreeSet<ContractId> = demands.map(|task| task.contract).collect();
    let unlisted = contracts.into_iter().filter(|id| !known.contains(id));
    let read = |id: ContractId| async move { app.contracts.contract(&id).await };
    let found: Vec<Option<Contract>> = futures::stream::iter(unlisted.map(read))
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

fn waiting(page: &Page, drafts: &[(&Contract, &Debt, &Draft)]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("お客様", "Customer"),
        t("請求書", "Invoice"),
        t("支払期日", "Due"),
        t("遅延利息", "Interest"),
    ];
    let rows = drafts.iter().map(|(contract, debt, draft)| {
        vec![
            contract_link(&contract.id, &contract.customer.name),
            html! { (invoice_name(contract, debt)) },
            day(l, debt.due_on()),
            html! { (yen(l, draft.interest.total)) },
        ]
    });
    table(&heads, &rows.collect::<Vec<_>>())
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
