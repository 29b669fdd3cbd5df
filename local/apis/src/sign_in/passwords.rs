//! Passwords: how they are hashed, which are allowed, and how guessing is slowed down.

use std::num::NonZeroU32;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::pbkdf2;
use rusqlite::{Connection, OptionalExtension, params};

use crate::credentials::random_hex;

const ITERATIONS: NonZeroU32 = NonZeroU32::new(120_000).unwrap();
const HASH_BYTES: usize = 32;
const FREE_FAILURES: u32 = 5;
const LONGEST_LOCK: Duration = Duration::from_secs(15 * 60);

/// Hashes with a fresh salt; the text names its own iterations, so they can be raised later.
pub(super) fn hash(password: &str) -> String {
    let salt = random_hex(16);
    let mut output = [0_u8; HASH_BYTES];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ITERATIONS,
        salt.as_bytes(),
        password.as_bytes(),
        &mut output,
    );
    format!(
        "pbkdf2-sha256${ITERATIONS}${salt}${}",
        STANDARD_NO_PAD.encode(output)
    )
}

/// Whether the password is the one behind the hash, compared in constant time.
pub(super) fn verify(password: &str, hash: &str) -> bool {
    let parts: Vec<&str> = hash.split('$').collect();
    let ["pbkdf2-sha256", iterations, salt, expected] = parts[..] else {
        return false;
    };
    let (Ok(iterations), Ok(expected)) = (
        iterations.parse::<NonZeroU32>(),
        STANDARD_NO_PAD.decode(expected),
    ) else {
        return false;
    };
    pbkdf2::verify(
        pbkdf2::PBKDF2_HMAC_SHA256,
        iterations,
        salt.as_bytes(),
        password.as_bytes(),
        &expected,
    )
    .is_ok()
}

/// Whether the pool takes this password; the error is a sentence in English, as Cognito's.
pub(super) fn check_policy(password: &str, minimum_length: usize) -> Result<(), String> {
    let length = password.chars().count();
    if length < minimum_length {
        return Err(format!(
            "Password did not conform with policy: Password not long enough (at least {minimum_length} characters)"
        ));
    }
    if length > 256 {
        return Err("Password did not conform with policy: Password too long".to_owned());
    }
    if password.trim() != password || password.chars().any(char::is_control) {
        return Err(
            "Password did not conform with policy: no blank at either end and no control characters"
                .to_owned(),
        );
    }
    Ok(())
}

/// How long this name must wait before it may try again.
pub(super) fn locked_for(
    connection: &Connection,
    pool: &str,
    name: &str,
    now_ms: i64,
) -> rusqlite::Result<Option<Duration>> {
    let row: Option<(u32, i64)> = connection
        .query_row(
            "SELECT failures, last_ms FROM sign_in_failures WHERE pool = ?1 AND name = ?2",
            params![pool, name.to_lowercase()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((failures, last_ms)) = row else {
        return Ok(None);
    };
    let until_ms = last_ms + millis(lock_after(failures));
    let left_ms = u64::try_from(until_ms - now_ms).unwrap_or(0);
    Ok((left_ms > 0).then(|| Duration::from_millis(left_ms)))
}

/// Five failures are free; then the lock is a second and doubles with each further failure.
fn lock_after(failures: u32) -> Duration {
    if failures < FREE_FAILURES {
        return Duration::ZERO;
    }
    let seconds = 1_u64
        .checked_shl(failures - FREE_FAILURES)
        .unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(LONGEST_LOCK)
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

pub(super) fn note_failure(
    connection: &Connection,
    pool: &str,
    name: &str,
    now_ms: i64,
) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO sign_in_failures VALUES (?1, ?2, 1, ?3)
         ON CONFLICT(pool, name) DO UPDATE SET failures = failures + 1, last_ms = ?3",
        params![pool, name.to_lowercase(), now_ms],
    )?;
    Ok(())
}

pub(super) fn forget_failures(
    connection: &Connection,
    pool: &str,
    name: &str,
) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM sign_in_failures WHERE pool = ?1 AND name = ?2",
        params![pool, name.to_lowercase()],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_own_password_only() {
        let hashed = hash("correct horse battery");
        assert!(verify("correct horse battery", &hashed));
        assert!(!verify("correct horse batterY", &hashed));
        assert!(!verify("correct horse battery", "plain"));
        assert_ne!(hashed, hash("correct horse battery"));
    }

    #[test]
    fn short_endless_and_padded_passwords_are_refused() {
        assert!(check_policy("twelve chars", 12).is_ok());
        assert!(check_policy("eleven char", 12).is_err());
        assert!(check_policy(&"x".repeat(257), 12).is_err());
        assert!(check_policy(" twelve chars ", 12).is_err());
    }

    #[test]
    fn the_lock_grows_from_the_fifth_failure_to_a_quarter_of_an_hour() {
        let seconds: Vec<u64> = [4, 5, 6, 14, 15, 200]
            .map(|n| lock_after(n).as_secs())
            .into();
        assert_eq!(seconds, [0, 1, 2, 512, 900, 900]);
    }
}
