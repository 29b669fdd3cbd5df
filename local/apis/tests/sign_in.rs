//! User pools: the administration API, and the sign-in flow from the page to the verified token.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ciero_apis::sign_in::{ClientSpec, NewUser, PoolSpec};
use http::Request;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{Answer, Cloud, PORTAL, call};

const POOL: &str = "ap-northeast-1_CustomerPool";
const BASE: &str = "/_local/sign-in/ap-northeast-1_CustomerPool";
const CALLBACK: &str = "http://127.0.0.1:8080/auth/callback";
const PASSWORD: &str = "correct horse battery";
const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-0123456789";

fn declare(cloud: &Cloud) {
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

fn with_user() -> Cloud {
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

fn authorize_path(change: &[(&str, &str)]) -> String {
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

fn form(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", encode(value)))
        .collect();
    pairs.join("&")
}

async fn get(router: &Router, path: &str) -> Answer {
    call(router, Request::get(path).body(Vec::new()).unwrap()).await
}

async fn post(router: &Router, path: &str, pairs: &[(&str, &str)]) -> Answer {
    let request = Request::post(path)
        .header("host", "127.0.0.1:8080")
        .header("origin", PORTAL)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form(pairs).into_bytes())
        .unwrap();
    call(router, request).await
}

async fn sign_in(router: &Router, name: &str, password: &str) -> Answer {
    post(
        router,
        &authorize_path(&[]),
        &[("name", name), ("password", password)],
    )
    .await
}

fn location(answer: &Answer) -> String {
    answer.headers["location"].to_str().unwrap().to_owned()
}

fn parameter(address: &str, name: &str) -> String {
    let found = address
        .split(['?', '&'])
        .find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    percent_decode_str(found.unwrap_or_default())
        .decode_utf8()
        .unwrap()
        .into_owned()
}

async fn code(router: &Router) -> String {
    parameter(&location(&sign_in(router, "u-1", PASSWORD).await), "code")
}

async fn exchange(router: &Router, code: &str, change: &[(&str, &str)]) -> Answer {
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

async fn verified(router: &Router, token: &str, audience: &str) -> Value {
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

#[tokio::test]
async fn a_user_signs_in_by_address_and_gets_a_token_that_verifies() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    let page = get(&router, &authorize_path(&[])).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<html lang=\"ja\">"));
    let back = sign_in(&router, "hanako@example.com", PASSWORD).await;
    assert_eq!(back.status, 303);
    assert!(location(&back).starts_with(CALLBACK));
    assert_eq!(parameter(&location(&back), "state"), "st");
    let tokens = exchange(&router, &parameter(&location(&back), "code"), &[]).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    let claims = verified(
        &router,
        tokens.json()["id_token"].as_str().unwrap(),
        "portal",
    )
    .await;
    let now = cloud.real_now().as_second();
    assert_eq!(claims["cognito:username"], "u-1");
    assert_eq!(claims["cognito:groups"], json!(["screener"]));
    assert_eq!(claims["email"], "hanako@example.com");
    assert_eq!(
        (claims["nonce"].as_str(), claims["token_use"].as_str()),
        (Some("n-1"), Some("id"))
    );
    assert_eq!(
        (claims["iat"].as_i64(), claims["exp"].as_i64()),
        (Some(now), Some(now + 3600))
    );
}

#[tokio::test]
async fn the_key_and_the_users_outlive_a_restart() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    let code = code(&router).await;
    let cloud = cloud.restart();
    declare(&cloud);
    let router = cloud.apis.portal_router();
    let tokens = exchange(&router, &code, &[]).await;
    let claims = verified(
        &router,
        tokens.json()["id_token"].as_str().unwrap(),
        "portal",
    )
    .await;
    assert_eq!(claims["cognito:username"], "u-1");
}

#[tokio::test]
async fn a_code_works_once_and_for_five_minutes() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    let used = code(&router).await;
    assert_eq!(exchange(&router, &used, &[]).await.status, 200);
    let replayed = exchange(&router, &used, &[]).await;
    assert_eq!(
        (replayed.status.as_u16(), replayed.json()["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    let old = code(&router).await;
    cloud.pass(Duration::from_secs(301));
    assert_eq!(
        exchange(&router, &old, &[]).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn the_exchange_is_refused_when_anything_does_not_fit() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    let cases = [
        (
            [(
                "code_verifier",
                "another-verifier-that-is-long-enough-to-be-one",
            )],
            "invalid_grant",
        ),
        ([("code_verifier", "")], "invalid_grant"),
        (
            [("redirect_uri", "http://127.0.0.1:8080/other")],
            "invalid_grant",
        ),
        ([("client_id", "nobody")], "invalid_client"),
        ([("client_id", "server")], "invalid_client"),
        ([("grant_type", "password")], "unsupported_grant_type"),
        ([("code", "0000")], "invalid_grant"),
    ];
    for (change, error) in cases {
        let code = code(&router).await;
        let refused = exchange(&router, &code, &change).await;
        assert_eq!(
            (refused.status.as_u16(), refused.json()["error"].as_str()),
            (400, Some(error)),
            "{change:?}"
        );
    }
    // A wrong verifier uses the code up.
    let code = code(&router).await;
    exchange(&router, &code, &[("code_verifier", "wrong")]).await;
    assert_eq!(
        exchange(&router, &code, &[]).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn a_client_with_a_secret_may_prove_itself_by_basic_authentication() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    let path = authorize_path(&[
        ("client_id", "server"),
        ("code_challenge", ""),
        ("code_challenge_method", ""),
    ]);
    let exchange = async |secret: &str| {
        let back = post(&router, &path, &[("name", "u-1"), ("password", PASSWORD)]).await;
        let code = parameter(&location(&back), "code");
        let body = form(&[
            ("grant_type", "authorization_code"),
            ("redirect_uri", CALLBACK),
            ("code", &code),
        ]);
        let request = Request::post(format!("{BASE}/oauth2/token"))
            .header(
                "authorization",
                format!("Basic {}", STANDARD.encode(format!("server:{secret}"))),
            )
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into_bytes())
            .unwrap();
        call(&router, request).await
    };
    assert_eq!(exchange("s3cret").await.status, 200);
    assert_eq!(exchange("wrong").await.json()["error"], "invalid_client");
}

#[tokio::test]
async fn an_unregistered_address_is_never_redirected_to() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    for change in [
        [("redirect_uri", "http://evil.example/")],
        [("redirect_uri", "http://127.0.0.1:8080/auth/callback/")],
        [("redirect_uri", "")],
        [("client_id", "nobody")],
    ] {
        let refused = get(&router, &authorize_path(&change)).await;
        assert_eq!(refused.status, 400, "{change:?}");
        assert!(!refused.headers.contains_key("location"));
    }
    let other_pool = authorize_path(&[]).replace(POOL, "ap-northeast-1_Other");
    assert_eq!(get(&router, &other_pool).await.status, 400);
}

#[tokio::test]
async fn a_registered_client_learns_its_mistake_by_redirect() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    for (change, error) in [
        ([("response_type", "token")], "unsupported_response_type"),
        ([("scope", "email")], "invalid_scope"),
        ([("scope", "openid admin")], "invalid_scope"),
        ([("code_challenge", "")], "invalid_request"),
        ([("code_challenge_method", "plain")], "invalid_request"),
    ] {
        let answer = get(&router, &authorize_path(&change)).await;
        assert_eq!(answer.status, 302);
        assert_eq!(parameter(&location(&answer), "error"), error, "{change:?}");
    }
}

#[tokio::test]
async fn a_wrong_password_an_unknown_name_and_a_disabled_user_look_the_same() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    let wrong = sign_in(&router, "u-1", "not the password").await;
    assert_eq!(wrong.status, 401);
    assert!(
        wrong
            .text()
            .contains("ユーザー名またはパスワードが正しくありません。")
    );
    let unknown = sign_in(&router, "u-2", "not the password").await;
    assert_eq!(
        unknown.text(),
        wrong.text().replace("value=\"u-1\"", "value=\"u-2\"")
    );
    admin(&cloud, "AdminDisableUser", json!({ "Username": "u-1" })).await;
    assert_eq!(sign_in(&router, "u-1", PASSWORD).await.text(), wrong.text());
    admin(&cloud, "AdminEnableUser", json!({ "Username": "u-1" })).await;
    assert_eq!(sign_in(&router, "u-1", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn guessing_is_slowed_down_for_one_account_under_all_its_names() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    for name in [
        "u-1",
        "hanako@example.com",
        "HANAKO@example.com",
        "u-1",
        "u-1",
    ] {
        assert_eq!(sign_in(&router, name, "guess").await.status, 401);
    }
    let locked = sign_in(&router, "hanako@example.com", PASSWORD).await;
    assert_eq!(locked.status, 429);
    assert!(locked.headers.contains_key("retry-after"));
    cloud.pass(Duration::from_secs(2));
    assert_eq!(sign_in(&router, "u-1", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_form_from_another_origin_signs_no_one_in() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    for origin in ["http://evil.example", "null"] {
        let request = Request::post(authorize_path(&[]))
            .header("host", "127.0.0.1:8080")
            .header("origin", origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form(&[("name", "u-1"), ("password", PASSWORD)]).into_bytes())
            .unwrap();
        assert_eq!(call(&router, request).await.status, 403, "{origin}");
    }
}

#[tokio::test]
async fn the_page_speaks_english_when_asked_and_offers_the_demo_names() {
    let cloud = with_user();
    cloud
        .apis
        .sign_in
        .announce_demo(POOL, "u-1", PASSWORD, "デモのお客様 <1>");
    let router = cloud.apis.portal_router();
    let page = get(&router, &authorize_path(&[("lang", "en")])).await;
    assert!(page.text().contains("<html lang=\"en\">"));
    assert!(page.text().contains("デモのお客様 &lt;1&gt;"));
    let name = authorize_path(&[]);
    let shown = post(
        &router,
        &name,
        &[("name", "\"><script>"), ("password", "x")],
    )
    .await;
    assert!(!shown.text().contains("<script>"));
}

#[tokio::test]
async fn leaving_goes_back_to_a_registered_address_only() {
    let cloud = with_user();
    let router = cloud.apis.portal_router();
    let leave = |uri: &str| {
        format!(
            "{BASE}/logout?{}",
            form(&[("client_id", "portal"), ("logout_uri", uri)])
        )
    };
    let left = get(&router, &leave("http://127.0.0.1:8080/")).await;
    assert_eq!(
        (left.status.as_u16(), location(&left).as_str()),
        (302, "http://127.0.0.1:8080/")
    );
    assert_eq!(
        get(&router, &leave("http://evil.example/")).await.status,
        400
    );
}

async fn admin(cloud: &Cloud, operation: &str, mut body: Value) -> Answer {
    body["UserPoolId"] = POOL.into();
    let target = format!("AWSCognitoIdentityProviderService.{operation}");
    cloud.target("cognito-idp", &target, &body).await
}

fn invitation(username: &str, email: &str) -> Value {
    json!({
        "Username": username, "TemporaryPassword": "temporary-password-1", "MessageAction": "SUPPRESS",
        "UserAttributes": [{ "Name": "email", "Value": email }, { "Name": "email_verified", "Value": "true" }],
    })
}

#[tokio::test]
async fn an_invited_user_chooses_a_password_at_the_first_sign_in() {
    let cloud = Cloud::open();
    declare(&cloud);
    let made = admin(
        &cloud,
        "AdminCreateUser",
        invitation("u-9", "new@example.com"),
    )
    .await;
    assert_eq!(
        made.json()["User"]["UserStatus"],
        "FORCE_CHANGE_PASSWORD",
        "{}",
        made.text()
    );
    let router = cloud.apis.portal_router();
    let asked = sign_in(&router, "new@example.com", "temporary-password-1").await;
    assert_eq!(asked.status, 200);
    let page = asked.text();
    let ticket = page
        .split("name=\"ticket\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let path = authorize_path(&[]).replace("/oauth2/authorize", "/new-password");
    let choose = async |first: &str, second: &str| {
        post(
            &router,
            &path,
            &[
                ("ticket", ticket),
                ("new_password", first),
                ("new_password_again", second),
            ],
        )
        .await
    };
    assert_eq!(choose("short", "short").await.status, 400);
    assert_eq!(
        choose("a long new password", "another new password")
            .await
            .status,
        400
    );
    let back = choose("a long new password", "a long new password").await;
    assert_eq!(
        exchange(&router, &parameter(&location(&back), "code"), &[])
            .await
            .status,
        200
    );
    assert_eq!(
        choose("a long new password", "a long new password")
            .await
            .status,
        400
    );
    assert_eq!(
        sign_in(&router, "u-9", "a long new password").await.status,
        303
    );
    assert_eq!(
        sign_in(&router, "u-9", "temporary-password-1").await.status,
        401
    );
}

#[tokio::test]
async fn the_administration_calls_do_what_they_say() {
    let cloud = Cloud::open_at(Some("2026-04-01T00:00:00Z"));
    declare(&cloud);
    admin(
        &cloud,
        "AdminCreateUser",
        invitation("u-1", "One@example.com"),
    )
    .await;
    let user = json!({ "Username": "u-1" });
    let shown = admin(&cloud, "AdminGetUser", user.clone()).await.json();
    assert_eq!(shown["UserCreateDate"], 1775001600.0);
    assert!(
        shown["UserAttributes"]
            .as_array()
            .unwrap()
            .contains(&json!({ "Name": "email", "Value": "one@example.com" }))
    );
    admin(
        &cloud,
        "AdminSetUserPassword",
        json!({ "Username": "u-1", "Password": "a permanent one", "Permanent": true }),
    )
    .await;
    admin(
        &cloud,
        "AdminAddUserToGroup",
        json!({ "Username": "u-1", "GroupName": "screener" }),
    )
    .await;
    let groups = admin(&cloud, "AdminListGroupsForUser", user.clone())
        .await
        .json();
    assert_eq!(groups["Groups"][0]["GroupName"], "screener");
    admin(
        &cloud,
        "AdminRemoveUserFromGroup",
        json!({ "Username": "u-1", "GroupName": "screener" }),
    )
    .await;
    assert_eq!(
        admin(&cloud, "AdminListGroupsForUser", user.clone())
            .await
            .json()["Groups"],
        json!([])
    );
    admin(&cloud, "AdminUpdateUserAttributes", json!({ "Username": "u-1", "UserAttributes": [{ "Name": "email", "Value": "moved@example.com" }] })).await;
    let router = cloud.apis.portal_router();
    assert_eq!(
        sign_in(&router, "moved@example.com", "a permanent one")
            .await
            .status,
        303
    );
    assert_eq!(
        sign_in(&router, "one@example.com", "a permanent one")
            .await
            .status,
        401
    );
    let code = parameter(
        &location(&sign_in(&router, "u-1", "a permanent one").await),
        "code",
    );
    assert_eq!(
        admin(&cloud, "AdminUserGlobalSignOut", user.clone())
            .await
            .status,
        200
    );
    assert_eq!(
        exchange(&router, &code, &[]).await.json()["error"],
        "invalid_grant"
    );
    let listed = admin(
        &cloud,
        "ListUsers",
        json!({ "Filter": "email = \"moved@example.com\"" }),
    )
    .await
    .json();
    assert_eq!(listed["Users"][0]["Username"], "u-1");
    admin(&cloud, "AdminDeleteUser", user.clone()).await;
    assert_eq!(
        admin(&cloud, "AdminGetUser", user).await.error(),
        "UserNotFoundException"
    );
}

#[tokio::test]
async fn users_are_listed_page_by_page() {
    let cloud = Cloud::open();
    declare(&cloud);
    for n in 1..=3 {
        admin(
            &cloud,
            "AdminCreateUser",
            invitation(&format!("u-{n}"), &format!("{n}@example.com")),
        )
        .await;
    }
    let first = admin(&cloud, "ListUsers", json!({ "Limit": 2 }))
        .await
        .json();
    assert_eq!(first["Users"].as_array().unwrap().len(), 2);
    let rest = admin(
        &cloud,
        "ListUsers",
        json!({ "Limit": 2, "PaginationToken": first["PaginationToken"] }),
    )
    .await
    .json();
    assert_eq!(rest["Users"][0]["Username"], "u-3");
    assert_eq!(rest["PaginationToken"], Value::Null);
}

#[tokio::test]
async fn bad_administration_calls_are_refused_by_name() {
    let cloud = with_user();
    let mut short = invitation("u-2", "2@example.com");
    short["TemporaryPassword"] = "short".into();
    let cases = [
        (
            "AdminCreateUser",
            invitation("u-1", "x@example.com"),
            "UsernameExistsException",
        ),
        (
            "AdminCreateUser",
            invitation("u-2", "hanako@EXAMPLE.com"),
            "AliasExistsException",
        ),
        (
            "AdminCreateUser",
            invitation("a@example.com", "x@example.com"),
            "InvalidParameterException",
        ),
        (
            "AdminCreateUser",
            invitation("u-2", "nonsense"),
            "InvalidParameterException",
        ),
        ("AdminCreateUser", short, "InvalidPasswordException"),
        (
            "AdminGetUser",
            json!({ "Username": "u-7" }),
            "UserNotFoundException",
        ),
        (
            "AdminAddUserToGroup",
            json!({ "Username": "u-1", "GroupName": "kings" }),
            "ResourceNotFoundException",
        ),
        (
            "AdminSetUserPassword",
            json!({ "Username": "u-1", "Password": "short" }),
            "InvalidPasswordException",
        ),
        (
            "ListUsers",
            json!({ "Filter": "email" }),
            "InvalidParameterException",
        ),
        ("AdminGetUser", json!({}), "SerializationException"),
        ("DeleteUserPool", json!({}), "UnknownOperationException"),
    ];
    for (operation, body, error) in cases {
        let answer = admin(&cloud, operation, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (400, error),
            "{operation} {body}"
        );
    }
    let elsewhere = json!({ "UserPoolId": "ap-northeast-1_None", "Username": "u-1" });
    let answer = cloud
        .target(
            "cognito-idp",
            "AWSCognitoIdentityProviderService.AdminGetUser",
            &elsewhere,
        )
        .await;
    assert_eq!(answer.error(), "ResourceNotFoundException");
}

#[tokio::test]
async fn the_key_set_is_public_on_the_aws_port_too() {
    let cloud = with_user();
    let request = Request::get(format!("{}/{POOL}/.well-known/jwks.json", support::AWS))
        .body(Vec::new())
        .unwrap();
    let keys = cloud.send(request).await;
    assert_eq!(keys.json()["keys"][0]["alg"], "ES256");
}
