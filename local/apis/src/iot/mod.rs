//! IoT: things, certificates that a local authority really signs, and the credential provider behind mutual TLS.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;

use crate::clock::ServiceClock;
use crate::credentials::Credentials;
use crate::database::{ControlDatabase, DatabaseError};

/// Why the thing registry or the credential provider failed.
#[derive(Debug, thiserror::Error)]
pub enum ThingsError {
    #[error("the certificate authority cannot be used: {0}")]
    Authority(String),
    #[error("the credential provider cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// All things. Clones share them.
#[derive(Clone)]
pub struct Things {}

impl Things {
    pub(crate) fn open(
        _database: ControlDatabase,
        _clock: ServiceClock,
        _credentials: Credentials,
        _dir: &Path,
    ) -> Result<Self, ThingsError> {
        unimplemented!()
    }

    /// Declares a policy that certificates can be attached to.
    pub fn ensure_policy(&self, _name: &str) -> Result<(), ThingsError> {
        unimplemented!()
    }

    /// Declares a role alias; credentials handed out for it live `seconds`.
    pub fn ensure_role_alias(
        &self,
        _alias: &str,
        _role_arn: &str,
        _seconds: u32,
    ) -> Result<(), ThingsError> {
        unimplemented!()
    }

    /// The certificate that devices trust for the credential provider.
    pub fn ca_pem(&self) -> String {
        unimplemented!()
    }

    /// Starts the credential provider on 127.0.0.1, at the preferred port or, when that is taken, at a free one.
    pub async fn serve_credentials(&self, _preferred_port: u16) -> Result<SocketAddr, ThingsError> {
        unimplemented!()
    }

    pub(crate) fn router(&self) -> Router {
        unimplemented!()
    }
}
