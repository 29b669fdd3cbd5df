//! The administration API of user pools.

use crate::support::Cloud;
use serde_json::{Value, json};

use crate::helpers::*;

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
async fn an_address_goes_over_by_force_or_once_it_is_not_verified_any_more() {
    let cloud = with_user();
    let mut taking = invitation("u-2", "hanako@example.com");
    taking["ForceAliasCreation"] = true.into();
    let taken = admin(&cloud, "AdminCreateUser", taking).await;
    assert_eq!(taken.status, 200);
    let named = |name: &str| json!({ "Username": name });
    let holder = admin(&cloud, "AdminGetUser", named("hanako@example.com")).await;
    assert_eq!(holder.json()["Username"], "u-2");
    let released = json!({ "Username": "u-2", "UserAttributes": [{ "Name": "email_verified", "Value": "false" }] });
    admin(&cloud, "AdminUpdateUserAttributes", released).await;
    let nobody = admin(&cloud, "AdminGetUser", named("hanako@example.com")).await;
    assert_eq!(nobody.json()["__type"], "UserNotFoundException");
    let back = json!({ "Username": "u-1", "UserAttributes": [
        { "Name": "email", "Value": "hanako@example.com" }, { "Name": "email_verified", "Value": "true" },
    ] });
    assert_eq!(
        admin(&cloud, "AdminUpdateUserAttributes", back)
            .await
            .status,
        200
    );
    let again = admin(&cloud, "AdminGetUser", named("hanako@example.com")).await;
    assert_eq!(again.json()["Username"], "u-1");
}
