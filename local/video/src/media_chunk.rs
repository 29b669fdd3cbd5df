//! One fragment as readers get it: a whole Matroska document with the service's tags around it.

use std::sync::Arc;

use bytes::Bytes;
use ciero_media::matroska::Tag;
use ciero_media::matroska::write::{make_segment_endless, write_header, write_tags};

use crate::Shared;
use crate::error::ApiError;
use crate::fragment_number::FragmentNumber;
use crate::request::blocking;
use crate::store::fragments::{self, Fragment, Position, TimestampKind};

/// What a fragment's document is made of; all bytes as received.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    pub number: FragmentNumber,
    pub producer_ms: i64,
    pub length_ms: i64,
    pub header: Bytes,
    pub media: Bytes,
    pub tags: Vec<Bytes>,
}

impl Chunk {
    /// Its place in order of arrival.
    pub(crate) fn position(&self) -> Position {
        self.number.position()
    }

    pub(crate) fn timestamp(&self, by: TimestampKind) -> i64 {
        match by {
            TimestampKind::Server => self.position().0,
            TimestampKind::Producer => self.producer_ms,
        }
    }

    /// Writes the document as it reads at this service time.
    pub(crate) fn document(&self, now_ms: i64) -> Bytes {
        let (server_ms, _) = self.position();
        let number = self.number.to_string();
        let before = write_tags(&[
            tag("FRAGMENT_NUMBER", number.clone()),
            tag("SERVER_TIMESTAMP", seconds(server_ms)),
            tag("PRODUCER_TIMESTAMP", seconds(self.producer_ms)),
        ]);
        let behind_ms = now_ms.saturating_sub(server_ms).max(0);
        let after = write_tags(&[
            tag("MILLIS_BEHIND_NOW", behind_ms.to_string()),
            tag("CONTINUATION_TOKEN", number),
        ]);
        let mut document = self.header.to_vec();
        make_segment_endless(&mut document);
        document.reserve(before.len() + self.media.len() + after.len());
        document.extend_from_slice(&before);
        document.extend_from_slice(&self.media);
        for tags in &self.tags {
            document.extend_from_slice(tags);
        }
        document.extend_from_slice(&after);
        document.into()
    }
}

/// Why media that was promised does not follow, in the tags that either reader looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The fragment is not there any longer.
    FragmentNotFound(FragmentNumber),
    Internal,
}

impl Trouble {
    fn id_and_words(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::FragmentNotFound(_) => (
                4000,
                "FRAGMENT_NOT_FOUND",
                "The requested fragment is not found.",
            ),
            Self::Internal => (5000, "INTERNAL_ERROR", "Internal error."),
        }
    }

    /// A document without media, as GetMedia ends with it.
    pub(crate) fn of_get_media(self) -> Bytes {
        let (id, code, _) = self.id_and_words();
        without_media(&[
            tag("ERROR_CODE", code.into()),
            tag("ERROR_ID", id.to_string()),
        ])
    }

    /// A document without media, as GetMediaForFragmentList has it in a fragment's place: with the tags that the service was
    /// seen to send, and those that its documentation names.
    pub(crate) fn of_fragment_list(self) -> Bytes {
        let (id, code, message) = self.id_and_words();
        let mut tags = vec![
            tag("ERROR_CODE", code.into()),
            tag("ERROR_ID", id.to_string()),
        ];
        if let Self::FragmentNotFound(number) = self {
            tags.push(tag("FRAGMENT_NUMBER", number.to_string()));
        }
        tags.push(tag("EXCEPTION_ERROR_CODE", id.to_string()));
        tags.push(tag("EXCEPTION_MESSAGE", message.into()));
        without_media(&tags)
    }
}

fn without_media(tags: &[Tag]) -> Bytes {
    let mut document = write_header(&[], "Kinesis Video");
    document.extend_from_slice(&write_tags(tags));
    document.into()
}

fn tag(name: &str, value: String) -> Tag {
    Tag {
        name: format!("AWS_KINESISVIDEO_{name}"),
        value,
    }
}

fn seconds(ms: i64) -> String {
    format!("{}.{:03}", ms.div_euclid(1000), ms.rem_euclid(1000))
}

/// The document of a persisted fragment; `None` if it expired meanwhile.
pub(crate) async fn document(
    shared: &Arc<Shared>,
    fragment: Fragment,
) -> Result<Option<Bytes>, ApiError> {
    blocking(shared, move |shared| {
        let chunk = read(shared, &fragment)?;
        Ok(chunk.map(|chunk| chunk.document(shared.now_ms())))
    })
    .await
}

fn read(shared: &Shared, fragment: &Fragment) -> Result<Option<Chunk>, ApiError> {
    let (header, tags) = shared.store.read(|index| {
        let header = fragments::header(index, fragment.header_id)?;
        Ok((header, fragments::tags(index, fragment)?))
    })?;
    let (Some(header), Some(media)) = (header, shared.store.media(fragment)?) else {
        return Ok(None);
    };
    Ok(Some(Chunk {
        number: fragment.number,
        producer_ms: fragment.producer_ms,
        length_ms: fragment.length_ms,
        header: header.into(),
        media: media.into(),
        tags: tags.into_iter().map(Bytes::from).collect(),
    }))
}
