//! A player sees what was recorded.

use mp4_atom::{Decode as _, Ftyp, Mdat, Moof, Moov};
use serde_json::json;

use crate::common::{NOW_MS, Service, header, second};
use crate::player::{media_playlist, on_demand, recorded, segments, session, tag};

#[tokio::test]
async fn a_recorded_range_is_listed_whole_and_ends() {
    let service = recorded(10).await;
    let mut body = on_demand(2000, 6500);
    body["DisplayFragmentTimestamp"] = json!("ALWAYS");
    let (_, text) = media_playlist(&service, &session(&service, body).await).await;
    assert_eq!(segments(&text).len(), 5);
    assert_eq!(tag(&text, "PLAYLIST-TYPE"), "VOD");
    assert_eq!(tag(&text, "PROGRAM-DATE-TIME"), "2027-01-15T08:00:02.000Z");
    assert!(text.ends_with("#EXT-X-ENDLIST\n"));
    assert!(
        !text.contains("#EXT-X-DISCONTINUITY"),
        "the producer's clock makes one time line"
    );
    let mut body = on_demand(0, 9000);
    body["MaxMediaPlaylistFragmentResults"] = json!(3);
    let (_, text) = media_playlist(&service, &session(&service, body).await).await;
    assert_eq!(segments(&text).len(), 3);
}

#[tokio::test]
async fn segments_are_fragmented_mp4_on_the_producers_time() {
    let service = recorded(3).await;
    let (_, text) = media_playlist(&service, &session(&service, on_demand(0, 9000)).await).await;
    let init = tag(&text, "MAP").split('"').nth(1).unwrap();
    let (status, headers, init) = service.get(&format!("/hls/v1/{init}")).await;
    assert_eq!(
        (status.as_u16(), headers["content-type"].to_str().unwrap()),
        (200, "video/mp4")
    );
    let mut bytes = &init[..];
    Ftyp::decode(&mut bytes).unwrap();
    assert_eq!(Moov::decode(&mut bytes).unwrap().trak.len(), 1);
    for (path, n) in segments(&text).iter().zip(0..) {
        let (status, _, segment) = service.get(path).await;
        assert_eq!(status, 200);
        let mut bytes = &segment[..];
        let moof = Moof::decode(&mut bytes).unwrap();
        let time = moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time;
        assert_eq!(time, (NOW_MS + n * 1000).unsigned_abs());
        let durations = moof.traf[0].trun[0]
            .samples
            .iter()
            .filter_map(|sample| sample.duration);
        assert_eq!(durations.sum::<u32>(), 1000);
        assert_eq!(Mdat::decode(&mut bytes).unwrap().data.len(), 160);
    }
}

#[tokio::test]
async fn relative_timecodes_play_on_the_producers_time_too() {
    let service = Service::with_stream().await;
    let body = [header(), second(0), second(1000)].concat();
    service
        .put_with("RELATIVE", Some("1800000000.000"), body)
        .await;
    let (_, text) = media_playlist(&service, &session(&service, on_demand(0, 9000)).await).await;
    let (_, _, segment) = service.get(&segments(&text)[1]).await;
    let moof = Moof::decode(&mut &segment[..]).unwrap();
    assert_eq!(
        moof.traf[0].tfdt.as_ref().unwrap().base_media_decode_time,
        (NOW_MS + 1000).unsigned_abs()
    );
}

#[tokio::test]
async fn a_fragment_sent_twice_is_listed_once_with_its_greater_number() {
    let service = recorded(3).await;
    service.put_seconds(&[NOW_MS + 1000, NOW_MS + 2000]).await;
    let fragments = service.fragments().await;
    assert_eq!(fragments.len(), 5);
    let (_, text) = media_playlist(&service, &session(&service, on_demand(0, 9000)).await).await;
    let listed = segments(&text);
    assert_eq!(listed.len(), 3);
    for (path, place) in listed.iter().zip([0, 3, 4]) {
        assert!(path.contains(fragments[place]["FragmentNumber"].as_str().unwrap()));
    }
}

#[tokio::test]
async fn a_gap_is_a_discontinuity_where_that_is_asked_for() {
    let service = Service::with_stream().await;
    service
        .put_seconds(&[NOW_MS, NOW_MS + 1000, NOW_MS + 5000])
        .await;
    let mut body = on_demand(0, 9000);
    body["DiscontinuityMode"] = json!("ON_DISCONTINUITY");
    let (_, text) = media_playlist(&service, &session(&service, body).await).await;
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY").count(), 1);
    assert_eq!(text.matches("#EXT-X-MAP").count(), 1);
}
