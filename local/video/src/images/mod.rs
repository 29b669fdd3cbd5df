//! GetImages: still pictures of recorded H.264, one for each moment of a range.

mod picture;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

use self::picture::{Format, MOST_HEIGHT, MOST_WIDTH, Style};
use crate::Shared;
use crate::archived::TimestampRange;
use crate::error::ApiError;
use crate::playback::media;
use crate::request::{Call, StreamRef, archive_of, blocking, seconds};
use crate::store::fragments::{
    self, Duplicates, Fragment, LONGEST_MS, START, TOLERANCE_MS, TimestampKind, View,
};

const MOST_RANGE_MS: i64 = 300_000;
const USUAL_INTERVAL_MS: i64 = 3000;
const LEAST_INTERVAL_MS: i64 = 200;
/// A page has no more images than this, whatever more is asked for.
const MOST_IMAGES: i64 = 25;
const MOST_PAGE_BYTES: usize = 100 << 20;
/// What a page costs of the quota for looking fragments up, beside one point for each image.
const METADATA_POINTS: i64 = 400;
/// The longest text that an image may be.
const MOST_IMAGE_BYTES: usize = 6_291_456;
/// More than five fragments a second are none.
const MOST_FRAGMENTS: i64 = 5000;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetImages {
    #[serde(flatten)]
    stream: StreamRef,
    image_selector_type: TimestampKind,
    start_timestamp: f64,
    end_timestamp: f64,
    sampling_interval: Option<i64>,
    format: Format,
    #[serde(default)]
    format_config: BTreeMap<String, String>,
    width_pixels: Option<u32>,
    height_pixels: Option<u32>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// Which moments a page asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moments {
    first_ms: i64,
    last_ms: i64,
    every_ms: i64,
    most: i64,
}

/// What a moment has to show.
enum Found {
    Image(String),
    NoMedia,
    MediaError,
}

pub(crate) async fn get_images(
    State(shared): State<Arc<Shared>>,
    call: Call<GetImages>,
) -> Result<Json<Value>, ApiError> {
    let Call { scope, body } = call;
    let (moments, style) = (body.moments()?, body.style()?);
    blocking(&shared, move |shared| {
        let stream = body.stream.find(shared, &scope, "GetImages")?;
        let view = View {
            duplicates: Duplicates::Drop,
            ..archive_of(shared, &stream, body.image_selector_type)?
        };
        let points = METADATA_POINTS + moments.most;
        shared.usage.metadata(stream.id, points)?;
        page(shared, view, moments, style).map(Json)
    })
    .await
}

impl GetImages {
    fn moments(&self) -> Result<Moments, ApiError> {
        let refuse = |message: &str| Err(ApiError::invalid_argument(message));
        let range = TimestampRange {
            start_timestamp: Some(self.start_timestamp),
            end_timestamp: Some(self.end_timestamp),
        };
        let (Some(start_ms), Some(last_ms)) = range.bounds()? else {
            return refuse("StartTimestamp and EndTimestamp are needed.");
        };
        if last_ms - start_ms > MOST_RANGE_MS {
            return refuse("EndTimestamp must be at most 300 seconds after StartTimestamp.");
        }
        let every_ms = self.sampling_interval.unwrap_or(USUAL_INTERVAL_MS);
        if every_ms < LEAST_INTERVAL_MS {
            return refuse("SamplingInterval must be 200 milliseconds or more.");
        }
        let most = self.max_results.unwrap_or(MOST_IMAGES);
        if !(1..=100).contains(&most) {
            return refuse("MaxResults must be 1 to 100.");
        }
        let first_ms = match &self.next_token {
            None => start_ms,
            Some(token) => open_token(token)
                .filter(|next_ms| (start_ms..=last_ms).contains(next_ms))
                .ok_or_else(|| ApiError::invalid_argument("NextToken is not valid."))?,
        };
        Ok(Moments {
            first_ms,
            last_ms,
            every_ms,
            most: most.min(MOST_IMAGES),
        })
    }

    fn style(&self) -> Result<Style, ApiError> {
        let refuse = |message: &str| Err(ApiError::invalid_argument(message));
        let quality = match self.format_config.get("JPEGQuality") {
            None if !self.format_config.is_empty() => {
                return refuse("FormatConfig knows no key but JPEGQuality.");
            }
            None => Some(80),
            Some(text) => text
                .parse()
                .ok()
                .filter(|quality| (1..=100).contains(quality)),
        };
        let Some(quality) = quality.filter(|_| self.format_config.len() < 2) else {
            return refuse("JPEGQuality must be a whole number of 1 to 100.");
        };
        let size = (self.width_pixels, self.height_pixels);
        if size
            .0
            .is_some_and(|width| !(1..=MOST_WIDTH).contains(&width))
        {
            return refuse("WidthPixels must be 1 to 3840.");
        }
        if size
            .1
            .is_some_and(|height| !(1..=MOST_HEIGHT).contains(&height))
        {
            return refuse("HeightPixels must be 1 to 2160.");
        }
        if let (Some(_), None) = size {
            return refuse("WidthPixels needs HeightPixels.");
        }
        Ok(Style {
            format: self.format,
            quality,
            size,
        })
    }
}

fn page(shared: &Shared, view: View, moments: Moments, style: Style) -> Result<Value, ApiError> {
    let Moments {
        first_ms,
        last_ms,
        every_ms,
        most,
    } = moments;
    let times: Vec<i64> = (0..most)
        .map(|n| first_ms.saturating_add(n.saturating_mul(every_ms)))
        .take_while(|time| *time <= last_ms)
        .collect();
    let last = times.last().copied().unwrap_or(first_ms);
    let range = (first_ms.saturating_sub(LONGEST_MS), last);
    let found = shared
        .store
        .read(|index| fragments::in_range(index, view, range, START, MOST_FRAGMENTS))?;
    let mut images = Vec::new();
    let mut bytes = 0;
    let mut rest = times.as_slice();
    while let Some(&time) = rest.first()
        && bytes < MOST_PAGE_BYTES
    {
        let covered = covering(&found, view.by, time);
        let same = |other: &&i64| {
            let other = covering(&found, view.by, **other);
            other.map(|one| one.number) == covered.map(|one| one.number)
        };
        let (now, later) = rest.split_at(rest.iter().take_while(same).count());
        rest = later;
        for (time, found) in now.iter().zip(show(shared, view.by, covered, now, style)?) {
            if let Found::Image(text) = &found {
                bytes += text.len();
            }
            images.push(describe(*time, found));
        }
    }
    let mut answer = json!({ "Images": images });
    let next = rest
        .first()
        .copied()
        .unwrap_or(last.saturating_add(every_ms));
    if next <= last_ms {
        answer["NextToken"] = json!(seal_token(next));
    }
    Ok(answer)
}

/// The fragment that is shown at a moment. Less than a gap between two belongs to the first.
fn covering(found: &[Fragment], by: TimestampKind, time: i64) -> Option<&Fragment> {
    let after = found.partition_point(|fragment| fragment.timestamp(by) <= time);
    let fragment = found[..after].last()?;
    let end_ms = fragment.timestamp(by).saturating_add(fragment.length_ms);
    (time <= end_ms.saturating_add(TOLERANCE_MS)).then_some(fragment)
}

/// The images of moments of one fragment.
fn show(
    shared: &Shared,
    by: TimestampKind,
    fragment: Option<&Fragment>,
    times: &[i64],
    style: Style,
) -> Result<Vec<Found>, ApiError> {
    let nothing = || times.iter().map(|_| Found::NoMedia).collect();
    let Some(fragment) = fragment else {
        return Ok(nothing());
    };
    let Some(bytes) = shared.store.media(fragment)? else {
        return Ok(nothing());
    };
    // What a picture cannot be made of is told picture by picture, and fails no other.
    let images = media::header_of(shared, fragment.header_id)
        .and_then(|header| {
            let track = media::video_track(&header)?;
            let blocks = media::blocks_of(&header, &bytes)?;
            let shift = fragment.timecode_ms - fragment.timestamp(by);
            let wanted: Vec<i64> = times.iter().map(|time| time + shift).collect();
            Ok(picture::images(track, &blocks, &wanted, style))
        })
        .unwrap_or_else(|_| vec![None; times.len()]);
    let told = images.into_iter().map(|image| {
        let text = image.map(|bytes| STANDARD.encode(bytes));
        match text.filter(|text| text.len() <= MOST_IMAGE_BYTES) {
            Some(text) => Found::Image(text),
            None => Found::MediaError,
        }
    });
    Ok(told.collect())
}

fn describe(time: i64, found: Found) -> Value {
    let time = seconds(time);
    match found {
        Found::Image(text) => json!({ "TimeStamp": time, "ImageContent": text }),
        Found::NoMedia => json!({ "TimeStamp": time, "Error": "NO_MEDIA" }),
        Found::MediaError => json!({ "TimeStamp": time, "Error": "MEDIA_ERROR" }),
    }
}

fn seal_token(next_ms: i64) -> String {
    URL_SAFE_NO_PAD.encode(next_ms.to_string())
}

fn open_token(token: &str) -> Option<i64> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    std::str::from_utf8(&bytes).ok()?.parse().ok()
}
