//! What handler tests of the functions share: settings, a session, and a request through the guard.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use ciero_domain::ids::{ContractId, UserId};
use ciero_ports::People;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::{COOKIE, Gate, LIFETIME, Moment, Role, Session, Settings, guarded};

/// Settings of a portal that exists nowhere.
pub fn settings() -> Settings {
    Settings {
        portal_url: "https://portal.example.jp".into(),
        session_key: "k".repeat(64),
        media_origin: "https://media.example.jp".into(),
        customer_client_id: "customers".into(),
        customer_issuer: "https://idp.example.jp/customers".into(),
        customer_sign_in_url: "https://sign-in.example.jp/customers".into(),
        operator_client_id: "operators".into(),
        operator_issuer: "https://idp.example.jp/operators".into(),
        operator_sign_in_url: "https://sign-in.example.jp/operators".into(),
    }
}

/// A gate over these people.
pub fn gate(people: impl People + 'static) -> Gate {
    Gate::new(settings(), Arc::new(people))
}

/// A customer's session that began at this moment.
pub fn customer(contract: &ContractId, user: &UserId, at: Moment) -> Session {
    let role = Role::Customer {
        contract: contract.clone(),
        user: user.clone(),
    };
    Session {
        id: "session".into(),
        at: at.0,
        role,
    }
}

/// Posts JSON through the guard, in a session or as a guest, and returns status and body.
pub async fn post(
    router: Router<()>,
    gate: &Gate,
    session: Option<&Session>,
    now: Moment,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(session) = session {
        let cookie = gate.sealer.seal(COOKIE, session, LIFETIME);
        request = request
            .header("cookie", cookie.split(';').next().unwrap_or_default())
            .header("x-csrf-token", gate.sealer.token(Some(session), now));
    }
    send(router, gate, request, now, body).await
}

/// Opens a page through the guard in a session and returns its text.
pub async fn page(
    router: Router<()>,
    gate: &Gate,
    session: &Session,
    now: Moment,
    path: &str,
) -> String {
    let cookie = gate.sealer.seal(COOKIE, session, LIFETIME);
    let request = Request::get(path)
        .header("accept", "text/html")
        .header("cookie", cookie.split(';').next().unwrap_or_default());
    let mut request = request.body(Body::empty()).unwrap();
    request.extensions_mut().insert(now);
    let response = guarded(router, gate.clone())
        .oneshot(request)
        .await
        .unwrap();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Posts JSON through the guard as a guest, under an idempotency key, and returns status and body.
pub async fn post_under_key(
    router: Router<()>,
    gate: &Gate,
    now: Moment,
    (path, key): (&str, &str),
    body: &Value,
) -> (u16, Value) {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("idempotency-key", key);
    send(router, gate, request, now, body).await
}

async fn send(
    router: Router<()>,
    gate: &Gate,
    request: http::request::Builder,
    now: Moment,
    body: &Value,
) -> (u16, Value) {
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(now);
    let response = guarded(router, gate.clone())
        .oneshot(request)
        .await
        .unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}
