//! What a camera recorded, fragment by fragment (Kinesis Video archived media).

use async_trait::async_trait;
use aws_sdk_kinesisvideoarchivedmedia::types::{Fragment, FragmentSelectorType};
use aws_smithy_types::byte_stream::ByteStream;
use bytes::Bytes;
use ciero_domain::export::Recorded;
use ciero_ports::{CloudError, Media, Recordings};
use jiff::{SignedDuration, Timestamp};

use crate::KinesisPlayback;
use crate::errors::chain;
use crate::fragments::span;
use crate::playback::{Miss, SERVICE, milliseconds};

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
        let last = last.unwrap_or(until).max(from);
        let selector = span(FragmentSelectorType::ProducerTimestamp, from, last)?;
        self.every(stream_name, &selector, fragment).await
    }

    async fn media(
        &self,
        stream_name: &str,
        numbers: &[String],
    ) -> Result<Box<dyn Media>, CloudError> {
        match self.pictures(stream_name, numbers).await {
            Ok(media) => Ok(Box::new(Arriving(media))),
            Err(Miss::Failed(error)) => Err(error),
            Err(Miss::Nothing) => Err(CloudError {
                service: SERVICE,
                detail: "the stream or a fragment is gone".to_owned(),
            }),
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
