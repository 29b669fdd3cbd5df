//! A stream is made once with the plan's retention.

use ciero_cloud::KinesisStreams;
use ciero_ports::{Kept, Streams};
use serde_json::json;

use crate::fake::{Fake, ok, refusal};

#[tokio::test]
async fn a_stream_is_made_with_its_retention() {
    let fake = Fake::start(|_| ok(json!({ "StreamARN": "arn" }))).await;
    let streams = KinesisStreams::new(&fake.config);
    streams.ensure("ciero-k", 720).await.unwrap();
    let asked = &fake.asked()[0];
    assert_eq!(asked.what, "POST /createStream");
    assert_eq!(asked.body["StreamName"], "ciero-k");
    assert_eq!(asked.body["DataRetentionInHours"], 720);
}

#[tokio::test]
async fn a_stream_that_exists_is_fine_and_any_other_refusal_is_an_error() {
    for (name, fine) in [
        ("ResourceInUseException", true),
        ("AccountStreamLimitExceededException", false),
    ] {
        let fake = Fake::start(move |_| refusal(name)).await;
        let made = KinesisStreams::new(&fake.config).ensure("k", 24).await;
        assert_eq!(made.is_ok(), fine, "{name}");
    }
}

#[tokio::test]
async fn an_impossible_retention_asks_nothing() {
    let fake = Fake::start(|_| ok(json!({}))).await;
    let streams = KinesisStreams::new(&fake.config);
    assert!(streams.ensure("k", u32::MAX).await.is_err());
    assert_eq!(fake.asked(), []);
}

#[tokio::test]
async fn art_15_a_stream_is_deleted_by_its_arn_and_one_that_is_gone_is_deleted() {
    let fake = Fake::start(|_| ok(json!({ "StreamInfo": { "StreamARN": "arn:7" } }))).await;
    let streams = KinesisStreams::new(&fake.config);
    assert!(streams.delete("ciero-k").await.unwrap());
    assert!(streams.exists("ciero-k").await.unwrap());
    let asked = fake.asked();
    assert_eq!(
        (asked[1].what.as_str(), &asked[1].body["StreamARN"]),
        ("POST /deleteStream", &json!("arn:7"))
    );
    let gone = Fake::start(|_| refusal("ResourceNotFoundException")).await;
    let streams = KinesisStreams::new(&gone.config);
    assert!(!streams.delete("ciero-k").await.unwrap());
    assert!(!streams.exists("ciero-k").await.unwrap());
    let forbidden = Fake::start(|_| refusal("NotAuthorizedException")).await;
    let streams = KinesisStreams::new(&forbidden.config);
    assert!(streams.delete("k").await.is_err() && streams.exists("k").await.is_err());
}

#[tokio::test]
async fn a_stream_tells_its_retention_and_one_that_is_gone_keeps_nothing() {
    let info = json!({ "StreamInfo": { "DataRetentionInHours": 720, "Version": "v1" } });
    let described = Fake::start(move |_| ok(info.clone())).await;
    let kept = KinesisStreams::new(&described.config).kept("k").await;
    assert_eq!(kept.unwrap(), Some(was()));
    let gone = Fake::start(|_| refusal("ResourceNotFoundException")).await;
    let kept = KinesisStreams::new(&gone.config).kept("k").await;
    assert_eq!(kept.unwrap(), None);
}

fn was() -> Kept {
    Kept {
        hours: 720,
        version: "v1".into(),
    }
}

#[tokio::test]
async fn art_15_the_retention_is_changed_by_the_difference_on_the_version_that_was_seen() {
    for (hours, operation, change) in [
        (1, "DECREASE_DATA_RETENTION", 719),
        (744, "INCREASE_DATA_RETENTION", 24),
    ] {
        let fake = Fake::start(|_| ok(json!({}))).await;
        let streams = KinesisStreams::new(&fake.config);
        assert!(streams.keep("k", &was(), hours).await.unwrap());
        let asked = &fake.asked()[0];
        assert_eq!(asked.what, "POST /updateDataRetention");
        assert_eq!(asked.body["CurrentVersion"], "v1");
        assert_eq!(asked.body["Operation"], operation);
        assert_eq!(asked.body["DataRetentionChangeInHours"], change);
    }
    let fake = Fake::start(|_| ok(json!({}))).await;
    let streams = KinesisStreams::new(&fake.config);
    assert!(streams.keep("k", &was(), 720).await.unwrap());
    assert_eq!(fake.asked(), []);
}

#[tokio::test]
async fn art_15_a_stream_that_is_busy_or_moved_on_is_looked_at_again_later() {
    for (name, expected) in [
        ("ResourceInUseException", Some(false)),
        ("VersionMismatchException", Some(false)),
        ("ResourceNotFoundException", Some(false)),
        ("NotAuthorizedException", None),
    ] {
        let fake = Fake::start(move |_| refusal(name)).await;
        let changed = KinesisStreams::new(&fake.config).keep("k", &was(), 1).await;
        assert_eq!(changed.ok(), expected, "{name}");
    }
}
