//! Cognito: user pools with their administration, sign-in pages and tokens.

use std::path::Path;

use axum::Router;

use crate::clock::ServiceClock;
use crate::database::{ControlDatabase, DatabaseError};

/// A user pool as template.yaml declares it.
#[derive(Clone, Debug)]
pub struct PoolSpec {
    /// Such as `ap-northeast-1_CustomerPool`.
    pub id: String,
    pub name: String,
    pub clients: Vec<ClientSpec>,
    pub groups: Vec<String>,
    pub minimum_password_length: usize,
}

/// A client of a pool. Without a secret it must use PKCE.
#[derive(Clone, Debug)]
pub struct ClientSpec {
    pub id: String,
    pub secret: Option<String>,
    pub callback_urls: Vec<String>,
    pub logout_urls: Vec<String>,
}

/// A user who can sign in at once.
#[derive(Clone, Debug)]
pub struct NewUser {
    pub username: String,
    pub email: String,
    pub password: String,
    pub groups: Vec<String>,
}

/// Why sign-in could not be opened or a user not be made.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    #[error("the sign-in key cannot be used: {0}")]
    Key(String),
    #[error("the user pool '{0}' does not exist")]
    NoSuchPool(String),
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// All user pools. Clones share them.
#[derive(Clone)]
pub struct SignIn {}

impl SignIn {
    pub(crate) fn open(
        _database: ControlDatabase,
        _clock: ServiceClock,
        _dir: &Path,
        _portal_url: &str,
    ) -> Result<Self, SignInError> {
        unimplemented!()
    }

    /// Declares the pool; its users are kept by the pool's id.
    pub fn ensure_pool(&self, _spec: PoolSpec) {
        unimplemented!()
    }

    /// Lists a sign-in name with its password on the pool's sign-in page, as a button that needs no typing.
    pub fn announce_demo(&self, _pool: &str, _name: &str, _password: &str, _label: &str) {
        unimplemented!()
    }

    /// Creates the user with a permanent password, or gives an existing one this password and these groups.
    pub fn ensure_user(&self, _pool: &str, _user: &NewUser) -> Result<(), SignInError> {
        unimplemented!()
    }

    /// Issuer of the pool's tokens and base of its endpoints: `{portal}/_local/sign-in/{pool}`.
    pub fn base_url(&self, _pool: &str) -> String {
        unimplemented!()
    }

    /// The pages and token endpoints under `/_local/sign-in/{pool}`.
    pub fn router(&self) -> Router {
        unimplemented!()
    }

    pub(crate) fn api_router(&self) -> Router {
        unimplemented!()
    }
}
