//! GetClip: recorded fragments as one MP4 file whose index comes first.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ciero_media::annex_b::AnnexB;
use ciero_media::matroska::{self, Header, TrackKind};
use ciero_media::mp4::{Index, Movie};
use http::{HeaderValue, header};
use serde::Deserialize;

use crate::Shared;
use crate::archived::TimestampRange;
use crate::error::ApiError;
use crate::playback::create::{check_past, check_span};
use crate::playback::media::Screen;
use crate::playback::{NOTHING_FOUND, media};
use crate::request::{Call, StreamRef, archive_of, blocking};
use crate::store::fragments::{self, Fragment, START, TOLERANCE_MS, TimestampKind, View};

/// What is over either limit is left out: a clip has the first fragments of its range.
const MOST_FRAGMENTS: usize = 200;
const MOST_BYTES: u64 = 100 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Selector {
    fragment_selector_type: TimestampKind,
    timestamp_range: TimestampRange,
}

#[derive(Deserialize)]
pub(crate) struct GetClip {
    #[serde(flatten)]
    stream: StreamRef,
    #[serde(rename = "ClipFragmentSelector")]
    selector: Selector,
}

pub(crate) async fn get_clip(
    State(shared): State<Arc<Shared>>,
    call: Call<GetClip>,
) -> Result<Response, ApiError> {
    let (head, frames) = blocking(&shared, move |shared| {
        let Call { scope, body } = call;
        let stream = body.stream.find(shared, &scope, "GetClip")?;
        let by = body.selector.fragment_selector_type;
        let (Some(start), Some(end)) = body.selector.timestamp_range.bounds()? else {
            return Err(ApiError::invalid_argument(
                "TimestampRange needs StartTimestamp and EndTimestamp.",
            ));
        };
        check_span(start, end)?;
        check_past(by, end, shared.now_ms())?;
        let view = archive_of(shared, &stream, by)?;
        let chosen = choose(shared, view, (start, end))?;
        if chosen.is_empty() {
            return Err(ApiError::not_found(NOTHING_FOUND));
        }
        shared.usage.media(stream.id, chosen.len())?;
        film(shared, &chosen)
    })
    .await?;
    let length = head.len() + frames.len();
    let pieces = [head, frames].map(Ok::<_, std::convert::Infallible>);
    let mut response = Body::from_stream(futures::stream::iter(pieces)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    Ok(response)
}

/// The first fragments of a range by the producer's clock; of what was sent twice, what arrived first.
fn choose(shared: &Shared, view: View, range: (i64, i64)) -> Result<Vec<Fragment>, ApiError> {
    let (mut chosen, mut seen) = (Vec::<Fragment>::new(), HashSet::new());
    let (mut after, mut bytes) = (START, 0);
    loop {
        let limit = MOST_FRAGMENTS as i64;
        let page = shared
            .store
            .read(|index| fragments::in_range(index, view, range, after, limit))?;
        let Some(last) = page.last() else { break };
        after = last.position(view.by);
        let is_last = page.len() < MOST_FRAGMENTS;
        for fragment in page {
            if !seen.insert(fragment.producer_ms) {
                continue;
            }
            bytes += fragment.bytes;
            if chosen.len() == MOST_FRAGMENTS || (bytes > MOST_BYTES && !chosen.is_empty()) {
                chosen.sort_by_key(|fragment| fragment.producer_ms);
                return Ok(chosen);
            }
            chosen.push(fragment);
        }
        if is_last {
            break;
        }
    }
    chosen.sort_by_key(|fragment| fragment.producer_ms);
    Ok(chosen)
}

/// Writes the film: what stands before its frames, and the frames.
fn film(shared: &Shared, chosen: &[Fragment]) -> Result<(Bytes, Bytes), ApiError> {
    let mut reel: Option<Reel> = None;
    let mut before: Option<&Fragment> = None;
    let mut at_ms = 0;
    for fragment in chosen {
        let reel = match &mut reel {
            Some(reel) => reel,
            none => none.insert(Reel::begin(shared, fragment)?),
        };
        at_ms += before.map_or(0, |before| advance_ms(before, fragment));
        reel.add(shared, fragment, at_ms)?;
        before = Some(fragment);
    }
    let reel = reel.ok_or_else(|| ApiError::not_found(NOTHING_FOUND))?;
    reel.finish()
}

/// How far the film goes on from one fragment to the next. Gaps and overlaps are closed.
fn advance_ms(before: &Fragment, next: &Fragment) -> u64 {
    let apart_ms = next.producer_ms - before.producer_ms;
    let is_close = (apart_ms - before.length_ms).abs() <= TOLERANCE_MS;
    let advance_ms = if is_close { apart_ms } else { before.length_ms };
    advance_ms.max(0).unsigned_abs()
}

/// A film under construction.
struct Reel {
    movie: Movie,
    rows: Vec<u8>,
    pictures: AnnexB,
    header: Header,
    header_id: i64,
    frames: Vec<u8>,
}

impl Reel {
    fn begin(shared: &Shared, first: &Fragment) -> Result<Self, ApiError> {
        let header = media::header_of(shared, first.header_id)?;
        let video = media::video_track(&header)?;
        for track in &header.tracks {
            // A film without the sound that its stream has would hide that something is missing.
            match track.kind {
                TrackKind::Audio { .. } => media::check_sound(video, track, Screen::Clip)?,
                TrackKind::Video { .. } => drop(media::init(track)?),
                TrackKind::Other => {}
            }
        }
        let pictures = AnnexB::of(video).map_err(|error| media::refusal(&error, video))?;
        let movie = Movie::begin(&header.tracks).map_err(|error| media::refusal(&error, video))?;
        Ok(Self {
            movie,
            rows: Vec::new(),
            pictures,
            header,
            header_id: first.header_id,
            frames: Vec::new(),
        })
    }

    fn add(&mut self, shared: &Shared, fragment: &Fragment, at_ms: u64) -> Result<(), ApiError> {
        if fragment.header_id != self.header_id {
            self.header_id = fragment.header_id;
            self.go_on_with(media::header_of(shared, fragment.header_id)?)?;
        }
        let Some(bytes) = shared.store.media(fragment)? else {
            return Ok(()); // out of retention meanwhile
        };
        let blocks = media::blocks_of(&self.header, &bytes)?;
        let mut units = Vec::new();
        for picture in blocks.iter().filter(|block| block.track == 1) {
            units.clear();
            let read = self.pictures.append(&picture.data, &mut units);
            read.map_err(|_| media::invalid_frame())?;
        }
        let whole = matroska::Fragment {
            tracks: Vec::new(),
            tags: Vec::new(),
            timecode_ms: fragment.timecode_ms,
            blocks,
        };
        let length_ms = fragment.length_ms.max(0).unsigned_abs();
        let place = (&mut self.frames, 0);
        self.movie
            .add(&whole, (at_ms, length_ms), place, &mut self.rows);
        Ok(())
    }

    /// One film has one configuration of each decoder.
    fn go_on_with(&mut self, header: Header) -> Result<(), ApiError> {
        if self.movie.suits(&header.tracks) {
            self.header = header;
            return Ok(());
        }
        media::check_goes_on(&self.header, &header)?;
        Err(ApiError::bad_request(
            "InvalidCodecPrivateDataException",
            "The codec private data changes between the fragments of the clip.",
        ))
    }

    fn finish(self) -> Result<(Bytes, Bytes), ApiError> {
        let broken = |_| media::invalid_frame();
        let misread = |_| media::invalid_frame();
        let mut index = Index::of(&self.movie);
        index.take(&self.rows).map_err(misread)?;
        let mut head = Movie::head().map_err(broken)?.to_vec();
        let length = index.clone().finish().map_err(broken)?.len();
        // Both are far below what the field holds: a clip is a hundred megabytes at most, but for a single fragment.
        let before = (head.len() + length + 8) as u32;
        let index = index.behind(before).map_err(misread)?;
        head.extend_from_slice(&index.finish().map_err(broken)?);
        head.extend_from_slice(&(self.frames.len() as u32 + 8).to_be_bytes());
        head.extend_from_slice(b"mdat");
        Ok((head.into(), self.frames.into()))
    }
}
