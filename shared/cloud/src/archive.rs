//! Fragments as they were received (Kinesis Video archived media).

use async_trait::async_trait;
use aws_sdk_kinesisvideo::types::ApiName;
use aws_sdk_kinesisvideoarchivedmedia::types::{
    Fragment as Listed, FragmentSelector, FragmentSelectorType, TimestampRange,
};
use ciero_domain::disclosure::Fragment;
use ciero_ports::{Archive, CloudError};
use jiff::Timestamp;

use crate::KinesisPlayback;
use crate::errors::{chain, code, failed, unbuilt};
use crate::playback::{
    Api, LIST, LONGEST_FRAGMENT, Miss, NO_STREAM, NOTHING_KEPT, SERVICE, interval, moment,
};

const MEDIA: Api = Api {
    name: "GET_MEDIA_FOR_FRAGMENT_LIST",
    control: ApiName::GetMediaForFragmentList,
};

#[async_trait]
impl Archive for KinesisPlayback {
    async fn fragments(
        &self,
        stream_name: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Fragment>, CloudError> {
        let range = TimestampRange::builder()
            .start_timestamp(moment(from - LONGEST_FRAGMENT))
            .end_timestamp(moment(until))
            .build()
            .map_err(unbuilt(SERVICE))?;
        let selector = FragmentSelector::builder()
            .fragment_selector_type(FragmentSelectorType::ProducerTimestamp)
            .timestamp_range(range)
            .build()
            .map_err(unbuilt(SERVICE))?;
        let mut fragments = match self.listed(stream_name, &selector).await {
            Ok(fragments) => fragments,
            Err(Miss::Nothing) => Vec::new(),
            Err(Miss::Failed(error)) => return Err(error),
        };
        fragments.retain(|fragment| fragment.end > from && fragment.start < until);
        Ok(fragments)
    }

    async fn media(
        &self,
        stream_name: &str,
        numbers: &[String],
    ) -> Result<Option<Vec<u8>>, CloudError> {
        match self.fetched(stream_name, numbers).await {
            Ok(media) => Ok(Some(media)),
            Err(Miss::Nothing) => Ok(None),
            Err(Miss::Failed(error)) => Err(error),
        }
    }
}

impl KinesisPlayback {
    async fn listed(
        &self,
        stream_name: &str,
        selector: &FragmentSelector,
    ) -> Result<Vec<Fragment>, Miss> {
        let endpoint = self.endpoint(stream_name, &LIST).await?;
        let mut fragments = Vec::new();
        let mut next = None;
        loop {
            let place = (stream_name, &endpoint);
            let page = self.page(place, selector, next, &NOTHING_KEPT).await?;
            fragments.extend(page.fragments().iter().filter_map(fragment));
            next = page.next_token;
            if next.is_none() {
                return Ok(fragments);
            }
        }
    }

    async fn fetched(&self, stream_name: &str, numbers: &[String]) -> Result<Vec<u8>, Miss> {
        let endpoint = self.endpoint(stream_name, &MEDIA).await?;
        let request = self.archive.get_media_for_fragment_list();
        let answer = request
            .stream_name(stream_name)
            .set_fragments(Some(numbers.to_vec()))
            .customize()
            .config_override(endpoint)
            .send()
            .await
            .map_err(|error| match code(&error) {
                Some(NO_STREAM) => Miss::Nothing,
                _ => {
                    self.forget(stream_name, &MEDIA);
                    Miss::Failed(failed(SERVICE)(error))
                }
            })?;
        let media = answer.payload.collect().await.map_err(|error| {
            Miss::Failed(CloudError {
                service: SERVICE,
                detail: chain(&error),
            })
        })?;
        Ok(media.into_bytes().into())
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
