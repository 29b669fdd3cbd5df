//! What the guard lets through, and how it dresses answers.
#![allow(clippy::unwrap_used)]

use axum::routing::{get, post};
use ciero_domain::ids::{ContractId, UserId};
use ciero_ports::MockPeople;
use tower::ServiceExt;

use super::*;
use crate::{Role, testing};

const PORTAL: &str = "https://portal.example.jp";

fn gate() -> Gate {
    testing::gate(MockPeople::new())
}

fn now() -> Moment {
    Moment("2026-04-01T00:00:00Z".parse().unwrap())
}

fn session() -> Session {
    let role = Role::Customer {
        contract: ContractId::from_random([1; 10]),
        user: UserId::from_random([2; 10]),
    };
    Session {
        id: "s1".into(),
        at: now().0,
        role,
    }
}

fn cookie(gate: &Gate) -> String {
    let sealed = gate
        .sealer
        .seal(crate::session::COOKIE, &session(), crate::session::LIFETIME);
    sealed.split(';').next().unwrap().to_owned()
}

async fn send(request: http::request::Builder, body: impl Into<Body>) -> Response {
    let router = Router::new()
        .route("/do", post(|| async { Answer::created("/done", "1") }))
        .route(
            "/page",
            get(|| async { Err::<(), _>(Problem::sign_in_needed()) }),
        );
    let mut request = request.body(body.into()).unwrap();
    request.extensions_mut().insert(now());
    guarded(router, gate()).oneshot(request).await.unwrap()
}

fn form() -> http::request::Builder {
    Request::post("/do")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "text/html")
        .header("origin", PORTAL)
}

async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let document: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    (
        status,
        document["code"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn a_form_with_its_token_is_redirected_to_the_result() {
    let token = gate().sealer.token(None, now());
    let response = send(form(), format!("csrf={token}")).await;
    assert_eq!(response.status(), 303);
    assert_eq!(response.headers()["location"], "/done");
}

#[tokio::test]
async fn a_form_without_its_token_or_with_an_old_one_is_refused() {
    let json = || form().header("accept", "application/json");
    let old = gate()
        .sealer
        .token(None, Moment("2026-03-30T00:00:00Z".parse().unwrap()));
    for body in [String::new(), "csrf=1.00".to_owned(), format!("csrf={old}")] {
        let mut builder = json();
        builder.headers_mut().unwrap().remove("accept");
        let response = send(builder.header("accept", "application/json"), body).await;
        assert_eq!(code(response).await, (403, "form_token".to_owned()));
    }
}

#[tokio::test]
async fn a_post_from_another_origin_is_refused_even_with_the_token() {
    let token = gate().sealer.token(None, now());
    let builder = Request::post("/do")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "https://evil.example");
    let response = send(
        builder.header("accept", "application/json"),
        format!("csrf={token}"),
    )
    .await;
    assert_eq!(code(response).await, (403, "foreign_origin".to_owned()));
    let builder = Request::post("/do")
        .header("content-type", "application/json")
        .header("sec-fetch-site", "cross-site");
    assert_eq!(
        code(send(builder, "{}").await).await,
        (403, "foreign_origin".to_owned())
    );
}

#[tokio::test]
async fn json_with_a_cookie_needs_the_sessions_token() {
    let json = || {
        Request::post("/do")
            .header("content-type", "application/json")
            .header("cookie", cookie(&gate()))
    };
    assert_eq!(
        code(send(json(), "{}").await).await,
        (403, "form_token".to_owned())
    );
    let public = gate().sealer.token(None, now());
    assert_eq!(
        send(json().header("x-csrf-token", public), "{}")
            .await
            .status(),
        403
    );
    let token = gate().sealer.token(Some(&session()), now());
    assert_eq!(
        send(json().header("x-csrf-token", token), "{}")
            .await
            .status(),
        201
    );
}

#[tokio::test]
async fn json_without_a_cookie_needs_no_token() {
    let response = send(
        Request::post("/do").header("content-type", "application/json"),
        "{}",
    )
    .await;
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["location"], "/done");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let response = send(
        Request::post("/do").header("content-type", "application/json"),
        vec![b' '; BODY_LIMIT + 1],
    )
    .await;
    assert_eq!(code(response).await, (413, "body_too_large".to_owned()));
}

#[tokio::test]
async fn a_page_that_needs_a_session_sends_the_browser_to_sign_in() {
    let response = send(Request::get("/page?x=1").header("accept", "text/html"), "").await;
    assert_eq!(response.status(), 303);
    assert_eq!(
        response.headers()["location"],
        "/sign-in?back=%2Fpage%3Fx%3D1"
    );
    let response = send(Request::get("/page"), "").await;
    assert_eq!(code(response).await, (401, "sign_in_needed".to_owned()));
}

#[tokio::test]
async fn a_problem_is_written_in_the_callers_language() {
    let response = send(
        Request::get("/nowhere").header("accept-language", "en-GB,ja;q=0.5"),
        "",
    )
    .await;
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(document["detail"], "Not found.");
    assert_eq!(document["status"], 404);
}

#[tokio::test]
async fn every_answer_carries_a_content_security_policy() {
    let response = send(Request::get("/nowhere"), "").await;
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(
        policy.contains("default-src 'none'")
            && policy.contains("connect-src 'self' https://media.example.jp")
    );
}

#[tokio::test]
async fn a_session_is_over_after_its_lifetime() {
    let gate = gate();
    let mut headers = HeaderMap::new();
    headers.insert("cookie", cookie(&gate).parse().unwrap());
    assert!(gate.cookie_session(&headers, now()).is_some());
    let later = Moment(now().0 + crate::session::LIFETIME);
    assert!(gate.cookie_session(&headers, later).is_none());
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_opens_nothing() {
    let gate = gate();
    let mut headers = HeaderMap::new();
    headers.insert(
        "cookie",
        cookie(&gate)
            .replace("session=", "session=A")
            .parse()
            .unwrap(),
    );
    assert!(gate.cookie_session(&headers, now()).is_none());
}
