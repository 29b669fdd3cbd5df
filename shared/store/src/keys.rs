//! Every key of both tables; nothing else in the crate spells one.

mod confidential;

pub(crate) use confidential::*;

use ciero_domain::application::State;
use ciero_domain::contract::Task;
use ciero_domain::disclosure::CopyOrder;
use ciero_domain::ids::{
    ApplicationId, BreachId, CameraId, ContractId, DeviceId, DisclosureId, ExportId, MessageId,
    StaffViewId, UserId,
};
use ciero_domain::interruption::Interruption;
use ciero_domain::reseller::ResoldFee;
use ciero_domain::screening::{Reading, Subject};
use ciero_domain::terms::Sighting;
use ciero_ports::{AuditRow, Caller, Message};
use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// Attribute names that are not part of an entity.
pub(crate) const PK: &str = "PK";
pub(crate) const SK: &str = "SK";
/// The entity itself, as a map.
pub(crate) const BODY: &str = "body";
/// The version that the next write must stand on.
pub(crate) const VERSION: &str = "version";
/// Epoch seconds after which the table may drop the item by itself.
pub(crate) const EXPIRES_AT: &str = "expires_at";
/// Epoch seconds at which due work was handed to its queue.
pub(crate) const HANDED_AT: &str = "handed_at";
/// The index for people's lists, and its two keys.
pub(crate) const LISTS: &str = "lists";
pub(crate) const LIST: &str = "list";
pub(crate) const LIST_KEY: &str = "list_key";

/// Prefixes of what is read as a range.
pub(crate) const USERS: &str = "USER#";
pub(crate) const DEVICES: &str = "DEVICE#";
pub(crate) const CAMERAS: &str = "CAMERA#";
pub(crate) const AUDIT: &str = "AUDIT#";
pub(crate) const NOTICES: &str = "NOTICE#";
pub(crate) const CONTRACT_LIST: &str = "CONTRACTS";
pub(crate) const VERSIONS: &str = "VERSION#";
pub(crate) const PRICES: &str = "PRICES";
pub(crate) const TERMS: &str = "TERMS";
pub(crate) const DRAFTS: &str = "DRAFT#";
pub(crate) const SIGHTINGS: &str = "SEEN#";
pub(crate) const INTERRUPTIONS: &str = "INTERRUPTIONS";
pub(crate) const PROCESSORS: &str = "PROCESSORS";
pub(crate) const THIRD_PARTY_TERMS: &str = "THIRD_PARTY_TERMS";
pub(crate) const REGISTER: &str = "REGISTER";
pub(crate) const SCREENING_LISTS: &str = "SCREENING_LISTS";
pub(crate) const REVIEWS: &str = "REVIEWS";
pub(crate) const DISCLOSURES: &str = "DISCLOSURES";
pub(crate) const HOLD_COPIES: &str = "COPY#";
pub(crate) const BREACHES: &str = "BREACHES";
pub(crate) const EVENTS: &str = "EVENT#";
pub(crate) const EFFECTS: &str = "EFFECT#";
pub(crate) const INVOICES: &str = "INVOICE#";
pub(crate) const RECEIPTS: &str = "RECEIPT#";
pub(crate) const PARKED: &str = "PARKED";
pub(crate) const ARREARS: &str = "ARREARS";
pub(crate) const WATCHED: &str = "WATCHED";
pub(crate) const LEDGERS: &str = "RECORDED#";
pub(crate) const EXPORTS: &str = "EXPORT#";
pub(crate) const STAFF_VIEWS: &str = "STAFF_VIEWS";
pub(crate) const OPEN_CASES: &str = "CASES#open";

/// How many partitions the outbox is spread over. Fewer than one busy minute needs writes, and each is a
/// query of the relay.
pub(crate) const OUTBOX_SHARDS: u8 = 4;

/// The primary key of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Key {
            pk: pk.into(),
            sk: sk.into(),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.pk, self.sk)
    }
}

/// Writes a moment so that text order is time order: always nine digits of a second.
pub(crate) fn sortable(at: Timestamp) -> String {
    format!("{at:.9}")
}

pub(crate) fn application(id: &ApplicationId) -> Key {
    Key::new(application_partition(id), STATE)
}

pub(crate) fn application_event(id: &ApplicationId, version: u64) -> Key {
    Key::new(application_partition(id), event(version))
}

pub(crate) fn application_list(state: State) -> String {
    format!("APPLICATIONS#{state}")
}

/// The partition that holds a contract with its users, devices, cameras and audit trail.
pub(crate) fn contract_partition(id: &ContractId) -> String {
    format!("CONTRACT#{id}")
}

pub(crate) fn contract(id: &ContractId) -> Key {
    Key::new(contract_partition(id), STATE)
}

/// The item by which a contract stands in people's lists; the state itself is not indexed.
pub(crate) fn contract_listed(id: &ContractId) -> Key {
    Key::new(contract_partition(id), LISTED)
}

pub(crate) fn contract_event(id: &ContractId, version: u64) -> Key {
    Key::new(contract_partition(id), event(version))
}

fn event(version: u64) -> String {
    format!("EVENT#{version:06}")
}

pub(crate) fn user(contract: &ContractId, id: &UserId) -> Key {
    Key::new(contract_partition(contract), format!("{USERS}{id}"))
}

/// Leads from a user to the contract, for sign-in.
pub(crate) fn user_pointer(id: &UserId) -> Key {
    Key::new(format!("USER#{id}"), "CONTRACT")
}

pub(crate) fn device(contract: &ContractId, id: &DeviceId) -> Key {
    Key::new(contract_partition(contract), format!("{DEVICES}{id}"))
}

pub(crate) fn camera(contract: &ContractId, id: &CameraId) -> Key {
    Key::new(contract_partition(contract), format!("{CAMERAS}{id}"))
}

/// Beside the cameras, not among them.
pub(crate) fn cameras_added(contract: &ContractId) -> Key {
    Key::new(contract_partition(contract), "CAMERAS_ADDED")
}

pub(crate) fn export(contract: &ContractId, id: &ExportId) -> Key {
    Key::new(contract_partition(contract), format!("{EXPORTS}{id}"))
}

pub(crate) fn staff_view(contract: &ContractId, id: &StaffViewId) -> Key {
    Key::new(contract_partition(contract), format!("STAFF_VIEW#{id}"))
}

/// Beside the exports, not among them.
pub(crate) fn exports_asked(contract: &ContractId) -> Key {
    Key::new(contract_partition(contract), "EXPORTS_ASKED")
}

/// A serial has no `#`, so model and serial cannot run into each other.
pub(crate) fn serial(model: &str, serial: &str) -> Key {
    Key::new(format!("SERIAL#{model}#{serial}"), "CLAIM")
}

pub(crate) fn email(address: &str) -> Key {
    Key::new(format!("EMAIL#{address}"), "CLAIM")
}

pub(crate) fn code(hash: &str) -> Key {
    Key::new(format!("CODE#{hash}"), "DEVICE")
}

pub(crate) fn audit(row: &AuditRow) -> Key {
    Key::new(
        contract_partition(&row.contract),
        format!("{AUDIT}{}#{}", sortable(row.at), row.id),
    )
}

pub(crate) fn notice(id: &MessageId) -> Key {
    Key::new(format!("NOTICE#{id}"), "STATE")
}

pub(crate) fn contract_notice(contract: &ContractId, at: Timestamp, id: &MessageId) -> Key {
    Key::new(
        contract_partition(contract),
        format!("{NOTICES}{}#{id}", sortable(at)),
    )
}

/// By it a notice is found when the application goes (15-3).
pub(crate) fn application_notice(
    application: &ApplicationId,
    at: Timestamp,
    id: &MessageId,
) -> Key {
    Key::new(
        application_partition(application),
        format!("{NOTICES}{}#{id}", sortable(at)),
    )
}

/// Caller and key come from outside, in any length and with any sign; the hash takes the caller's length
/// first, so that no two pairs meet. What a customer was answered stands in the contract's partition.
pub(crate) fn idempotency(caller: &Caller, key: &str) -> Key {
    let name = &caller.name;
    let text = format!("{}/{name}/{key}", name.len());
    let hash = hex::encode(Sha256::digest(text));
    match &caller.contract {
        Some(contract) => Key::new(contract_partition(contract), format!("ANSWER#{hash}")),
        None => Key::new(format!("IDEMPOTENCY#{hash}"), "ANSWER"),
    }
}

/// The partition of one shard of the outbox.
pub(crate) fn outbox_shard(shard: u8) -> String {
    format!("OUTBOX#s{shard:02}")
}

pub(crate) fn outbox(message: &Message) -> Key {
    let sum = message
        .id
        .as_str()
        .bytes()
        .fold(0u8, |sum, byte| sum.wrapping_add(byte));
    Key::new(
        outbox_shard(sum % OUTBOX_SHARDS),
        format!("{}#{}", sortable(message.at), message.id),
    )
}

pub(crate) fn operator() -> Key {
    Key::new("OPERATOR", "SETTINGS")
}

pub(crate) fn prices(version: &str) -> Key {
    Key::new(PRICES, format!("{VERSIONS}{version}"))
}

/// The version without its text, so that the list of versions stays small.
pub(crate) fn terms_version(version: &str) -> Key {
    Key::new(TERMS, format!("{VERSIONS}{version}"))
}

pub(crate) fn terms_text(version: &str) -> Key {
    Key::new(terms_partition(version), "TEXT")
}

/// Beside the versions, not among them.
pub(crate) fn terms_draft(name: &str) -> Key {
    Key::new(TERMS, format!("{DRAFTS}{name}"))
}

/// The partition of a version's text and of what was seen of it in public.
pub(crate) fn terms_partition(version: &str) -> String {
    format!("TERMS#{version}")
}

pub(crate) fn sighting(sighting: &Sighting) -> Key {
    let (at, language) = (sortable(sighting.at), sighting.language.tag());
    let name = format!("{SIGHTINGS}{at}#{language}");
    Key::new(terms_partition(&sighting.terms_version), name)
}

pub(crate) fn seen_page(version: &str, sha256: &str) -> Key {
    Key::new(terms_partition(version), format!("PAGE#{sha256}"))
}

pub(crate) fn processors(version: u64) -> Key {
    Key::new(PROCESSORS, format!("{VERSIONS}{version:06}"))
}

pub(crate) fn third_party_terms(version: u64) -> Key {
    Key::new(THIRD_PARTY_TERMS, format!("{VERSIONS}{version:06}"))
}

/// Among the consents, which a purge keeps.
pub(crate) fn agreed_third_party(contract: &ContractId) -> Key {
    consent(contract, "third-party-terms")
}

pub(crate) fn service_end() -> Key {
    Key::new("SERVICE_END", "STATE")
}

/// By its start, which never changes.
pub(crate) fn interruption(one: &Interruption) -> Key {
    let name = format!("{}#{}", sortable(one.starts_at), one.id);
    Key::new(INTERRUPTIONS, name)
}

/// The partition of one shard of the due work.
pub(crate) fn due_shard(shard: u16) -> String {
    format!("DUE#s{shard:02}")
}

/// Work sorts by its day.
pub(crate) fn task(task: &Task, shards: u16) -> Key {
    let digest = Sha256::digest(task.contract.as_str());
    let shard = u16::from_be_bytes([digest[0], digest[1]]) % shards.max(1);
    let (kind, effect) = (task.work.kind().name(), task.work.effect());
    let name = format!("{}#{kind}#{}#{effect}", task.due, task.contract);
    Key::new(due_shard(shard), name)
}

/// Sorts after all work of a day and before that of the next.
pub(crate) fn through(day: Date) -> String {
    format!("{day}~")
}

/// A message that keeps failing is found by what it says.
pub(crate) fn failure(body: &str) -> Key {
    let hash = hex::encode(Sha256::digest(body));
    Key::new(format!("FAILURE#{hash}"), "REASON")
}

pub(crate) fn parked(id: &str) -> Key {
    Key::new(PARKED, format!("MESSAGE#{id}"))
}

pub(crate) fn effect(contract: &ContractId, name: &str) -> Key {
    Key::new(contract_partition(contract), format!("{EFFECTS}{name}"))
}

pub(crate) fn invoice(contract: &ContractId, number: u32) -> Key {
    Key::new(
        contract_partition(contract),
        format!("{INVOICES}{number:06}"),
    )
}

/// The partition that holds where a reseller's invoices stand, and the invoices. A code has no `#`.
pub(crate) fn reseller_partition(code: &str) -> String {
    format!("RESELLER#{code}")
}

pub(crate) fn reseller_account(code: &str) -> Key {
    Key::new(reseller_partition(code), "STATE")
}

pub(crate) fn reseller_invoice(code: &str, number: u32) -> Key {
    Key::new(reseller_partition(code), format!("{INVOICES}{number:06}"))
}

pub(crate) fn reseller_receipt(code: &str, at: Timestamp, reference: &str) -> Key {
    Key::new(
        reseller_partition(code),
        format!("{RECEIPTS}{}#{reference}", sortable(at)),
    )
}

/// The partition of a reseller's fees that are on no invoice yet.
pub(crate) fn unbilled_partition(code: &str) -> String {
    format!("UNBILLED#{code}")
}

/// The partition of the fees of one invoice: as many as there may be, without a limit of one item.
pub(crate) fn billed_partition(code: &str, number: u32) -> String {
    format!("BILLED#{code}#{number:06}")
}

pub(crate) fn unbilled_fee(fee: &ResoldFee) -> Key {
    Key::new(unbilled_partition(&fee.reseller), fee_name(fee))
}

pub(crate) fn billed_fee(number: u32, fee: &ResoldFee) -> Key {
    Key::new(billed_partition(&fee.reseller, number), fee_name(fee))
}

/// Fees sort by their day.
fn fee_name(fee: &ResoldFee) -> String {
    let ResoldFee {
        on,
        contract,
        order,
        term_number,
        takes_back,
        ..
    } = fee;
    let kind = if *takes_back { "#back" } else { "" };
    format!("{on}#{contract}#{order:02}#{term_number:04}{kind}")
}

pub(crate) fn receipt(contract: &ContractId, at: Timestamp, reference: &str) -> Key {
    Key::new(
        contract_partition(contract),
        format!("{RECEIPTS}{}#{reference}", sortable(at)),
    )
}

pub(crate) fn receipt_claim(reference: &str) -> Key {
    Key::new(format!("RECEIPT#{reference}"), "CLAIM")
}

pub(crate) fn case(id: &MessageId) -> Key {
    Key::new(format!("CASE#{id}"), "STATE")
}

pub(crate) fn audit_report() -> Key {
    Key::new("AUDIT", "REPORT")
}

pub(crate) fn audit_run(began: Timestamp) -> Key {
    Key::new("AUDIT", format!("RUN#{}", sortable(began)))
}

/// A camera's ledger stands with its contract, so that a contract's are one query.
pub(crate) fn ledger(contract: &ContractId, camera: &CameraId) -> Key {
    Key::new(contract_partition(contract), format!("{LEDGERS}{camera}"))
}

pub(crate) fn told(contract: &ContractId) -> Key {
    Key::new(contract_partition(contract), "TOLD_OF_RECORDING")
}

/// Contracts to which cameras were added, until none of them is in use.
pub(crate) fn watched(contract: &ContractId) -> Key {
    Key::new(WATCHED, contract.as_str())
}

pub(crate) fn watch_report() -> Key {
    Key::new("WATCH", "REPORT")
}

pub(crate) fn watch_run(began: Timestamp) -> Key {
    Key::new("WATCH", format!("RUN#{}", sortable(began)))
}

/// Contracts with something that an operator of arrears must see.
pub(crate) fn in_arrears(contract: &ContractId) -> Key {
    Key::new(ARREARS, contract.as_str())
}

/// The partition of a reseller's customers whose contracts have not ended.
pub(crate) fn customers_partition(code: &str) -> String {
    format!("RESOLD#{code}")
}

pub(crate) fn customer(code: &str, contract: &ContractId) -> Key {
    Key::new(customers_partition(code), contract.as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn text_order_is_time_order_whatever_the_fraction() {
        let moments = [
            "2026-04-01T00:00:00Z",
            "2026-04-01T00:00:00.000000001Z",
            "2026-04-01T00:00:00.5Z",
            "2026-04-01T00:00:01Z",
        ];
        let keys = moments.map(|text| sortable(text.parse().unwrap()));
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn keys_of_different_callers_never_meet() {
        let idempotency = |name: &str, key| {
            let name = name.to_owned();
            let contract = None;
            idempotency(&Caller { name, contract }, key)
        };
        assert_ne!(idempotency("a/b", "c"), idempotency("a", "b/c"));
        assert_ne!(idempotency("a", "1"), idempotency("b", "1"));
        assert_eq!(idempotency("a", "1"), idempotency("a", "1"));
    }

    #[test]
    fn every_message_falls_into_a_shard_that_the_relay_reads() {
        for byte in 0..=255 {
            let message = Message {
                id: MessageId::from_random([byte; 10]),
                at: Timestamp::UNIX_EPOCH,
                body: ciero_ports::Body::Screen(ApplicationId::from_random([1; 10])),
            };
            let shards: Vec<String> = (0..OUTBOX_SHARDS).map(outbox_shard).collect();
            assert!(shards.contains(&outbox(&message).pk));
        }
    }
}
