//! IoT: things, certificates that a local authority really signs, and the credential provider behind mutual TLS.

mod api;
mod authority;
mod credential_provider;
mod registry;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use axum::Router;

use crate::clock::ServiceClock;
use crate::credentials::Credentials;
use crate::database::{ControlDatabase, DatabaseError};

use authority::Authority;

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

impl From<rusqlite::Error> for ThingsError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

/// All things. Clones share them.
#[derive(Clone)]
pub struct Things {
    database: ControlDatabase,
    clock: ServiceClock,
    credentials: Credentials,
    authority: Arc<Authority>,
    provider: Arc<OnceLock<SocketAddr>>,
}

impl Things {
    pub(crate) fn open(
        database: ControlDatabase,
        clock: ServiceClock,
        credentials: Credentials,
        dir: &Path,
    ) -> Result<Self, ThingsError> {
        Ok(Self {
            database,
            clock,
            credentials,
            authority: Arc::new(Authority::open(dir)?),
            provider: Arc::default(),
        })
    }

    /// Declares a policy that certificates can be attached to.
    pub fn ensure_policy(&self, name: &str) -> Result<(), ThingsError> {
        Ok(registry::ensure_policy(&self.database.lock(), name)?)
    }

    /// Declares a role alias; credentials handed out for it live `seconds`.
    pub fn ensure_role_alias(
        &self,
        alias: &str,
        role_arn: &str,
        seconds: u32,
    ) -> Result<(), ThingsError> {
        let alias = registry::RoleAlias {
            alias: alias.to_owned(),
            role_arn: role_arn.to_owned(),
            duration_seconds: seconds,
        };
        Ok(registry::upsert_role_alias(&self.database.lock(), &alias)?)
    }

    /// The certificate that devices trust for the credential provider.
    pub fn ca_pem(&self) -> String {
        self.authority.pem().to_owned()
    }

    /// Starts the credential provider on 127.0.0.1, at the preferred port or, when that is taken, at a free one.
    ///
    /// It runs until the runtime stops; call it once.
    pub async fn serve_credentials(&self, preferred_port: u16) -> Result<SocketAddr, ThingsError> {
        let address = credential_provider::serve(self.clone(), preferred_port).await?;
        // A second call would only add another listener; the first one's address stays the announced one.
        Ok(*self.provider.get_or_init(|| address))
    }

    pub(crate) fn router(&self) -> Router {
        api::router(self.clone())
    }
}
