//! What each entry of a contract's history says to people.

use super::history::ReminderOutcome;
use super::{Contract, DebtKind, Entry, Event, Line, Status};
use crate::Language;
use crate::documents::Bilingual;
use crate::invoice;

/// Describes an entry; `contract` is the contract after it.
pub fn line(contract: &Contract, entry: &Entry, status: Status) -> Line {
    let (clause, reading) = entry.event.clause();
    let (ja, en) = describe(contract, &entry.event);
    Line {
        on: entry.on,
        status,
        clause: clause.to_owned(),
        reading: reading.to_owned(),
        text: Bilingual { ja, en },
    }
}

fn describe(contract: &Contract, event: &Event) -> (String, String) {
    let name = |number: u32| invoice::name(&contract.id, number);
    match event {
        Event::Formed { contract } => {
            let term = contract.orders.first().map(|order| order.first_term);
            let (start, end) = term.map_or_else(Default::default, |t| {
                (t.start.to_string(), t.end.to_string())
            });
            (
                format!("契約が成立しました。利用開始日 {start}、満了日 {end}。"),
                format!("The contract was formed. It starts on {start} and expires on {end}."),
            )
        }
        Event::OrderAccepted { order } => (
            format!(
                "注文{}を承諾。利用開始日 {}。",
                order.number, order.first_term.start
            ),
            format!(
                "Order {} accepted; it starts on {}.",
                order.number, order.first_term.start
            ),
        ),
        Event::Invoiced {
            order, term, debt, ..
        } => match debt {
            Some(debt) => (
                format!(
                    "注文{order}・第{term}期の請求書 {}：{}円、支払期日 {}。",
                    name(debt.number),
                    debt.total,
                    debt.due.effective
                ),
                format!(
                    "Invoice {} for order {order}, term {term}: {} yen, due on {}.",
                    name(debt.number),
                    debt.total,
                    debt.due.effective
                ),
            ),
            None => (
                format!("注文{order}・第{term}期を販売店へ請求。"),
                format!("Order {order}, term {term} is billed to the reseller."),
            ),
        },
        Event::Reminded {
            order,
            days_before,
            outcome,
            ..
        } => {
            let last = contract
                .order(*order)
                .map(|order| order.running.term.last_day_to_refuse.to_string())
                .unwrap_or_default();
            match outcome {
                ReminderOutcome::Asked => (
                    format!(
                        "注文{order}の更新のお知らせ（満了{days_before}日前）。更新拒絶の期限 {last}。"
                    ),
                    format!(
                        "Reminder of the renewal of order {order}, {days_before} days before expiry; last day to refuse {last}."
                    ),
                ),
                ReminderOutcome::Overtaken => (
                    format!(
                        "注文{order}の更新のお知らせ（満了{days_before}日前）は時期を過ぎたため送付せず。"
                    ),
                    format!(
                        "The reminder {days_before} days before expiry of order {order} was overtaken and not sent."
                    ),
                ),
            }
        }
        Event::Renewed {
            order, term, quote, ..
        } => {
            let end = contract
                .order(*order)
                .map(|order| order.running.term.end.to_string())
                .unwrap_or_default();
            (
                format!(
                    "注文{order}は第{term}期に自動更新（満了日 {end}、年額{}円）。",
                    quote.total_yen
                ),
                format!(
                    "Order {order} was renewed for term {term} (expires on {end}, {} yen).",
                    quote.total_yen
                ),
            )
        }
        Event::Expired { order, .. } => (
            format!("注文{order}は満了しました。"),
            format!("Order {order} ran out."),
        ),
        Event::RefusalReceived {
            order,
            last_day,
            refused,
        } => (
            format!(
                "注文{order}の更新拒絶を受付（{}）。満了日 {last_day} で終了。",
                refused.receipt
            ),
            format!(
                "The renewal of order {order} was refused ({}); it ends on {last_day}.",
                refused.receipt
            ),
        ),
        Event::CancellationReceived { ending } => (
            format!(
                "解約を受付（{}）。終了日 {}、返金なし。",
                ending.receipt, ending.on
            ),
            format!(
                "Cancellation received ({}); the contract ends on {}, nothing is refunded.",
                ending.receipt, ending.on
            ),
        ),
        Event::EndReached { .. } => ("契約が終了しました。".into(), "The contract ended.".into()),
        Event::ReceiptRecorded { receipt, lifts, .. } => {
            let (mut ja, mut en) = (
                format!("入金 {}円（{}）。", receipt.yen, receipt.reference),
                format!("{} yen received ({}).", receipt.yen, receipt.reference),
            );
            if *lifts {
                ja.push_str("利用停止を解除。");
                en.push_str(" The suspension is lifted.");
            }
            (ja, en)
        }
        Event::Credited {
            number, debt, yen, ..
        } => (
            format!(
                "返還請求書 {}：請求書 {} から {yen}円。",
                name(*number),
                name(*debt)
            ),
            format!(
                "Credit note {} of {yen} yen for {}.",
                name(*number),
                name(*debt)
            ),
        ),
        Event::Demanded { debt, demand } => match (demand.sent_on, demand.failed) {
            (_, true) => (
                format!("請求書 {} の催告は届きませんでした。", name(*debt)),
                format!("The demand for {} did not arrive.", name(*debt)),
            ),
            (Some(day), _) => (
                format!("請求書 {} の催告を発送（{day}）。", name(*debt)),
                format!("The demand for {} was sent on {day}.", name(*debt)),
            ),
            (None, _) => (
                format!("請求書 {} の支払いを催告。", name(*debt)),
                format!("Payment of {} is demanded.", name(*debt)),
            ),
        },
        Event::SuspendedForNonPayment { debt, .. } => (
            format!("請求書 {} が未払いのため利用を停止。", name(*debt)),
            format!("Use is suspended because {} is unpaid.", name(*debt)),
        ),
        Event::Suspended { measure } => (
            format!(
                "利用を停止（{}）。全債務の期限が到来。",
                measure.ground.sentence(Language::Ja)
            ),
            format!(
                "Use is suspended ({}); all debts are due.",
                measure.ground.sentence(Language::En)
            ),
        ),
        Event::Lifted { .. } => (
            "利用停止を解除。".into(),
            "The suspension was lifted.".into(),
        ),
        Event::RescissionProposed { .. } => (
            "解除が提案されました。".into(),
            "A rescission was proposed.".into(),
        ),
        Event::ProposalWithdrawn { .. } => (
            "解除の提案を撤回。".into(),
            "The proposal to rescind was withdrawn.".into(),
        ),
        Event::Rescinded { measure } => (
            format!(
                "契約を解除（{}）。全債務の期限が到来。",
                measure.ground.sentence(Language::Ja)
            ),
            format!(
                "The contract was rescinded ({}); all debts are due.",
                measure.ground.sentence(Language::En)
            ),
        ),
        Event::InterestBilled { of, debt } => (
            format!(
                "請求書 {} の遅延利息 {}円を請求（{}）。",
                name(*of),
                debt.total,
                name(debt.number)
            ),
            format!(
                "Interest of {} yen on {} was billed ({}).",
                debt.total,
                name(*of),
                name(debt.number)
            ),
        ),
        Event::InterestWaived { of, .. } => (
            format!("請求書 {} の遅延利息を免除。", name(*of)),
            format!("The interest on {} was waived.", name(*of)),
        ),
    }
}

/// Adds the interest that waits for a decision; a customer learns of it when it is billed (D-29).
pub(super) fn add_drafts(line: &mut Line, drafts: &[(u32, super::Draft)]) {
    let yen: i64 = drafts.iter().map(|(_, draft)| draft.interest.total.0).sum();
    if yen > 0 {
        let yen = crate::money::Yen(yen);
        line.text.ja.push_str(&format!("遅延利息の案 {yen}円。"));
        line.text
            .en
            .push_str(&format!(" Interest drafted: {yen} yen."));
    }
}

/// Describes what a debt is for.
pub fn debt_text(kind: DebtKind, language: Language) -> String {
    match kind {
        DebtKind::Fee { order, term } => match language {
            Language::Ja => format!("注文{order}・第{term}期の年額利用料"),
            Language::En => format!("Fee of order {order}, term {term}"),
        },
        DebtKind::Interest { of } => match language {
            Language::Ja => format!("請求書{of:04}の遅延利息"),
            Language::En => format!("Late interest on {of:04}"),
        },
    }
}
