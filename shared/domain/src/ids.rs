//! Identifiers: a prefix and 80 random bits, so that nobody can enumerate them (7-8).

use serde::{Deserialize, Serialize};

/// Crockford's alphabet: no i, l, o or u to misread.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many random bytes one identifier takes.
pub const ID_BYTES: usize = 10;

/// The text is not an identifier of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: {0}")]
pub struct InvalidId(pub String);

/// Writes bytes in Crockford's base 32; five bytes make eight characters.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0u32, 0);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(ALPHABET[(held >> bits) as usize & 31]));
        }
    }
    if bits > 0 {
        text.push(char::from(ALPHABET[(held << (5 - bits)) as usize & 31]));
    }
    text
}

fn parse(prefix: &str, text: &str) -> Result<String, InvalidId> {
    let body = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'));
    match body {
        Some(body) if body.len() == 16 && body.bytes().all(|b| ALPHABET.contains(&b)) => {
            Ok(text.to_owned())
        }
        _ => Err(InvalidId(text.chars().take(64).collect())),
    }
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes the identifier from random bytes that the caller drew.
            pub fn from_random(bytes: [u8; ID_BYTES]) -> Self {
                Self(format!("{}-{}", $prefix, base32(&bytes)))
            }

            /// Reads an identifier; anything else is refused.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                parse($prefix, text).map(Self)
            }

            /// Returns the text of the identifier.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// One application; whoever knows it may see its outcome, so it is as secret as a password.
    ApplicationId, "a");
id!(
    /// One contract.
    ContractId, "c");
id!(
    /// One registered user or administrator; also the user name at sign-in.
    UserId, "u");
id!(
    /// One device: a camera or an IoTBox.
    DeviceId, "d");
id!(
    /// One camera's place in the service; its stream is named after it.
    CameraId, "k");
id!(
    /// One interruption of the service.
    InterruptionId, "i");
id!(
    /// One export of recordings or registered data.
    ExportId, "x");
id!(
    /// One message of the outbox, and so one notice.
    MessageId, "m");
id!(
    /// One disclosure case (21-4); whoever is not of the legal desk never learns one.
    DisclosureId, "x");
id!(
    /// One look of the operator's staff at a camera (21-7).
    StaffViewId, "v");
id!(
    /// One incident of the breach register.
    BreachId, "b");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_identifier_is_read_back() {
        let id = ContractId::from_random([0xfe; ID_BYTES]);
        assert_eq!(ContractId::parse(id.as_str()).unwrap(), id);
        assert_eq!(id.as_str().len(), 18);
    }

    #[test]
    fn another_kind_of_identifier_is_refused() {
        let id = UserId::from_random([7; ID_BYTES]);
        assert!(ContractId::parse(id.as_str()).is_err());
        for text in [
            "",
            "c-",
            "c-short",
            "c-0123456789abcdeU",
            "c-0123456789abcdef0",
            "../c-0123456789abcdef",
        ] {
            assert!(ContractId::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn base32_is_crockfords() {
        assert_eq!(base32(&[0, 0, 0, 0, 0]), "00000000");
        assert_eq!(base32(&[255; 5]), "zzzzzzzz");
        assert_eq!(base32(b"hello"), "d1jprv3f");
    }
}
