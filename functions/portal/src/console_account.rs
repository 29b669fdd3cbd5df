//! A contract's account on the console: debts, payments, interest, and what billing does with them (6-1, 13-1-2, 19).

use ciero_domain::contract::{Contract, Debt, Draft, DraftState, Receipt, debt_text};
use ciero_domain::invoice;
use ciero_pages::{hidden, yen};
use maud::{Markup, html};

use crate::console_parts::{Form, button, demand_state, empty, invoice_name, set_against, table};
use crate::page::Page;
use crate::pieces::{Tone, day, fact, notice};

/// Writes what is owed and what was paid.
pub fn account(page: &Page, contract: &Contract, receipts: &[Receipt]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        h2 { (t("請求と入金", "Account")) }
        @if contract.is_resold() {
            (notice(Tone::Info, &html! { p { (t("販売店を通じた契約です。料金は販売店に請求し、お客様には請求・催告しません（第6条第2項）。", "A reseller's contract: the reseller is billed, the customer is neither billed nor dunned (6-2).")) } }))
        }
        dl.facts {
            (fact(t("未払いの合計", "Open amount"), &html! { strong { (yen(l, contract.account.open_yen())) } }))
            (fact(t("前受金（過払い）", "Credit"), &yen(l, contract.account.credit)))
        }
        (debts(page, contract))
        h3 { (t("入金の記録", "Payments")) }
        (payments(page, receipts))
    }
}

fn debts(page: &Page, contract: &Contract) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("請求書", "Invoice"),
        t("内容", "For"),
        t("支払期日", "Due"),
        t("金額", "Amount"),
        t("未払い", "Open"),
        t("催告", "Demand"),
        t("遅延利息", "Late interest"),
    ];
    let rows: Vec<Vec<Markup>> = contract
        .account
        .debts
        .iter()
        .map(|debt| {
            vec![
                html! { (invoice_name(contract, debt)) },
                html! { (debt_text(debt.kind, l)) },
                due(page, debt),
                html! { (yen(l, debt.total)) },
                html! { (yen(l, debt.open_yen())) },
                demand_state(page, debt),
                interest(page, debt),
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() { (empty(t("未処理の請求はありません。", "No invoice is open."))) }
        @else { (table(&heads, &rows)) }
    }
}

fn due(page: &Page, debt: &Debt) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    html! {
        (day(l, debt.due_on()))
        @if debt.due_on() != debt.due.nominal {
            br; span.muted.small { (t("本来の期日 ", "by the price list ")) (day(l, debt.due.nominal)) }
        }
        @if debt.accelerated_to.is_some() {
            br; span.muted.small { (t("期限の利益喪失（13-2）", "accelerated (13-2)")) }
        }
    }
}

/// Writes the drafted interest, or what it would be if all were paid today.
fn interest(page: &Page, debt: &Debt) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let today = debt
        .is_overdue(page.today())
        .then(|| debt.interest(page.today()))
        .flatten();
    html! {
        @if let Some(draft) = &debt.draft { (yen(l, draft.interest.total)) " (" (state(page, &draft.state)) ")" }
        @else if let Some(interest) = today { (yen(l, interest.total)) " (" (t("本日入金の場合", "if paid today")) ")" }
        @else { "—" }
    }
}

fn state<'a>(page: &'a Page, state: &DraftState) -> &'a str {
    match state {
        DraftState::Waiting => page.t("確認待ち", "to be decided"),
        DraftState::Billed { .. } => page.t("請求済み", "billed"),
        DraftState::Waived { .. } => page.t("免除", "waived"),
    }
}

fn payments(page: &Page, receipts: &[Receipt]) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let heads = [
        t("受領日", "Received"),
        t("整理番号", "Reference"),
        t("金額", "Amount"),
        t("充当", "Set against"),
    ];
    let rows: Vec<Vec<Markup>> = receipts
        .iter()
        .rev()
        .map(|receipt| {
            vec![
                day(l, receipt.received_on),
                html! { (receipt.reference) },
                html! { (yen(l, receipt.yen)) },
                set_against(
                    page,
                    receipt
                        .allocations
                        .iter()
                        .map(|share| (share.debt, share.yen)),
                    receipt.credit,
                ),
            ]
        })
        .collect();
    html! {
        @if rows.is_empty() { (empty(t("入金はまだありません。", "No payment was received yet."))) }
        @else { (table(&heads, &rows)) }
    }
}

/// Writes what billing can do.
pub fn forms(page: &Page, contract: &Contract) -> Markup {
    if contract.is_resold() {
        return html! {};
    }
    let t = |ja, en| page.t(ja, en);
    let account = &contract.account;
    let debts = account.debts.iter().map(|debt| debt.number);
    let mut billed: Vec<u32> = debts
        .chain(account.closed.iter().map(|debt| debt.number))
        .collect();
    billed.sort_unstable();
    let creditable = options(contract, billed.into_iter());
    let open = account.open().filter(|debt| debt.is_overdue(page.today()));
    let overdue = options(
        contract,
        open.filter(|debt| debt.is_dunned()).map(|debt| debt.number),
    );
    html! {
        @for debt in &account.debts {
            @if let Some(draft) = &debt.draft {
                @if draft.state == DraftState::Waiting { (decide_interest(page, contract, debt, draft)) }
            }
        }
        h2 { (t("請求・入金の手続き", "Billing")) }
        div.grid-2 {
            (receipt(page, contract))
            @if !creditable.is_empty() { (credit_note(page, contract, &creditable)) }
            @if !overdue.is_empty() { (demand(page, contract, &overdue)) }
        }
    }
}

/// The invoices of these numbers as options of a form.
fn options(contract: &Contract, numbers: impl Iterator<Item = u32>) -> Vec<(String, String)> {
    numbers
        .map(|number| (number.to_string(), invoice::name(&contract.id, number)))
        .collect()
}

fn receipt(page: &Page, contract: &Contract) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::of(page, &contract.id, "receipts");
    form.write(
        t("入金の記録", "Record a payment"),
        &form.payment(),
        &button("primary", t("記録する", "Record")),
    )
}

fn credit_note(page: &Page, contract: &Contract, debts: &[(String, String)]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::of(page, &contract.id, "credit-notes");
    let fields = html! {
        (form.choice("debt", t("請求書", "Invoice"), debts))
        (form.yen(t("金額（円・税込）", "Amount (yen, with tax)")))
        (form.text("reason", t("理由", "Reason")))
    };
    form.write(
        t("返還請求書の発行", "Issue a credit note"),
        &fields,
        &button("", t("発行する", "Issue")),
    )
}

fn demand(page: &Page, contract: &Contract, debts: &[(String, String)]) -> Markup {
    let t = |ja, en| page.t(ja, en);
    let form = Form::of(page, &contract.id, "demands");
    let fields = html! {
        (form.choice("debt", t("請求書", "Invoice"), debts))
        (form.field("sent_on", t("発送日", "Day of sending"), "date", &page.today().to_string()))
        (form.field("channel", t("方法", "How"), "text", t("内容証明郵便", "certified mail")))
        (form.text("proof", t("発送の証明（配達証明の番号など）", "Proof of sending (for example the number of the delivery certificate)")))
    };
    form.write(
        t(
            "催告の記録（メール以外）",
            "Record a demand (not by e-mail)",
        ),
        &fields,
        &button("", t("記録する", "Record")),
    )
}

/// Shows how the interest was worked out, and asks to bill or waive it (D-29).
fn decide_interest(page: &Page, contract: &Contract, debt: &Debt, draft: &Draft) -> Markup {
    let (t, l) = (|ja, en| page.t(ja, en), page.language);
    let of = debt.number.to_string();
    let path = format!("/console/contracts/{}/interest", contract.id);
    let bill = Form::new(page, path.clone(), format!("bill-{of}"));
    let waive = Form::new(page, path, format!("waive-{of}"));
    html! {
        h2 { (t("遅延利息の確認 ", "Late interest on ")) (invoice_name(contract, debt)) }
        ul { @for line in draft.interest.formulas(l) { li { (line) } } }
        p { (t("合計 ", "Total ")) strong { (yen(l, draft.interest.total)) } }
        div.grid-2 {
            (bill.write(t("請求する", "Bill it"), &html! { (hidden("of", &of)) (hidden("decision", "bill")) },
                &button("primary", t("遅延利息を請求する", "Bill the interest"))))
            (waive.write(t("免除する", "Waive it"), &html! {
                (hidden("of", &of)) (hidden("decision", "waive"))
                (waive.text("reason", t("理由", "Reason")))
            }, &button("", t("遅延利息を免除する", "Waive the interest"))))
        }
    }
}
