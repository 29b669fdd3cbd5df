//! Sessions: all that a player may see is sealed in its token, so nothing is kept and a restart loses none.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::error::ApiError;
use crate::store::fragments::{Position, TimestampKind};

const KEY_BYTES: usize = 32;
const MAC_BYTES: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum PlaybackMode {
    Live,
    LiveReplay,
    OnDemand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum DiscontinuityMode {
    Always,
    Never,
    OnDiscontinuity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Display {
    Always,
    Never,
}

/// What a session's address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Format {
    HlsMp4,
    HlsTs,
    Dash,
}

/// What one session shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub stream_id: i64,
    pub format: Format,
    pub mode: PlaybackMode,
    pub by: TimestampKind,
    pub start_ms: i64,
    pub end_ms: i64,
    pub discontinuity: DiscontinuityMode,
    pub display_timestamp: Display,
    pub display_number: Display,
    pub most_fragments: i64,
    /// Real time, as the end.
    pub created_ms: i64,
    pub expires_ms: i64,
    /// The first fragment that the session showed: number zero of its playlist.
    pub base: Position,
    /// The header of that fragment, whose tracks those of all others must go on with.
    pub header_id: i64,
    /// When that fragment begins by the producer's clock.
    pub origin_ms: i64,
    /// How much a replay shows at once, before time runs.
    pub head_ms: i64,
    /// The length of all that was there when the session was made.
    pub shown_ms: i64,
    pub nonce: u64,
}

impl Session {
    /// Writes the session in few bytes: its token stands in every line of a playlist.
    fn pack(&self) -> postcard::Result<Vec<u8>> {
        postcard::to_allocvec(self)
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let (session, rest) = postcard::take_from_bytes(bytes).ok()?;
        rest.is_empty().then_some(session)
    }
}

pub(crate) fn nonce() -> Result<u64, ApiError> {
    getrandom::u64().map_err(|error| anyhow::anyhow!("no randomness: {error}").into())
}

/// Seals sessions into tokens with a key that stays in the data folder.
pub(crate) struct Seal {
    key: [u8; KEY_BYTES],
}

impl Seal {
    /// Reads the key, or makes one at the first start.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("session.key");
        if let Ok(bytes) = fs::read(&path)
            && let Ok(key) = bytes.try_into()
        {
            return Ok(Self { key });
        }
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        file.write_all(&key)?;
        file.sync_all()?;
        Ok(Self { key })
    }

    pub(crate) fn seal(&self, session: &Session) -> Result<String, ApiError> {
        let payload = session.pack().map_err(anyhow::Error::from)?;
        let mut sealed = self.mac(&payload)?.finalize().into_bytes().to_vec();
        sealed.extend_from_slice(&payload);
        Ok(format!("{}~", URL_SAFE_NO_PAD.encode(sealed)))
    }

    /// Opens a token that this service sealed and that has not expired.
    pub(crate) fn open_token(&self, token: &str, real_now_ms: i64) -> Result<Session, ApiError> {
        let invalid = || ApiError::session("Streaming session token is not valid");
        let encoded = token.strip_suffix('~').ok_or_else(invalid)?;
        let sealed = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| invalid())?;
        let (mac, payload) = sealed.split_at_checked(MAC_BYTES).ok_or_else(invalid)?;
        self.mac(payload)?
            .verify_slice(mac)
            .map_err(|_| invalid())?;
        let session = Session::unpack(payload).ok_or_else(invalid)?;
        if session.expires_ms <= real_now_ms {
            return Err(ApiError::session("Streaming session token is expired"));
        }
        Ok(session)
    }

    fn mac(&self, payload: &[u8]) -> Result<Hmac<Sha256>, ApiError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(anyhow::Error::from)?;
        mac.update(payload);
        Ok(mac)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::fragments::START;

    fn session() -> Session {
        Session {
            stream_id: 7,
            format: Format::HlsMp4,
            mode: PlaybackMode::Live,
            by: TimestampKind::Producer,
            start_ms: 0,
            end_ms: i64::MAX,
            discontinuity: DiscontinuityMode::Never,
            display_timestamp: Display::Always,
            display_number: Display::Never,
            most_fragments: 5,
            created_ms: 1_000,
            expires_ms: 301_000,
            base: START,
            header_id: 1,
            origin_ms: 0,
            head_ms: 0,
            shown_ms: 0,
            nonce: 42,
        }
    }

    #[test]
    fn a_token_opens_after_a_restart_and_until_it_expires() {
        let folder = tempfile::tempdir().unwrap();
        let token = Seal::open(folder.path()).unwrap().seal(&session()).unwrap();
        let seal = Seal::open(folder.path()).unwrap();
        assert!(token.ends_with('~'));
        assert_eq!(seal.open_token(&token, 300_999).unwrap(), session());
        let expired = seal.open_token(&token, 301_000).unwrap_err();
        assert_eq!(expired.status, 403);
        assert_eq!(expired.message, "Streaming session token is expired");
    }

    #[test]
    fn a_session_is_the_same_after_its_packing() {
        for (one, bytes) in [
            (session(), 60),
            (
                Session {
                    base: (0, 0),
                    end_ms: 0,
                    ..session()
                },
                40,
            ),
        ] {
            let packed = one.pack().unwrap();
            assert!(packed.len() < bytes, "{} bytes", packed.len());
            assert_eq!(Session::unpack(&packed), Some(one));
            for end in 0..packed.len() {
                assert_eq!(Session::unpack(&packed[..end]), None);
            }
            assert_eq!(Session::unpack(&[&packed[..], &[0]].concat()), None);
        }
    }

    #[test]
    fn a_changed_or_foreign_token_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let seal = Seal::open(folder.path()).unwrap();
        let token = seal.seal(&session()).unwrap();
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(seal.open_token(&changed, 0).unwrap_err().status, 403);
        }
        let elsewhere = tempfile::tempdir().unwrap();
        let foreign = Seal::open(elsewhere.path()).unwrap();
        assert!(foreign.open_token(&token, 0).is_err());
        for text in ["", "~", "AAAA~", "ä~"] {
            assert!(seal.open_token(text, 0).is_err());
        }
    }
}
