//! DynamoDB, S3 and mail through the front door.

#![allow(clippy::unwrap_used)]

mod support;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ciero_apis::mail::{EventKind, Fate};
use http::Request;
use serde_json::{Value, json};
use support::{Cloud, call};

async fn dynamodb(cloud: &Cloud, operation: &str, body: Value) -> support::Answer {
    cloud
        .target("dynamodb", &format!("DynamoDB_20120810.{operation}"), &body)
        .await
}

async fn with_table(cloud: &Cloud) {
    let definition = json!({
        "TableName": "main", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "PK", "AttributeType": "S" }, { "AttributeName": "SK", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "PK", "KeyType": "HASH" }, { "AttributeName": "SK", "KeyType": "RANGE" }],
    });
    cloud
        .apis
        .dynamodb
        .ensure_table(&definition, Some("expires_at"))
        .await
        .unwrap();
    // Once more is no error: every start declares its tables.
    cloud
        .apis
        .dynamodb
        .ensure_table(&definition, Some("expires_at"))
        .await
        .unwrap();
}

fn item(sk: &str, expires_at: i64) -> Value {
    json!({ "PK": { "S": "A" }, "SK": { "S": sk }, "expires_at": { "N": expires_at.to_string() } })
}

#[tokio::test]
async fn items_are_kept_over_a_restart() {
    let cloud = Cloud::open();
    with_table(&cloud).await;
    let put = dynamodb(
        &cloud,
        "PutItem",
        json!({ "TableName": "main", "Item": item("1", 1) }),
    )
    .await;
    assert_eq!(put.status, 200, "{}", put.text());
    let cloud = cloud.restart();
    let found = dynamodb(&cloud, "Query", json!({
        "TableName": "main", "KeyConditionExpression": "PK = :pk", "ExpressionAttributeValues": { ":pk": { "S": "A" } },
    })).await.json();
    assert_eq!(found["Count"], 1);
}

#[tokio::test]
async fn a_cancelled_transaction_gives_its_reasons() {
    let cloud = Cloud::open();
    with_table(&cloud).await;
    let put = json!({ "Put": { "TableName": "main", "Item": item("1", 1), "ConditionExpression": "attribute_not_exists(PK)" } });
    let transaction = json!({ "TransactItems": [put] });
    assert_eq!(
        dynamodb(&cloud, "TransactWriteItems", transaction.clone())
            .await
            .status,
        200
    );
    let again = dynamodb(&cloud, "TransactWriteItems", transaction).await;
    assert_eq!(again.status, 400);
    assert!(again.error().ends_with("TransactionCanceledException"));
    assert_eq!(
        again.json()["CancellationReasons"][0]["Code"],
        "ConditionalCheckFailed"
    );
}

#[tokio::test]
async fn broken_json_and_unknown_tables_are_refused() {
    let cloud = Cloud::open();
    let missing = dynamodb(
        &cloud,
        "GetItem",
        json!({ "TableName": "none", "Key": { "PK": { "S": "A" } } }),
    )
    .await;
    assert!(
        missing.error().ends_with("ResourceNotFoundException"),
        "{}",
        missing.text()
    );
    let request = Request::post(format!("{}/", support::AWS))
        .header("host", "127.0.0.1:4566")
        .header("x-amz-target", "DynamoDB_20120810.GetItem")
        .body(b"{\"TableName\":".to_vec())
        .unwrap();
    let broken = cloud.send(cloud.signed("dynamodb", request)).await;
    assert_eq!(broken.status, 400);
    assert!(broken.error().ends_with("SerializationException"));
    let unknown = dynamodb(&cloud, "Dance", json!({})).await;
    assert_eq!(unknown.status, 400);
    for request in [
        json!({}),
        json!({ "TableName": "x", "Item": {} }),
        json!({ "TableName": "main", "Item": { "PK": {} } }),
    ] {
        let invalid = dynamodb(&cloud, "PutItem", request.clone()).await;
        assert!(
            invalid.error().ends_with("ValidationException"),
            "{request}: {}",
            invalid.text()
        );
        assert!(!invalid.text().contains("VALIDATION"), "{}", invalid.text());
    }
    let mistyped = dynamodb(&cloud, "PutItem", json!({ "TableName": 7, "Item": {} })).await;
    assert!(
        mistyped.error().ends_with("SerializationException"),
        "{}",
        mistyped.text()
    );
}

#[tokio::test]
async fn expiry_follows_the_service_clock_and_not_real_time() {
    let cloud = Cloud::open_at(Some("2026-04-01T00:00:00Z"));
    with_table(&cloud).await;
    let now = cloud.apis.clock.now().as_second();
    for (sk, expires_at) in [("past", now - 1), ("soon", now + 3600)] {
        dynamodb(
            &cloud,
            "PutItem",
            json!({ "TableName": "main", "Item": item(sk, expires_at) }),
        )
        .await;
    }
    // Real time is months ahead of both.
    assert_eq!(cloud.apis.dynamodb.sweep_ttl().await.unwrap(), 1);
    cloud
        .apis
        .clock
        .advance_to("2026-04-01T02:00:00Z".parse().unwrap())
        .unwrap();
    assert_eq!(cloud.apis.dynamodb.sweep_ttl().await.unwrap(), 1);
    assert_eq!(cloud.apis.dynamodb.sweep_ttl().await.unwrap(), 0);
}

#[tokio::test]
async fn objects_are_put_listed_and_kept_over_a_restart() {
    let cloud = Cloud::open();
    cloud.apis.buckets.ensure_bucket("clips").unwrap();
    cloud.apis.buckets.ensure_bucket("clips").unwrap();
    let put = cloud
        .rest(
            "s3",
            "PUT",
            "/clips/2026/a%20b.txt",
            &[("content-length", "5")],
            b"hello",
        )
        .await;
    assert_eq!(put.status, 200, "{}", put.text());
    let cloud = cloud.restart();
    let got = cloud
        .rest("s3", "GET", "/clips/2026/a%20b.txt", &[], b"")
        .await;
    assert_eq!(got.text(), "hello");
    let listed = cloud
        .rest("s3", "GET", "/clips?list-type=2&prefix=2026%2F", &[], b"")
        .await;
    assert!(
        listed.text().contains("<Key>2026/a b.txt</Key>"),
        "{}",
        listed.text()
    );
    let versions = cloud
        .rest("s3", "GET", "/clips?versions&prefix=2026%2F", &[], b"")
        .await;
    assert!(
        versions.text().contains("<Key>2026/a b.txt</Key>"),
        "{}",
        versions.text()
    );
    for none in [
        "prefix=2027%2F",
        "prefix=2026%2F&key-marker=2026%2Fa%20b.txt",
    ] {
        let path = format!("/clips?versions&{none}");
        let none = cloud.rest("s3", "GET", &path, &[], b"").await;
        assert!(!none.text().contains("<Version>"), "{}", none.text());
    }
    let missing = cloud.rest("s3", "GET", "/clips/none", &[], b"").await;
    assert_eq!(missing.status, 404);
    assert!(missing.text().contains("NoSuchKey"));
}

#[tokio::test]
async fn an_address_presigned_in_the_older_form_is_still_checked() {
    let cloud = Cloud::open();
    cloud.apis.buckets.ensure_bucket("clips").unwrap();
    let address = "/clips/a?AWSAccessKeyId=test&Signature=d3Jvbmc%3D&Expires=4102444800";
    let request = Request::get(format!("{}{address}", support::AWS))
        .header("host", "127.0.0.1:4566")
        .body(Vec::new())
        .unwrap();
    let refused = cloud.send(request).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("SignatureDoesNotMatch"),
        "{}",
        refused.text()
    );
}

#[tokio::test]
async fn s3_refuses_a_wrong_signature_and_odd_bucket_names() {
    let cloud = Cloud::open();
    let request = Request::get(format!("{}/clips", support::AWS))
        .header("host", "127.0.0.1:4566")
        .body(Vec::new())
        .unwrap();
    let signer = support::Signer {
        secret: "wrong".to_owned(),
        ..support::Signer::developer()
    };
    let refused = cloud.send(cloud.signed_by("s3", request, &signer)).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("SignatureDoesNotMatch"));
    for name in ["", "../up", "a/b", "UPPER", "-x"] {
        assert!(cloud.apis.buckets.ensure_bucket(name).is_err(), "{name}");
    }
}

async fn mail(cloud: &Cloud, body: Value) -> support::Answer {
    let headers = [("content-type", "application/json")];
    cloud
        .rest(
            "ses",
            "POST",
            "/v2/email/outbound-emails",
            &headers,
            body.to_string().as_bytes(),
        )
        .await
}

fn simple(to: &str) -> Value {
    json!({
        "FromEmailAddress": "Ciero <no-reply@portal.example.jp>",
        "Destination": { "ToAddresses": [to] },
        "Content": { "Simple": { "Subject": { "Data": "お知らせ" }, "Body": { "Text": { "Data": "見る http://127.0.0.1:8080/welcome?x=1&y=2 まで" } } } },
        "EmailTags": [{ "Name": "kind", "Value": "welcome" }],
    })
}

#[tokio::test]
async fn sent_mail_is_kept_with_the_service_clocks_time_and_shown() {
    let cloud = Cloud::open_at(Some("2027-03-01T00:00:00Z"));
    let sent = mail(&cloud, simple("a@example.com")).await;
    let id = sent.json()["MessageId"].as_str().unwrap().to_owned();
    let cloud = cloud.restart();
    let portal = cloud.apis.portal_router();
    let get = |path: &str| call(&portal, Request::get(path).body(Vec::new()).unwrap());
    let listed = get("/_local/mail.json").await.json();
    assert_eq!(listed[0]["id"], id.as_str());
    assert_eq!(listed[0]["kind"], "welcome");
    assert_eq!(listed[0]["to"], json!(["a@example.com"]));
    assert_eq!(listed[0]["at"], "2027-03-01T09:00:00+09:00");
    assert_eq!(listed[0]["state"], "delivered");
    let page = get(&format!("/_local/mail/{id}")).await;
    assert!(
        page.text()
            .contains("<a href=\"http://127.0.0.1:8080/welcome?x=1&amp;y=2\">"),
        "{}",
        page.text()
    );
    assert!(get("/_local/mail").await.text().contains("お知らせ"));
    assert_eq!(get("/_local/mail/none").await.status, 404);
}

fn under_set(to: &str) -> Value {
    let mut mail = simple(to);
    mail["ConfigurationSetName"] = json!("notices");
    mail
}

#[tokio::test]
async fn the_events_of_a_mail_wait_over_a_restart_until_they_are_forgotten() {
    let cloud = Cloud::open_at(Some("2027-03-01T00:00:00Z"));
    let kinds = vec![EventKind::Delivery, EventKind::Bounce];
    cloud
        .apis
        .mailbox
        .ensure_configuration_set("notices", kinds);
    let sent = mail(&cloud, under_set("a@bounce.example.jp")).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert_eq!(mail(&cloud, under_set("a@example.com")).await.status, 200);
    assert_eq!(
        mail(&cloud, simple("a@bounce.example.jp")).await.status,
        200
    );
    let cloud = cloud.restart();
    let mailbox = &cloud.apis.mailbox;
    let states: Vec<Fate> = mailbox.list().unwrap().iter().map(|m| m.state).collect();
    assert_eq!(states, [Fate::Bounced, Fate::Delivered, Fate::Bounced]);
    // The third mail was sent under no set, so nothing is told of it.
    let [first, second] = mailbox.events_after(0).await.unwrap().try_into().unwrap();
    assert_eq!(first.event["detail-type"], "Email Bounced");
    assert_eq!(first.event["time"], "2027-03-01T00:00:00Z");
    assert_eq!(
        first.event["detail"]["mail"]["messageId"],
        sent.json()["MessageId"]
    );
    assert_eq!(
        first.event["detail"]["mail"]["tags"]["kind"],
        json!(["welcome"])
    );
    assert_eq!(second.event["detail-type"], "Email Delivered");
    assert_eq!(mailbox.events_waiting().unwrap(), 2);
    mailbox.forget_event(first.number).unwrap();
    let left = mailbox.events_after(0).await.unwrap();
    assert_eq!(left, [second]);
}

#[tokio::test]
async fn a_mail_under_an_unknown_configuration_set_is_refused_and_not_kept() {
    let cloud = Cloud::open();
    let answer = mail(&cloud, under_set("a@example.com")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().as_str()),
        (404, "NotFoundException")
    );
    assert!(cloud.apis.mailbox.list().unwrap().is_empty());
}

#[tokio::test]
async fn raw_mail_is_read_with_its_encodings() {
    let cloud = Cloud::open();
    let subject = STANDARD.encode("件名");
    let raw = format!(
        "From: no-reply@portal.example.jp\r\nTo: b@example.com\r\nSubject: =?UTF-8?B?{subject}?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        STANDARD.encode("本文です")
    );
    let sent = mail(
        &cloud,
        json!({ "Content": { "Raw": { "Data": STANDARD.encode(raw) } } }),
    )
    .await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let kept = cloud.apis.mailbox.list().unwrap();
    assert_eq!(
        (kept[0].subject.as_str(), kept[0].text.trim()),
        ("件名", "本文です")
    );
    assert_eq!(kept[0].to, ["b@example.com"]);
}

#[tokio::test]
async fn mail_without_content_sender_or_recipient_is_refused_and_not_kept() {
    let cloud = Cloud::open();
    let mut template = simple("a@example.com");
    template["Content"] = json!({ "Template": { "TemplateName": "x" } });
    let mut no_sender = simple("a@example.com");
    no_sender
        .as_object_mut()
        .unwrap()
        .remove("FromEmailAddress");
    let mut no_one = simple("a@example.com");
    no_one["Destination"] = json!({});
    let cases = [
        (template, "BadRequestException"),
        (no_sender, "BadRequestException"),
        (no_one, "BadRequestException"),
        (simple("nobody"), "BadRequestException"),
        (json!({}), "SerializationException"),
    ];
    for (body, error) in cases {
        let answer = mail(&cloud, body.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.error().as_str()),
            (400, error),
            "{body}"
        );
    }
    assert!(cloud.apis.mailbox.list().unwrap().is_empty());
    assert_eq!(
        cloud
            .rest("ses", "GET", "/v2/email/account", &[], b"")
            .await
            .json()["SendingEnabled"],
        true
    );
}
