//! What has arrived in a stream since it was last looked at (Kinesis Video archived media).

use async_trait::async_trait;
use aws_sdk_kinesisvideoarchivedmedia::types::{Fragment, FragmentSelector, FragmentSelectorType};
use ciero_domain::watch::{Arrival, Span};
use ciero_ports::{Arrivals, Arrived, CloudError};
use jiff::Timestamp;

use crate::KinesisPlayback;
use crate::fragments::span;
use crate::playback::{LIST, Miss, NOTHING_KEPT, milliseconds};

/// How many pages one reading may take: nearly three hours of fragments of one second.
const MOST_PAGES: usize = 10;

#[async_trait]
impl Arrivals for KinesisPlayback {
    async fn arrivals(
        &self,
        stream_name: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Arrived, CloudError> {
        let selector = span(FragmentSelectorType::ServerTimestamp, from, to)?;
        match self.list(stream_name, selector).await {
            Ok(arrived) => Ok(arrived),
            Err(Miss::Nothing) => Ok(Arrived::NothingKept),
            Err(Miss::Failed(error)) => Err(error),
        }
    }
}

impl KinesisPlayback {
    async fn list(&self, stream_name: &str, selector: FragmentSelector) -> Result<Arrived, Miss> {
        let endpoint = self.endpoint(stream_name, &LIST).await?;
        let mut arrivals = Vec::new();
        let mut next = None;
        for _ in 0..MOST_PAGES {
            let place = (stream_name, &endpoint);
            let page = self.page(place, &selector, next, &NOTHING_KEPT).await?;
            arrivals.extend(page.fragments().iter().filter_map(arrival));
            next = page.next_token;
            if next.is_none() {
                return Ok(Arrived::All(arrivals));
            }
        }
        Ok(Arrived::TooMany)
    }
}

fn arrival(fragment: &Fragment) -> Option<Arrival> {
    let start = milliseconds(fragment.producer_timestamp()?);
    let end = start.checked_add(fragment.fragment_length_in_milliseconds())?;
    let at = milliseconds(fragment.server_timestamp()?);
    Some(Arrival {
        span: Span::try_from((start, end)).ok()?,
        at: Timestamp::from_millisecond(at).ok()?,
    })
}
