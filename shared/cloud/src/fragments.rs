//! The fragments of a stream's archive, listed to the last page and fetched, for everyone who reads recordings.

use aws_sdk_kinesisvideoarchivedmedia::types::{
    Fragment, FragmentSelector, FragmentSelectorType, TimestampRange,
};
use aws_smithy_types::byte_stream::ByteStream;
use ciero_ports::CloudError;
use jiff::Timestamp;

use crate::KinesisPlayback;
use crate::errors::{code, failed, unbuilt};
use crate::playback::{LIST, MEDIA, Miss, NO_STREAM, NOTHING_KEPT, SERVICE, moment};

/// Selects the fragments that begin from one moment to another, both counted in, by the clock of the camera or of the
/// service.
pub(crate) fn span(
    clock: FragmentSelectorType,
    from: Timestamp,
    to: Timestamp,
) -> Result<FragmentSelector, CloudError> {
    let range = TimestampRange::builder()
        .start_timestamp(moment(from))
        .end_timestamp(moment(to))
        .build()
        .map_err(unbuilt(SERVICE))?;
    FragmentSelector::builder()
        .fragment_selector_type(clock)
        .timestamp_range(range)
        .build()
        .map_err(unbuilt(SERVICE))
}

impl KinesisPlayback {
    /// Lists every fragment of a selection, in no order, as `read` takes it; none if there is no stream or it keeps nothing.
    pub(crate) async fn every<T>(
        &self,
        stream_name: &str,
        selector: &FragmentSelector,
        read: impl Fn(&Fragment) -> Option<T> + Send + Sync,
    ) -> Result<Vec<T>, CloudError> {
        let listed = async {
            let endpoint = self.endpoint(stream_name, &LIST).await?;
            let (mut found, mut next) = (Vec::new(), None);
            loop {
                let place = (stream_name, &endpoint);
                let page = self.page(place, selector, next, &NOTHING_KEPT).await?;
                found.extend(page.fragments().iter().filter_map(&read));
                next = page.next_token;
                if next.is_none() {
                    return Ok(found);
                }
            }
        };
        match listed.await {
            Ok(found) => Ok(found),
            Err(Miss::Nothing) => Ok(Vec::new()),
            Err(Miss::Failed(error)) => Err(error),
        }
    }

    /// Fetches fragments, at most 1,000, as Matroska documents one behind the other.
    pub(crate) async fn pictures(
        &self,
        stream_name: &str,
        numbers: &[String],
    ) -> Result<ByteStream, Miss> {
        let endpoint = self.endpoint(stream_name, &MEDIA).await?;
        let request = self.archive().get_media_for_fragment_list();
        let answer = request
            .stream_name(stream_name)
            .set_fragments(Some(numbers.to_vec()))
            .customize()
            .config_override(endpoint)
            .send()
            .await;
        match answer {
            Ok(answer) => Ok(answer.payload),
            Err(error) => {
                self.forget(stream_name, &MEDIA);
                Err(match code(&error) {
                    Some(NO_STREAM) => Miss::Nothing,
                    _ => Miss::Failed(failed(SERVICE)(error)),
                })
            }
        }
    }
}
