//! Who may call: every access key with its secret, and the principal that it speaks for.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use crate::database::{ControlDatabase, DatabaseError};

/// The developer's key and secret, as the ecosystem's tools use them.
pub const DEVELOPER_KEY: &str = "test";

/// What a principal may touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Full,
    /// Only this one Kinesis Video stream, as the device role of template.yaml grants.
    Stream(String),
}

/// The verified caller of a request; the front door puts it into the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub name: String,
    pub scope: Scope,
}

/// A key that was handed out.
#[derive(Clone, Debug)]
pub struct IssuedKey {
    pub access_key_id: String,
    pub secret: String,
    pub session_token: String,
    pub expires: Option<Timestamp>,
}

/// A key as the signature check needs it.
#[derive(Clone, Debug)]
pub struct KnownKey {
    pub secret: String,
    /// A caller that holds a session token must send it.
    pub session_token: Option<String>,
    pub expires: Option<Timestamp>,
    pub principal: Principal,
}

/// The registry of keys. Clones share it.
#[derive(Clone)]
pub struct Credentials {
    database: ControlDatabase,
}

impl Credentials {
    pub(crate) fn new(database: ControlDatabase) -> Self {
        Self { database }
    }

    /// Gives `name` (a function) keys of its own. The same name gets the same keys again, also after a restart.
    pub fn issue(&self, name: &str) -> Result<IssuedKey, DatabaseError> {
        let connection = self.database.lock();
        let known = connection
            .query_row(
                "SELECT access_key_id, secret, session_token FROM credentials WHERE name = ?1 AND stream IS NULL",
                [name],
                |row| {
                    Ok(IssuedKey {
                        access_key_id: row.get(0)?,
                        secret: row.get(1)?,
                        session_token: row.get(2)?,
                        expires: None,
                    })
                },
            )
            .optional()?;
        if let Some(key) = known {
            return Ok(key);
        }
        let key = fresh_key(None);
        connection.execute(
            "INSERT INTO credentials VALUES (?1, ?2, ?3, ?4, NULL, NULL)",
            params![key.access_key_id, key.secret, key.session_token, name],
        )?;
        Ok(key)
    }

    /// Gives a device short-lived keys for its own stream, and forgets keys that have expired.
    pub fn issue_for_stream(
        &self,
        name: &str,
        stream: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<IssuedKey, DatabaseError> {
        let connection = self.database.lock();
        connection.execute(
            "DELETE FROM credentials WHERE expires_ms < ?1",
            [now.as_millisecond()],
        )?;
        let key = fresh_key(Some(expires));
        connection.execute(
            "INSERT INTO credentials VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                key.access_key_id,
                key.secret,
                key.session_token,
                name,
                stream,
                expires.as_millisecond()
            ],
        )?;
        Ok(key)
    }

    /// Finds the key with this id.
    pub fn find(&self, access_key_id: &str) -> Result<Option<KnownKey>, DatabaseError> {
        if access_key_id == DEVELOPER_KEY {
            return Ok(Some(KnownKey {
                secret: DEVELOPER_KEY.to_owned(),
                session_token: None,
                expires: None,
                principal: Principal {
                    name: "developer".to_owned(),
                    scope: Scope::Full,
                },
            }));
        }
        let found = self
            .database
            .lock()
            .query_row(
                "SELECT secret, session_token, name, stream, expires_ms FROM credentials WHERE access_key_id = ?1",
                [access_key_id],
                |row| {
                    let stream: Option<String> = row.get(3)?;
                    let expires_ms: Option<i64> = row.get(4)?;
                    Ok(KnownKey {
                        secret: row.get(0)?,
                        session_token: Some(row.get(1)?),
                        expires: expires_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
                        principal: Principal {
                            name: row.get(2)?,
                            scope: stream.map_or(Scope::Full, Scope::Stream),
                        },
                    })
                },
            )
            .optional()?;
        Ok(found)
    }
}

fn fresh_key(expires: Option<Timestamp>) -> IssuedKey {
    IssuedKey {
        // Temporary keys begin with ASIA; the rest is 16 characters of base 32 in AWS and of hexadecimal here.
        access_key_id: format!("ASIA{}", &random_hex(8).to_uppercase()),
        secret: random_hex(20),
        session_token: random_hex(32),
        expires,
    }
}

/// `bytes` random bytes in hexadecimal.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0_u8; bytes];
    // Without randomness no secret can be made, and nothing may go on with a guessable one.
    if let Err(error) = getrandom::fill(&mut buffer) {
        panic!("the machine gives no random numbers: {error}");
    }
    hex::encode(buffer)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn open(dir: &std::path::Path) -> Credentials {
        Credentials::new(ControlDatabase::open(&dir.join("control.sqlite")).unwrap())
    }

    #[test]
    fn a_function_keeps_its_keys_over_a_restart_and_shares_them_with_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let portal = open(dir.path()).issue("portal").unwrap();
        let again = open(dir.path()).issue("portal").unwrap();
        let other = open(dir.path()).issue("operations").unwrap();
        assert_eq!(portal.secret, again.secret);
        assert_ne!(portal.access_key_id, other.access_key_id);
    }

    #[test]
    fn a_device_key_speaks_for_its_own_stream_only() {
        let dir = tempfile::tempdir().unwrap();
        let credentials = open(dir.path());
        let now: Timestamp = "2026-04-01T00:00:00Z".parse().unwrap();
        let expires: Timestamp = "2026-04-01T01:00:00Z".parse().unwrap();
        let key = credentials
            .issue_for_stream("thing-1", "stream-1", now, expires)
            .unwrap();
        let known = credentials.find(&key.access_key_id).unwrap().unwrap();
        assert_eq!(known.principal.scope, Scope::Stream("stream-1".to_owned()));
        assert_eq!(known.expires, Some(expires));
    }

    #[test]
    fn expired_device_keys_are_forgotten_when_new_ones_are_issued() {
        let dir = tempfile::tempdir().unwrap();
        let credentials = open(dir.path());
        let early: Timestamp = "2026-04-01T00:00:00Z".parse().unwrap();
        let late: Timestamp = "2026-04-01T05:00:00Z".parse().unwrap();
        let old = credentials
            .issue_for_stream("t", "s", early, early)
            .unwrap();
        credentials.issue_for_stream("t", "s", late, late).unwrap();
        assert!(credentials.find(&old.access_key_id).unwrap().is_none());
    }

    #[test]
    fn an_unknown_key_is_not_found() {
        let dir = tempfile::tempdir().unwrap();
        assert!(open(dir.path()).find("AKIAUNKNOWN").unwrap().is_none());
    }
}
