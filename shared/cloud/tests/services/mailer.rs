//! A mail is sent as plain text in UTF-8, tagged with its kind and its notice.

use ciero_cloud::SesMailer;
use ciero_domain::ids::MessageId;
use ciero_ports::{Mail, Mailer};
use serde_json::json;

use crate::fake::{Fake, ok, refusal, silence};

fn mail() -> Mail {
    Mail {
        to: "hanako@example.jp".into(),
        subject: "お申し込みを受け付けました".into(),
        text: "本文".into(),
        kind: "application_received".into(),
        notice: MessageId::from_random([1; 10]),
        attachment: None,
    }
}

#[tokio::test]
async fn a_mail_carries_subject_text_kind_and_notice() {
    let fake = Fake::start(|_| ok(json!({ "MessageId": "mail-7" }))).await;
    let sent = SesMailer::new(&fake.config, "no-reply@example.jp", "set")
        .send(&mail())
        .await;
    assert_eq!(sent.unwrap(), "mail-7");
    let asked = &fake.asked()[0];
    assert_eq!(asked.what, "POST /v2/email/outbound-emails");
    assert_eq!(
        asked.body,
        json!({
            "FromEmailAddress": "no-reply@example.jp",
            "Destination": { "ToAddresses": ["hanako@example.jp"] },
            "Content": { "Simple": {
                "Subject": { "Data": "お申し込みを受け付けました", "Charset": "UTF-8" },
                "Body": { "Text": { "Data": "本文", "Charset": "UTF-8" } },
            } },
            "ConfigurationSetName": "set",
            "EmailTags": [
                { "Name": "kind", "Value": "application_received" },
                { "Name": "notice", "Value": MessageId::from_random([1; 10]) },
            ],
        })
    );
}

#[tokio::test]
async fn a_refused_mail_is_an_error_that_names_no_address() {
    let fake = Fake::start(|_| {
        let message = "Email address is not verified: hanako@example.jp";
        (
            400,
            json!({ "__type": "MessageRejected", "message": message }),
        )
    })
    .await;
    let mailer = SesMailer::new(&fake.config, "no-reply@example.jp", "set");
    let error = mailer.send(&mail()).await.unwrap_err().to_string();
    assert_eq!(error, "SES failed: MessageRejected");
}

#[tokio::test]
async fn a_mail_without_an_identifier_or_an_answer_is_an_error() {
    let fake = Fake::start(|_| ok(json!({}))).await;
    let sent = SesMailer::new(&fake.config, "a@example.jp", "set")
        .send(&mail())
        .await;
    assert!(sent.is_err());
    let mailer = SesMailer::new(&silence().await, "a@example.jp", "set");
    assert!(mailer.send(&mail()).await.is_err());
    let refused = Fake::start(|_| refusal("BadRequestException")).await;
    let mailer = SesMailer::new(&refused.config, "a@example.jp", "set");
    assert!(mailer.send(&mail()).await.is_err());
}
