//! What was and what will be due, each line with its clause: the history, then the same rules run ahead.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::describe::{add_drafts, line};
use super::{
    Cancellation, Command, Contract, Entry, Event, Facts, NewReceipt, Refusal, Task, Work, evolve,
    perform,
};
use crate::Language;
use crate::calendar::{days, start_of, tokyo_date};
use crate::documents::Bilingual;

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

    fn clause(self) -> &'static str {
        match self {
            Hypothesis::Refuse(_) => "11",
            Hypothesis::Cancel(_) => "15-1",
            Hypothesis::Pay(_) => "6-1",
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
            let mut line = line(after, entry, Status::Done);
            if let (Audience::Operator, Event::ReceiptRecorded { drafts, .. }) =
                (audience, &entry.event)
            {
                add_drafts(&mut line, drafts);
            }
            lines.push(line);
        }
        contract = after;
    }
    if let Some(contract) = contract {
        let facts = facts.known_on(as_of);
        ahead(contract, &facts, as_of, hypothesis, &mut lines);
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
            received_on: None,
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
            Err(refusal) => lines.push(refused(refusal, hypothesis, on)),
        }
    }
}

fn refused(refusal: Refusal, hypothesis: Hypothesis, on: Date) -> Line {
    Line {
        on,
        status: Status::Refused,
        clause: hypothesis.clause().to_owned(),
        reading: refusal.code().to_owned(),
        text: Bilingual {
            ja: refusal.sentence(Language::Ja).to_owned(),
            en: refusal.sentence(Language::En).to_owned(),
        },
    }
}
