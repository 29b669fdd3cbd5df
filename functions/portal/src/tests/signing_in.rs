//! Sign-in against a small pool of our own, and sign-out.

use super::support::*;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciero_domain::ids::UserId;
use ciero_domain::user::UserState;
use ciero_runtime::{COOKIE, Moment, Role, Sealer, Session};
use http::{HeaderMap, Request};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// A pool that hands out one token, whatever the code.
#[derive(Clone)]
struct PoolState {
    token: String,
    keys: Value,
}

/// Starts a pool on a loopback port and returns settings that name it. It ends with the test.
async fn pool(settings: &mut ciero_runtime::Settings, claims: impl FnOnce(&str) -> Value) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let random = ring::rand::SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random)
            .unwrap();
    let point = pair.public_key().as_ref();
    let part = |range: std::ops::Range<usize>| URL_SAFE_NO_PAD.encode(&point[range]);
    let keys = json!({"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "kid": "1", "x": part(1..33), "y": part(33..65)}]});
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256);
    header.kid = Some("1".into());
    let key = jsonwebtoken::EncodingKey::from_ec_der(document.as_ref());
    let token = jsonwebtoken::encode(&header, &claims(&base), &key).unwrap();
    let router =
        Router::new()
            .route(
                "/oauth2/token",
                post(|State(s): State<PoolState>| async move {
                    json!({"id_token": s.token}).to_string()
                }),
            )
            .route(
                "/.well-known/jwks.json",
                get(|State(s): State<PoolState>| async move { s.keys.to_string() }),
            )
            .with_state(PoolState { token, keys });
    tokio::spawn(async move { axum::serve(listener, router).await });
    settings.customer_issuer.clone_from(&base);
    settings.customer_sign_in_url.clone_from(&base);
    settings.operator_issuer.clone_from(&base);
    settings.operator_sign_in_url = base;
}

/// The nonce that the mocked chance leads to: draws 4 to 6 of a new sign-in.
fn nonce() -> String {
    [4, 5, 6]
        .map(|n| ciero_domain::ids::base32(&[n; 10]))
        .concat()
}

fn claims(issuer: &str, audience: &str, username: &str, nonce: &str) -> Value {
    json!({
        "sub": "s", "cognito:username": username, "cognito:groups": ["screener"], "nonce": nonce, "token_use": "id",
        "iss": issuer, "aud": audience, "exp": 4_102_444_800_u64, "auth_time": 1_775_000_000,
    })
}

/// The cookie of an answer, as a browser would send it back; the last one of a name counts.
fn cookie(answer: &Answer, name: &str) -> String {
    let start = format!("{name}=");
    let cookies = answer.headers.get_all("set-cookie").iter();
    let mut own = cookies.map(|value| value.to_str().unwrap());
    let found = own.rfind(|cookie| cookie.starts_with(&start));
    let found = found.unwrap_or_default();
    found.split(';').next().unwrap_or_default().to_owned()
}

fn parameter(url: &str, name: &str) -> String {
    let start = url.split(&format!("{name}=")).nth(1).unwrap_or_default();
    start.split('&').next().unwrap_or_default().to_owned()
}

/// Begins at a door and comes back with a code.
async fn round_trip(world: &World, door: &str, change: impl FnOnce(&mut World)) -> Answer {
    let begun = world.open(door, "").await;
    let state = parameter(begun.header("location"), "state");
    let world = world.clone().with(change);
    world
        .open(
            &format!("/auth/callback?code=abc&state={state}"),
            &cookie(&begun, "ciero_sign_in"),
        )
        .await
}

async fn world_with_pool(claims: impl FnOnce(&str) -> Value) -> World {
    let mut world = World::new();
    pool(&mut world.settings, claims).await;
    world
}

fn session(world: &World, answer: &Answer) -> Session {
    let mut headers = HeaderMap::new();
    headers.insert("cookie", cookie(answer, COOKIE).parse().unwrap());
    Sealer::new(&world.settings).open(COOKIE, &headers).unwrap()
}

#[tokio::test]
async fn sign_in_begins_with_state_nonce_and_proof_key_in_a_short_lived_cookie() {
    let answer = World::new()
        .open("/sign-in?back=/contract", "lang=en")
        .await;
    assert_eq!(answer.status, 303);
    let place = answer.header("location");
    assert!(
        place.starts_with("https://sign-in.example.jp/c/oauth2/authorize?"),
        "{place}"
    );
    for part in [
        "code_challenge_method=S256",
        "client_id=c",
        "lang=en",
        "portal.example.jp%2Fauth%2Fcallback",
    ] {
        assert!(place.contains(part), "{part} in {place}");
    }
    assert!(parameter(place, "state").len() >= 43);
    assert_ne!(parameter(place, "state"), parameter(place, "nonce"));
    let cookie = answer.header("set-cookie");
    for part in [
        "ciero_sign_in=",
        "HttpOnly",
        "SameSite=Lax",
        "Secure",
        "Max-Age=600",
    ] {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let answer = World::new().open("/console/sign-in", "").await;
    assert!(
        answer
            .header("location")
            .starts_with("https://sign-in.example.jp/o/oauth2/authorize?")
    );
}

#[tokio::test]
async fn a_customer_comes_back_to_the_page_that_asked_with_a_session() {
    let id = watcher().id;
    let world = world_with_pool(|base| claims(base, "c", id.as_str(), &nonce())).await;
    let answer = round_trip(&world, "/sign-in?back=/cameras/k-1", |_| ()).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/cameras/k-1"),
        "{}",
        answer.body
    );
    let session = session(&world, &answer);
    assert_eq!(session.at, noon());
    assert_eq!(
        session.role,
        Role::Customer {
            contract: contract().id,
            user: id
        }
    );
    let forgotten = answer.headers.get_all("set-cookie").iter().any(|v| {
        let text = v.to_str().unwrap();
        text.starts_with("ciero_sign_in=;") && text.contains("Max-Age=0")
    });
    assert!(forgotten);
}

#[tokio::test]
async fn an_operator_comes_back_with_the_groups() {
    let world = world_with_pool(|base| claims(base, "o", "suzuki", &nonce())).await;
    let answer = round_trip(&world, "/console/sign-in?back=//evil.example", |_| ()).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, "/console"),
        "{}",
        answer.body
    );
    let role = Role::Operator {
        name: "suzuki".into(),
        groups: vec!["screener".into()],
    };
    assert_eq!(session(&world, &answer).role, role);
}

#[tokio::test]
async fn a_customers_token_opens_no_console() {
    let world = world_with_pool(|base| claims(base, "c", "suzuki", &nonce())).await;
    let answer = round_trip(&world, "/console/sign-in", |_| ()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(cookie(&answer, COOKIE), "");
}

#[tokio::test]
async fn a_token_of_another_sign_in_is_refused() {
    let world = world_with_pool(|base| claims(base, "c", watcher().id.as_str(), "other")).await;
    let answer = round_trip(&world, "/sign-in", |_| ()).await;
    answer.shows(&["sign_in_failed"]);
    assert_eq!((answer.status, cookie(&answer, COOKIE).as_str()), (400, ""));
}

#[tokio::test]
async fn someone_who_was_removed_or_is_unknown_is_told_so_and_gets_no_session() {
    let removed = world_with_pool(|base| claims(base, "c", watcher().id.as_str(), &nonce())).await;
    let answer = round_trip(&removed, "/sign-in", |w| {
        w.users[1].state = UserState::Removed
    })
    .await;
    answer.shows(&["このユーザは削除されている"]);
    assert_eq!((answer.status, cookie(&answer, COOKIE).as_str()), (403, ""));
    let stranger = UserId::from_random([9; 10]);
    for name in [stranger.as_str(), "not-an-identifier"] {
        let unknown = world_with_pool(|base| claims(base, "c", name, &nonce())).await;
        assert_eq!(
            round_trip(&unknown, "/sign-in", |_| ()).await.status,
            403,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_callback_without_our_cookie_with_another_state_or_too_late_is_refused() {
    let world = World::new();
    let begun = world.open("/sign-in", "").await;
    let own = cookie(&begun, "ciero_sign_in");
    let state = parameter(begun.header("location"), "state");
    let good = format!("/auth/callback?code=abc&state={state}");
    assert_eq!(world.ask(&good, "").await.code(), "sign_in_state");
    assert_eq!(
        world.ask(&good, "ciero_sign_in=forged").await.code(),
        "sign_in_state"
    );
    assert_eq!(
        world
            .ask("/auth/callback?code=abc&state=x", &own)
            .await
            .code(),
        "sign_in_state"
    );
    assert_eq!(
        world.ask("/auth/callback", &own).await.code(),
        "sign_in_state"
    );
    let late = world.clone().with(|w| w.now = at("2026-06-01T03:10:00Z"));
    assert_eq!(late.ask(&good, &own).await.code(), "sign_in_state");
    let refused = format!("/auth/callback?error=access_denied&state={state}");
    assert_eq!(world.ask(&refused, &own).await.code(), "sign_in_failed");
    let twice = format!("{good}&state=y");
    assert_eq!(world.ask(&twice, &own).await.code(), "malformed_query");
}

fn sign_out(cookie: &str, token: &str) -> Request<Body> {
    Request::post("/sign-out")
        .header("accept", "text/html")
        .header("origin", PORTAL)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .body(Body::from(format!("csrf={token}")))
        .unwrap()
}

#[tokio::test]
async fn sign_out_forgets_the_session_here_and_at_the_pool() {
    let world = World::new();
    for (own, pool) in [
        (world.customer(&watcher()), "/c/logout?"),
        (world.staff(&["legal"]), "/o/logout?"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", own.parse().unwrap());
        let gate = world.app().gate;
        let session = gate.cookie_session(&headers, Moment(world.now));
        let token = gate.sealer.token(session.as_ref(), Moment(world.now));
        let answer = world.send(sign_out(&own, &token)).await;
        assert_eq!(answer.status, 303);
        assert!(
            answer.header("location").contains(pool),
            "{}",
            answer.header("location")
        );
        assert!(answer.header("set-cookie").contains("Max-Age=0"));
    }
}

#[tokio::test]
async fn sign_out_without_the_pages_token_is_refused() {
    let world = World::new();
    let answer = world
        .send(sign_out(&world.customer(&watcher()), "wrong"))
        .await;
    assert_eq!(answer.status, 403);
    assert!(!answer.headers.contains_key("set-cookie"));
}
