//! A pool with a user, and the requests that sign-in is made of.

use crate::support::{Answer, Cloud, PORTAL, call};
use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciero_apis::sign_in::{ClientSpec, NewUser, PoolSpec};
use http::Request;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const POOL: &str = "ap-northeast-1_CustomerPool";
pub(crate) const BASE: &str = "/_local/sign-in/ap-northeast-1_CustomerPool";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:8080/auth/callback";
pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";
pub(crate) fn declare(cloud: &Cloud) {
    let client = |id: &str, secret: Option<&str>| ClientSpec {
        id: id.to_owned(),
        secret: secret.map(str::to_owned),
        callback_urls: vec![CALLBACK.to_owned()],
        logout_urls: vec![format!("{PORTAL}/")],
    };
    cloud.apis.sign_in.ensure_pool(PoolSpec {
        id: POOL.to_owned(),
        name: "ciero-customers".to_owned(),
        clients: vec![client("portal", None), client("server", Some("s3cret"))],
        groups: vec!["screener".to_owned()],
        minimum_password_length: 12,
    });
}

pub(crate) fn with_user() -> Cloud {
    let cloud = Cloud::open();
    declare(&cloud);
    let user = NewUser {
        username: "u-1".to_owned(),
        email: "Hanako@Example.com".to_owned(),
        password: PASSWORD.to_owned(),
        groups: vec!["screener".to_owned()],
    };
    cloud.apis.sign_in.ensure_user(POOL, &user).unwrap();
    cloud
}

pub(crate) fn authorize_path(change: &[(&str, &str)]) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", "portal"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "st"),
        ("nonce", "n-1"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in change {
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    format!("{BASE}/oauth2/authorize?{}", form(&pairs))
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    pairs.join("&")
}

pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    call(router, Request::get(path).body(Vec::new()).unwrap()).await
}

pub(crate) async fn post(router: &Router, path: &str, pairs: &[(&str, &str)]) -> Answer {
    let request = Request::post(path)
        .header("host", "127.0.0.1:8080")
        .header("origin", PORTAL)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(pairs).into_bytes())
        .unwrap();
    call(router, request).await
}

pub(crate) async fn sign_in(router: &Router, name: &str, password: &str) -> Answer {
    post(
        router,
        &authorize_path(&[]),
        &[("name", name), ("password", password)],
    )
    .await
}

pub(crate) fn location(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().to_owned()
}

pub(crate) fn parameter(address: &str, name: &str) -> String {
    let found = address
        .split(['?', '&'])
        .find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    percent_decode_str(found.unwrap_or_default())
        .decode_utf8()
        .unwrap()
        .into_owned()
}

pub(crate) async fn code(router: &Router) -> String {
    parameter(&location(&sign_in(router, "u-1", PASSWORD).await), "code")
}

pub(crate) async fn exchange(router: &Router, code: &str, change: &[(&str, &str)]) -> Answer {
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("client_id", "portal"),
        ("redirect_uri", CALLBACK),
        ("code", code),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in change {
        pairs.retain(|(known, _)| known != name);
        if !value.is_empty() {
            pairs.push((name, value));
        }
    }
    post(router, &format!("{BASE}/oauth2/token"), &pairs).await
}

pub(crate) async fn verified(router: &Router, token: &str, audience: &str) -> Value {
    let keys = get(router, &format!("{BASE}/.well-known/jwks.json")).await;
    let keys: JwkSet = serde_json::from_slice(&keys.body).unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[audience]);
    validation.set_issuer(&[format!("{PORTAL}{BASE}")]);
    // The test's real time stands still; the claim is looked at below.
    validation.validate_exp = false;
    jsonwebtoken::decode::<Value>(token, &key, &validation)
        .unwrap()
        .claims
}

pub(crate) async fn admin(cloud: &Cloud, operation: &str, mut body: Value) -> Answer {
    body["UserPoolId"] = POOL.into();
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    cloud.target("cognito-idp", &target, &body).await
}

pub(crate) fn invitation(username: &str, email: &str) -> Value {
    json!({
        "Username": username, "TemporaryPassword": "temporary-password-1", "MessageAction": "SUPPRESS",
        "UserAttributes": [{ "Name": "email", "Value": email }, { "Name": "email_verified", "Value": "true" }],
    })
}
