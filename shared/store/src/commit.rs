//! One decision as one transaction: what it writes, what it must find, and what a refusal means.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem};
use ciero_ports::{CommitError, Decision, Message, Remembered, Write, WriteKind};

use crate::item::{Item, Unwritable};
use crate::ledger::Answer;
use crate::operation::{Condition, Operation, Operations};
use crate::{
    Store, applications, audit, billing, cases, confidential, contracts, deletions, devices,
};
use crate::{
    describe, disclosures, documents, due_work, exports, keys, notices, people, publishing, purge,
    registers, resellers, staff_views, watch,
};

/// DynamoDB's limit of one transaction.
const MOST_ITEMS: usize = 100;

/// How long to stand back before trying a transaction again that met another one.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(60),
    Duration::from_millis(180),
    Duration::from_millis(540),
];

/// Returns everything that a decision writes.
fn operations(decision: &Decision, due_shards: u16) -> Operations {
    let mut operations = Vec::new();
    for write in &decision.writes {
        operations.extend(of_write(write, due_shards)?);
    }
    for message in &decision.messages {
        operations.push(of_message(message)?);
    }
    if let Some(remembered) = &decision.remembered {
        operations.push(of_answer(remembered)?);
    }
    Ok(operations)
}

fn of_write(write: &Write, due_shards: u16) -> Operations {
    match write {
        Write::Application(application, event) => applications::put(application, event),
        Write::Draft(application) => applications::put_state(application),
        Write::Contract(contract, entry) => contracts::put(contract, entry),
        Write::Arm(task) => due_work::arm(task, due_shards),
        Write::Disarm(held) => due_work::disarm(held, due_shards),
        Write::Effect(effect) => billing::put_effect(effect),
        Write::Invoice(invoice) => billing::put_invoice(invoice),
        Write::ResoldFee(fee) => resellers::put_fee(fee),
        Write::PutOnInvoice(number, fee) => resellers::put_on_invoice(*number, fee),
        Write::ResellerAccount(account) => resellers::put_account(account),
        Write::ResellerInvoice(invoice) => resellers::put_invoice(invoice),
        Write::ResellerReceipt(receipt) => resellers::put_receipt(receipt),
        Write::Receipt(contract, receipt, at) => billing::put_receipt(contract, receipt, *at),
        Write::Told(told) => watch::put_told(told),
        Write::Ledger(ledger) => watch::put_ledger(ledger),
        Write::Case(case) => cases::put(case),
        Write::User(user) => people::put(user),
        Write::Device(device) => devices::put_device(device),
        Write::Camera(camera) => devices::put_camera(camera),
        Write::CameraAdded(contract, count) => devices::put_cameras_added(contract, *count),
        Write::StaffView(view) => staff_views::put(view),
        Write::Export(export) => exports::put(export),
        Write::ExportsAsked(contract, count) => exports::put_asked(contract, *count),
        Write::ClaimSerial {
            model,
            serial,
            contract,
            device,
        } => devices::claim_serial(model, serial, contract, device),
        Write::ReleaseSerial {
            model,
            serial,
            device,
        } => devices::release_serial(model, serial, device),
        Write::ClaimEmail { email, user } => people::claim_email(email, user),
        Write::ReleaseEmail { email, user } => people::release_email(email, user),
        Write::Code {
            hash,
            contract,
            device,
            expires_at,
        } => devices::put_code(hash, contract, device, *expires_at),
        Write::ForgetCode { hash } => devices::forget_code(hash),
        Write::Audit(row) => audit::put(row),
        Write::Notice(record) => notices::put(record),
        Write::NoticeOutcome(record) => notices::put_outcome(record),
        Write::Screening(screening) => confidential::put_screening(screening),
        Write::Register(entry) => confidential::put_register(entry),
        Write::ScreeningList(header) => confidential::put_screening_list(header),
        Write::Review(review) => confidential::put_review(review),
        Write::Holds(holds) => confidential::put_holds(holds),
        Write::Disclosure(case, entry) => disclosures::put(case, entry),
        Write::HoldCopy(copy) => disclosures::put_copy(copy),
        Write::Deletion(deletion) => deletions::put(deletion),
        Write::DeletionDone(deletion) => deletions::done(deletion),
        Write::Breach(breach) => disclosures::put_breach(breach),
        Write::ContractStandsAt(contract, version) => contracts::stands_at(contract, *version),
        Write::HoldsStandAt(contract, version) => confidential::holds_stand_at(contract, *version),
        Write::Purge(journal, line) => purge::put(journal, line),
        Write::PurgeEnded(contract) => purge::put_ended(contract),
        Write::Delete(stored) => purge::delete(stored),
        Write::Unnamed(contract, version, entry) => purge::put_unnamed(contract, *version, entry),
        Write::Consent(consent) => purge::put_consent(consent),
        Write::Hashed(entry) => confidential::put_hashed(entry),
        Write::Certificate(signed) => purge::put_certificate(signed),
        Write::Operator(operator) => documents::put_operator(operator),
        Write::Prices(prices) => documents::put_prices(prices),
        Write::Terms(terms) => documents::put_terms(terms),
        Write::TermsDraft(draft) => publishing::put_draft(draft),
        Write::Interruption(one) => publishing::put_interruption(one),
        Write::ServiceEnd(end) => publishing::put_service_end(end),
        Write::ServiceEndStandsAt(version) => publishing::service_end_stands_at(*version),
        Write::Processors(register) => registers::put_processors(register),
        Write::ThirdPartyTerms(list) => registers::put_third_party_terms(list),
        Write::AgreedThirdParty(agreed) => registers::put_agreed(agreed),
    }
}

fn of_message(message: &Message) -> Result<Operation, Unwritable> {
    let item = Item::with_body(keys::outbox(message), message)?;
    Ok(Operation::put(item, Condition::Absent, WriteKind::Once))
}

/// Keeps an answer for its day; one whose day is over may be replaced before the table drops it.
fn of_answer(remembered: &Remembered) -> Result<Operation, Unwritable> {
    let key = keys::idempotency(&remembered.caller, &remembered.key);
    let item = Item::with_body(key, &Answer::of(remembered))?.expires(remembered.kept_until());
    let free = Condition::AbsentOrExpired(remembered.at.as_second());
    Ok(Operation::put(item, free, WriteKind::Remembered))
}

/// What the answer to a transaction leads to.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Conflict(WriteKind),
    /// Nothing was written because another transaction or a limit was in the way.
    Again,
    GiveUp,
}

/// Reads the reasons of a cancelled transaction, one for each of its items in order.
fn verdict(reasons: &[CancellationReason], kinds: &[WriteKind]) -> Verdict {
    let is = |reason: &CancellationReason, codes: &[&str]| {
        reason.code().is_some_and(|code| codes.contains(&code))
    };
    let failed = reasons
        .iter()
        .zip(kinds)
        .find(|(reason, _)| is(reason, &["ConditionalCheckFailed"]));
    if let Some((_, kind)) = failed {
        return Verdict::Conflict(*kind);
    }
    let passing = [
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
    ];
    if reasons.iter().any(|reason| is(reason, &passing)) {
        Verdict::Again
    } else {
        Verdict::GiveUp
    }
}

impl Store {
    /// Writes a decision in one transaction, or nothing of it.
    pub(crate) async fn transact(&self, decision: &Decision) -> Result<(), CommitError> {
        let operations = operations(decision, self.due_shards).map_err(unwritable)?;
        if operations.is_empty() {
            return Ok(());
        }
        if operations.len() > MOST_ITEMS {
            return Err(CommitError::Unavailable(format!(
                "the decision has {} items, but a transaction holds {MOST_ITEMS}",
                operations.len()
            )));
        }
        let kinds: Vec<WriteKind> = operations.iter().map(|operation| operation.kind).collect();
        let items = self.transaction_items(operations)?;
        let mut pauses = PAUSES.iter();
        loop {
            // Each send carries a request token of its own, under which the client repeats it safely.
            let request = self.client.transact_write_items();
            let Err(error) = request.set_transact_items(Some(items.clone())).send().await else {
                return Ok(());
            };
            let verdict = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    verdict(cancelled.cancellation_reasons(), &kinds)
                }
                _ => Verdict::GiveUp,
            };
            match (verdict, pauses.next()) {
                (Verdict::Conflict(kind), _) => return Err(CommitError::Conflict(kind)),
                (Verdict::Again, Some(pause)) => tokio::time::sleep(*pause).await,
                _ => return Err(CommitError::Unavailable(describe(&error))),
            }
        }
    }

    fn transaction_items(
        &self,
        operations: Vec<Operation>,
    ) -> Result<Vec<TransactWriteItem>, CommitError> {
        let item = |operation: Operation| {
            let table = self
                .table(operation.table)
                .map_err(|error| CommitError::Unavailable(error.to_string()))?;
            operation.into_transaction_item(table).map_err(unwritable)
        };
        operations.into_iter().map(item).collect()
    }
}

fn unwritable(error: Unwritable) -> CommitError {
    CommitError::Unavailable(format!("an item cannot be written: {}", error.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(codes: &[&str]) -> Verdict {
        let reasons: Vec<CancellationReason> = codes
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build())
            .collect();
        verdict(&reasons, &[WriteKind::Entity, WriteKind::Serial])
    }

    #[test]
    fn the_item_that_failed_names_the_conflict() {
        let none = "None";
        let failed = "ConditionalCheckFailed";
        assert_eq!(check(&[none, failed]), Verdict::Conflict(WriteKind::Serial));
        assert_eq!(check(&[failed, none]), Verdict::Conflict(WriteKind::Entity));
        assert_eq!(
            check(&["TransactionConflict", failed]),
            Verdict::Conflict(WriteKind::Serial)
        );
    }

    #[test]
    fn a_transaction_in_the_way_is_tried_again_and_a_bad_item_is_not() {
        assert_eq!(check(&["None", "TransactionConflict"]), Verdict::Again);
        assert_eq!(check(&["ThrottlingError", "None"]), Verdict::Again);
        assert_eq!(check(&["ValidationError", "None"]), Verdict::GiveUp);
        assert_eq!(check(&[]), Verdict::GiveUp);
    }
}
