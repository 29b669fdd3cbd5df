//! The values of declared secrets: made up once, kept in the data folder.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::template::SecretSpec;

const FILE: &str = "secrets.json";
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The value of each secret, by its logical name; values that are missing are made up and stored first.
pub fn ensure(directory: &Path, wanted: &[SecretSpec]) -> io::Result<BTreeMap<String, String>> {
    let path = directory.join(FILE);
    let mut secrets: BTreeMap<String, String> = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error),
    };
    let missing: Vec<&SecretSpec> = wanted
        .iter()
        .filter(|spec| !secrets.contains_key(&spec.name))
        .collect();
    if missing.is_empty() {
        return Ok(secrets);
    }
    for spec in missing {
        secrets.insert(spec.name.clone(), random(spec.length)?);
    }
    let beside = path.with_extension("json.new");
    let mut options = OpenOptions::new();
    let mut file = options
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(&serde_json::to_vec_pretty(&secrets)?)?;
    file.sync_all()?;
    fs::rename(&beside, &path)?;
    Ok(secrets)
}

/// Letters and digits, each as likely as the others.
fn random(length: usize) -> io::Result<String> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut bytes = [0_u8; 64];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        // Bytes from 248 on would make some letters likelier, so they are thrown away.
        let letters = bytes.iter().filter(|byte| **byte < 248);
        let letters = letters.map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
        text.extend(letters.take(length - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn spec(name: &str) -> SecretSpec {
        SecretSpec {
            name: name.to_owned(),
            length: 64,
        }
    }

    #[test]
    fn a_secret_keeps_its_value_when_another_is_added() {
        let directory = tempfile::tempdir().unwrap();
        let first = ensure(directory.path(), &[spec("A")]).unwrap();
        let second = ensure(directory.path(), &[spec("A"), spec("B")]).unwrap();
        assert_eq!(first["A"], second["A"]);
        assert_ne!(second["A"], second["B"]);
        assert_eq!(second["B"].len(), 64);
        let mode = fs::metadata(directory.path().join(FILE))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_an_error_and_not_a_new_secret() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), "{").unwrap();
        assert!(ensure(directory.path(), &[spec("A")]).is_err());
    }
}
