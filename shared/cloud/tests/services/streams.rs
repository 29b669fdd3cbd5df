//! A stream is made once with the plan's retention.

use ciero_cloud::KinesisStreams;
use ciero_ports::Streams;
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
