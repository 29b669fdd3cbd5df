//! 通知: what is sent to people, and its place in the notice ledger (Art. 24).

mod outcome;

pub use outcome::*;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{ApplicationId, CameraId, ContractId, ExportId, InterruptionId, UserId};
use crate::interruption::Told;
use crate::watch::{Outage, Resumed};

/// What a notice is about. The kind is also the mail's tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Notice {
    /// 3-1: the application arrived.
    ApplicationReceived { application: ApplicationId },
    /// 3-2: the application was approved; the contract is formed by registration.
    ApplicationApproved { application: ApplicationId },
    /// 3-4, D-03: the same bytes whatever the ground.
    ApplicationDeclined { application: ApplicationId },
    /// 3-3: registration is complete, the contract is formed.
    RegistrationCompleted { contract: ContractId },
    /// The person may sign in; an account is made and a first password sent.
    UserInvited { contract: ContractId, user: UserId },
    /// The person was removed; the account is closed.
    UserRemoved { contract: ContractId, user: UserId },
    /// 21-5: the person asked for another sign-in address; goes there, with the code that proves it.
    AddressAsked { contract: ContractId, user: UserId },
    /// 21-5: the sign-in address was changed; goes to the former one, in case nobody there asked for it.
    AddressChanged {
        contract: ContractId,
        user: UserId,
        former: String,
    },
    /// 23-2, 1-1: a later version of the terms was published.
    TermsPublished {
        terms_version: String,
        contract: ContractId,
    },
    /// 25-2, D-37: the list of third-party terms has a later version; contracts keep the one of their formation.
    ThirdPartyTermsChanged {
        contract: ContractId,
        list_version: u64,
    },
    /// 6-1: an invoice or a statement of interest was issued.
    InvoiceIssued { contract: ContractId, number: u32 },
    /// 6-1: a credit note was issued.
    CreditNoteIssued { contract: ContractId, number: u32 },
    /// D-40: another order was accepted; it runs its own year.
    OrderAccepted { contract: ContractId, order: u16 },
    /// Art. 11: a renewal draws near; names the last day to refuse and the next term's price.
    RenewalReminder {
        contract: ContractId,
        order: u16,
        term: u16,
        days_before: u16,
    },
    /// Art. 11: the order was renewed; the number is that of the term that began.
    Renewed {
        contract: ContractId,
        order: u16,
        term: u16,
    },
    /// Art. 11: the order ran out.
    Expired {
        contract: ContractId,
        order: u16,
        term: u16,
    },
    /// Art. 11, 24: a refusal of renewal arrived; with its receipt number.
    RefusalReceived {
        contract: ContractId,
        order: u16,
        receipt: String,
    },
    /// 15-1, 24: a cancellation arrived; with its receipt number.
    CancellationReceived {
        contract: ContractId,
        receipt: String,
    },
    /// Art. 9, 15-2: recordings and data can be saved until the last day of use.
    BackupReminder { contract: ContractId, last: Date },
    /// 15-1: the contract ended.
    ContractEnded { contract: ContractId },
    /// 13-1-2, 6-2: the demand for an unpaid invoice.
    Demand { contract: ContractId, number: u32 },
    /// 6-2, 13-1: use is suspended.
    Suspended { contract: ContractId },
    /// The suspension is lifted.
    SuspensionLifted { contract: ContractId },
    /// 13-1, 17-2: the contract is rescinded.
    Rescinded { contract: ContractId },
    /// 2-8, 24: cameras of a contract stopped recording, as a tick of the watch saw it.
    RecordingStopped {
        contract: ContractId,
        seen_at: Timestamp,
        cameras: Vec<Outage>,
    },
    /// 2-8, 24: cameras record again whose outage was told.
    RecordingResumed {
        contract: ContractId,
        seen_at: Timestamp,
        cameras: Vec<Resumed>,
    },
    /// Art. 4: a change of particulars arrived and is looked at; with its receipt number.
    ChangeReceived {
        contract: ContractId,
        receipt: String,
    },
    /// Art. 4: the particulars were changed.
    ParticularsRegistered {
        contract: ContractId,
        receipt: String,
    },
    /// Art. 4: the customer's e-mail address was changed; goes to the former one, in case nobody there asked for it.
    ContactMoved {
        contract: ContractId,
        receipt: String,
        former: String,
    },
    /// Art. 4: a change was not taken over.
    ChangeRefused {
        contract: ContractId,
        receipt: String,
        reason: String,
    },
    /// 8-1, 21-3: the service is interrupted, will be, or was.
    Interruption {
        contract: ContractId,
        interruption: InterruptionId,
        told: Told,
    },
    /// 9, 15-2: an export is complete or came to nothing; goes to the person who asked.
    ExportEnded {
        contract: ContractId,
        user: UserId,
        export: ExportId,
        camera: Option<CameraId>,
        /// `None` if it is complete.
        failure: Option<crate::export::Failure>,
        gaps: u32,
    },
    /// 15-2: the customer deletes what a camera recorded before a moment.
    RecordingsDeleted {
        contract: ContractId,
        camera: CameraId,
        before: Timestamp,
    },
    /// 15-3: the customer's data were deleted; carries the certificate.
    DataDeleted { contract: ContractId },
    /// 14-1: the service will end, not before a day.
    ServiceEndAnnounced { contract: ContractId },
    /// 14-1: the last day of the service is set.
    ServiceEndSet { contract: ContractId },
    /// 6-2: a reseller's invoice of a month was issued; goes to the reseller.
    ResellerInvoiceIssued { reseller: String, number: u32 },
}

impl Notice {
    /// Returns the stable name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Notice::ApplicationReceived { .. } => "application_received",
            Notice::ApplicationApproved { .. } => "application_approved",
            Notice::ApplicationDeclined { .. } => "application_declined",
            Notice::RegistrationCompleted { .. } => "registration_completed",
            Notice::UserInvited { .. } => "user_invited",
            Notice::UserRemoved { .. } => "user_removed",
            Notice::AddressAsked { .. } => "address_asked",
            Notice::AddressChanged { .. } => "address_changed",
            Notice::TermsPublished { .. } => "terms_published",
            Notice::ThirdPartyTermsChanged { .. } => "third_party_terms_changed",
            Notice::InvoiceIssued { .. } => "invoice_issued",
            Notice::CreditNoteIssued { .. } => "credit_note_issued",
            Notice::OrderAccepted { .. } => "order_accepted",
            Notice::RenewalReminder { .. } => "renewal_reminder",
            Notice::Renewed { .. } => "renewed",
            Notice::Expired { .. } => "expired",
            Notice::RefusalReceived { .. } => "refusal_received",
            Notice::CancellationReceived { .. } => "cancellation_received",
            Notice::BackupReminder { .. } => "backup_reminder",
            Notice::ContractEnded { .. } => "contract_ended",
            Notice::Demand { .. } => "demand",
            Notice::Suspended { .. } => "suspended",
            Notice::SuspensionLifted { .. } => "suspension_lifted",
            Notice::Rescinded { .. } => "rescinded",
            Notice::ChangeReceived { .. } => "change_received",
            Notice::ParticularsRegistered { .. } => "particulars_registered",
            Notice::ContactMoved { .. } => "contact_moved",
            Notice::ChangeRefused { .. } => "change_refused",
            Notice::RecordingStopped { .. } => "recording_stopped",
            Notice::RecordingResumed { .. } => "recording_resumed",
            Notice::Interruption { .. } => "interruption",
            Notice::ExportEnded { .. } => "export_ended",
            Notice::RecordingsDeleted { .. } => "recordings_deleted",
            Notice::DataDeleted { .. } => "data_deleted",
            Notice::ServiceEndAnnounced { .. } => "service_end_announced",
            Notice::ServiceEndSet { .. } => "service_end_set",
            Notice::ResellerInvoiceIssued { .. } => "reseller_invoice_issued",
        }
    }

    /// Returns the notice without what is somebody's own in it (15-3).
    #[must_use]
    pub fn without_names(self) -> Notice {
        match self {
            Notice::ContactMoved {
                contract, receipt, ..
            } => Notice::ContactMoved {
                contract,
                receipt,
                former: String::new(),
            },
            Notice::AddressChanged { contract, user, .. } => Notice::AddressChanged {
                contract,
                user,
                former: String::new(),
            },
            Notice::ChangeRefused {
                contract, receipt, ..
            } => Notice::ChangeRefused {
                contract,
                receipt,
                reason: String::new(),
            },
            other => other,
        }
    }

    /// Returns the clause that it rests on.
    pub fn clause(&self) -> &'static str {
        match self {
            Notice::ApplicationReceived { .. } => "3-1",
            Notice::ApplicationApproved { .. } => "3-2",
            Notice::ApplicationDeclined { .. } => "3-4",
            Notice::RegistrationCompleted { .. } => "3-3",
            Notice::UserInvited { .. } | Notice::UserRemoved { .. } => "5-1",
            Notice::AddressAsked { .. } | Notice::AddressChanged { .. } => "21-5",
            Notice::TermsPublished { .. } => "23-2",
            Notice::ThirdPartyTermsChanged { .. } => "25-2",
            Notice::InvoiceIssued { .. } | Notice::CreditNoteIssued { .. } => "6-1",
            Notice::OrderAccepted { .. }
            | Notice::RenewalReminder { .. }
            | Notice::Renewed { .. }
            | Notice::Expired { .. }
            | Notice::RefusalReceived { .. } => "11",
            Notice::CancellationReceived { .. } | Notice::ContractEnded { .. } => "15-1",
            Notice::Demand { .. } => "13-1-2",
            Notice::Suspended { .. }
            | Notice::SuspensionLifted { .. }
            | Notice::ResellerInvoiceIssued { .. } => "6-2",
            Notice::Rescinded { .. } => "13-1",
            Notice::ChangeReceived { .. }
            | Notice::ParticularsRegistered { .. }
            | Notice::ContactMoved { .. }
            | Notice::ChangeRefused { .. } => "4",
            Notice::RecordingsDeleted { .. } => "15-2",
            Notice::DataDeleted { .. } => "15-3",
            Notice::RecordingStopped { .. } | Notice::RecordingResumed { .. } => "2-8",
            Notice::Interruption { .. } => "8-1",
            Notice::ExportEnded { .. } | Notice::BackupReminder { .. } => "9",
            Notice::ServiceEndAnnounced { .. } | Notice::ServiceEndSet { .. } => "14-1",
        }
    }

    /// Returns the person that it is about, if it is about one.
    pub fn user(&self) -> Option<&UserId> {
        match self {
            Notice::UserInvited { user, .. }
            | Notice::UserRemoved { user, .. }
            | Notice::AddressAsked { user, .. }
            | Notice::AddressChanged { user, .. }
            | Notice::ExportEnded { user, .. } => Some(user),
            _ => None,
        }
    }

    /// Returns the contract that it belongs to, if there is one yet.
    pub fn contract(&self) -> Option<&ContractId> {
        match self {
            Notice::RegistrationCompleted { contract }
            | Notice::UserInvited { contract, .. }
            | Notice::UserRemoved { contract, .. }
            | Notice::AddressAsked { contract, .. }
            | Notice::AddressChanged { contract, .. }
            | Notice::TermsPublished { contract, .. }
            | Notice::ThirdPartyTermsChanged { contract, .. }
            | Notice::InvoiceIssued { contract, .. }
            | Notice::CreditNoteIssued { contract, .. }
            | Notice::OrderAccepted { contract, .. }
            | Notice::RenewalReminder { contract, .. }
            | Notice::Renewed { contract, .. }
            | Notice::Expired { contract, .. }
            | Notice::RefusalReceived { contract, .. }
            | Notice::CancellationReceived { contract, .. }
            | Notice::BackupReminder { contract, .. }
            | Notice::ContractEnded { contract }
            | Notice::Demand { contract, .. }
            | Notice::Suspended { contract }
            | Notice::SuspensionLifted { contract }
            | Notice::Rescinded { contract }
            | Notice::ChangeReceived { contract, .. }
            | Notice::ParticularsRegistered { contract, .. }
            | Notice::ContactMoved { contract, .. }
            | Notice::ChangeRefused { contract, .. }
            | Notice::RecordingsDeleted { contract, .. }
            | Notice::DataDeleted { contract }
            | Notice::RecordingStopped { contract, .. }
            | Notice::RecordingResumed { contract, .. }
            | Notice::Interruption { contract, .. }
            | Notice::ExportEnded { contract, .. }
            | Notice::ServiceEndAnnounced { contract }
            | Notice::ServiceEndSet { contract } => Some(contract),
            Notice::ApplicationReceived { .. }
            | Notice::ApplicationApproved { .. }
            | Notice::ApplicationDeclined { .. }
            | Notice::ResellerInvoiceIssued { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::ids::MessageId;
    use crate::language::Language;

    const SENT: Outcome = Outcome::Sent;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn arrived() -> Outcome {
        Outcome::Arrived {
            at: at("2026-06-01T00:00:02Z"),
        }
    }

    fn failed(reason: Failure) -> Outcome {
        Outcome::Failed {
            at: at("2026-06-01T00:00:03Z"),
            reason,
        }
    }

    fn record() -> NoticeRecord {
        NoticeRecord {
            id: MessageId::from_random([1; 10]),
            notice: Notice::ApplicationReceived {
                application: ApplicationId::from_random([1; 10]),
            },
            to: "hanako@example.jp".into(),
            language: Language::Ja,
            content_hash: "00".into(),
            sent_at: at("2026-06-01T00:00:00Z"),
            mail_id: "mail-1".into(),
            version: 1,
            outcome: SENT,
            posted: None,
        }
    }

    /// A notice's own fields stand beside those of its line.
    #[test]
    fn art_25_a_line_about_third_party_terms_comes_back_as_it_was_written() {
        let line = NoticeRecord {
            notice: Notice::ThirdPartyTermsChanged {
                contract: ContractId::from_random([2; 10]),
                list_version: 7,
            },
            ..record()
        };
        let text = serde_json::to_string(&line).unwrap();
        let back: NoticeRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(back, line);
    }

    /// The outcome and the version after a number of news.
    fn check(news: &[Outcome], outcome: Outcome, version: u64) {
        let after = news.iter().fold(record(), |record, news| {
            record.hear(*news).unwrap_or(record)
        });
        assert_eq!((after.outcome, after.version), (outcome, version));
        let same = NoticeRecord {
            version: 1,
            outcome: SENT,
            ..after
        };
        assert_eq!(same, record(), "news change nothing else");
    }

    mod art_24 {
        use super::*;

        #[test]
        fn a_notice_is_sent_then_arrives_or_fails() {
            check(&[], SENT, 1);
            check(&[arrived()], arrived(), 2);
            let bounced = failed(Failure::BouncedForGood);
            check(&[bounced], bounced, 2);
        }

        #[test]
        fn a_failure_after_the_arrival_counts() {
            let complained = failed(Failure::Complained);
            check(&[arrived(), complained], complained, 3);
        }

        #[test]
        fn a_late_delivery_does_not_undo_a_failure() {
            let bounced = failed(Failure::BouncedForNow);
            check(&[bounced, arrived()], bounced, 2);
        }

        #[test]
        fn doubled_news_change_nothing() {
            check(&[arrived(), arrived()], arrived(), 2);
            let first = failed(Failure::Rejected);
            check(&[first, failed(Failure::Complained), first], first, 2);
            check(&[SENT], SENT, 1);
        }

        #[test]
        fn what_was_not_sent_hears_no_news() {
            let not_sent = Outcome::NotSent {
                at: at("2026-06-01T00:00:02Z"),
            };
            let mut line = record();
            line.outcome = not_sent;
            assert_eq!(line.hear(arrived()), None);
            assert_eq!(line.hear(failed(Failure::Rejected)), None);
            assert_eq!(line.next_step(), NextStep::Nothing);
            assert_eq!(line.outcome.name(), "not_sent");
        }

        #[test]
        fn only_a_failed_notice_asks_for_a_second_channel() {
            let step = |news| record().hear(news).unwrap().next_step();
            assert_eq!(record().next_step(), NextStep::Nothing);
            assert_eq!(step(arrived()), NextStep::Nothing);
            assert_eq!(step(failed(Failure::Complained)), NextStep::SecondChannel);
        }
    }

    #[test]
    fn a_line_written_before_outcomes_were_kept_counts_as_sent() {
        let mut line = serde_json::to_value(record()).unwrap();
        let fields = line.as_object_mut().unwrap();
        fields.remove("version");
        fields.remove("outcome");
        assert_eq!(
            serde_json::from_value::<NoticeRecord>(line).unwrap(),
            record()
        );
    }
}
