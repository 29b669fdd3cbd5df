//! Cognito: user pools with their administration, sign-in pages and tokens.
//!
//! Tokens, codes and lockouts run on real time; the dates of users, and when they signed in, follow the service clock.

mod admin_api;
mod flow;
mod pages;
mod passwords;
mod store;
mod tickets;
mod token_endpoint;
mod tokens;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, RwLock};

use axum::Router;

use crate::clock::ServiceClock;
use crate::database::{ControlDatabase, DatabaseError};

use store::{Status, User};
use tokens::TokenKey;

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

/// A sign-in name that the page offers as a button.
#[derive(Clone, Debug)]
struct DemoSignIn {
    name: String,
    password: String,
    label: String,
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

impl From<rusqlite::Error> for SignInError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error.into())
    }
}

#[derive(Clone, Debug)]
struct Pool {
    spec: PoolSpec,
    demo: Vec<DemoSignIn>,
}

/// All user pools. Clones share them.
#[derive(Clone)]
pub struct SignIn {
    database: ControlDatabase,
    clock: ServiceClock,
    portal_url: Arc<str>,
    key: Arc<TokenKey>,
    pools: Arc<RwLock<HashMap<String, Pool>>>,
}

impl SignIn {
    pub(crate) fn open(
        database: ControlDatabase,
        clock: ServiceClock,
        dir: &Path,
        portal_url: &str,
    ) -> Result<Self, SignInError> {
        Ok(Self {
            database,
            clock,
            portal_url: portal_url.trim_end_matches('/').into(),
            key: Arc::new(TokenKey::open(&dir.join("sign-in-key.pem"))?),
            pools: Arc::default(),
        })
    }

    /// Declares the pool; its users are kept by the pool's id.
    pub fn ensure_pool(&self, spec: PoolSpec) {
        let mut pools = self
            .pools
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let demo = pools
            .remove(&spec.id)
            .map(|pool| pool.demo)
            .unwrap_or_default();
        pools.insert(spec.id.clone(), Pool { spec, demo });
    }

    /// Lists a sign-in name with its password on the pool's sign-in page, as a button that needs no typing.
    pub fn announce_demo(&self, pool: &str, name: &str, password: &str, label: &str) {
        let mut pools = self
            .pools
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(pool) = pools.get_mut(pool) {
            pool.demo.retain(|demo| demo.name != name);
            pool.demo.push(DemoSignIn {
                name: name.to_owned(),
                password: password.to_owned(),
                label: label.to_owned(),
            });
        }
    }

    /// Creates the user with a permanent password, or gives an existing one this password and these groups.
    ///
    /// Hashes a password, so call it from a thread that may block.
    pub fn ensure_user(&self, pool: &str, user: &NewUser) -> Result<(), SignInError> {
        let spec = self
            .pool(pool)
            .ok_or_else(|| SignInError::NoSuchPool(pool.to_owned()))?
            .spec;
        passwords::check_policy(&user.password, spec.minimum_password_length)
            .map_err(SignInError::Refused)?;
        if let Some(group) = user
            .groups
            .iter()
            .find(|group| !spec.groups.contains(group))
        {
            return Err(SignInError::Refused(format!(
                "the group '{group}' does not exist"
            )));
        }
        let password_hash = passwords::hash(&user.password);
        let now_ms = self.clock.now_ms();
        let connection = self.database.lock();
        if store::find(&connection, pool, &user.username)?.is_none() {
            let attributes = BTreeMap::from([
                ("email".to_owned(), user.email.to_lowercase()),
                ("email_verified".to_owned(), "true".to_owned()),
            ]);
            let fresh = User::fresh(&user.username, attributes, Status::Confirmed, now_ms);
            store::insert(&connection, pool, &fresh, &password_hash)?;
        } else {
            store::set_password(
                &connection,
                pool,
                &user.username,
                &password_hash,
                Status::Confirmed,
                now_ms,
            )?;
        }
        for group in &user.groups {
            store::add_to_group(&connection, pool, &user.username, group)?;
        }
        Ok(())
    }

    /// Issuer of the pool's tokens and base of its endpoints: `{portal}/_local/sign-in/{pool}`.
    pub fn base_url(&self, pool: &str) -> String {
        format!("{}/_local/sign-in/{pool}", self.portal_url)
    }

    /// The pages and token endpoints under `/_local/sign-in/{pool}`.
    pub fn router(&self) -> Router {
        flow::router(self.clone()).merge(token_endpoint::router(self.clone()))
    }

    pub(crate) fn api_router(&self) -> Router {
        admin_api::router(self.clone())
    }

    fn pool(&self, id: &str) -> Option<Pool> {
        let pools = self
            .pools
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        pools.get(id).cloned()
    }
}

impl Pool {
    fn client(&self, id: &str) -> Option<&ClientSpec> {
        self.spec.clients.iter().find(|client| client.id == id)
    }
}
