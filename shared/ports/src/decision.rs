//! One transaction is one decision: everything that it writes, or nothing.

use ciero_domain::application::{Application, Event as ApplicationEvent};
use ciero_domain::breach::Breach;
use ciero_domain::contract::{
    Case, Contract, Effect, Entry, Event, Kind, Receipt, Step, Task, stable_id,
};
use ciero_domain::deletion::Deletion;
use ciero_domain::device::{Camera, Device};
use ciero_domain::disclosure::{CopyOrder, Disclosure, Entry as DisclosureEntry, HoldCopy};
use ciero_domain::documents::Operator;
use ciero_domain::export::Export;
use ciero_domain::hold::Holds;
use ciero_domain::ids::{
    ApplicationId, CameraId, ContractId, DeviceId, ExportId, MessageId, UserId,
};
use ciero_domain::interruption::Interruption;
use ciero_domain::invoice::Invoice;
use ciero_domain::notice::{Notice, NoticeRecord};
use ciero_domain::prices::PriceList;
use ciero_domain::processor::Register;
use ciero_domain::purge::{Journal, Line, SignedCertificate};
use ciero_domain::reseller::{ResellerAccount, ResellerInvoice, ResellerReceipt, ResoldFee};
use ciero_domain::screening::{ListHeader, RegisterEntry, Review, Screening};
use ciero_domain::service_end::ServiceEnd;
use ciero_domain::staff_view::StaffView;
use ciero_domain::terms::{Draft, TermsText};
use ciero_domain::third_party::{AgreedThirdParty, ThirdPartyTerms};
use ciero_domain::user::{Acceptance, User};
use ciero_domain::watch::{Ledger, Told};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::remembered::Remembered;

use crate::announcement::Announcement;
use crate::rescreening::Rescreening;

/// One row of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Unique; the rows of a contract sort by `at`, then by this.
    pub id: MessageId,
    pub at: Timestamp,
    pub contract: ContractId,
    /// Who did it: a user's identifier, or `operator:<name>`, or `device:<id>`.
    pub actor: String,
    /// What was done, for example `live`, `recording`, `user_added`.
    pub action: String,
    pub camera: Option<CameraId>,
    /// What it came to: `granted`, or the code of the rule that denied.
    pub outcome: String,
    /// Further facts, for people; no secrets.
    pub detail: Value,
}

/// One thing that a decision writes. Entities carry their version: the store writes version n only on
/// top of n − 1, and version 1 only where nothing is.
#[derive(Debug, Clone)]
pub enum Write {
    Application(Box<Application>, Box<ApplicationEvent>),
    /// A draft is not an event yet.
    Draft(Box<Application>),
    Contract(Box<Contract>, Box<Entry>),
    /// Due work that exists from now on.
    Arm(Task),
    /// Due work that is void or done.
    Disarm(Task),
    /// A thing that exists once; refused if it is there.
    Effect(Effect),
    /// A document of a contract; refused if its number is taken.
    Invoice(Box<Invoice>),
    /// What a reseller is to be billed for (6-2).
    ResoldFee(Box<ResoldFee>),
    /// Moves a fee from those on no invoice to the reseller's invoice of this number; refused if it is on one.
    PutOnInvoice(u32, Box<ResoldFee>),
    ResellerAccount(Box<ResellerAccount>),
    /// A consolidated invoice; refused if its number is taken.
    ResellerInvoice(Box<ResellerInvoice>),
    ResellerReceipt(Box<ResellerReceipt>),
    /// Money that came in; refused if its reference was recorded before.
    Receipt(ContractId, Box<Receipt>, Timestamp),
    /// What a contract's customer was told of its cameras' recording.
    Told(Box<Told>),
    /// What is known of a camera's recording, once earlier recordings are deleted (15-2).
    Ledger(Box<Ledger>),
    /// A case of the operator's list.
    Case(Box<Case>),
    User(Box<User>),
    Device(Box<Device>),
    Camera(Box<Camera>),
    /// How often cameras were added to a contract, counted on: of two additions at once that saw the same cameras, one
    /// is refused and looks again.
    CameraAdded(ContractId, u64),
    /// A look of the operator's staff at a camera, on its way (21-7).
    StaffView(Box<StaffView>),
    Export(Box<Export>),
    /// How often exports of a contract were asked for, counted on: of two requests at once that saw the same exports, one
    /// is refused and looks again.
    ExportsAsked(ContractId, u64),
    /// Binds a serial to a contract; refused if it is bound (2-11).
    ClaimSerial {
        model: String,
        serial: String,
        contract: ContractId,
        device: DeviceId,
    },
    ReleaseSerial {
        model: String,
        serial: String,
        device: DeviceId,
    },
    /// Binds an e-mail address to one user of the service; refused if it is bound.
    ClaimEmail {
        email: String,
        user: UserId,
    },
    ReleaseEmail {
        email: String,
        user: UserId,
    },
    /// Lets a device be found by the SHA-256 of its one-time code until the code expires.
    Code {
        hash: String,
        contract: ContractId,
        device: DeviceId,
        expires_at: Timestamp,
    },
    ForgetCode {
        hash: String,
    },
    Audit(Box<AuditRow>),
    Notice(Box<NoticeRecord>),
    /// What became of a notice: its next version, by itself and under its contract.
    NoticeOutcome(Box<NoticeRecord>),
    /// Confidential table.
    Screening(Box<Screening>),
    /// Confidential table; version 1 only.
    Register(Box<RegisterEntry>),
    /// Confidential table; a version of a screening list, refused if the version exists.
    ScreeningList(Box<ListHeader>),
    /// Confidential table; what screening again found.
    Review(Box<Review>),
    /// Confidential table; the holds on a contract's data (21-4).
    Holds(Box<Holds>),
    /// Confidential table; a disclosure case with what happened to it (21-4).
    Disclosure(Box<Disclosure>, Box<DisclosureEntry>),
    /// Confidential table; how far the copy of a held stretch of recording is (21-4).
    HoldCopy(Box<HoldCopy>),
    /// Confidential table; a deletion of recordings that waits (15-2).
    Deletion(Box<Deletion>),
    /// Confidential table; a deletion that stands at this version is carried out.
    DeletionDone(Box<Deletion>),
    /// Confidential table; an incident of personal data.
    Breach(Box<Breach>),
    /// Writes nothing: the contract must still be at this version.
    ContractStandsAt(ContractId, u64),
    /// Writes nothing: the holds on the contract's data must still be at this version, 0 for none (21-4).
    HoldsStandAt(ContractId, u64),
    /// Confidential table; where a purge stands, on its version, with the next line of its journal (15-3).
    Purge(Box<Journal>, Box<Line>),
    /// Takes a purge off the list of those that go on.
    PurgeEnded(ContractId),
    /// An item that a purge takes away.
    Delete(Stored),
    /// An entry of a contract's history without what names people; replaces the entry of that version.
    Unnamed(ContractId, u64, Box<Entry>),
    /// What is kept of somebody's consent when the rest goes.
    Consent(Box<KeptConsent>),
    /// Confidential table; an entry of the register whose particulars are keyed hashes from now on.
    Hashed(Box<RegisterEntry>),
    /// A deletion certificate; refused if it exists.
    Certificate(Box<SignedCertificate>),
    /// The operator's settings; replaces what is there.
    Operator(Box<Operator>),
    /// A version of the price list; replaces only the same version.
    Prices(Box<PriceList>),
    /// A version of the terms; refused if the version exists.
    Terms(Box<TermsText>),
    /// A change of the terms on its way (23-1).
    TermsDraft(Box<Draft>),
    /// A record of planned work or an incident (8-1).
    Interruption(Box<Interruption>),
    /// The end of the service on its way (14-1).
    ServiceEnd(Box<ServiceEnd>),
    /// Writes nothing: the end of the service must still be at this version, 0 for none (14-1).
    ServiceEndStandsAt(u64),
    /// A version of the register of sub-processors; refused if it exists (10).
    Processors(Box<Register>),
    /// A version of the list of third-party terms; refused if it exists (25-1).
    ThirdPartyTerms(Box<ThirdPartyTerms>),
    /// What was agreed to with a contract; refused if the list has a later version (25-2).
    AgreedThirdParty(Box<AgreedThirdParty>),
}

/// The place of one item, as the store names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub confidential: bool,
    pub partition: String,
    pub sort: String,
    /// An attribute and its value: the item is taken away only while it has it.
    pub held_by: Option<(&'static str, String)>,
}

/// Somebody's consent, by a number that names nobody (1-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptConsent {
    pub contract: ContractId,
    /// The number of the user, or of the application.
    pub who: String,
    pub acceptances: Vec<Acceptance>,
}

/// What kind of write met something in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// An entity moved on since it was read: read again and decide again.
    Entity,
    Serial,
    Email,
    /// The same idempotency key was used before.
    Remembered,
    /// The version of a document, a notice or a register entry exists already.
    Once,
    /// The effect exists already.
    Effect,
    /// The reference of a payment was recorded before.
    Receipt,
}

/// Where a message of the outbox goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    Notices,
    Screening,
    /// The next part of a run of the effect audit.
    Audit,
    /// The next part of a run of the camera watch.
    Watch,
    /// The next stretch of work on an export.
    Exports,
    /// The copies of held recordings (21-4).
    HoldCopies,
    /// The next contracts that end with the service.
    ServiceEnd,
    /// Due work of a kind.
    Work(Kind),
}

impl Topic {
    /// Returns the stable name.
    pub fn name(self) -> &'static str {
        match self {
            Topic::Notices => "notices",
            Topic::Screening => "screening",
            Topic::Audit => "audit",
            Topic::Watch => "watch",
            Topic::Exports => "exports",
            Topic::HoldCopies => "hold-copies",
            Topic::ServiceEnd => "service-end",
            Topic::Work(kind) => kind.name(),
        }
    }
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// Tell people.
    Notice(Notice),
    /// Check a submitted application.
    Screen(ApplicationId),
    /// Screen again everyone who is or may become a customer, page by page (3-4, 13-1).
    Rescreen(Rescreening),
    /// Screen one customer again, whose particulars changed (3-4, 4).
    RescreenCustomer(ContractId),
    /// Tell every contract what concerns all of them, page by page.
    Announce(Announcement),
    /// Go on with the run of the effect audit that began then.
    Audit(Timestamp),
    /// Go on with the run of the camera watch that began then.
    Watch(Timestamp),
    /// Go on with an export.
    Export(ContractId, ExportId),
    /// Go on with the copy of a held stretch of recording (21-4).
    CopyHold(Box<CopyOrder>),
    /// End the contracts from this page on with the service (14-1); `None` for the first page.
    EndWithService(Option<String>),
    /// Carry out due work.
    Work(Task),
}

impl Body {
    /// Returns the queue that takes it.
    pub fn topic(&self) -> Topic {
        match self {
            Body::Notice(_) | Body::Announce(_) => Topic::Notices,
            Body::Screen(_) | Body::Rescreen(_) | Body::RescreenCustomer(_) => Topic::Screening,
            Body::Audit(_) => Topic::Audit,
            Body::Watch(_) => Topic::Watch,
            Body::Export(..) => Topic::Exports,
            Body::CopyHold(_) => Topic::HoldCopies,
            Body::EndWithService(_) => Topic::ServiceEnd,
            Body::Work(task) => Topic::Work(task.work.kind()),
        }
    }
}

/// A message of the outbox, written in the decision's transaction and sent after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    /// When the decision was taken.
    pub at: Timestamp,
    pub body: Body,
}

/// Everything that one decision writes.
#[derive(Debug, Clone, Default)]
pub struct Decision {
    pub writes: Vec<Write>,
    pub messages: Vec<Message>,
    pub remembered: Option<Remembered>,
}

/// How much void due work one transaction takes away, so that a contract of many orders can end: a transaction holds 100 items.
const MOST_DISARMED: usize = 50;

impl Decision {
    /// Starts with one write.
    pub fn of(write: Write) -> Self {
        Decision {
            writes: vec![write],
            ..Decision::default()
        }
    }

    /// Adds a write.
    #[must_use]
    pub fn and(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    /// Adds everything that a contract's entry leads to. `carries_out` is the due work that it does, which
    /// is gone with it.
    #[must_use]
    pub fn step(mut self, step: Step, carries_out: Option<&Task>) -> Self {
        let (id, at) = (step.contract.id.clone(), step.entry.at);
        let version = step.contract.version;
        let registers = matches!(step.entry.event, Event::ParticularsRegistered { .. });
        let contract = Write::Contract(Box::new(step.contract), Box::new(step.entry));
        self.writes.push(contract);
        // What does not fit is forgotten on its day: the contract does not owe it any more.
        let void = step
            .disarmed
            .into_iter()
            .filter(|task| Some(task) != carries_out);
        let void = void.take(MOST_DISARMED);
        self.writes.extend(void.map(Write::Disarm));
        self.writes.extend(carries_out.cloned().map(Write::Disarm));
        self.writes.extend(step.armed.into_iter().map(Write::Arm));
        self.writes
            .extend(step.effects.into_iter().map(Write::Effect));
        self.writes
            .extend(step.case.map(|case| Write::Case(Box::new(case))));
        let invoice = step
            .invoice
            .map(|invoice| Write::Invoice(Box::new(invoice)));
        self.writes.extend(invoice);
        let fee = step.resold_fee.map(|fee| Write::ResoldFee(Box::new(fee)));
        self.writes.extend(fee);
        let receipt = step
            .receipt
            .map(|receipt| Write::Receipt(id.clone(), Box::new(receipt), at));
        self.writes.extend(receipt);
        if registers {
            self.messages.push(Message {
                id: stable_id(&id, &format!("rescreening/{version}")),
                at,
                body: Body::RescreenCustomer(id.clone()),
            });
        }
        for (id, notice) in step.notices {
            self.messages.push(Message {
                id,
                at,
                body: Body::Notice(notice),
            });
        }
        self
    }

    /// Adds a message to the outbox.
    #[must_use]
    pub fn say(mut self, id: MessageId, at: Timestamp, body: Body) -> Self {
        self.messages.push(Message { id, at, body });
        self
    }
}

/// Why a decision was not written. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Something stands in the way of a write of this kind.
    #[error("a condition of the transaction did not hold: {0:?}")]
    Conflict(WriteKind),
    /// The store did not answer or refused; try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use ciero_domain::contract::{Cancellation, Command, Facts, evolve};
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_contract_of_many_orders_is_cancelled_within_one_transaction() {
        let facts = Facts {
            operator: Operator::default(),
            prices: Vec::new(),
            terms: Vec::new(),
        };
        let (mut contract, _) = ciero_domain::samples::contract(date(2026, 4, 1));
        for number in 2..=100 {
            let order = ciero_domain::contract::Order {
                number,
                ..contract.orders[0].clone()
            };
            contract.orders.push(order);
        }
        let cancel = Command::Cancel(Cancellation {
            on: date(2026, 5, 1),
            receipt: "C-1".into(),
            received_on: None,
        });
        let decided = contract.decide(cancel, "user:u", &facts, contract.formed_at);
        let entry = decided.unwrap();
        assert!(evolve(Some(&contract), &entry).unwrap().owed().len() < contract.owed().len());
        let step = Step::of(Some(&contract), entry, &facts.operator).unwrap();
        let void = step.disarmed.len();
        assert!(void > 100, "{void}");
        let decision = Decision::default().step(step, None);
        assert!(decision.writes.len() < 90, "{}", decision.writes.len());
    }
}
