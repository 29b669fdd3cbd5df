//! Who asks, in which language, and with which form token: the extractors of every handler.

use std::convert::Infallible;

use axum::extract::{FromRef, FromRequestParts};
use ciero_domain::Language;
use ciero_domain::groups::is_in;
use ciero_domain::user::User;
use http::request::Parts;

use crate::session::{Role, Session, jar};
use crate::{Gate, Moment, Problem};

/// A signed-in customer: administrator or registered user.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub user: User,
    pub session: Session,
}

/// A signed-in administrator (2-6) who has accepted the terms (1-1).
#[derive(Debug, Clone)]
pub struct Administrator {
    pub user: User,
    pub session: Session,
}

/// A signed-in operator.
#[derive(Debug, Clone)]
pub struct Operator {
    pub name: String,
    pub groups: Vec<String>,
    pub session: Session,
}

impl Operator {
    /// Refuses an operator who is in none of the groups; the answer is that of a page that does not exist.
    pub fn must_be_in(&self, groups: &[&str]) -> Result<(), Problem> {
        match is_in(&self.groups, groups) {
            true => Ok(()),
            false => Err(Problem::not_found()),
        }
    }

    /// Returns the actor of events and audit rows.
    pub fn actor(&self) -> String {
        format!("operator:{}", self.name)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn
where
    Gate: FromRef<S>,
{
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let gate = Gate::from_ref(state);
        let session = gate.session(&parts.headers, Moment::of(parts)).await?;
        let user = gate.person(&session).await?;
        Ok(SignedIn { user, session })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Administrator
where
    Gate: FromRef<S>,
{
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let SignedIn { user, session } = SignedIn::from_request_parts(parts, state).await?;
        if !user.is_administrator() {
            return Err(ciero_domain::user::Refusal::NotAdministrator.into());
        }
        if !user.accepted_terms() {
            return Err(ciero_domain::entitlement::Rule::TermsAccepted.into());
        }
        Ok(Administrator { user, session })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Operator
where
    Gate: FromRef<S>,
{
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let session = Gate::from_ref(state)
            .session(&parts.headers, Moment::of(parts))
            .await?;
        match session.role.clone() {
            Role::Operator { name, groups } => Ok(Operator {
                name,
                groups,
                session,
            }),
            Role::Customer { .. } => Err(Problem::not_found()),
        }
    }
}

/// The language of the caller: the cookie of the switch, else what the browser prefers.
#[derive(Debug, Clone, Copy)]
pub struct PageLanguage(pub Language);

impl PageLanguage {
    /// Reads the language of a request.
    pub fn of(headers: &http::HeaderMap) -> Language {
        if let Some(chosen) = jar(headers).get("lang") {
            return Language::from_tag(chosen.value());
        }
        let accepted = headers
            .get(http::header::ACCEPT_LANGUAGE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("ja");
        // The first language that we speak wins; browsers list them by preference.
        let spoken = accepted
            .split(',')
            .map(str::trim)
            .find(|tag| tag.starts_with("ja") || tag.starts_with("en"));
        Language::from_tag(spoken.unwrap_or("ja"))
    }
}

impl<S: Sync> FromRequestParts<S> for PageLanguage {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(PageLanguage(PageLanguage::of(&parts.headers)))
    }
}

/// The token that the forms of a page carry.
#[derive(Debug, Clone)]
pub struct Csrf(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Csrf
where
    Gate: FromRef<S>,
{
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let (gate, now) = (Gate::from_ref(state), Moment::of(parts));
        let session = gate.cookie_session(&parts.headers, now);
        Ok(Csrf(gate.sealer.token(session.as_ref(), now)))
    }
}
