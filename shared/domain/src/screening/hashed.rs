//! Entries of the register whose particulars are keyed hashes: a purged customer is found again and cannot be read (D-05).

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::hits::Names;
use super::matching::ComparableName;
use super::{RegisterEntry, Signal, SignalKind, fold_digits, fold_name};
use crate::particulars::{Customer, Particulars};

/// The secret without which nobody can try names against the hashes.
#[derive(Clone)]
pub struct RegisterKey(Vec<u8>);

impl std::fmt::Debug for RegisterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RegisterKey")
    }
}

impl RegisterKey {
    /// Takes the secret of the environment.
    pub fn new(secret: &str) -> Self {
        RegisterKey(secret.as_bytes().to_vec())
    }

    /// Hashes a particular in the form in which it is compared; `None` if there is nothing to compare.
    fn hash(&self, kind: SignalKind, form: &str) -> Option<String> {
        if form.is_empty() {
            return None;
        }
        // HMAC takes a key of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(kind.code().as_bytes());
        mac.update(b"\n");
        mac.update(form.as_bytes());
        Some(hex::encode(mac.finalize().into_bytes()))
    }
}

fn form_of(name: &str) -> String {
    ComparableName::of(name).map_or_else(String::new, |name| name.form())
}

impl RegisterEntry {
    /// Tells whether its particulars are hashes.
    pub fn is_hashed(&self) -> bool {
        !self.hashes.is_empty()
    }

    /// Returns the entry with keyed hashes in the place of its particulars.
    #[must_use]
    pub fn hashed(&self, key: &RegisterKey) -> RegisterEntry {
        let forms = [
            (SignalKind::RegisterName, form_of(&self.name)),
            (
                SignalKind::RegisterCorporateNumber,
                fold_digits(&self.corporate_number),
            ),
            (SignalKind::RegisterAddress, fold_name(&self.address)),
            (SignalKind::RegisterPhone, fold_digits(&self.phone)),
            (SignalKind::RegisterEmail, self.email.trim().to_lowercase()),
        ];
        let hashes = forms.into_iter();
        RegisterEntry {
            hashes: hashes
                .filter_map(|(kind, form)| key.hash(kind, &form))
                .collect(),
            name: String::new(),
            corporate_number: String::new(),
            address: String::new(),
            phone: String::new(),
            email: String::new(),
            ..self.clone()
        }
    }
}

/// Returns what the hashed entries of the register say of particulars. Only what is the same is found: a hash tells
/// nothing of what is near.
pub fn known_by_hash<'a>(
    particulars: &Particulars,
    register: impl IntoIterator<Item = &'a RegisterEntry>,
    key: &RegisterKey,
) -> Vec<Signal> {
    let number = match &particulars.customer {
        Customer::Corporation { number } => number.as_str(),
        _ => "",
    };
    let mut ours: Vec<(SignalKind, String)> = Names::of(particulars)
        .forms()
        .filter_map(|form| {
            Some((
                SignalKind::RegisterName,
                key.hash(SignalKind::RegisterName, &form)?,
            ))
        })
        .collect();
    let others = [
        (SignalKind::RegisterCorporateNumber, fold_digits(number)),
        (
            SignalKind::RegisterAddress,
            fold_name(&particulars.address.line),
        ),
        (SignalKind::RegisterPhone, particulars.phone.clone()),
        (SignalKind::RegisterEmail, particulars.contact_email.clone()),
    ];
    let others = others.into_iter();
    ours.extend(others.filter_map(|(kind, form)| Some((kind, key.hash(kind, &form)?))));
    let mut signals = Vec::new();
    for entry in register.into_iter().filter(|entry| entry.is_hashed()) {
        let mut kinds: Vec<SignalKind> = Vec::new();
        for (kind, hash) in &ours {
            if entry.hashes.contains(hash) && !kinds.contains(kind) {
                kinds.push(*kind);
            }
        }
        signals.extend(kinds.into_iter().map(|kind| Signal {
            kind,
            ground: entry.cause.ground(),
            note: format!("{}: {}", entry.id, entry.note),
            evidence: None,
        }));
    }
    signals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::application::tests_support::submitted;
    use crate::screening::{Ground, RegisterCause};

    fn entry() -> RegisterEntry {
        let particulars = submitted().form.particulars;
        RegisterEntry {
            id: "r1".into(),
            cause: RegisterCause::Measure,
            name: particulars.name,
            corporate_number: String::new(),
            address: "架空市".into(),
            phone: "03-0000-0000".into(),
            email: "Hanako@example.jp".into(),
            note: "13-1-1".into(),
            contract: None,
            recorded_by: "operator".into(),
            recorded_at: jiff::Timestamp::UNIX_EPOCH,
            hashes: Vec::new(),
        }
    }

    #[test]
    fn art_03_a_purged_customer_who_applies_again_is_found_without_being_readable() {
        let key = RegisterKey::new("a-secret");
        let hashed = entry().hashed(&key);
        let text = serde_json::to_string(&hashed).unwrap_or_default();
        for particular in [
            entry().name,
            entry().address,
            "00000000".into(),
            "hanako".into(),
        ] {
            assert!(!text.contains(&particular), "{text}");
        }
        let found = known_by_hash(&submitted().form.particulars, [&hashed], &key);
        let kinds: Vec<SignalKind> = found.iter().map(|signal| signal.kind).collect();
        assert_eq!(
            kinds,
            [
                SignalKind::RegisterName,
                SignalKind::RegisterPhone,
                SignalKind::RegisterEmail
            ]
        );
        assert!(
            found
                .iter()
                .all(|signal| signal.ground == Ground::EarlierMeasure)
        );
    }

    #[test]
    fn without_the_key_nothing_is_found() {
        let hashed = entry().hashed(&RegisterKey::new("a-secret"));
        let other = RegisterKey::new("another");
        assert_eq!(
            known_by_hash(&submitted().form.particulars, [&hashed], &other),
            []
        );
        assert_eq!(
            known_by_hash(&submitted().form.particulars, [&entry()], &other),
            []
        );
    }
}
