//! One fragment as readers get it: a whole Matroska document with the service's tags around it.

use bytes::Bytes;
use ciero_media::matroska::Tag;
use ciero_media::matroska::write::{make_segment_endless, write_tags};

use crate::Shared;
use crate::error::ApiError;
use crate::store::fragments::{self, Fragment};

fn tag(name: &str, value: String) -> Tag {
    Tag {
        name: format!("AWS_KINESISVIDEO_{name}"),
        value,
    }
}

fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000))
}

/// Assembles the document of one fragment; `None` if it expired meanwhile.
pub(crate) fn assemble(shared: &Shared, fragment: &Fragment) -> Result<Option<Bytes>, ApiError> {
    let (header, producer_tags) = shared.store.read(|index| {
        let header = fragments::header(index, fragment.header_id)?;
        Ok((header, fragments::tags(index, fragment)?))
    })?;
    let (Some(mut header), Some(media)) = (header, shared.store.media(fragment)?) else {
        return Ok(None);
    };
    make_segment_endless(&mut header);
    let number = fragment.number.to_string();
    let before = write_tags(&[
        tag("FRAGMENT_NUMBER", number.clone()),
        tag("SERVER_TIMESTAMP", seconds(fragment.server_ms())),
        tag("PRODUCER_TIMESTAMP", seconds(fragment.producer_ms)),
    ]);
    let behind_ms = shared.now_ms().saturating_sub(fragment.server_ms()).max(0);
    let after = write_tags(&[
        tag("MILLIS_BEHIND_NOW", behind_ms.to_string()),
        tag("CONTINUATION_TOKEN", number),
    ]);
    let mut document = header;
    document.reserve(before.len() + media.len() + after.len());
    document.extend_from_slice(&before);
    document.extend_from_slice(&media);
    for tags in producer_tags {
        document.extend_from_slice(&tags);
    }
    document.extend_from_slice(&after);
    Ok(Some(document.into()))
}
