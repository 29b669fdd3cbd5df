//! What a camera recorded, fragment by fragment (Kinesis Video archived media).

use async_trait::async_trait;
use aws_sdk_kinesisvideoarchivedmedia::types::{
    Fragment, FragmentSelector, FragmentSelectorType, TimestampRange,
};
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use ciero_domain::export::Recorded;
use ciero_ports::{CloudError, Media, Recordings};
use jiff::{SignedDuration, Timestamp};

use crate::KinesisPlayback;
use crate::errors::{chain, failed, unbuilt};
use crate::playback::{LIST, MEDIA, Miss, NOTHING_KEPT, SERVICE, milliseconds, moment};

#[async_trait]
impl Recordings for KinesisPlayback {
    async fn recorded(
        &self,
        stream_name: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Recorded>, CloudError> {
        // The service counts the end in and ours is out.
        let last = until.saturating_sub(SignedDuration::from_millis(1));
        let range = TimestampRange::builder()
            .start_timestamp(moment(from))
            .end_timestamp(moment(last.unwrap_or(until).max(from)))
            .build()
            .map_err(unbuilt(SERVICE))?;
        let selector = FragmentSelector::builder()
            .fragment_selector_type(FragmentSelectorType::ProducerTimestamp)
            .timestamp_range(range)
            .build()
            .map_err(unbuilt(SERVICE))?;
        match self.every(stream_name, &selector).await {
            Ok(recorded) => Ok(recorded),
            Err(Miss::Nothing) => Ok(Vec::new()),
            Err(Miss::Failed(error)) => Err(error),
        }
    }

    async fn media(
        &self,
        stream_name: &str,
        numbers: &[String],
    ) -> Result<Box<dyn Media>, CloudError> {
        let endpoint = match self.endpoint(stream_name, &MEDIA).await {
            Ok(endpoint) => endpoint,
            Err(Miss::Failed(error)) => return Err(error),
            Err(Miss::Nothing) => {
                return Err(CloudError {
                    service: SERVICE,
                    detail: "the stream is gone".to_owned(),
                });
            }
        };
        let request = self.archive().get_media_for_fragment_list();
        let answer = request
            .stream_name(stream_name)
            .set_fragments(Some(numbers.to_vec()))
            .customize()
            .config_override(endpoint)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(Box::new(Arriving(answer.payload))),
            Err(error) => {
                self.forget(stream_name, &MEDIA);
                Err(failed(SERVICE)(error))
            }
        }
    }
}

impl KinesisPlayback {
    async fn every(
        &self,
        stream_name: &str,
        selector: &FragmentSelector,
    ) -> Result<Vec<Recorded>, Miss> {
        let endpoint = self.endpoint(stream_name, &LIST).await?;
        let (mut recorded, mut next) = (Vec::new(), None);
        loop {
            let place = (stream_name, &endpoint);
            let page = self.page(place, selector, next, &NOTHING_KEPT).await?;
            recorded.extend(page.fragments().iter().filter_map(fragment));
            next = page.next_token;
            if next.is_none() {
                return Ok(recorded);
            }
        }
    }
}

fn fragment(listed: &Fragment) -> Option<Recorded> {
    Some(Recorded {
        number: listed.fragment_number()?.to_owned(),
        start_ms: milliseconds(listed.producer_timestamp()?),
        length_ms: listed.fragment_length_in_milliseconds(),
        server_ms: milliseconds(listed.server_timestamp()?),
        bytes: u64::try_from(listed.fragment_size_in_bytes()).unwrap_or(0),
    })
}

/// An answer that is still arriving.
struct Arriving(ByteStream);

#[async_trait]
impl Media for Arriving {
    async fn next(&mut self) -> Result<Option<Bytes>, CloudError> {
        let piece = self.0.next().await.transpose();
        piece.map_err(|error| CloudError {
            service: SERVICE,
            detail: chain(&error),
        })
    }
}
