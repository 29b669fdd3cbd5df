//! Sign-in and sign-out: authorization code with PKCE, its state kept in a sealed cookie for ten minutes.

use axum::extract::State;
use axum::response::{AppendHeaders, IntoResponse, Response};
use ciero_domain::ids::base32;
use ciero_domain::user::UserState;
use ciero_runtime::{COOKIE, Claims, LIFETIME, Moment, PageLanguage, Pool, Problem, Role, Session};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::input::{Parameters, local_path};

/// The cookie that remembers a sign-in under way.
const ATTEMPT_COOKIE: &str = "ciero_sign_in";
/// How long a sign-in may take.
const ATTEMPT_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// Which pool a sign-in is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Door {
    Customers,
    Operators,
}

impl Door {
    fn pool(self) -> Pool {
        match self {
            Door::Customers => Pool::Customers,
            Door::Operators => Pool::Operators,
        }
    }

    fn first_page(self) -> &'static str {
        match self {
            Door::Customers => "/cameras",
            Door::Operators => "/console",
        }
    }
}

/// A sign-in under way.
#[derive(Debug, Serialize, Deserialize)]
struct Attempt {
    state: String,
    nonce: String,
    /// Stays with us until the code is exchanged (PKCE).
    verifier: String,
    door: Door,
    back: String,
    at: Timestamp,
}

/// Where to go after signing in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Back {
    back: String,
}

/// Sends a customer to the sign-in page.
pub async fn customers(
    State(app): State<App>,
    now: Moment,
    language: PageLanguage,
    Parameters(back): Parameters<Back>,
) -> Result<Response, Problem> {
    begin(&app, Door::Customers, &back.back, now, language)
}

/// Sends an operator to the sign-in page.
pub async fn operators(
    State(app): State<App>,
    now: Moment,
    language: PageLanguage,
    Parameters(back): Parameters<Back>,
) -> Result<Response, Problem> {
    begin(&app, Door::Operators, &back.back, now, language)
}

/// Draws 240 random bits, more than PKCE's least of 43 characters.
fn secret(app: &App) -> String {
    (0..3).map(|_| base32(&app.chance.id())).collect()
}

fn begin(
    app: &App,
    door: Door,
    back: &str,
    now: Moment,
    language: PageLanguage,
) -> Result<Response, Problem> {
    let attempt = Attempt {
        state: secret(app),
        nonce: secret(app),
        verifier: secret(app),
        door,
        back: local_path(back).unwrap_or(door.first_page()).to_owned(),
        at: now.0,
    };
    let place = app.gate.sign_in.authorize_url(
        door.pool(),
        &attempt.state,
        &attempt.nonce,
        &attempt.verifier,
        language.0.tag(),
    );
    let cookie = app
        .gate
        .sealer
        .seal(ATTEMPT_COOKIE, &attempt, ATTEMPT_LIFETIME);
    see_other(&place, &[cookie])
}

/// What the sign-in page sends back.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Returned {
    code: String,
    state: String,
    error: String,
}

/// Finishes a sign-in and opens the session.
pub async fn callback(
    State(app): State<App>,
    now: Moment,
    headers: HeaderMap,
    Parameters(returned): Parameters<Returned>,
) -> Result<Response, Problem> {
    let sealer = &app.gate.sealer;
    let attempt: Attempt = sealer
        .open(ATTEMPT_COOKIE, &headers)
        .filter(|attempt: &Attempt| {
            attempt.state == returned.state && now.0.duration_since(attempt.at) < ATTEMPT_LIFETIME
        })
        .ok_or_else(not_ours)?;
    if !returned.error.is_empty() || returned.code.is_empty() {
        tracing::info!(error = returned.error, "a sign-in came back without a code");
        return Err(failed());
    }
    let claims = exchange(&app, &attempt, &returned.code).await?;
    let session = Session {
        id: secret(&app),
        at: now.0,
        role: role(&app, attempt.door, &claims).await?,
    };
    let cookies = [
        sealer.seal(COOKIE, &session, LIFETIME),
        sealer.forget(ATTEMPT_COOKIE),
    ];
    see_other(&attempt.back, &cookies)
}

async fn exchange(app: &App, attempt: &Attempt, code: &str) -> Result<Claims, Problem> {
    let pool = attempt.door.pool();
    let exchanged = app
        .gate
        .sign_in
        .exchange(pool, code, &attempt.verifier)
        .await;
    let claims = exchanged.map_err(|error| {
        tracing::warn!(
            error = format!("{error:#}"),
            "a sign-in could not be finished"
        );
        failed()
    })?;
    if claims.nonce.as_deref() != Some(attempt.nonce.as_str()) {
        tracing::warn!("a token of another sign-in was sent");
        return Err(failed());
    }
    Ok(claims)
}

/// Returns whom the claims stand for. Someone who was removed is told so here: sending the browser
/// to sign in again would turn in circles.
async fn role(app: &App, door: Door, claims: &Claims) -> Result<Role, Problem> {
    let found = app
        .gate
        .role(door.pool(), &claims.username, &claims.groups)
        .await;
    let role = match found {
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED => return Err(removed()),
        other => other?,
    };
    if let Role::Customer { contract, user } = &role {
        let user = app.gate.people.user(contract, user).await?;
        if user.is_none_or(|user| user.state == UserState::Removed) {
            return Err(removed());
        }
    }
    Ok(role)
}

/// Forgets the session here and at the pool.
pub async fn sign_out(
    State(app): State<App>,
    now: Moment,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let session = app.gate.cookie_session(&headers, now);
    let pool = match session.map(|session| session.role) {
        Some(Role::Operator { .. }) => Pool::Operators,
        _ => Pool::Customers,
    };
    let place = app.gate.sign_in.logout_url(pool);
    see_other(&place, &[app.gate.sealer.forget(COOKIE)])
}

fn see_other(place: &str, cookies: &[String]) -> Result<Response, Problem> {
    let value = |text: &str| HeaderValue::from_str(text).map_err(anyhow::Error::from);
    let mut headers = vec![(header::LOCATION, value(place)?)];
    for cookie in cookies {
        headers.push((header::SET_COOKIE, value(cookie)?));
    }
    Ok((StatusCode::SEE_OTHER, AppendHeaders(headers)).into_response())
}

fn not_ours() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "sign_in_state",
        "このサインインは、このブラウザで始めたものではないか、時間が経ちすぎています。もう一度サインインしてください。",
        "This sign-in was not started in this browser, or took too long. Please sign in again.",
    )
}

fn failed() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "sign_in_failed",
        "サインインできませんでした。もう一度お試しください。",
        "Signing in did not succeed. Please try again.",
    )
}

fn removed() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "user_removed",
        "このユーザは削除されているため、ご利用いただけません。ご契約の担当者にお問い合わせください。",
        "This user has been removed and cannot sign in. Please ask the administrator of the contract.",
    )
}
