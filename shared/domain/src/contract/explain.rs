//! What was and what will be due, each line with its clause: the history, then the same rules run ahead.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::history::ReminderOutcome;
use super::{
    Cancellation, Command, Contract, DebtKind, Entry, Event, Facts, NewReceipt, Refusal, Task,
    Work, evolve, perform,
};
use crate::Language;
use crate::calendar::{days, start_of, tokyo_date};
use crate::documents::Bilingual;
use crate::invoice;

/// How far ahead the rules are run, in days: past the next renewal of every order.
const AHEAD_DAYS: i64 = 400;
/// A bound on what is shown of the future; a contract of many orders has more.
const MOST_AHEAD: usize = 300;

/// Whether a line happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Done,
    /// Its day has come and it is being done.
    Overdue,
    /// Will happen on its day if nothing else does.
    Due,
    /// What the question assumes.
    Assumed,
    /// What the question assumes is not possible.
    Refused,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub on: Date,
    pub status: Status,
    pub clause: String,
    /// The reading of the clause that decided, with its version.
    pub reading: String,
    pub text: Bilingual,
}

/// "What if": asked about a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hypothesis {
    /// Every order's renewal is refused.
    Refuse(Date),
    Cancel(Date),
    /// Everything that is open is paid.
    Pay(Date),
}

impl Hypothesis {
    /// Reads `refuse@DATE`, `cancel@DATE` or `pay@DATE`.
    pub fn parse(text: &str) -> Option<Self> {
        let (what, day) = text.split_once('@')?;
        let day: Date = day.parse().ok()?;
        match what {
            "refuse" => Some(Hypothesis::Refuse(day)),
            "cancel" => Some(Hypothesis::Cancel(day)),
            "pay" => Some(Hypothesis::Pay(day)),
            _ => None,
        }
    }

    fn day(self) -> Date {
        match self {
            Hypothesis::Refuse(day) | Hypothesis::Cancel(day) | Hypothesis::Pay(day) => day,
        }
    }
}

/// Who reads an explanation. A customer is not shown what operators only consider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    Customer,
    Operator,
}

/// A contract explained as of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub as_of: Date,
    pub lines: Vec<Line>,
}

/// Explains a contract from its history, as of the end of a day, and what follows if a hypothesis holds.
pub fn explain(
    history: &[Entry],
    facts: &Facts,
    as_of: Date,
    hypothesis: Option<Hypothesis>,
    audience: Audience,
) -> Explanation {
    let mut lines = Vec::new();
    let mut contract: Option<Contract> = None;
    for entry in history {
        if tokyo_date(entry.at) > as_of {
            break;
        }
        let after = evolve(contract.as_ref(), entry);
        let shown = audience == Audience::Operator || !entry.event.is_internal();
        if let (Some(after), true) = (&after, shown) {
            lines.push(line(after, entry, Status::Done));
        }
        contract = after;
    }
    if let Some(contract) = contract {
        ahead(contract, facts, as_of, hypothesis, &mut lines);
    }
    Explanation { as_of, lines }
}

fn ahead(
    mut contract: Contract,
    facts: &Facts,
    as_of: Date,
    mut hypothesis: Option<Hypothesis>,
    lines: &mut Vec<Line>,
) {
    let horizon = days(as_of, AHEAD_DAYS);
    for _ in 0..MOST_AHEAD {
        let next = contract.owed().into_iter().min();
        let day = next.as_ref().map(|task| task.due.max(as_of));
        if let Some(assumed) = hypothesis.filter(|h| day.is_none_or(|day| h.day() <= day)) {
            assume(&mut contract, facts, assumed, as_of, lines);
            hypothesis = None;
            continue;
        }
        let Some(task) = next.filter(|task| task.due <= horizon) else {
            return;
        };
        let moment = start_of(task.due.max(as_of));
        let Some(entry) = perform(&contract, &task, facts, moment) else {
            return;
        };
        let status = if task.due <= as_of {
            Status::Overdue
        } else {
            Status::Due
        };
        follow(&mut contract, entry, status, lines);
        assume_sent(&mut contract, &task, facts);
    }
}

fn follow(contract: &mut Contract, entry: Entry, status: Status, lines: &mut Vec<Line>) {
    if let Some(after) = evolve(Some(contract), &entry) {
        lines.push(line(&after, &entry, status));
        *contract = after;
    }
}

/// Ahead of time a demand counts as sent on the day on which it is due.
fn assume_sent(contract: &mut Contract, task: &Task, facts: &Facts) {
    let Work::Demand { debt } = task.work else {
        return;
    };
    let sent = Command::DemandSent {
        debt,
        sent_on: tokyo_date(contract.latest),
        channel: "mail".to_owned(),
    };
    if let Ok(entry) = contract.decide(sent, "mail", facts, contract.latest)
        && let Some(after) = evolve(Some(contract), &entry)
    {
        *contract = after;
    }
}

fn assume(
    contract: &mut Contract,
    facts: &Facts,
    hypothesis: Hypothesis,
    as_of: Date,
    lines: &mut Vec<Line>,
) {
    let on = hypothesis.day().max(as_of);
    let receipt = || "-".to_owned();
    let commands: Vec<Command> = match hypothesis {
        Hypothesis::Refuse(_) => contract
            .orders
            .iter()
            .filter(|order| order.renews())
            .map(|order| Command::RefuseRenewal {
                order: order.number,
                receipt: receipt(),
                paper: None,
            })
            .collect(),
        Hypothesis::Cancel(_) => vec![Command::Cancel(Cancellation {
            on,
            receipt: receipt(),
        })],
        Hypothesis::Pay(_) => vec![Command::RecordReceipt(NewReceipt {
            reference: receipt(),
            received_on: on,
            yen: contract.account.open_yen(),
        })],
    };
    for command in commands {
        match contract.decide(command, "assumed", facts, start_of(on)) {
            Ok(entry) => follow(contract, entry, Status::Assumed, lines),
            Err(refusal) => lines.push(refused(refusal, on)),
        }
    }
}

fn refused(refusal: Refusal, on: Date) -> Line {
    Line {
        on,
        status: Status::Refused,
        clause: String::new(),
        reading: refusal.code().to_owned(),
        text: Bilingual {
            ja: refusal.sentence(Language::Ja).to_owned(),
            en: refusal.sentence(Language::En).to_owned(),
        },
    }
}

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
        Event::ReceiptRecorded {
            receipt,
            drafts,
            lifts,
        } => {
            let interest: i64 = drafts.iter().map(|(_, draft)| draft.interest.total.0).sum();
            let (mut ja, mut en) = (
                format!("入金 {}円（{}）。", receipt.yen, receipt.reference),
                format!("{} yen received ({}).", receipt.yen, receipt.reference),
            );
            if interest > 0 {
                ja.push_str(&format!("遅延利息の案 {}円。", crate::money::Yen(interest)));
                en.push_str(&format!(
                    " Interest drafted: {} yen.",
                    crate::money::Yen(interest)
                ));
            }
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
