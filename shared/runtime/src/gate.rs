//! What stands between a request and a handler: settings, seals, the store of people, and the sign-in keys.

use std::sync::Arc;

use ciero_domain::ids::UserId;
use ciero_domain::user::{User, UserState};
use ciero_ports::People;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

use crate::oidc::{Pool, SignIn};
use crate::session::{COOKIE, Role, Sealer, Session};
use crate::{Moment, Problem, Settings};

/// Cheap to clone; part of every function's state.
#[derive(Clone)]
pub struct Gate {
    pub settings: Arc<Settings>,
    pub sealer: Sealer,
    pub people: Arc<dyn People>,
    pub sign_in: SignIn,
}

impl Gate {
    /// Puts the gate together.
    pub fn new(settings: Settings, people: Arc<dyn People>) -> Self {
        let settings = Arc::new(settings);
        Gate {
            sealer: Sealer::new(&settings),
            sign_in: SignIn::new(settings.clone()),
            settings,
            people,
        }
    }

    /// Returns the session of a request's cookie if it is ours and not over.
    pub fn cookie_session(&self, headers: &HeaderMap, now: Moment) -> Option<Session> {
        self.sealer
            .open::<Session>(COOKIE, headers)
            .filter(|session| !session.expired(now))
    }

    /// Returns the session of a request, from its bearer token or its cookie.
    pub(crate) async fn session(
        &self,
        headers: &HeaderMap,
        now: Moment,
    ) -> Result<Session, Problem> {
        let bearer = headers
            .get(http::header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("Bearer "));
        if let Some(token) = bearer {
            return self.bearer_session(token, now).await;
        }
        match self.sealer.open::<Session>(COOKIE, headers) {
            Some(session) if !session.expired(now) => Ok(session),
            Some(_) => Err(Problem::session_expired()),
            None => Err(Problem::sign_in_needed()),
        }
    }

    /// Reads an ID token of either pool; its own expiry is checked on real time.
    async fn bearer_session(&self, token: &str, now: Moment) -> Result<Session, Problem> {
        for pool in [Pool::Customers, Pool::Operators] {
            if let Ok(claims) = self.sign_in.verify(pool, token).await {
                let role = self.role(pool, &claims.username, &claims.groups).await?;
                return Ok(Session {
                    at: signed_in_at(claims.auth_time, now),
                    id: claims.subject,
                    role,
                });
            }
        }
        Err(Problem::sign_in_needed())
    }

    /// Returns whom a verified user name stands for.
    pub async fn role(
        &self,
        pool: Pool,
        username: &str,
        groups: &[String],
    ) -> Result<Role, Problem> {
        match pool {
            Pool::Operators => Ok(Role::Operator {
                name: username.to_owned(),
                groups: groups.to_vec(),
            }),
            Pool::Customers => {
                let user = UserId::parse(username).map_err(|_| Problem::sign_in_needed())?;
                let contract = self
                    .people
                    .contract_of(&user)
                    .await?
                    .ok_or_else(Problem::sign_in_needed)?;
                Ok(Role::Customer { contract, user })
            }
        }
    }

    /// Returns the person of a customer's session, read anew; a revoked session is over.
    pub(crate) async fn person(&self, session: &Session) -> Result<User, Problem> {
        let Role::Customer { contract, user } = &session.role else {
            return Err(Problem::sign_in_needed());
        };
        let user = self
            .people
            .user(contract, user)
            .await?
            .ok_or_else(Problem::sign_in_needed)?;
        if user.state == UserState::Removed || session.at < user.sessions_after {
            return Err(Problem::session_expired());
        }
        Ok(user)
    }
}

/// Returns when a token's session began. The token tells whole seconds only, so its second counts to its end: who signs
/// in right after all sessions were ended gets in.
fn signed_in_at(auth_time: i64, now: Moment) -> Timestamp {
    let second_ends = SignedDuration::from_millis(999);
    let at = Timestamp::from_second(auth_time).unwrap_or(Timestamp::UNIX_EPOCH);
    at.saturating_add(second_ends)
        .unwrap_or(Timestamp::MAX)
        .min(now.0)
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
