//! Purges: their journals, what they take away and what they leave (15-3).

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use ciero_domain::application::Application;
use ciero_domain::contract::Entry;
use ciero_domain::device::{Device, DeviceState};
use ciero_domain::ids::{ApplicationId, ContractId};
use ciero_domain::notice::NoticeRecord;
use ciero_domain::purge::{Journal, Line, SignedCertificate};
use ciero_domain::screening::{RegisterEntry, Subject};
use ciero_domain::user::{Acceptance, User, UserState};
use ciero_ports::{
    AuditRow, Certificates, Confidential, KeptConsent, Portion, Purges, StoreError, Stored, Write,
    WriteKind,
};

use crate::item::{Attributes, Item, body, key_attributes};
use crate::keys::{self, Key, PK, SK};
use crate::operation::{Condition, Operation, Operations, Table};
use crate::reading::Range;
use crate::{Store, describe};

/// How many items are read for one portion.
const READ: usize = 60;
/// The most that a portion writes: a transaction holds 100 items, some of which are the journal's.
const MOST_WRITTEN: usize = 90;
/// Where the items of the application begin, after those of the contract.
const APPLICATION: &str = "application";
/// What is kept of a contract as it is, by the beginning of the sort key; everything that is not named goes.
const KEPT: [&str; 7] = [
    keys::STATE,
    keys::LISTED,
    keys::EFFECTS,
    keys::INVOICES,
    keys::RECEIPTS,
    keys::CONSENTS,
    keys::CERTIFICATES,
];

/// Writes a journal on its version, with its next line; the first also enters the list.
pub(crate) fn put(journal: &Journal, line: &Line) -> Operations {
    let state = Item::with_body(keys::purge(&journal.contract), journal)?;
    let item = Item::with_body(keys::purge_line(&journal.contract, line.number), line)?;
    let mut operations = vec![
        Operation::put_version(state, journal.version),
        Operation::put(item, Condition::Absent, WriteKind::Entity),
    ];
    if journal.version == 1 {
        let listed = Item::with_body(keys::purge_under_way(&journal.contract), &journal.contract)?;
        operations.push(Operation::put(listed, Condition::Always, WriteKind::Once));
    }
    Ok(operations
        .into_iter()
        .map(Operation::confidential)
        .collect())
}

pub(crate) fn put_ended(contract: &ContractId) -> Operations {
    let key = keys::purge_under_way(contract);
    let delete = Operation::delete(key, Condition::Always, WriteKind::Once);
    Ok(vec![delete.confidential()])
}

pub(crate) fn delete(stored: &Stored) -> Operations {
    let condition = match &stored.held_by {
        None => Condition::Always,
        Some((attribute, value)) => Condition::AbsentOrHeldBy {
            attribute,
            value: value.clone(),
        },
    };
    let key = Key {
        pk: stored.partition.clone(),
        sk: stored.sort.clone(),
    };
    let delete = Operation::delete(key, condition, WriteKind::Entity);
    Ok(vec![match stored.confidential {
        true => delete.confidential(),
        false => delete,
    }])
}

pub(crate) fn put_unnamed(contract: &ContractId, version: u64, entry: &Entry) -> Operations {
    let item = Item::with_body(keys::contract_event(contract, version), entry)?;
    Ok(vec![Operation::put(
        item,
        Condition::Always,
        WriteKind::Once,
    )])
}

pub(crate) fn put_consent(consent: &KeptConsent) -> Operations {
    let item = Item::with_body(keys::consent(&consent.contract, &consent.who), consent)?;
    Ok(vec![Operation::put(
        item,
        Condition::Always,
        WriteKind::Once,
    )])
}

pub(crate) fn put_certificate(signed: &SignedCertificate) -> Operations {
    let certificate = &signed.certificate;
    let key = keys::certificate(&certificate.contract, certificate.statement.number());
    let item = Item::with_body(key, signed)?;
    Ok(vec![Operation::put(
        item,
        Condition::Absent,
        WriteKind::Once,
    )])
}

fn place(key: Key, confidential: bool) -> Stored {
    Stored {
        confidential,
        partition: key.pk,
        sort: key.sk,
        held_by: None,
    }
}

fn gone(key: Key) -> Write {
    Write::Delete(place(key, false))
}

/// Takes a claim away unless somebody else holds it by now.
fn released(key: Key, attribute: &'static str, holder: &str) -> Write {
    Write::Delete(Stored {
        held_by: Some((attribute, holder.to_owned())),
        ..place(key, false)
    })
}

/// Returns what becomes of one item of a contract's partition: nothing for what is kept as it is.
fn fate(contract: &ContractId, key: Key, item: Attributes) -> Result<Vec<Write>, StoreError> {
    let sort = key.sk.as_str();
    if KEPT.iter().any(|kept| sort.starts_with(kept)) {
        return Ok(Vec::new());
    }
    if let Some(version) = sort.strip_prefix(keys::EVENTS) {
        let version = version.parse().unwrap_or_default();
        let entry: Entry = body(item)?;
        let unnamed = entry.without_names();
        let changes = unnamed != entry;
        let write = Write::Unnamed(contract.clone(), version, Box::new(unnamed));
        return Ok(changes.then_some(write).into_iter().collect());
    }
    if sort.starts_with(keys::NOTICES) {
        return Ok(without_address(body(item)?).into_iter().collect());
    }
    if sort.starts_with(keys::AUDIT) {
        let row: AuditRow = body(item)?;
        let is_kept = row.actor.starts_with("operator:");
        return Ok((!is_kept).then(|| gone(key)).into_iter().collect());
    }
    if sort.starts_with(keys::USERS) {
        return Ok(user(key, body(item)?));
    }
    if sort.starts_with(keys::DEVICES) {
        return Ok(device(key, body(item)?));
    }
    Ok(vec![gone(key)])
}

/// The line of a notice without its address; both of its copies.
pub(crate) fn without_address(record: NoticeRecord) -> Option<Write> {
    if record.to.is_empty() {
        return None;
    }
    Some(Write::NoticeOutcome(Box::new(NoticeRecord {
        to: String::new(),
        notice: record.notice.without_names(),
        version: record.version + 1,
        ..record
    })))
}

/// Returns how many items a write takes: a notice's line stands twice.
fn items_of(write: &Write) -> usize {
    match write {
        Write::NoticeOutcome(_) => 2,
        _ => 1,
    }
}

/// A user goes with the pointer and the claim on the address; the consent stays.
fn user(key: Key, user: User) -> Vec<Write> {
    let consent = KeptConsent {
        contract: user.contract,
        who: user.id.to_string(),
        acceptances: user.acceptances,
    };
    let mut writes = vec![
        gone(key),
        gone(keys::user_pointer(&user.id)),
        Write::Consent(Box::new(consent)),
    ];
    // The address of somebody who was removed is free since then, and may be another's.
    if user.state != UserState::Removed {
        let claim = keys::email(&user.email);
        writes.push(released(claim, "user", user.id.as_str()));
    }
    writes
}

/// A device goes with the claim on its serial and its one-time code.
fn device(key: Key, device: Device) -> Vec<Write> {
    let mut writes = vec![gone(key)];
    // The serial of a retired device is free since then, and may be another's.
    if !matches!(device.state, DeviceState::Retired { .. }) {
        let claim = keys::serial(&device.model, &device.serial);
        writes.push(released(claim, "device", device.id.as_str()));
    }
    if let DeviceState::Registered { code_hash, .. } = &device.state {
        writes.push(gone(keys::code(code_hash)));
    }
    writes
}

/// The consent that an application gave.
fn agreed(contract: &ContractId, application: &Application) -> Option<Write> {
    let acceptance = Acceptance {
        terms_version: application.form.terms_version.clone(),
        at: application.submitted_at?,
        channel: "application".to_owned(),
    };
    Some(Write::Consent(Box::new(KeptConsent {
        contract: contract.clone(),
        who: application.id.to_string(),
        acceptances: vec![acceptance],
    })))
}

fn key_of(item: &Attributes) -> Key {
    let text = |name: &str| {
        let text = item.get(name).and_then(|value| value.as_s().ok());
        text.cloned().unwrap_or_default()
    };
    Key {
        pk: text(PK),
        sk: text(SK),
    }
}

#[async_trait]
impl Purges for Store {
    async fn journal(&self, contract: &ContractId) -> Result<Option<Journal>, StoreError> {
        self.entity(Table::Confidential, keys::purge(contract))
            .await
    }

    async fn lines(&self, contract: &ContractId) -> Result<Vec<Line>, StoreError> {
        let partition = keys::purge_partition(contract);
        let range = Range {
            table: Table::Confidential,
            ..Range::all(&partition, keys::LINES)
        };
        self.range(range).await
    }

    async fn under_way(&self, most: u16) -> Result<Vec<ContractId>, StoreError> {
        let range = Range {
            table: Table::Confidential,
            most: usize::from(most),
            ..Range::all(keys::PURGES, "")
        };
        self.range(range).await
    }

    async fn portion(
        &self,
        contract: &ContractId,
        application: &ApplicationId,
        from: Option<String>,
    ) -> Result<Portion, StoreError> {
        let mut portion = Portion::default();
        if from.as_deref() != Some(APPLICATION) {
            portion = self.of_contract_partition(contract, from).await?;
            let is_small = portion.writes.len() < MOST_WRITTEN / 2;
            if portion.next.is_some() || !is_small {
                portion.next = portion.next.or_else(|| Some(APPLICATION.to_owned()));
                return Ok(portion);
            }
        }
        self.of_application(contract, application, &mut portion)
            .await?;
        Ok(portion)
    }

    async fn register_of(&self, contract: &ContractId) -> Result<Vec<RegisterEntry>, StoreError> {
        let own = keys::register_of(contract);
        let range = Range {
            table: Table::Confidential,
            ..Range::all(keys::REGISTER, &own)
        };
        self.range(range).await
    }
}

impl Store {
    /// Reads a page of a contract's items, and what becomes of as many of them as one transaction takes.
    async fn of_contract_partition(
        &self,
        contract: &ContractId,
        from: Option<String>,
    ) -> Result<Portion, StoreError> {
        let partition = keys::contract_partition(contract);
        let (items, more) = self.page(Table::Main, &partition, from).await?;
        let mut portion = Portion::default();
        let (mut last, mut weight) = (None, 0);
        for item in items {
            let key = key_of(&item);
            let sort = key.sk.clone();
            let writes = fate(contract, key, item)?;
            weight += writes.iter().map(items_of).sum::<usize>();
            if weight > MOST_WRITTEN {
                portion.next = last;
                return Ok(portion);
            }
            portion.count += u64::from(!writes.is_empty());
            portion.writes.extend(writes);
            last = Some(sort);
        }
        portion.next = last.filter(|_| more);
        Ok(portion)
    }

    /// Reads what there is of the application, in both tables.
    async fn of_application(
        &self,
        contract: &ContractId,
        application: &ApplicationId,
        portion: &mut Portion,
    ) -> Result<(), StoreError> {
        let partition = keys::application_partition(application);
        for (table, confidential) in [(Table::Main, false), (Table::Confidential, true)] {
            let (items, _) = self.page(table, &partition, None).await?;
            for item in items {
                let key = key_of(&item);
                if key.sk.starts_with(keys::NOTICES) {
                    let record: NoticeRecord = body(item)?;
                    portion.writes.push(gone(keys::notice(&record.id)));
                } else if key.sk == keys::STATE
                    && let Ok(application) = body::<Application>(item)
                {
                    portion.writes.extend(agreed(contract, &application));
                }
                portion.writes.push(Write::Delete(place(key, confidential)));
                portion.count += 1;
            }
        }
        let subjects = [
            Subject::Contract(contract.clone()),
            Subject::Application(application.clone()),
        ];
        for subject in subjects {
            if self.review(&subject).await?.is_some() {
                let place = place(keys::review(&subject), true);
                portion.writes.push(Write::Delete(place));
                portion.count += 1;
            }
        }
        portion.next = None;
        Ok(())
    }

    /// Reads some items of a partition after a sort key, strongly, and tells whether there are more.
    async fn page(
        &self,
        table: Table,
        partition: &str,
        after: Option<String>,
    ) -> Result<(Vec<Attributes>, bool), StoreError> {
        let start: Option<HashMap<String, AttributeValue>> = after.map(|sk| {
            key_attributes(Key {
                pk: partition.to_owned(),
                sk,
            })
        });
        let query = self.client.query().table_name(self.table(table)?);
        let answer = query
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()))
            .set_exclusive_start_key(start)
            .limit(i32::try_from(READ).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| StoreError::Unavailable(describe(&error)))?;
        let more = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
        Ok((answer.items.unwrap_or_default(), more))
    }
}

#[async_trait]
impl Certificates for Store {
    async fn certificates(
        &self,
        contract: &ContractId,
    ) -> Result<Vec<SignedCertificate>, StoreError> {
        let partition = keys::contract_partition(contract);
        self.range(Range::all(&partition, keys::CERTIFICATES)).await
    }
}
