//! Fragments as they were received (Kinesis Video archived media).

use async_trait::async_trait;
use aws_sdk_kinesisvideoarchivedmedia::types::{Fragment as Listed, FragmentSelectorType};
use ciero_domain::disclosure::Fragment;
use ciero_ports::{Archive, CloudError};
use jiff::Timestamp;

use crate::KinesisPlayback;
use crate::errors::chain;
use crate::fragments::span;
use crate::playback::{LONGEST_FRAGMENT, Miss, SERVICE, interval};

#[async_trait]
impl Archive for KinesisPlayback {
    async fn fragments(
        &self,
        stream_name: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Fragment>, CloudError> {
        let clock = FragmentSelectorType::ProducerTimestamp;
        let selector = span(clock, from - LONGEST_FRAGMENT, until)?;
        let mut fragments = self.every(stream_name, &selector, fragment).await?;
        fragments.retain(|fragment| fragment.end > from && fragment.start < until);
        Ok(fragments)
    }

    async fn media(
        &self,
        stream_name: &str,
        numbers: &[String],
    ) -> Result<Option<Vec<u8>>, CloudError> {
        let media = match self.pictures(stream_name, numbers).await {
            Ok(media) => media.collect().await,
            Err(Miss::Nothing) => return Ok(None),
            Err(Miss::Failed(error)) => return Err(error),
        };
        let media = media.map_err(|error| CloudError {
            service: SERVICE,
            detail: chain(&error),
        })?;
        Ok(Some(media.into_bytes().into()))
    }
}

fn fragment(listed: &Listed) -> Option<Fragment> {
    let span = interval(listed)?;
    Some(Fragment {
        number: listed.fragment_number()?.to_owned(),
        start: span.start,
        end: span.end,
        bytes: u64::try_from(listed.fragment_size_in_bytes()).unwrap_or(0),
    })
}
