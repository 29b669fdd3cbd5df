//! Exchanges a code for tokens, and publishes the key that verifies them.

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::store::{self, Access, User};
use super::tickets::{self, Granted, Kind, Ticket};
use super::tokens::TOKEN_SECONDS;
use super::{ClientSpec, Pool, SignIn, SignInError};
use crate::wire::json_answer;

pub(super) fn router(sign_in: SignIn) -> Router {
    Router::new()
        .route("/_local/sign-in/{pool}/oauth2/token", post(token))
        .route("/_local/sign-in/{pool}/.well-known/jwks.json", get(key_set))
        .route(
            "/_local/sign-in/{pool}/.well-known/openid-configuration",
            get(configuration),
        )
        .with_state(sign_in)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct TokenRequest {
    grant_type: String,
    code: String,
    redirect_uri: String,
    client_id: String,
    client_secret: Option<String>,
    code_verifier: Option<String>,
}

async fn key_set(State(sign_in): State<SignIn>, Path(pool): Path<String>) -> Response {
    match sign_in.pool(&pool) {
        Some(_) => json_answer(StatusCode::OK, "application/json", &sign_in.key.key_set()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn configuration(State(sign_in): State<SignIn>, Path(pool): Path<String>) -> Response {
    if sign_in.pool(&pool).is_none() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let base = sign_in.base_url(&pool);
    let document = json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/oauth2/authorize"),
        "token_endpoint": format!("{base}/oauth2/token"),
        "end_session_endpoint": format!("{base}/logout"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "scopes_supported": ["openid", "email"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
    });
    json_answer(StatusCode::OK, "application/json", &document)
}

async fn token(
    State(sign_in): State<SignIn>,
    Path(pool): Path<String>,
    headers: HeaderMap,
    Form(request): Form<TokenRequest>,
) -> Response {
    let answered = exchange(&sign_in, &pool, &headers, request);
    let (status, body) = match answered {
        Ok(tokens) => (StatusCode::OK, tokens),
        Err(Refusal::OAuth(error)) => (StatusCode::BAD_REQUEST, json!({ "error": error })),
        Err(Refusal::Fault(error)) => {
            tracing::error!(%error, "the token endpoint failed");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                json!({ "error": "server_error" }),
            )
        }
    };
    let mut response = json_answer(status, "application/json", &body);
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        http::HeaderValue::from_static("no-store"),
    );
    response
}

enum Refusal {
    OAuth(&'static str),
    Fault(String),
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

fn exchange(
    sign_in: &SignIn,
    pool_id: &str,
    headers: &HeaderMap,
    mut request: TokenRequest,
) -> Result<Value, Refusal> {
    let pool = sign_in
        .pool(pool_id)
        .ok_or(Refusal::OAuth("invalid_client"))?;
    read_basic(headers, &mut request)?;
    let client = pool
        .client(&request.client_id)
        .filter(|client| secret_fits(client, request.client_secret.as_deref()))
        .ok_or(Refusal::OAuth("invalid_client"))?;
    if request.grant_type != "authorization_code" {
        return Err(Refusal::OAuth("unsupported_grant_type"));
    }
    let now_ms = sign_in.clock.real_now_ms();
    let (user, groups, ticket) = {
        let connection = sign_in.database.lock();
        // The code is used up by the first try, right or wrong, so that no one can try again with a guessed verifier.
        let ticket = tickets::redeem(&connection, Kind::Code, &request.code, now_ms)?
            .filter(|ticket| fits(ticket, &pool, client, &request))
            .ok_or(Refusal::OAuth("invalid_grant"))?;
        let user = store::find(&connection, pool_id, &ticket.username)?
            .filter(|user| user.access == Access::Enabled)
            .ok_or(Refusal::OAuth("invalid_grant"))?;
        let groups = store::groups(&connection, pool_id, &user.username)?;
        (user, groups, ticket)
    };
    let issuer = sign_in.base_url(pool_id);
    let (id, access) = claims(&issuer, &user, &groups, &ticket.granted, now_ms / 1000);
    let sign = |claims: &Value| {
        sign_in
            .key
            .sign(claims)
            .map_err(|error| Refusal::Fault(error.to_string()))
    };
    Ok(json!({
        "id_token": sign(&id)?,
        "access_token": sign(&access)?,
        "token_type": "Bearer",
        "expires_in": TOKEN_SECONDS,
    }))
}

impl SignIn {
    /// The ID token that a user would get by signing in at the pool's first client, for programs of
    /// this machine such as the demo.
    pub fn id_token(&self, pool_id: &str, username: &str) -> Result<String, SignInError> {
        let no_pool = || SignInError::NoSuchPool(pool_id.to_owned());
        let pool = self.pool(pool_id).ok_or_else(no_pool)?;
        let client = pool.spec.clients.first().ok_or_else(no_pool)?;
        let now = self.clock.real_now_ms() / 1000;
        let (user, groups) = {
            let connection = self.database.lock();
            let user = store::find(&connection, pool_id, username)?
                .filter(|user| user.access == Access::Enabled)
                .ok_or_else(|| SignInError::Refused(format!("there is no user '{username}'")))?;
            let groups = store::groups(&connection, pool_id, &user.username)?;
            (user, groups)
        };
        let granted = Granted {
            client_id: client.id.clone(),
            redirect_uri: String::new(),
            scope: "openid email".to_owned(),
            nonce: None,
            code_challenge: None,
            signed_in_seconds: self.clock.now_ms() / 1000,
        };
        let (id, _) = claims(&self.base_url(pool_id), &user, &groups, &granted, now);
        self.key
            .sign(&id)
            .map_err(|error| SignInError::Key(error.to_string()))
    }
}

fn read_basic(headers: &HeaderMap, request: &mut TokenRequest) -> Result<(), Refusal> {
    let Some(value) = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
    else {
        return Ok(());
    };
    let pair = value
        .strip_prefix("Basic ")
        .and_then(|encoded| STANDARD.decode(encoded.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((id, secret)) = pair.as_deref().and_then(|pair| pair.split_once(':')) else {
        return Err(Refusal::OAuth("invalid_client"));
    };
    if !request.client_id.is_empty() && request.client_id != id {
        return Err(Refusal::OAuth("invalid_client"));
    }
    request.client_id = id.to_owned();
    request.client_secret = Some(secret.to_owned());
    Ok(())
}

fn secret_fits(client: &ClientSpec, given: Option<&str>) -> bool {
    match (&client.secret, given) {
        (None, None) => true,
        (Some(secret), Some(given)) => secret.as_bytes().ct_eq(given.as_bytes()).into(),
        _ => false,
    }
}

fn fits(ticket: &Ticket, pool: &Pool, client: &ClientSpec, request: &TokenRequest) -> bool {
    let granted = &ticket.granted;
    let proves_itself = match (&granted.code_challenge, &request.code_verifier) {
        (None, None) => client.secret.is_some(),
        (Some(challenge), Some(verifier)) => {
            let computed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            computed.as_bytes().ct_eq(challenge.as_bytes()).into()
        }
        _ => false,
    };
    proves_itself
        && ticket.pool == pool.spec.id
        && granted.client_id == client.id
        && granted.redirect_uri == request.redirect_uri
}

fn claims(
    issuer: &str,
    user: &User,
    groups: &[String],
    granted: &Granted,
    now: i64,
) -> (Value, Value) {
    let common = json!({
        "iss": issuer,
        "sub": user.subject,
        "iat": now,
        "exp": now + TOKEN_SECONDS,
        "auth_time": granted.signed_in_seconds,
        "jti": uuid::Uuid::new_v4().to_string(),
    });
    let (mut id, mut access) = (common.clone(), common);
    if !groups.is_empty() {
        id["cognito:groups"] = json!(groups);
        access["cognito:groups"] = json!(groups);
    }
    id["token_use"] = "id".into();
    id["aud"] = granted.client_id.as_str().into();
    id["cognito:username"] = user.username.as_str().into();
    if granted
        .scope
        .split_whitespace()
        .any(|scope| scope == "email")
        && let Some(email) = user.email()
    {
        let verified = user
            .attributes
            .get("email_verified")
            .is_some_and(|text| text == "true");
        id["email"] = email.into();
        id["email_verified"] = verified.into();
    }
    if let Some(nonce) = &granted.nonce {
        id["nonce"] = nonce.as_str().into();
    }
    access["token_use"] = "access".into();
    access["client_id"] = granted.client_id.as_str().into();
    access["username"] = user.username.as_str().into();
    access["scope"] = granted.scope.as_str().into();
    (id, access)
}
