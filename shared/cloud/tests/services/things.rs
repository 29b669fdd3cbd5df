//! A device's certificate: issued for its own key, bound to its thing, revoked.

use ciero_cloud::IotThings;
use ciero_ports::{Enrolled, Things};
use serde_json::json;

use crate::fake::{Answer, Asked, Fake, ok, refusal};

const ARN: &str = "arn:aws:iot:ap-northeast-1:1:cert/abc";
/// How a certificate is deleted.
const DELETED: [&str; 5] = [
    "PUT /certificates/abc",
    "GET /certificates/abc",
    "DELETE /things/k/principals",
    "POST /target-policies/ciero-device",
    "DELETE /certificates/abc",
];

/// Answers as IoT does when all is well.
fn well(asked: &Asked) -> Answer {
    match asked.what.as_str() {
        "POST /certificates" => ok(json!({
            "certificateArn": ARN, "certificateId": "abc", "certificatePem": "PEM",
        })),
        "GET /endpoint" => ok(json!({ "endpointAddress": "host:8443" })),
        "GET /things/k/principals" => {
            ok(json!({ "principals": ["arn:aws:iot:ap-northeast-1:1:cert/other", ARN] }))
        }
        "GET /certificates/abc" => {
            ok(json!({ "certificateDescription": { "certificateArn": ARN } }))
        }
        _ => ok(json!({})),
    }
}

async fn things(
    script: impl Fn(&Asked) -> Answer + Clone + Send + Sync + 'static,
) -> (IotThings, Fake) {
    let fake = Fake::start(script).await;
    (IotThings::new(&fake.config, "ciero-device"), fake)
}

#[tokio::test]
async fn a_device_is_enrolled_with_policy_and_thing() {
    let (things, fake) = things(well).await;
    let enrolled = things.enroll("k", "CSR").await.unwrap();
    assert_eq!(
        enrolled,
        Some(Enrolled {
            certificate_id: "abc".into(),
            certificate_pem: "PEM".into(),
        })
    );
    assert_eq!(
        fake.names(),
        [
            "POST /certificates",
            "POST /things/k",
            "PUT /target-policies/ciero-device",
            "PUT /things/k/principals",
        ]
    );
    assert_eq!(fake.asked()[0].body["certificateSigningRequest"], "CSR");
    assert_eq!(fake.asked()[2].body["target"], ARN);
}

#[tokio::test]
async fn a_thing_that_exists_takes_the_new_certificate() {
    let (things, _) = things(|asked| match asked.what.as_str() {
        "POST /things/k" => refusal("ResourceAlreadyExistsException"),
        _ => well(asked),
    })
    .await;
    assert!(things.enroll("k", "CSR").await.unwrap().is_some());
}

#[tokio::test]
async fn a_request_that_cannot_be_read_leaves_nothing_behind() {
    for name in ["InvalidRequestException", "CertificateValidationException"] {
        let (things, fake) = things(move |_| refusal(name)).await;
        assert_eq!(things.enroll("k", "rubbish").await.unwrap(), None);
        assert_eq!(fake.names(), ["POST /certificates"]);
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_bound_is_deleted() {
    let (things, fake) = things(|asked| match asked.what.as_str() {
        "PUT /things/k/principals" => refusal("UnauthorizedException"),
        _ => well(asked),
    })
    .await;
    assert!(things.enroll("k", "CSR").await.is_err());
    assert_eq!(fake.names()[4..], DELETED);
}

#[tokio::test]
async fn revoking_voids_the_certificate_first_and_deletes_only_it() {
    let (things, fake) = things(well).await;
    things.revoke("k", "abc").await.unwrap();
    assert_eq!(fake.names(), DELETED);
}

#[tokio::test]
async fn what_is_gone_is_revoked_and_a_refusal_is_an_error() {
    let (things_gone, _) = things(|_| refusal("ResourceNotFoundException")).await;
    things_gone.revoke("k", "abc").await.unwrap();
    let (forbidden, _) = things(|_| refusal("UnauthorizedException")).await;
    assert!(forbidden.revoke("k", "abc").await.is_err());
}

#[tokio::test]
async fn the_credential_endpoint_is_told_or_it_is_an_error() {
    let (told, _) = things(well).await;
    assert_eq!(told.credential_endpoint().await.unwrap(), "host:8443");
    let (missing, _) = things(|_| ok(json!({}))).await;
    assert!(missing.credential_endpoint().await.is_err());
}

#[tokio::test]
async fn art_15_a_thing_is_forgotten_with_every_certificate_it_has() {
    let (things, fake) = things(well).await;
    let on_it = things.certificates("k").await.unwrap();
    assert_eq!(on_it, Some(vec!["other".into(), "abc".into()]));
    assert!(things.has_certificate("abc").await.unwrap());
    things.forget("k", &["abc".into()]).await.unwrap();
    let looks = ["GET /things/k/principals", "GET /certificates/abc"];
    let expected = [&looks[..], &DELETED, &["DELETE /things/k"]].concat();
    assert_eq!(fake.names(), expected);
}

#[tokio::test]
async fn art_15_a_thing_that_is_gone_is_forgotten() {
    let (gone, _) = things(|_| refusal("ResourceNotFoundException")).await;
    gone.forget("k", &["abc".into()]).await.unwrap();
    assert_eq!(gone.certificates("k").await.unwrap(), None);
    assert!(!gone.has_certificate("abc").await.unwrap());
    let (forbidden, _) = things(|_| refusal("UnauthorizedException")).await;
    assert!(forbidden.certificates("k").await.is_err());
    assert!(forbidden.has_certificate("abc").await.is_err());
}
