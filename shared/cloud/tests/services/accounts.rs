//! Accounts are made once, get a new first password when asked again, and close.

use ciero_cloud::CognitoAccounts;
use ciero_domain::ids::UserId;
use ciero_ports::Accounts;
use serde_json::json;

use crate::fake::{Asked, Fake, ok, refusal};

fn user() -> UserId {
    UserId::from_random([1; 10])
}

#[tokio::test]
async fn an_invitation_makes_an_account_without_a_mail_of_the_service() {
    let fake = Fake::start(|_| ok(json!({}))).await;
    let accounts = CognitoAccounts::new(&fake.config, "pool");
    accounts
        .invite(&user(), "hanako@example.jp", "first-password")
        .await
        .unwrap();
    let expected = Asked {
        what: "AdminCreateUser".into(),
        body: json!({
            "UserPoolId": "pool",
            "Username": user().as_str(),
            "UserAttributes": [
                { "Name": "email", "Value": "hanako@example.jp" },
                { "Name": "email_verified", "Value": "true" },
            ],
            "TemporaryPassword": "first-password",
            "MessageAction": "SUPPRESS",
            "ForceAliasCreation": true,
        }),
        ..Asked::default()
    };
    assert_eq!(fake.asked(), [expected]);
}

#[tokio::test]
async fn an_account_that_exists_gets_the_new_first_password() {
    let fake = Fake::start(|asked| match asked.what.as_str() {
        "AdminCreateUser" => refusal("UsernameExistsException"),
        _ => ok(json!({})),
    })
    .await;
    let accounts = CognitoAccounts::new(&fake.config, "pool");
    accounts
        .invite(&user(), "hanako@example.jp", "second-password")
        .await
        .unwrap();
    assert_eq!(fake.names(), ["AdminCreateUser", "AdminSetUserPassword"]);
    let reset = &fake.asked()[1].body;
    assert_eq!(reset["Password"], "second-password");
    assert_eq!(reset["Permanent"], false);
}

#[tokio::test]
async fn any_other_refusal_of_an_invitation_is_an_error_without_the_password() {
    let fake = Fake::start(|_| refusal("InvalidPasswordException")).await;
    let accounts = CognitoAccounts::new(&fake.config, "pool");
    let error = accounts.invite(&user(), "a@example.jp", "s3cret").await;
    let text = error.unwrap_err().to_string();
    assert_eq!(text, "Cognito failed: InvalidPasswordException: no");
}

#[tokio::test]
async fn an_account_that_is_not_there_is_closed() {
    for (answer, closes) in [
        (refusal("UserNotFoundException"), true),
        (refusal("NotAuthorizedException"), false),
    ] {
        let fake = Fake::start(move |_| answer.clone()).await;
        let accounts = CognitoAccounts::new(&fake.config, "pool");
        assert_eq!(accounts.close(&user()).await.is_ok(), closes);
        assert_eq!(fake.names(), ["AdminDisableUser"]);
    }
}

#[tokio::test]
async fn a_closed_account_gives_its_address_free() {
    let fake = Fake::start(|_| ok(json!({}))).await;
    let accounts = CognitoAccounts::new(&fake.config, "pool");
    accounts.close(&user()).await.unwrap();
    let names = ["AdminDisableUser", "AdminUpdateUserAttributes"];
    assert_eq!(fake.names(), names);
    let released = json!([{ "Name": "email_verified", "Value": "false" }]);
    assert_eq!(fake.asked()[1].body["UserAttributes"], released);
}

#[tokio::test]
async fn art_21_a_person_signs_in_with_another_address() {
    let fake = Fake::start(|_| ok(json!({}))).await;
    let accounts = CognitoAccounts::new(&fake.config, "pool");
    let moved = accounts.readdress(&user(), "new@example.jp").await;
    moved.unwrap();
    let attributes = json!([
        { "Name": "email", "Value": "new@example.jp" },
        { "Name": "email_verified", "Value": "true" },
    ]);
    assert_eq!(fake.names(), ["AdminUpdateUserAttributes"]);
    assert_eq!(fake.asked()[0].body["UserAttributes"], attributes);
    let held = Fake::start(|_| refusal("AliasExistsException")).await;
    let accounts = CognitoAccounts::new(&held.config, "pool");
    assert!(accounts.readdress(&user(), "new@example.jp").await.is_err());
}

#[tokio::test]
async fn art_15_an_account_is_deleted_for_good_and_one_that_is_gone_is_deleted() {
    let user = UserId::from_random([1; 10]);
    let fake = Fake::start(|_| ok(json!({}))).await;
    let accounts = CognitoAccounts::new(&fake.config, "pool");
    assert!(accounts.delete(&user).await.unwrap());
    assert_eq!(fake.names(), ["AdminDeleteUser"]);
    let gone = Fake::start(|_| refusal("UserNotFoundException")).await;
    let accounts = CognitoAccounts::new(&gone.config, "pool");
    assert!(!accounts.delete(&user).await.unwrap());
    assert!(!accounts.exists(&user).await.unwrap());
}
