//! 第三者サービス: the services of others that are built in, their terms, and the list that a customer agreed to (25-1, 25-2).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::documents::Bilingual;
use crate::ids::ContractId;
use crate::particulars::{FieldRule, line};
use crate::rules::rules;
use crate::terms::text_hash;

/// The longest address of somebody's terms, in characters.
const MOST_URL: usize = 300;

rules! {
    /// Why a change of the list is refused.
    Refusal {
        Unchanged => ("nothing_changes", "一覧の内容は変わりません。", "The list would stay as it is."),
    }
}

/// The address of somebody's terms, which begins with `https://` and names a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TermsUrl(String);

impl TermsUrl {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<TermsUrl, FieldRule> {
        let text = line(text, MOST_URL)?;
        let sound = |url: &str| {
            let rest = url.strip_prefix("https://")?;
            let host = rest.split(['/', '?', '#']).next()?;
            let label = |label: &str| {
                let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
                !label.is_empty() && label.bytes().all(plain)
            };
            let named = host.contains('.') && host.split('.').all(label);
            let quiet = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
            (named && rest.bytes().all(quiet)).then_some(())
        };
        match sound(&text) {
            Some(()) => Ok(TermsUrl(text)),
            None => Err(FieldRule::Url),
        }
    }

    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TermsUrl {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        TermsUrl::parse(&text).map_err(|rule| format!("{rule}: {text:?} is no https address"))
    }
}

impl From<TermsUrl> for String {
    fn from(url: TermsUrl) -> String {
        url.0
    }
}

/// A service of somebody else that is built in (25-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThirdParty {
    /// A short name that stays: small letters, digits and hyphens.
    pub id: String,
    pub name: Bilingual,
    pub provider: Bilingual,
    pub terms_url: TermsUrl,
    /// The version of the terms as their provider names it, for example its date.
    pub terms_version: String,
    /// Since when the service is built in.
    pub since: Date,
}

/// A version of the list of third-party terms; never edited once it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThirdPartyTerms {
    pub version: u64,
    pub recorded_at: Timestamp,
    pub by: String,
    pub services: Vec<ThirdParty>,
    /// SHA-256 of the services as JSON, in hexadecimal.
    pub sha256: String,
}

/// The list that was in force when a contract was formed, to which the customer agreed (25-2, D-37). It never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedThirdParty {
    pub contract: ContractId,
    pub at: Timestamp,
    /// 0 if there was no list.
    pub version: u64,
    /// SHA-256 of the services as JSON, in hexadecimal.
    pub sha256: String,
}

fn hash(services: &[ThirdParty]) -> String {
    // Plain structures of texts and dates always have a JSON text.
    text_hash(&serde_json::to_vec(services).unwrap_or_default())
}

impl ThirdPartyTerms {
    /// Lays the first list down as the operator's folder has it; nothing where there is one already.
    pub fn lay_down(
        before: Option<&ThirdPartyTerms>,
        folder: Vec<ThirdParty>,
        (by, now): (&str, Timestamp),
    ) -> Option<ThirdPartyTerms> {
        (before.is_none() && !folder.is_empty()).then(|| Self::next(before, folder, (by, now)))
    }

    /// Enters a service, or new facts of one that is there.
    pub fn enter(
        before: Option<&ThirdPartyTerms>,
        service: ThirdParty,
        by: &str,
        now: Timestamp,
    ) -> Result<ThirdPartyTerms, Refusal> {
        let mut services = before.map_or_else(Vec::new, |before| before.services.clone());
        match services.iter_mut().find(|one| one.id == service.id) {
            Some(known) if *known == service => return Err(Refusal::Unchanged),
            Some(known) => *known = service,
            None => services.push(service),
        }
        Ok(Self::next(before, services, (by, now)))
    }

    /// Takes a service off the list that is not built in any more.
    pub fn remove(&self, id: &str, by: &str, now: Timestamp) -> Result<ThirdPartyTerms, Refusal> {
        let mut services = self.services.clone();
        services.retain(|one| one.id != id);
        match services.len() == self.services.len() {
            true => Err(Refusal::Unchanged),
            false => Ok(Self::next(Some(self), services, (by, now))),
        }
    }

    /// Returns what whoever forms a contract now agrees to.
    pub fn agreed(
        list: Option<&ThirdPartyTerms>,
        contract: ContractId,
        at: Timestamp,
    ) -> AgreedThirdParty {
        AgreedThirdParty {
            contract,
            at,
            version: list.map_or(0, |list| list.version),
            sha256: list.map_or_else(|| hash(&[]), |list| list.sha256.clone()),
        }
    }

    fn next(
        before: Option<&ThirdPartyTerms>,
        services: Vec<ThirdParty>,
        (by, now): (&str, Timestamp),
    ) -> ThirdPartyTerms {
        ThirdPartyTerms {
            version: before.map_or(0, |before| before.version) + 1,
            recorded_at: now,
            by: by.to_owned(),
            sha256: hash(&services),
            services,
        }
    }
}

#[cfg(test)]
mod art_25 {
    #![allow(clippy::unwrap_used)]
    use jiff::civil::date;

    use super::*;

    const BY: &str = "operator:ueda";
    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn service(id: &str, version: &str) -> ThirdParty {
        ThirdParty {
            id: id.into(),
            name: Bilingual::default(),
            provider: Bilingual::default(),
            terms_url: TermsUrl::parse("https://www.example.jp/terms").unwrap(),
            terms_version: version.into(),
            since: date(2026, 4, 1),
        }
    }

    fn first() -> ThirdPartyTerms {
        ThirdPartyTerms::lay_down(None, vec![service("map", "1")], (BY, NOW)).unwrap()
    }

    #[test]
    fn the_folder_lays_the_first_list_down_and_changes_none() {
        assert_eq!(first().version, 1);
        let folder = vec![service("map", "2")];
        let again = ThirdPartyTerms::lay_down(Some(&first()), folder, (BY, NOW));
        assert_eq!(again, None);
        assert_eq!(ThirdPartyTerms::lay_down(None, Vec::new(), (BY, NOW)), None);
    }

    #[test]
    fn each_change_is_a_version_with_a_hash_of_its_own_and_the_same_again_is_none() {
        let before = first();
        let after = ThirdPartyTerms::enter(Some(&before), service("map", "2"), BY, NOW).unwrap();
        assert_eq!((after.version, after.services.len()), (2, 1));
        assert_ne!(after.sha256, before.sha256);
        let same = ThirdPartyTerms::enter(Some(&after), service("map", "2"), BY, NOW);
        assert_eq!(same, Err(Refusal::Unchanged));
        let back = ThirdPartyTerms::enter(Some(&after), service("map", "1"), BY, NOW).unwrap();
        assert_eq!((back.version, &back.sha256), (3, &before.sha256));
        let gone = back.remove("map", BY, NOW).unwrap();
        assert_eq!((gone.version, gone.services.len()), (4, 0));
        assert_eq!(gone.remove("map", BY, NOW), Err(Refusal::Unchanged));
    }

    #[test]
    fn whoever_forms_a_contract_agrees_to_the_list_of_that_instant() {
        let contract = ContractId::from_random([2; 10]);
        let list = first();
        let agreed = ThirdPartyTerms::agreed(Some(&list), contract.clone(), NOW);
        assert_eq!((agreed.version, agreed.sha256), (1, list.sha256));
        let none = ThirdPartyTerms::agreed(None, contract, NOW);
        assert_eq!((none.version, none.sha256), (0, text_hash(b"[]")));
    }

    #[test]
    fn the_address_of_terms_is_https_and_names_a_host() {
        for url in [
            "https://example.jp",
            "https://www.example.jp/a/b.html?x=1#y",
        ] {
            assert_eq!(TermsUrl::parse(url).unwrap().as_str(), url);
        }
        for url in [
            "http://example.jp/",
            "https://",
            "https://localhost/",
            "https://a@example.jp/",
            "https://example.jp/a b",
            "https://example..jp/",
            "javascript:alert(1)",
            "https://example.jp/\"x",
        ] {
            assert_eq!(TermsUrl::parse(url), Err(FieldRule::Url), "{url}");
        }
        assert_eq!(TermsUrl::parse(" "), Err(FieldRule::Required));
    }
}
