//! Private keys in the data folder, readable by their owner only.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};

/// Reads the P-256 key in the file; a missing file gets a fresh key that only its owner can read.
pub(crate) fn open_or_make_key(path: &Path) -> Result<KeyPair, String> {
    match fs::read_to_string(path) {
        Ok(pem) => KeyPair::from_pem(&pem).map_err(|error| error.to_string()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
                .map_err(|error| error.to_string())?;
            write_privately(path, &key.serialize_pem()).map_err(|error| error.to_string())?;
            Ok(key)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Writes beside the file and renames, so that a crash leaves a whole file or none.
pub(crate) fn write_privately(path: &Path, text: &str) -> std::io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        let first = open_or_make_key(&path).unwrap();
        let second = open_or_make_key(&path).unwrap();
        assert_eq!(first.serialize_der(), second.serialize_der());
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_is_an_error_and_not_a_new_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key.pem");
        fs::write(&path, "nonsense").unwrap();
        assert!(open_or_make_key(&path).is_err());
    }
}
