//! What has arrived in a stream: what is asked of the archive, and what its answers mean.

use ciero_cloud::KinesisPlayback;
use ciero_domain::watch::{Arrival, Span};
use ciero_ports::{Arrivals, Arrived};
use jiff::Timestamp;
use serde_json::json;

use crate::fake::{Fake, ok, refusal};
use crate::playback::fake;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn arrived(fake: &Fake) -> Arrived {
    let playback = KinesisPlayback::new(&fake.config);
    let (from, to) = (at("2026-06-01T00:00:00Z"), at("2026-06-01T00:02:00Z"));
    playback.arrivals("k", from, to).await.unwrap()
}

fn page(next: Option<&str>) -> serde_json::Value {
    json!({
        "Fragments": [{
            "ProducerTimestamp": 1_780_272_061.0,
            "ServerTimestamp": 1_780_272_070.5,
            "FragmentLengthInMilliseconds": 1_000,
        }],
        "NextToken": next,
    })
}

#[tokio::test]
async fn arrivals_are_asked_for_by_the_time_of_arrival_in_one_request() {
    let fake = fake(|_| ok(page(None))).await;
    let one = Arrival {
        span: Span {
            start: at("2026-06-01T00:01:01Z"),
            end: at("2026-06-01T00:01:02Z"),
        },
        at: at("2026-06-01T00:01:10.5Z"),
    };
    assert_eq!(arrived(&fake).await, Arrived::All(vec![one]));
    assert_eq!(
        fake.names(),
        ["POST /getDataEndpoint", "POST /listFragments"]
    );
    let asked = &fake.asked()[1].body;
    assert_eq!(asked["MaxResults"], 1000);
    let selector = &asked["FragmentSelector"];
    assert_eq!(selector["FragmentSelectorType"], "SERVER_TIMESTAMP");
    let range = &selector["TimestampRange"];
    assert_eq!(range["StartTimestamp"], 1_780_272_000.0);
    assert_eq!(range["EndTimestamp"], 1_780_272_120.0);
}

#[tokio::test]
async fn more_pages_than_one_reading_may_take_are_too_many() {
    let fake = fake(|_| ok(page(Some("more")))).await;
    assert_eq!(arrived(&fake).await, Arrived::TooMany);
    assert_eq!(fake.asked().len(), 1 + 10);
}

#[tokio::test]
async fn a_stream_that_is_gone_or_keeps_nothing_is_not_a_failure_and_a_throttled_one_is() {
    for name in ["ResourceNotFoundException", "NoDataRetentionException"] {
        let fake = fake(move |_| refusal(name)).await;
        assert_eq!(arrived(&fake).await, Arrived::NothingKept, "{name}");
    }
    let throttled = fake(|_| refusal("InvalidArgumentException")).await;
    let playback = KinesisPlayback::new(&throttled.config);
    let now = at("2026-06-01T00:00:00Z");
    assert!(playback.arrivals("k", now, now).await.is_err());
}
