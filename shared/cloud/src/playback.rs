//! Reading of recordings (Kinesis Video archived media).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_kinesisvideo::types::ApiName;
use aws_sdk_kinesisvideoarchivedmedia::config::Builder as Override;
use aws_sdk_kinesisvideoarchivedmedia::operation::list_fragments::ListFragmentsOutput;
use aws_sdk_kinesisvideoarchivedmedia::types::{
    ContainerFormat, Fragment, FragmentSelector, FragmentSelectorType, HlsDiscontinuityMode,
    HlsDisplayFragmentTimestamp, HlsFragmentSelector, HlsFragmentSelectorType, HlsPlaybackMode,
    HlsTimestampRange, TimestampRange,
};
use aws_smithy_types::DateTime;
use aws_types::SdkConfig;
use ciero_ports::{CloudError, Interval, Playback, PlaybackError, PlaybackWindow};
use jiff::{SignedDuration, Timestamp};

use crate::errors::{code, failed, unbuilt};
use crate::intervals::merge;

pub(crate) const SERVICE: &str = "Kinesis Video";

/// The error of a stream that is not there.
pub(crate) const NO_STREAM: &str = "ResourceNotFoundException";
/// The errors of a stream that is not there, and of one that keeps nothing.
pub(crate) const NOTHING_KEPT: [&str; 2] = [NO_STREAM, "NoDataRetentionException"];
/// Fragments of a live playlist: enough to start at once, few enough to stay near the present.
const LIVE_FRAGMENTS: i64 = 10;
/// The most that a recorded playlist may hold.
const RECORDED_FRAGMENTS: i64 = 5_000;
/// The shortest and longest life of a session, in seconds.
const LIFE_SECONDS: (i32, i32) = (300, 43_200);
/// Fragments on one page of a list.
const PAGE: i64 = 1_000;
/// A fragment is at most this long, so one that began earlier cannot reach into a range.
pub(crate) const LONGEST_FRAGMENT: SignedDuration = SignedDuration::from_secs(20);

/// Which data endpoint, of which stream.
type EndpointKey = (String, &'static str);

/// HLS sessions and lists of fragments. A stream's data endpoints are asked for once.
#[derive(Debug)]
pub struct KinesisPlayback {
    control: aws_sdk_kinesisvideo::Client,
    archive: aws_sdk_kinesisvideoarchivedmedia::Client,
    endpoints: Mutex<HashMap<EndpointKey, String>>,
}

/// Why a call on the archive came to nothing.
pub(crate) enum Miss {
    /// The stream, or the range, holds nothing.
    Nothing,
    Failed(CloudError),
}

impl KinesisPlayback {
    /// Works in the region of the configuration.
    pub fn new(config: &SdkConfig) -> Self {
        KinesisPlayback {
            control: aws_sdk_kinesisvideo::Client::new(config),
            archive: aws_sdk_kinesisvideoarchivedmedia::Client::new(config),
            endpoints: Mutex::default(),
        }
    }

    /// Returns where a stream's data is read through one API.
    pub(crate) async fn endpoint(&self, stream_name: &str, api: &Api) -> Result<Override, Miss> {
        let key = (stream_name.to_owned(), api.name);
        if let Some(known) = self.known().get(&key) {
            return Ok(Override::new().endpoint_url(known));
        }
        let request = self.control.get_data_endpoint().stream_name(stream_name);
        let answer = request.api_name(api.control.clone()).send().await;
        let answer = answer.map_err(|error| match code(&error) {
            Some(NO_STREAM) => Miss::Nothing,
            _ => Miss::Failed(failed(SERVICE)(error)),
        })?;
        let endpoint = answer.data_endpoint.ok_or_else(|| {
            Miss::Failed(CloudError {
                service: SERVICE,
                detail: "the data endpoint is missing".to_owned(),
            })
        })?;
        self.known().insert(key, endpoint.clone());
        Ok(Override::new().endpoint_url(endpoint))
    }

    /// Forgets an endpoint that did not serve, so that the next call asks anew.
    pub(crate) fn forget(&self, stream_name: &str, api: &Api) {
        self.known().remove(&(stream_name.to_owned(), api.name));
    }

    pub(crate) fn archive(&self) -> &aws_sdk_kinesisvideoarchivedmedia::Client {
        &self.archive
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<EndpointKey, String>> {
        // The map is whole between its single-step changes, whatever another holder did.
        self.endpoints
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    async fn open(
        &self,
        stream_name: &str,
        window: PlaybackWindow,
        lives_seconds: i32,
    ) -> Result<String, Miss> {
        let endpoint = self.endpoint(stream_name, &HLS).await?;
        let (mode, selector, most) = selection(window);
        let answer = self
            .archive
            .get_hls_streaming_session_url()
            .stream_name(stream_name)
            .playback_mode(mode)
            .hls_fragment_selector(selector)
            .container_format(ContainerFormat::FragmentedMp4)
            .discontinuity_mode(HlsDiscontinuityMode::OnDiscontinuity)
            .display_fragment_timestamp(HlsDisplayFragmentTimestamp::Always)
            .expires(lives_seconds.clamp(LIFE_SECONDS.0, LIFE_SECONDS.1))
            .max_media_playlist_fragment_results(most)
            .customize()
            .config_override(endpoint)
            .send()
            .await;
        match answer {
            Ok(answer) => answer.hls_streaming_session_url.ok_or_else(|| {
                Miss::Failed(CloudError {
                    service: SERVICE,
                    detail: "the session has no address".to_owned(),
                })
            }),
            Err(error) if code(&error) == Some(NO_STREAM) => Err(Miss::Nothing),
            Err(error) => {
                self.forget(stream_name, &HLS);
                Err(Miss::Failed(failed(SERVICE)(error)))
            }
        }
    }

    async fn fragments(
        &self,
        stream_name: &str,
        range: TimestampRange,
    ) -> Result<Vec<Interval>, Miss> {
        let endpoint = self.endpoint(stream_name, &LIST).await?;
        let selector = FragmentSelector::builder()
            .fragment_selector_type(FragmentSelectorType::ProducerTimestamp)
            .timestamp_range(range)
            .build()
            .map_err(|error| Miss::Failed(unbuilt(SERVICE)(error)))?;
        let mut intervals = Vec::new();
        let mut next = None;
        loop {
            let place = (stream_name, &endpoint);
            let page = self.page(place, &selector, next, &[NO_STREAM]).await?;
            intervals.extend(page.fragments().iter().filter_map(interval));
            next = page.next_token;
            if next.is_none() {
                return Ok(intervals);
            }
        }
    }

    /// Lists one page of a stream's fragments. `nothing` are the codes of errors that mean that there is nothing.
    pub(crate) async fn page(
        &self,
        (stream_name, endpoint): (&str, &Override),
        selector: &FragmentSelector,
        next: Option<String>,
        nothing: &[&str],
    ) -> Result<ListFragmentsOutput, Miss> {
        let request = self.archive.list_fragments().stream_name(stream_name);
        let answer = request
            .fragment_selector(selector.clone())
            .max_results(PAGE)
            .set_next_token(next)
            .customize()
            .config_override(endpoint.clone())
            .send()
            .await;
        let mut page = answer.map_err(|error| match code(&error) {
            Some(code) if nothing.contains(&code) => Miss::Nothing,
            _ => {
                self.forget(stream_name, &LIST);
                Miss::Failed(failed(SERVICE)(error))
            }
        })?;
        page.next_token = page.next_token.filter(|token| !token.is_empty());
        Ok(page)
    }
}

/// One API of the archive as the control plane calls it.
pub(crate) struct Api {
    pub(crate) name: &'static str,
    pub(crate) control: ApiName,
}

const HLS: Api = Api {
    name: "GET_HLS_STREAMING_SESSION_URL",
    control: ApiName::GetHlsStreamingSessionUrl,
};
pub(crate) const LIST: Api = Api {
    name: "LIST_FRAGMENTS",
    control: ApiName::ListFragments,
};

pub(crate) const MEDIA: Api = Api {
    name: "GET_MEDIA_FOR_FRAGMENT_LIST",
    control: ApiName::GetMediaForFragmentList,
};

/// What a session of this window selects: live pictures by the time of their arrival, because a camera's
/// clock may be wrong; recorded ones by the camera's clock, because that is what people look for.
fn selection(window: PlaybackWindow) -> (HlsPlaybackMode, HlsFragmentSelector, i64) {
    match window {
        PlaybackWindow::Live => {
            // By the camera's clock: the time of arrival would hide how far the picture is behind.
            let selector = HlsFragmentSelector::builder()
                .fragment_selector_type(HlsFragmentSelectorType::ProducerTimestamp);
            (HlsPlaybackMode::Live, selector.build(), LIVE_FRAGMENTS)
        }
        PlaybackWindow::Recorded { from, to } => {
            let range = HlsTimestampRange::builder()
                .start_timestamp(moment(from))
                .end_timestamp(moment(before(from, to)));
            let selector = HlsFragmentSelector::builder()
                .fragment_selector_type(HlsFragmentSelectorType::ProducerTimestamp)
                .timestamp_range(range.build());
            (
                HlsPlaybackMode::OnDemand,
                selector.build(),
                RECORDED_FRAGMENTS,
            )
        }
    }
}

/// The service counts the end in and ours is out: a fragment that begins at `to` is not shown.
fn before(from: Timestamp, to: Timestamp) -> Timestamp {
    let last = to - SignedDuration::from_millis(1);
    if last > from { last } else { to }
}

pub(crate) fn moment(at: Timestamp) -> DateTime {
    DateTime::from_millis(at.as_millisecond())
}

/// Reads a time of the service to the nearest millisecond: it comes as a number of seconds with a fraction, whose nearest
/// floating-point number is often just below the millisecond that was meant.
pub(crate) fn milliseconds(at: &DateTime) -> i64 {
    let nanos = at.as_nanos().saturating_add(500_000).div_euclid(1_000_000);
    i64::try_from(nanos).unwrap_or(i64::MAX)
}

pub(crate) fn interval(fragment: &Fragment) -> Option<Interval> {
    let start = milliseconds(fragment.producer_timestamp()?);
    let end = start.checked_add(fragment.fragment_length_in_milliseconds())?;
    Some(Interval {
        start: Timestamp::from_millisecond(start).ok()?,
        end: Timestamp::from_millisecond(end).ok()?,
    })
}

#[async_trait]
impl Playback for KinesisPlayback {
    async fn session(
        &self,
        stream_name: &str,
        window: PlaybackWindow,
        lives_seconds: i32,
    ) -> Result<String, PlaybackError> {
        let opened = self.open(stream_name, window, lives_seconds).await;
        opened.map_err(|miss| match miss {
            Miss::Nothing => PlaybackError::NoPictures,
            Miss::Failed(error) => PlaybackError::Cloud(error),
        })
    }

    async fn intervals(
        &self,
        stream_name: &str,
        from: Timestamp,
        to: Timestamp,
        gap_ms: i64,
    ) -> Result<Vec<Interval>, CloudError> {
        let earliest = from.saturating_sub(LONGEST_FRAGMENT).unwrap_or(from);
        let range = TimestampRange::builder()
            .start_timestamp(moment(earliest))
            .end_timestamp(moment(to))
            .build()
            .map_err(unbuilt(SERVICE))?;
        match self.fragments(stream_name, range).await {
            Ok(fragments) => Ok(merge(fragments, from, to, gap_ms)),
            Err(Miss::Nothing) => Ok(Vec::new()),
            Err(Miss::Failed(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_with_a_fraction_is_read_to_the_nearest_millisecond() {
        for ms in (1_775_002_086_000..1_775_002_087_000).chain([0, -1, -1_500]) {
            let written = format!("{}.{:03}", ms / 1000, (ms % 1000_i64).abs());
            let sign = if ms < 0 && ms > -1000 { "-" } else { "" };
            let seconds: f64 = format!("{sign}{written}").parse().unwrap_or_default();
            assert_eq!(milliseconds(&DateTime::from_secs_f64(seconds)), ms);
        }
    }
}
