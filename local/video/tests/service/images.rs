//! Still pictures show what was recorded at their moment, or say why they do not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image::GenericImageView as _;
use serde_json::{Value, json};

use crate::common::{NOW_MS, Service, header, second};
use crate::film::{Film, HEIGHT, WIDTH};

fn request(start: i64, end: i64) -> Value {
    let seconds = |ms: i64| (NOW_MS + ms) as f64 / 1000.0;
    json!({"StreamName": "cam", "ImageSelectorType": "PRODUCER_TIMESTAMP", "StartTimestamp": seconds(start),
        "EndTimestamp": seconds(end), "SamplingInterval": 200, "Format": "PNG"})
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

async fn images(service: &Service, body: Value) -> Value {
    let (status, answer) = service.call("getImages", body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

/// How bright an image is, or its error.
fn shown(image: &Value) -> Result<i64, String> {
    let Some(text) = image["ImageContent"].as_str() else {
        return Err(image["Error"].as_str().unwrap().to_owned());
    };
    let image = image::load_from_memory(&STANDARD.decode(text).unwrap()).unwrap();
    Ok(i64::from(image.get_pixel(2, 2).0[0]))
}

/// The brightness of grey on the screen, which a video's narrower range becomes.
fn check(answer: &Value, levels: &[Result<u8, &str>]) {
    let found: Vec<_> = answer["Images"].as_array().unwrap().iter().collect();
    assert_eq!(found.len(), levels.len());
    for (image, level) in found.into_iter().zip(levels) {
        match (shown(image), level) {
            (Ok(shown), Ok(level)) => {
                let expected = (i64::from(*level) - 16) * 255 / 219;
                assert!((shown - expected).abs() <= 4, "{shown} for {expected}");
            }
            (Err(told), Err(error)) => assert_eq!(told, *error),
            (found, expected) => panic!("{found:?} for {expected:?}"),
        }
    }
}

/// Two seconds of pictures, a gap of one, and another second.
async fn filmed() -> Service {
    let service = Service::with_stream().await;
    let mut film = Film::new();
    let clusters = [
        film.fragment(NOW_MS, &[40, 50, 60, 70, 80, 90, 100, 110, 120, 130]),
        film.fragment(NOW_MS + 1000, &[140; 10]),
        film.fragment(NOW_MS + 3000, &[200; 10]),
    ];
    let mut body = film.header();
    body.extend(clusters.concat());
    assert_eq!(service.put(body).await.len(), 9);
    service
}

#[tokio::test]
async fn each_image_shows_what_was_recorded_at_its_moment() {
    let service = filmed().await;
    let answer = images(&service, request(50, 1100)).await;
    let levels = [40, 60, 80, 100, 120, 140].map(Ok);
    check(&answer, &levels);
    let times: Vec<_> = answer["Images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|image| (image["TimeStamp"].as_f64().unwrap() * 1000.0).round() as i64 - NOW_MS)
        .collect();
    assert_eq!(times, [50, 250, 450, 650, 850, 1050]);
    assert!(answer.get("NextToken").is_none());
}

#[tokio::test]
async fn moments_without_media_say_so() {
    let service = filmed().await;
    let body = with(request(1900, 3100), "SamplingInterval", json!(400));
    let answer = images(&service, body).await;
    let none = Err("NO_MEDIA");
    check(&answer, &[Ok(140), none, none, Ok(200)]);
    let answer = images(&service, request(60_000, 60_100)).await;
    check(&answer, &[none]);
}

#[tokio::test]
async fn media_without_readable_pictures_says_so() {
    let service = Service::with_stream().await;
    service.put([header(), second(NOW_MS)].concat()).await;
    check(
        &images(&service, request(0, 0)).await,
        &[Err("MEDIA_ERROR")],
    );
}

#[tokio::test]
async fn pages_give_each_moment_once() {
    let service = filmed().await;
    let mut body = with(request(0, 1000), "MaxResults", json!(4));
    let first = images(&service, body.clone()).await;
    check(&first, &[40, 60, 80, 100].map(Ok));
    body["NextToken"] = first["NextToken"].clone();
    let second = images(&service, body.clone()).await;
    check(&second, &[120, 140].map(Ok));
    assert!(second.get("NextToken").is_none());
    let many = with(request(0, 300_000), "MaxResults", json!(100));
    let page = images(&service, many).await;
    assert_eq!(page["Images"].as_array().unwrap().len(), 25);
    for token in ["", "x", "MTA"] {
        body["NextToken"] = json!(token);
        assert_eq!(service.call("getImages", body.clone()).await.0, 400);
    }
}

#[tokio::test]
async fn moments_of_arrival_count_from_the_fragments_arrival() {
    let service = filmed().await;
    let mut body = request(320, 320);
    body["ImageSelectorType"] = json!("SERVER_TIMESTAMP");
    // All three arrived at the same moment, and the last of them is shown.
    check(&images(&service, body).await, &[Ok(200)]);
}

#[tokio::test]
async fn format_quality_and_size_are_as_asked_for() {
    let service = filmed().await;
    let size = |answer: &Value| {
        let text = answer["Images"][0]["ImageContent"].as_str().unwrap();
        let bytes = STANDARD.decode(text).unwrap();
        let kind = image::guess_format(&bytes).unwrap();
        let image = image::load_from_memory(&bytes).unwrap();
        (kind, image.dimensions(), bytes.len())
    };
    let (png, jpeg) = (image::ImageFormat::Png, image::ImageFormat::Jpeg);
    let own = (WIDTH as u32, HEIGHT as u32);
    let body = request(0, 0);
    assert_eq!(size(&images(&service, body.clone()).await).0, png);
    let body = with(body, "Format", json!("JPEG"));
    let usual = size(&images(&service, body.clone()).await);
    assert_eq!((usual.0, usual.1), (jpeg, own));
    let body = with(body, "HeightPixels", json!(60));
    assert_eq!(size(&images(&service, body.clone()).await).1, (80, 60));
    let body = with(body, "WidthPixels", json!(300));
    assert_eq!(size(&images(&service, body.clone()).await).1, (300, 60));
    let body = with(body, "FormatConfig", json!({"JPEGQuality": "1"}));
    assert_eq!(size(&images(&service, body).await).1, (300, 60));
}

#[tokio::test]
async fn malformed_image_requests_are_refused() {
    let service = filmed().await;
    for (name, value) in [
        ("SamplingInterval", json!(199)),
        ("MaxResults", json!(0)),
        ("MaxResults", json!(101)),
        ("WidthPixels", json!(100)),
        ("HeightPixels", json!(0)),
        ("HeightPixels", json!(2161)),
        ("Format", json!("GIF")),
        ("ImageSelectorType", json!("MOON")),
        ("FormatConfig", json!({"JPEGQuality": "0"})),
        ("FormatConfig", json!({"JPEGQuality": "101"})),
        ("FormatConfig", json!({"JPEGQuality": "good"})),
        ("FormatConfig", json!({"Colour": "80"})),
        ("EndTimestamp", json!((NOW_MS + 300_001) as f64 / 1000.0)),
        ("EndTimestamp", json!((NOW_MS - 1) as f64 / 1000.0)),
    ] {
        let body = with(request(0, 1000), name, value.clone());
        let (status, answer) = service.call("getImages", body).await;
        assert_eq!(status, 400, "{name} {value}: {answer}");
    }
    let both = with(request(0, 0), "WidthPixels", json!(3841));
    let both = with(both, "HeightPixels", json!(100));
    assert_eq!(service.call("getImages", both).await.0, 400);
    let elsewhere = with(request(0, 0), "StreamName", json!("none"));
    assert_eq!(service.call("getImages", elsewhere).await.0, 404);
    let kept_nowhere = json!({"StreamName": "kept-nowhere"});
    service.call("createStream", kept_nowhere).await;
    let body = with(request(0, 0), "StreamName", json!("kept-nowhere"));
    let (_, answer) = service.call("getImages", body).await;
    assert_eq!(answer["error"], "NoDataRetentionException");
}
