//! サービス利用契約: formed by registration, one year at a time (3-3, Art. 11).
//!
//! A contract is decided by commands and by due work, and folded from what happened: `Entry` by `Entry`.

mod account;
mod backup;
mod commands;
mod deletion;
mod describe;
mod evolve;
mod expected;
mod explain;
mod history;
mod liability;
mod measures;
mod money;
mod order;
mod perform;
mod registered;
mod step;
mod work;

pub use account::{Account, ClosedDebt, Debt, DebtKind, Demand, Draft, DraftState, Payment};
pub(crate) use commands::amount;
pub use commands::{Cancellation, Command, NewReceipt, PaperNotice};
pub use deletion::{Deletion, RECOVERY_DAYS, recovery_ends};
pub use describe::debt_text;
pub use evolve::evolve;
pub use expected::{Finding, FindingKind, audit};
pub use explain::{Audience, Explanation, Hypothesis, Line, Status, explain};
pub use history::{Allocation, CreditNote, Entry, Event, Receipt, ReminderOutcome};
pub use liability::{Cap, CapPart, CapWarning};
pub use measures::{Measure, MeasureGround, Proposal};
pub use order::{Order, Pinned, RUNGS, Refused, Running};
pub use perform::{Facts, perform};
pub use registered::{Change, Departure, NewParticulars, Registered};
pub use step::{Case, CaseKind, Closed, Effect, Step, stable_id};
pub use work::{CatchUp, Kind, Task, Work};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::application::{Application, Channel, State as ApplicationState};
use crate::calendar::{Term, tokyo_date};
use crate::ids::{ApplicationId, ContractId};
use crate::language::Language;
use crate::particulars::Particulars;
use crate::rules::rules;

rules! {
    /// Why a command on a contract is refused.
    Refusal {
        NotApproved => ("application_not_approved", "承認されていない申込みは登録できません。", "An application that is not approved cannot be registered."),
        StartInThePast => ("start_in_the_past", "利用開始日は今日以降の日付にしてください。", "The start date must be today or later."),
        StartTooFar => ("start_too_far", "利用開始日は1年以内の日付にしてください。", "The start date must be within a year."),
        ContractEnded => ("contract_ended", "この契約は終了しています。", "The contract has ended."),
        NoSuchOrder => ("no_such_order", "該当する注文がありません。", "There is no such order."),
        NoSuchPlan => ("no_such_plan", "料金表に該当するプランがありません。", "The price list has no such plan."),
        RefusalTooLate => ("refusal_too_late", "更新拒絶の期限を過ぎています。解約（第15条第1項）のお手続きをご利用ください。", "The last day to refuse the renewal has passed. You can cancel instead (15-1)."),
        AlreadyRefused => ("already_refused", "更新拒絶はすでに受け付けています。", "The renewal has already been refused."),
        ReceivedInTheFuture => ("received_in_the_future", "受領日は今日以前の日付にしてください。", "The day of receipt must be today or earlier."),
        AlreadyRenewed => ("already_renewed", "この契約期間はすでに更新されています。", "The term has already been renewed."),
        AlreadyCancelled => ("already_cancelled", "解約はすでに受け付けています。", "The contract has already been cancelled."),
        CancellationInThePast => ("cancellation_in_the_past", "解約日は今日以降の日付にしてください。", "The day of the end must be today or later."),
        CancellationTooFar => ("cancellation_too_far", "解約日は満了日までの日付にしてください。", "The day of the end must not be after the expiry date."),
        NoSuchDebt => ("no_such_debt", "該当する未払いの請求がありません。", "There is no such open invoice."),
        AmountNotPositive => ("amount_not_positive", "金額は1円以上にしてください。", "The amount must be at least one yen."),
        AmountTooLarge => ("amount_too_large", "金額が大きすぎます。", "The amount is too large."),
        ReceivedBeforeFormation => ("received_before_formation", "契約の成立より前の日付です。", "The day lies before the contract was formed."),
        ResellerBills => ("reseller_bills", "この契約の料金は販売店がお支払いを管理しています。", "The reseller's terms of payment govern this contract (6-2)."),
        NoDraft => ("no_draft", "確認待ちの遅延利息がありません。", "There is no interest waiting for a decision."),
        ReasonMissing => ("reason_missing", "理由を記入してください。", "A reason must be given."),
        EvidenceMissing => ("evidence_missing", "根拠となる資料を記入してください。", "The evidence must be named."),
        GroundMissing => ("ground_missing", "事由を選んでください。", "A ground must be chosen."),
        NothingOverdue => ("nothing_overdue", "支払期日を過ぎた請求がないため、この事由は使えません。", "No invoice is overdue, so this ground cannot be used (6-2)."),
        NoGroundToRescind => ("no_ground_to_rescind", "この事由では解除できません。", "This ground does not allow a rescission."),
        DemandMissing => ("demand_missing", "催告とその期限の経過がないため、この事由は使えません。", "Without a demand whose period has lapsed this ground cannot be used (13-1-2)."),
        GroundInTheFuture => ("ground_in_the_future", "事由の発生日は契約の成立から今日までの日付にしてください。", "The ground must have arisen between the formation and today."),
        AlreadySuspended => ("already_suspended", "すでに利用を停止しています。", "The contract is suspended already."),
        UseSuspended => ("suspended", "利用の停止中は、機器・ユーザ・権限を加えられません。お支払いと登録事項の変更はできます。", "While use is suspended no device, user or right can be added; payments and particulars can be seen to."),
        NotSuspended => ("not_suspended", "利用を停止していません。", "The contract is not suspended."),
        NothingProposed => ("nothing_proposed", "解除の提案がありません。", "No rescission has been proposed."),
        AlreadyProposed => ("already_proposed", "解除はすでに提案されています。", "A rescission has already been proposed."),
        ChangeInTheFuture => ("change_in_the_future", "変更日は今日以前の日付にしてください。変更の当日以降にお知らせください。", "The day of the change must be today or earlier; tell us once it has happened."),
        ChangeBeforeFormation => ("change_before_formation", "変更日は契約の成立日以後の日付にしてください。", "The day of the change must not lie before the contract was formed."),
        NothingChanged => ("nothing_changed", "登録事項に変わりがありません。", "Nothing differs from the particulars on record."),
        ChangeWaiting => ("change_waiting", "先にお知らせいただいた変更を確認しています。結果をお待ちください。", "An earlier change is being looked at. Please wait for its outcome."),
        NoChangeWaiting => ("no_change_waiting", "該当する確認待ちの変更がありません。", "No such change waits for a decision."),
        AddressMissing => ("address_missing", "国外のご住所を300文字以内で入力してください。", "Write the address abroad in at most 300 characters."),
        SecondOperatorNeeded => ("second_operator_needed", "解除には、提案した人とは別の担当者の同意が必要です。", "Another operator than the one who proposed must agree."),
    }
}

/// Why a contract ended (D-23).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminationCause {
    /// Art. 11: refused, and the term ran out.
    Expiry,
    /// 15-1: cancelled by the customer.
    CustomerCancellation,
    /// 13-1: rescinded.
    Rescission,
    /// 17-2: rescinded because of what Art. 17 forbids.
    RescissionForSoftware,
    /// 14-1: the service ended.
    ServiceEnd,
}

impl TerminationCause {
    /// Returns the clause.
    pub fn clause(self) -> &'static str {
        match self {
            TerminationCause::Expiry => "11",
            TerminationCause::CustomerCancellation => "15-1",
            TerminationCause::Rescission => "13-1",
            TerminationCause::RescissionForSoftware => "17-2",
            TerminationCause::ServiceEnd => "14-1",
        }
    }

    /// Returns what people read.
    pub fn sentence(self, language: Language) -> &'static str {
        match self {
            TerminationCause::Expiry => language.t("満了", "Expiry"),
            TerminationCause::CustomerCancellation => {
                language.t("お客様による解約", "Cancellation by the customer")
            }
            TerminationCause::Rescission => language.t("解除", "Rescission"),
            TerminationCause::RescissionForSoftware => {
                language.t("解除（第17条）", "Rescission (Art. 17)")
            }
            TerminationCause::ServiceEnd => language.t("サービスの終了", "End of the service"),
        }
    }
}

/// Whether the service may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Standing {
    Active,
    /// Viewing, export and API stop; recording, term and fees go on (D-09).
    Suspended {
        /// 6-2 or 13-1.
        clause: String,
        since: Timestamp,
    },
    /// The last day of use, to 24:00, or to the moment of a rescission.
    Ended {
        on: Date,
        cause: TerminationCause,
        /// A rescission takes effect at once (13-1).
        at_once: bool,
    },
}

/// A cancellation that was received; the contract goes on to its day (15-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The last day of use.
    pub on: Date,
    pub cause: TerminationCause,
    /// The number on the customer's receipt.
    pub receipt: String,
    pub received_at: Timestamp,
    /// The day on which it arrived, in Tokyo: earlier than it was recorded if it came on paper.
    pub received_on: Date,
}

/// One contract as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    pub id: ContractId,
    pub version: u64,
    pub application: ApplicationId,
    /// The instant at which registration was completed (3-3, D-02).
    pub formed_at: Timestamp,
    /// The particulars as they are known to count now.
    pub customer: Particulars,
    /// Every set of particulars, in the order in which it came to be known (Art. 4); empty while those of the formation
    /// are the only ones, so that the snapshot stays small.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registered: Vec<Registered>,
    /// A change that waits for an operator (Art. 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Box<Change>>,
    pub channel: Channel,
    pub language: Language,
    /// The terms agreed to at formation.
    pub terms_version: String,
    pub standing: Standing,
    pub orders: Vec<Order>,
    #[serde(default)]
    pub account: Account,
    /// A cancellation that takes effect on its day.
    #[serde(default)]
    pub ending: Option<Ending>,
    /// The last day of use for which the customer was reminded to save recordings (Art. 9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_reminded: Option<Date>,
    /// A rescission that waits for a second operator (13-1).
    #[serde(default)]
    pub proposal: Option<Proposal>,
    /// When the last event was recorded; no later one is stamped earlier.
    #[serde(default)]
    pub latest: Timestamp,
    /// What becomes of the data after the end (15-3).
    #[serde(default, skip_serializing_if = "Deletion::is_nothing")]
    pub deletion: Deletion,
}

impl Contract {
    /// Forms the contract from an approved application; the operator sets the start date (Art. 11).
    pub fn form(
        id: ContractId,
        application: &Application,
        start: Date,
        by: &str,
        now: Timestamp,
    ) -> Result<(Contract, Entry), Refusal> {
        if application.state != ApplicationState::Approved {
            return Err(Refusal::NotApproved);
        }
        check_start(start, tokyo_date(now))?;
        let terms_version = application.form.terms_version.clone();
        let order = Order::accepted(
            1,
            application.confirmation.quote.clone(),
            start,
            &terms_version,
        );
        let contract = Contract {
            id,
            version: 1,
            application: application.id.clone(),
            formed_at: now,
            customer: application.form.particulars.clone(),
            registered: Vec::new(),
            change: None,
            channel: application.channel.clone(),
            language: application.language,
            terms_version,
            standing: Standing::Active,
            orders: vec![order],
            account: Account::default(),
            ending: None,
            backup_reminded: None,
            proposal: None,
            latest: now,
            deletion: Deletion::default(),
        };
        let entry = Entry {
            at: now,
            on: tokyo_date(now),
            by: by.to_owned(),
            event: Event::Formed {
                contract: Box::new(contract.clone()),
            },
            data_kept_days: None,
        };
        Ok((contract, entry))
    }

    /// Returns how many cameras the orders that run on a date allow.
    pub fn camera_limit(&self, date: Date) -> u32 {
        self.orders
            .iter()
            .filter(|order| order.term_on(date).is_some())
            .map(|order| u32::from(order.running.quote.cameras))
            .sum()
    }

    /// Returns the longest retention among the orders that run on a date, in days; before the first start, of those to come.
    pub fn retention_days(&self, date: Date) -> u16 {
        let longest = |runs: &dyn Fn(&&Order) -> bool| {
            let orders = self.orders.iter().filter(|order| runs(order));
            orders.map(|order| order.running.quote.retention_days).max()
        };
        longest(&|order| order.term_on(date).is_some())
            .or_else(|| longest(&|order| !order.closed))
            .unwrap_or(0)
    }

    /// Returns an order by its number.
    pub fn order(&self, number: u16) -> Option<&Order> {
        self.orders.iter().find(|order| order.number == number)
    }

    /// Tells whether a reseller's terms of payment govern (6-2).
    pub fn is_resold(&self) -> bool {
        matches!(self.channel, Channel::Reseller(_))
    }

    /// Tells whether the contract has ended as of a date.
    pub fn has_ended(&self, date: Date) -> bool {
        match (&self.standing, &self.ending) {
            (Standing::Ended { on, at_once, .. }, _) => *at_once || *on < date,
            (_, Some(ending)) => ending.on < date,
            _ => {
                let is_past = |order: &Order| order.last_day.is_some_and(|last| last < date);
                !self.orders.is_empty() && self.orders.iter().all(is_past)
            }
        }
    }

    /// Returns the last expiry date among the orders that still run, counting renewals up to a date.
    pub fn last_expiry(&self, today: Date) -> Option<Date> {
        let running = self.orders.iter().filter(|order| !order.closed);
        running
            .map(|order| order.term_on(today).unwrap_or(order.running.term).end)
            .max()
    }
}

/// The operator sets a start from today to a year ahead (Art. 11).
fn check_start(start: Date, today: Date) -> Result<(), Refusal> {
    if start < today {
        return Err(Refusal::StartInThePast);
    }
    if start > Term::starting(today).end {
        return Err(Refusal::StartTooFar);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
