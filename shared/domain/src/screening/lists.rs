//! Screening lists: sanctions and antisocial lists that the operator publishes as versions (P-4, 3-4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Ground, Signal, SignalKind, fold_name};
use crate::corporate_number::CorporateNumber;
use crate::documents::Bilingual;
use crate::particulars::{Customer, Particulars};

/// One person or body of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListEntry {
    /// Unique within the list.
    pub id: String,
    /// The name and every other name that the source gives.
    pub names: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corporate_number: Option<CorporateNumber>,
    /// What tells namesakes apart, for the screener only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One version of one list, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScreeningList {
    /// The code that all versions of the list share.
    pub list: String,
    pub version: String,
    pub name: Bilingual,
    /// Where the operator has it from.
    pub source: String,
    /// The ground that a hit may bear on.
    pub ground: Ground,
    pub entries: Vec<ListEntry>,
}

/// A published version without its entries, which lie in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListHeader {
    pub list: String,
    pub version: String,
    pub name: Bilingual,
    pub source: String,
    pub ground: Ground,
    /// How many entries the file holds.
    pub entries: usize,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The key of the file.
    pub object: String,
    pub published_at: Timestamp,
}

/// The file of a list is not what was published: a person must look.
#[derive(Debug, thiserror::Error)]
#[error("the file of the list {list} {version} is not the published one: {detail}")]
pub struct UnreadableList {
    pub list: String,
    pub version: String,
    pub detail: String,
}

impl ScreeningList {
    /// Returns the version's header and its file. The key holds the file's hash, so that two
    /// publications of one version at a time never replace each other's file.
    pub fn publish(&self, at: Timestamp) -> Result<(ListHeader, Vec<u8>), serde_json::Error> {
        let file = serde_json::to_vec(self)?;
        let sha256 = hex::encode(Sha256::digest(&file));
        let header = ListHeader {
            list: self.list.clone(),
            version: self.version.clone(),
            name: self.name.clone(),
            source: self.source.clone(),
            ground: self.ground,
            entries: self.entries.len(),
            object: format!("{}/{}-{sha256}.json", self.list, self.version),
            sha256,
            published_at: at,
        };
        Ok((header, file))
    }
}

impl ListHeader {
    /// Reads the version's file; any other content is refused.
    pub fn read(&self, file: &[u8]) -> Result<ScreeningList, UnreadableList> {
        let unreadable = |detail: String| UnreadableList {
            list: self.list.clone(),
            version: self.version.clone(),
            detail,
        };
        let sha256 = hex::encode(Sha256::digest(file));
        if sha256 != self.sha256 {
            return Err(unreadable(format!("its SHA-256 is {sha256}")));
        }
        serde_json::from_slice(file).map_err(|error| unreadable(error.to_string()))
    }
}

/// Returns the version in force of each list: the one that was published last, and of those that were
/// published together the one with the greatest name.
pub fn lists_in_force(headers: Vec<ListHeader>) -> Vec<ListHeader> {
    let mut newest_first = headers;
    newest_first.sort_by(|a, b| {
        let rank = |header: &ListHeader| (header.published_at, header.version.clone());
        a.list.cmp(&b.list).then_with(|| rank(b).cmp(&rank(a)))
    });
    newest_first.dedup_by(|later, kept| later.list == kept.list);
    newest_first
}

/// Compares an applicant's names and corporate number with every entry.
pub(super) fn signals(particulars: &Particulars, lists: &[ScreeningList]) -> Vec<Signal> {
    let number = match &particulars.customer {
        Customer::Corporation { number } => Some(number),
        _ => None,
    };
    let names: Vec<String> = [
        Some(&particulars.name),
        particulars.representative.as_ref(),
        Some(&particulars.contact_name),
    ]
    .into_iter()
    .flatten()
    .map(|name| fold_name(name))
    .filter(|name| !name.is_empty())
    .collect();
    let mut signals = Vec::new();
    for (list, entry) in lists
        .iter()
        .flat_map(|list| list.entries.iter().map(move |entry| (list, entry)))
    {
        let hits = [
            (
                SignalKind::ListCorporateNumber,
                number.is_some() && entry.corporate_number.as_ref() == number,
            ),
            (
                SignalKind::ListName,
                entry
                    .names
                    .iter()
                    .any(|name| names.contains(&fold_name(name))),
            ),
        ];
        let kinds = hits.into_iter().filter(|(_, hit)| *hit);
        signals.extend(kinds.map(|(kind, _)| Signal {
            kind,
            ground: list.ground,
            note: note(list, entry),
        }));
    }
    signals
}

/// Names the list, its version and the entry, with what the list says of it.
fn note(list: &ScreeningList, entry: &ListEntry) -> String {
    let place = format!("{} {}: {}", list.list, list.version, entry.id);
    match &entry.note {
        Some(note) => format!("{place} {note}"),
        None => place,
    }
}

#[cfg(test)]
mod art_03 {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::application::tests_support::submitted;
    use crate::screening::{Screening, signals};

    fn list(change: impl FnOnce(&mut ListEntry)) -> ScreeningList {
        let mut entry = ListEntry {
            id: "e-1".into(),
            names: vec!["無関係".into()],
            corporate_number: None,
            note: None,
        };
        change(&mut entry);
        ScreeningList {
            list: "sanctions".into(),
            version: "2026-04-01".into(),
            name: Bilingual::default(),
            source: "nowhere".into(),
            ground: Ground::Unsuitable,
            entries: vec![entry],
        }
    }

    fn found(list: ScreeningList) -> Vec<Signal> {
        signals(&submitted(), &[], &[list], &[])
    }

    fn kinds(change: impl FnOnce(&mut ListEntry)) -> Vec<SignalKind> {
        found(list(change)).iter().map(|s| s.kind).collect()
    }

    fn named(name: &str) -> Vec<SignalKind> {
        kinds(|e| e.names.push(name.to_owned()))
    }

    fn header(list: &str, version: &str, at: &str) -> ListHeader {
        let list = ScreeningList {
            list: list.into(),
            version: version.into(),
            ..super::art_03::list(|_| ())
        };
        list.publish(at.parse().unwrap()).unwrap().0
    }

    #[test]
    fn an_applicant_on_a_list_is_found_by_each_name() {
        assert_eq!(named("見本商店 (株)"), [SignalKind::ListName]);
        assert_eq!(named("見本太郎"), [SignalKind::ListName]);
        assert_eq!(named("見本　花子"), [SignalKind::ListName]);
    }

    #[test]
    fn a_corporate_number_on_a_list_is_found() {
        let number = CorporateNumber::parse("7123456789012").unwrap();
        let found = kinds(|e| e.corporate_number = Some(number));
        assert_eq!(found, [SignalKind::ListCorporateNumber]);
        let other = CorporateNumber::parse("9000000000000").unwrap();
        assert_eq!(kinds(|e| e.corporate_number = Some(other)), []);
    }

    #[test]
    fn a_similar_name_or_one_that_folds_to_nothing_is_no_hit() {
        assert_eq!(named("見本商会"), []);
        assert_eq!(named("株式会社"), []);
        assert_eq!(named(""), []);
    }

    #[test]
    fn a_hit_bears_on_the_ground_of_its_list_and_says_where_it_stands() {
        let mut list = list(|e| {
            e.names = vec!["見本太郎".into(), "見本花子".into()];
            e.note = Some("1950年生まれ".into());
        });
        list.ground = Ground::AntisocialForces;
        let found = found(list);
        assert_eq!(found.len(), 1, "one entry, one signal of a kind");
        assert_eq!(found[0].note, "sanctions 2026-04-01: e-1 1950年生まれ");
        let screening = Screening {
            application: submitted().id,
            version: 1,
            signals: found,
            checked_at: Timestamp::UNIX_EPOCH,
            judgements: Vec::new(),
        };
        assert!(screening.needs_two());
    }

    #[test]
    fn the_version_in_force_is_the_one_published_last() {
        let headers = vec![
            header("a", "2026-01", "2026-05-01T00:00:00Z"),
            header("b", "1", "2026-04-01T00:00:00Z"),
            header("a", "2026-03", "2026-04-01T00:00:00Z"),
            header("b", "2", "2026-04-01T00:00:00Z"),
        ];
        let in_force: Vec<(String, String)> = lists_in_force(headers)
            .into_iter()
            .map(|header| (header.list, header.version))
            .collect();
        let expected = [("a", "2026-01"), ("b", "2")];
        assert_eq!(in_force, expected.map(|(l, v)| (l.into(), v.into())));
        assert_eq!(lists_in_force(Vec::new()), []);
    }

    #[test]
    fn a_file_is_read_only_as_it_was_published() {
        let list = list(|_| ());
        let (header, file) = list.publish(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(header.entries, 1);
        assert_eq!(
            header.object,
            format!("sanctions/2026-04-01-{}.json", header.sha256)
        );
        assert_eq!(header.read(&file).unwrap(), list);
        let mut altered = file.clone();
        altered.push(b' ');
        for other in [&altered[..], &file[1..], b""] {
            let error = header.read(other).unwrap_err().to_string();
            assert!(error.contains("sanctions 2026-04-01"), "{error}");
        }
    }
}
