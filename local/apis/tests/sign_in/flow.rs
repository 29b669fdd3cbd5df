//! The sign-in flow from the page to the verified token.

use std::time::Duration;

use crate::support::call;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Request;
use serde_json::json;

use crate::helpers::*;

#[tokio::test]
async fn a_user_signs_in_by_address_and_gets_a_token_that_verifies() {
    let cloud = with_user();
    let clock = &cloud.apis.clock;
    let ahead = clock.now() + jiff::SignedDuration::from_hours(24);
    clock.advance_to(ahead).unwrap();
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
    // The service compares it with what it stamps itself.
    let signed_in = cloud.apis.clock.now().as_second();
    assert_eq!(claims["auth_time"].as_i64(), Some(signed_in));
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

#[tokio::test]
async fn the_key_set_is_public_on_the_aws_port_too() {
    let cloud = with_user();
    let request = Request::get(format!(
        "{}/{POOL}/.well-known/jwks.json",
        crate::support::AWS
    ))
    .body(Vec::new())
    .unwrap();
    let keys = cloud.send(request).await;
    assert_eq!(keys.json()["keys"][0]["alg"], "ES256");
}
