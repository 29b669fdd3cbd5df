//! Screening lists: sanctions and antisocial lists that the operator publishes as versions (P-4, 3-4).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Ground;
use crate::corporate_number::CorporateNumber;
use crate::documents::Bilingual;

/// One person or body of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListEntry {
    /// Unique within the list.
    pub id: String,
    /// The name and every other name that the source gives.
    pub names: Vec<String>,
    /// Names that the source itself calls unreliable: a match is a weak hint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weak_names: Vec<String>,
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
    /// The day on which the source issued it, where the list was loaded from the source's file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Date>,
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
            issued_on: self.issued_on,
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

/// Why a file does not become the next version of its list. The list that is loaded stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotNewer {
    /// The source issued it before the one that is loaded.
    Older { loaded: Date },
    /// It has at most half as many entries as the one that is loaded: a download that broke off looks like that.
    HalfAsLong { loaded: usize },
}

impl ListHeader {
    /// Tells whether a list that was issued on a day with so many entries may follow this one.
    pub fn may_be_followed(&self, issued_on: Date, entries: usize) -> Result<(), NotNewer> {
        if let Some(loaded) = self.issued_on.filter(|loaded| issued_on < *loaded) {
            return Err(NotNewer::Older { loaded });
        }
        if entries * 2 <= self.entries {
            let loaded = self.entries;
            return Err(NotNewer::HalfAsLong { loaded });
        }
        Ok(())
    }
}

#[cfg(test)]
mod art_03 {
    #![allow(clippy::unwrap_used)]
    use jiff::civil::date;

    use super::*;

    fn list(code: &str, version: &str, entries: usize) -> ScreeningList {
        let entry = |number: usize| ListEntry {
            id: format!("e-{number}"),
            names: vec!["無関係".into()],
            weak_names: Vec::new(),
            corporate_number: None,
            note: None,
        };
        ScreeningList {
            list: code.into(),
            version: version.into(),
            name: Bilingual::default(),
            source: "nowhere".into(),
            issued_on: Some(date(2026, 4, 1)),
            ground: Ground::Unsuitable,
            entries: (1..=entries).map(entry).collect(),
        }
    }

    fn header(code: &str, version: &str, at: &str) -> ListHeader {
        list(code, version, 1)
            .publish(at.parse().unwrap())
            .unwrap()
            .0
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
        let list = list("sanctions", "2026-04-01", 1);
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

    #[test]
    fn a_list_is_followed_neither_by_an_older_nor_by_a_halved_one() {
        let (loaded, _) = list("a", "1", 10).publish(Timestamp::UNIX_EPOCH).unwrap();
        let day = date(2026, 4, 1);
        let older = NotNewer::Older { loaded: day };
        assert_eq!(loaded.may_be_followed(date(2026, 3, 31), 10), Err(older));
        let halved = NotNewer::HalfAsLong { loaded: 10 };
        assert_eq!(loaded.may_be_followed(day, 5), Err(halved));
        assert_eq!(loaded.may_be_followed(day, 0), Err(halved));
        assert_eq!(loaded.may_be_followed(day, 6), Ok(()));
        assert_eq!(loaded.may_be_followed(date(2026, 4, 2), 11), Ok(()));
    }
}
