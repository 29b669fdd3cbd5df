//! Keys of the confidential table, and of what a purge leaves behind.

use super::*;

/// Confidential table.
pub(crate) fn screening(id: &ApplicationId) -> Key {
    Key::new(application_partition(id), "SCREENING")
}

/// Confidential table. What a contract has on the register stands together, however many others there are.
pub(crate) fn register(contract: Option<&ContractId>, id: &str) -> Key {
    let name = match contract {
        Some(contract) => format!("{}{id}", register_of(contract)),
        None => format!("ENTRY#{id}"),
    };
    Key::new(REGISTER, name)
}

/// What the entries of a contract begin with, within the register.
pub(crate) fn register_of(contract: &ContractId) -> String {
    format!("CONTRACT#{contract}#")
}

/// Confidential table. A list's code has no `#`, so code and version cannot run into each other.
pub(crate) fn screening_list(list: &str, version: &str) -> Key {
    Key::new(SCREENING_LISTS, format!("LIST#{list}#{version}"))
}

/// Confidential table.
pub(crate) fn review(subject: &Subject) -> Key {
    Key::new(REVIEWS, format!("SUBJECT#{subject}"))
}

/// Confidential table.
pub(crate) fn holds(contract: &ContractId) -> Key {
    Key::new(contract_partition(contract), "HOLDS")
}

/// Confidential table.
pub(crate) fn disclosure(id: &DisclosureId) -> Key {
    Key::new(DISCLOSURES, format!("CASE#{id}"))
}

/// The partition of the confidential table that holds a case's history and copies.
pub(crate) fn disclosure_partition(id: &DisclosureId) -> String {
    format!("DISCLOSURE#{id}")
}

/// Confidential table.
pub(crate) fn disclosure_event(id: &DisclosureId, version: u64) -> Key {
    Key::new(disclosure_partition(id), event(version))
}

/// Confidential table. Stretches of one camera may begin at the same moment.
pub(crate) fn hold_copy(order: &CopyOrder) -> Key {
    let stretch = &order.stretch;
    let (from, until) = (sortable(stretch.from), sortable(stretch.until));
    let name = format!("{HOLD_COPIES}{}#{from}#{until}", stretch.camera);
    Key::new(disclosure_partition(&order.case), name)
}

/// Confidential table.
pub(crate) fn breach(id: &BreachId) -> Key {
    Key::new(BREACHES, format!("BREACH#{id}"))
}

pub(crate) const CONSENTS: &str = "CONSENT#";
pub(crate) const CERTIFICATES: &str = "CERTIFICATE#";
pub(crate) const STATE: &str = "STATE";
pub(crate) const LISTED: &str = "LISTED";
pub(crate) const LINES: &str = "LINE#";
/// Confidential table: contracts whose purge goes on.
pub(crate) const PURGES: &str = "PURGES";

/// The partition that holds an application with its events, in both tables.
pub(crate) fn application_partition(id: &ApplicationId) -> String {
    format!("APPLICATION#{id}")
}

pub(crate) fn consent(contract: &ContractId, who: &str) -> Key {
    Key::new(contract_partition(contract), format!("{CONSENTS}{who}"))
}

pub(crate) fn certificate(contract: &ContractId, number: u32) -> Key {
    Key::new(
        contract_partition(contract),
        format!("{CERTIFICATES}{number}"),
    )
}

/// Confidential table: a purge's journal with its lines.
pub(crate) fn purge_partition(contract: &ContractId) -> String {
    format!("PURGE#{contract}")
}

/// Confidential table.
pub(crate) fn purge(contract: &ContractId) -> Key {
    Key::new(purge_partition(contract), "JOURNAL")
}

/// Confidential table.
pub(crate) fn purge_line(contract: &ContractId, number: u64) -> Key {
    Key::new(purge_partition(contract), format!("{LINES}{number:06}"))
}

/// Confidential table.
pub(crate) fn purge_under_way(contract: &ContractId) -> Key {
    Key::new(PURGES, contract.as_str())
}

/// Confidential table: deletions of recordings that wait.
pub(crate) const DELETIONS: &str = "DELETIONS";

/// Confidential table.
pub(crate) fn deletion(contract: &ContractId, camera: &CameraId) -> Key {
    Key::new(DELETIONS, format!("{contract}#{camera}"))
}

/// The partition of the confidential table that holds who read one thing.
pub(crate) fn readings_partition(what: &str) -> String {
    format!("READINGS#{what}")
}

/// Confidential table.
pub(crate) fn reading(reading: &Reading) -> Key {
    let name = format!("{}#{}", sortable(reading.at), reading.id);
    Key::new(readings_partition(&reading.what), name)
}
