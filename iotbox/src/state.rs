//! What a device keeps between runs: its key, which never leaves this folder, and what activation told it.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

const KEY_FILE: &str = "key.pem";
const DEVICE_FILE: &str = "device.json";
const REQUEST_FILE: &str = "request.pem";

/// What the service told at activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub device_id: String,
    pub thing_name: String,
    pub stream_name: String,
    pub region: String,
    pub certificate_pem: String,
    /// The service's own certificate authority; absent where the public ones are enough.
    pub ca_pem: Option<String>,
    /// Host, and port if it is not 443.
    pub credential_endpoint: String,
    pub role_alias: String,
    /// The address of Kinesis Video; absent where it is the region's own.
    pub media_endpoint: Option<String>,
}

/// The folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the state folder {path} cannot be used: {reason}")]
pub struct StateError {
    path: String,
    reason: String,
}

/// The device's folder.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
}

impl StateDir {
    /// Opens the folder and makes it if need be; only its owner may look into it.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        let dir = Self {
            path: path.to_owned(),
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| dir.error(&error))?;
        Ok(dir)
    }

    /// Reads what an earlier activation left; `None` before the first.
    pub fn device(&self) -> Result<Option<Device>, StateError> {
        match self.read(DEVICE_FILE)? {
            None => Ok(None),
            Some(text) => serde_json::from_str(&text)
                .map(Some)
                .map_err(|error| self.error(&format!("{DEVICE_FILE} cannot be read: {error}"))),
        }
    }

    /// Keeps what activation told.
    pub fn keep_device(&self, device: &Device) -> Result<(), StateError> {
        let text = serde_json::to_string_pretty(device).map_err(|error| self.error(&error))?;
        self.write(DEVICE_FILE, &text)
    }

    /// The device's private key in PEM, made at the first call.
    pub fn key_pem(&self) -> Result<String, StateError> {
        if let Some(pem) = self.read(KEY_FILE)? {
            return Ok(pem);
        }
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
            .map_err(|error| self.error(&error))?;
        let pem = key.serialize_pem();
        self.write(KEY_FILE, &pem)?;
        Ok(pem)
    }

    /// The request for a certificate in PEM, made at the first call. A signature is another one each time it is made, so
    /// the request is kept: only the same request can be repeated.
    pub fn request_pem(
        &self,
        make: impl FnOnce(&str) -> Result<String, rcgen::Error>,
    ) -> Result<String, StateError> {
        // A request without its key is of no use.
        if let (Some(pem), Some(_)) = (self.read(REQUEST_FILE)?, self.read(KEY_FILE)?) {
            return Ok(pem);
        }
        let pem = make(&self.key_pem()?).map_err(|error| self.error(&error))?;
        self.write(REQUEST_FILE, &pem)?;
        Ok(pem)
    }

    fn read(&self, name: &str) -> Result<Option<String>, StateError> {
        match fs::read_to_string(self.path.join(name)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error(&format!("{name}: {error}"))),
        }
    }

    /// Writes a file that is whole or absent, whenever the power goes.
    fn write(&self, name: &str, text: &str) -> Result<(), StateError> {
        let written = || -> std::io::Result<()> {
            let temporary = self.path.join(format!("{name}.new"));
            let mut file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&temporary)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, self.path.join(name))?;
            File::open(&self.path)?.sync_all()
        };
        written().map_err(|error| self.error(&format!("{name}: {error}")))
    }

    fn error(&self, reason: &dyn std::fmt::Display) -> StateError {
        StateError {
            path: self.path.display().to_string(),
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn device() -> Device {
        Device {
            device_id: "dev-1".into(),
            thing_name: "cam-1".into(),
            stream_name: "cam-1".into(),
            region: "ap-northeast-1".into(),
            certificate_pem: "CERTIFICATE".into(),
            ca_pem: None,
            credential_endpoint: "127.0.0.1:4567".into(),
            role_alias: "ciero-device".into(),
            media_endpoint: Some("http://127.0.0.1:4566".into()),
        }
    }

    #[test]
    fn the_request_is_made_once_and_outlives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let open = || StateDir::open(folder.path()).unwrap();
        let made = open().request_pem(|key| Ok(format!("for {key}"))).unwrap();
        assert_eq!(made, format!("for {}", open().key_pem().unwrap()));
        let again = open().request_pem(|_| panic!("made again"));
        assert_eq!(again.unwrap(), made);
    }

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(&folder.path().join("a/b")).unwrap();
        let key = state.key_pem().unwrap();
        assert_eq!(state.key_pem().unwrap(), key);
        let file = fs::metadata(folder.path().join("a/b/key.pem")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        let dir = fs::metadata(folder.path().join("a/b")).unwrap();
        assert_eq!(dir.permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn what_activation_told_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDir::open(folder.path()).unwrap();
        assert_eq!(state.device().unwrap(), None);
        state.keep_device(&device()).unwrap();
        assert_eq!(state.device().unwrap(), Some(device()));
    }

    #[test]
    fn a_damaged_state_is_refused_and_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(DEVICE_FILE), "{\"device_id\":").unwrap();
        let error = StateDir::open(folder.path()).unwrap().device().unwrap_err();
        assert!(error.to_string().contains("device.json cannot be read"));
    }

    #[test]
    fn a_folder_that_is_a_file_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(StateDir::open(file.path()).is_err());
    }
}
